"""A decision can be recomputed, and whatever was changed after it shows."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import Any

import pytest

from strop.decide import Evidence, Protocol, decide, verify
from strop.decide.gate import decide_under
from strop.measure import clusters_of_one_size, clusters_weighed_alike
from strop.records import ItemResult
from strop.settings import Settings

SETTINGS = Settings.model_validate({"decision": {"primary": {"quality": {"target": 0.85}}}})


@pytest.fixture
def evidence(build: Any) -> Any:
    rungs = (build.arm("the prompt", build.items([0.2, 0.0, 0.3] * 40)),)
    return build.evidence(build.items([1.0, 0.9, 0.95] * 40), lower_rungs=rungs)


def test_the_same_evidence_gives_the_same_decision(evidence: Any) -> None:
    assert verify(decide(evidence, SETTINGS), evidence, SETTINGS) == []


def test_a_decision_survives_its_own_json(evidence: Any) -> None:
    decision = decide(evidence, SETTINGS)
    assert verify(type(decision).model_validate_json(decision.model_dump_json()), evidence) == []


def test_a_report_edited_after_the_fact_is_noticed(evidence: Any) -> None:
    decision = decide(evidence, SETTINGS)
    better = {"quality": evidence.report.measures["quality"].model_copy(update={"value": 0.99})}
    edited = dataclasses.replace(evidence, report=evidence.report.model_copy(update={"measures": better}))
    assert any("says quality is 0.9900, its items give 0.9500" in line for line in verify(decision, edited))


def test_items_edited_after_the_fact_are_noticed(evidence: Any) -> None:
    decision = decide(evidence, SETTINGS)
    first = evidence.items[1].model_copy(update={"scores": {"quality": 1.0}})
    edited = dataclasses.replace(evidence, items=(evidence.items[0], first, *evidence.items[2:]))
    assert any(line.startswith("primary: value") for line in verify(decision, edited))


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "refuse"},
        {"sentence": "Promote: it is fine."},
        {"checks": ()},
        {"test_uses": 2},
        {"alpha": 0.05},
        {"reports": {"candidate": "rep_other"}},
    ],
)
def test_an_edited_decision_is_noticed(evidence: Any, change: dict[str, Any]) -> None:
    assert verify(decide(evidence, SETTINGS).model_copy(update=change), evidence)


def test_a_softened_check_is_noticed(evidence: Any) -> None:
    decision = decide(evidence, SETTINGS)
    softer = tuple(c.model_copy(update={"low": 0.99}) if c.name == "primary" else c for c in decision.checks)
    assert verify(decision.model_copy(update={"checks": softer}), evidence) == [
        f"primary: low is 0.99 in the decision and {decision.checks[0].low} from its evidence"
    ]


def test_a_margin_moved_in_the_record_is_noticed(evidence: Any) -> None:
    decision = decide(evidence, SETTINGS)
    moved = decision.model_copy(update={"protocol": decision.protocol | {"target": 0.5}})
    assert verify(moved, evidence)[0].startswith(f"protocol: that of {decision.id} does not match its hash")


def test_later_settings_do_not_touch_a_decision_but_are_told(evidence: Any) -> None:
    decision = decide(evidence, SETTINGS)
    later = Settings.model_validate({"decision": {"primary": {"quality": {"target": 0.99}}}})
    assert verify(decision, evidence) == []
    assert any(line.startswith("protocol: target was 0.85") for line in verify(decision, evidence, later))


def test_better_words_for_the_same_figures_leave_a_decision_standing(evidence: Any) -> None:
    decision = decide(evidence, SETTINGS)
    reworded = decision.sentence.replace("all 11 checks pass", "and the 11 checks are passed")
    figures = decision.sentence.replace("on 120 test items", "on 1,200 test items")
    verdict = decision.sentence.replace("Promote", "Refuse")
    assert decision.sentence not in (figures, verdict)
    assert verify(decision.model_copy(update={"sentence": reworded}), evidence) == []
    for false in (figures, verdict):
        assert "sentence" in verify(decision.model_copy(update={"sentence": false}), evidence)[0]


def test_a_decision_from_before_needs_said_their_chance_stands(build: Any) -> None:
    rungs = (build.arm("the prompt", build.items([0.2, 0.0, 0.3] * 4)),)
    evidence = build.evidence(build.items([1.0, 0.9, 0.6] * 4), lower_rungs=rungs)
    decision = decide(evidence, SETTINGS)
    assert decision.verdict == "not_enough_evidence" and decision.needed is not None
    before, _, price = decision.sentence.partition("; about ")
    items = price.partition(" (")[0]
    old = decision.model_copy(
        update={
            "needed": decision.needed.model_copy(update={"chance": None}),
            "sentence": f"{before}; about {items} (5 minutes of an expert) would probably settle it.",
        }
    )
    assert verify(old, evidence) == []
    more = decision.needed.model_copy(update={"items": decision.needed.items + 1})
    assert verify(old.model_copy(update={"needed": more}), evidence)[0].startswith("needed: the decision says")


@pytest.mark.parametrize("rules", [7, 8])
def test_a_decision_from_before_sizes_of_groups_counted_is_verified_by_what_it_asked(build: Any, rules: int) -> None:
    def told(scores: list[float]) -> tuple[ItemResult, ...]:
        items = build.items(scores)
        return tuple(
            item.model_copy(update={"cluster": f"doc{max(0, n - 60)}"}) for n, item in enumerate(items)
        )  # doc0 holds half of the items

    def gathered() -> Evidence:
        rungs = (build.arm("the prompt", told([0.2, 0.0, 0.3] * 40)),)
        return build.evidence(told([0.9] * 60 + [1.0, 0.9, 0.95] * 20), lower_rungs=rungs)

    now = gathered()
    protocol = Protocol.of(SETTINGS, now.dataset.kind)
    assert protocol.rules > rules
    with clusters_of_one_size() if rules < 8 else nullcontext(), clusters_weighed_alike():
        before = gathered()
    old = decide_under(protocol.model_copy(update={"rules": rules}), before)
    new = decide_under(protocol, now)
    assert verify(old, before) == verify(new, now) == []
    primary = [next(check for check in one.checks if check.name == "primary") for one in (old, new)]
    widths = [check.high - check.low for check in primary if check.high is not None and check.low is not None]
    assert widths[1] > widths[0] + 1e-3
