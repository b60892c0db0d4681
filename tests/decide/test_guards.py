"""Answers to the end and in the form that is asked for: shares of answers, by bounds that err no more than they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from strop.decide import Evidence, decide, verify
from strop.decide.gate import decide_under
from strop.decide.guards import guard_trials
from strop.decide.protocol import Protocol
from strop.decide.trials import Trial, judge
from strop.records import Check, Decision
from strop.settings import Settings

ASKED = Settings.model_validate({"decision": {"primary": {"quality": {"target": 0.5, "margin": 0.05}}}})
TODAY = Protocol.of(ASKED, "generation")
BEFORE = TODAY.model_copy(update={"format_share": None, "exact_shares": False})


def world(build: Any, answers: int = 120, **shares: float) -> Evidence:
    """A good candidate, so many of whose answers have the form that a measure asks for."""
    items = []
    for number, item in enumerate(build.items(([0.9, 0.8, 1.0] * answers)[:answers])):
        forms = {name: float(number < answers * share) for name, share in shares.items()}
        items.append(item.model_copy(update={"scores": {**item.scores, **forms}}))
    found = build.evidence(items, method="prompt")
    measures = dict.fromkeys(shares, found.report.measures["quality"])
    report = found.report.model_copy(update={"measures": {**found.report.measures, **measures}})
    return build.evidence(items, method="prompt", report=report)


def check(decision: Decision, name: str = "format") -> Check | None:
    return next((one for one in decision.checks if one.name == name), None)


def test_broken_json_refuses_what_is_good_by_the_primary_measure(build: Any) -> None:
    decision = decide(world(build, valid_json=0.7), ASKED)
    assert decision.verdict == "refuse"
    assert decision.sentence.startswith(
        "Refuse: the form of its answers fails (answers that are JSON: 0.700 [0.610, 0.780]"
    )
    assert verify(decision, world(build, valid_json=0.7)) == []
    assert decide(world(build, valid_json=1.0), ASKED).verdict == "promote"
    near = decide(world(build, valid_json=0.93), ASKED)
    assert near.verdict == "not_enough_evidence" and "the form of its answers" in near.sentence


@pytest.mark.parametrize(
    ("answers", "valid", "verdict", "further"),
    [  # nine of ten are asked for: 36 answers, all of them right, are the fewest that show it
        (28, 28, "undecided", 14), (36, 36, "pass", None), (600, 600, "pass", None),
        (40, 39, "undecided", 54), (100, 97, "pass", None), (600, 582, "pass", None),
        (100, 93, "undecided", 711), (300, 279, "undecided", 443), (600, 558, "pass", None),
        (300, 264, "undecided", 2715), (1500, 1320, "undecided", 1088),
        (4000, 3520, "fail", None), (40, 28, "fail", None),
    ],
)  # fmt: skip
def test_the_form_of_few_and_many_answers(
    build: Any, answers: int, valid: int, verdict: str, further: int | None
) -> None:
    """By Clopper and Pearson; the further answers are for the second look, which may err half as often."""
    decision = decide(world(build, answers, valid_json=valid / answers), ASKED)
    found = check(decision)
    assert found is not None
    exact = stats.binomtest(valid, answers).proportion_ci(0.95, "exact")
    assert (found.value, found.low, found.high) == pytest.approx((valid / answers, exact.low, exact.high))
    assert (found.verdict, found.needed and found.needed.items) == (verdict, further)
    if verdict == "undecided":
        assert "undecided is the form of its answers" in decision.sentence or answers < 40
    if further is not None and valid > 0.9 * answers:
        shown = chance_to_pass(valid, answers, further, alpha=0.0125)
        assert shown >= 0.8 and (shown == 1.0 or shown < 0.85)


def chance_to_pass(valid: int, answers: int, further: int, *, alpha: float) -> float:
    """That so many further answers, right as often as those seen, bring the lower bound to nine of ten."""
    right = np.arange(further + 1)
    total = valid + right
    low = stats.beta.ppf(alpha, total, answers + further - total + 1)
    return float(stats.binom.pmf(right, further, valid / answers)[low >= 0.9].sum())


def test_a_schema_is_the_stricter_form(build: Any) -> None:
    found = check(decide(world(build, valid_json=1.0, json_schema=0.5), ASKED))
    assert found is not None and (found.verdict, found.detail) == ("fail", "answers that obey the JSON schema")


def test_a_written_label_is_a_form_and_a_picked_one_needs_none(build: Any) -> None:
    gold = ["a" if n % 2 else "b" for n in range(120)]
    settings = Settings.model_validate({"decision": {"primary": {"macro_f1": {"target": 0.3}}}})
    picked = build.labelled(gold, gold)
    assert check(decide(build.evidence(picked, spec=build.MACRO, method="prompt"), settings)) is None
    written = [
        item.model_copy(update={"probabilities": {}, **({} if n % 3 else {"label": None, "answer": "I am not sure"})})
        for n, item in enumerate(picked)
    ]
    found = check(decide(build.evidence(written, spec=build.MACRO, method="prompt"), settings))
    assert found is not None and (found.verdict, found.detail) == ("fail", "answers that name one label")


def test_prose_has_no_form_and_a_decision_from_before_it_was_asked_stands(build: Any) -> None:
    assert check(decide(world(build), ASKED)) is None
    broken = world(build, valid_json=0.7)
    old = decide_under(BEFORE, broken)
    assert old.verdict == "promote" and check(old) is None and verify(old, broken) == []


@pytest.mark.parametrize("items", [38, 84, 105])
def test_one_that_ends_nine_of_ten_answers_passes_at_most_alpha_of_the_time(build: Any, items: int) -> None:
    """By enumeration. Wilson's bounds, as before, let 2.6 % pass with 84 items."""

    def passes(ended: int, protocol: Protocol) -> bool:
        said = [item.model_copy(update={"stopped": n < ended}) for n, item in enumerate(build.items([0.9] * items))]
        trials = [
            one for one in guard_trials(build.evidence(said, method="prompt"), protocol) if isinstance(one, Trial)
        ]
        (found,) = judge([one for one in trials if one.name == "stops"], alpha=0.025, minutes_per_item=1)
        return found.verdict == "pass"

    def chance(protocol: Protocol) -> float:
        counts = range(int(0.8 * items), items + 1)
        return sum(float(stats.binom.pmf(ended, items, 0.9)) for ended in counts if passes(ended, protocol))

    assert chance(TODAY) <= 0.025
    if items == 84:
        assert chance(BEFORE) == pytest.approx(0.0264, abs=1e-4)


def test_answers_of_one_group_count_once(build: Any) -> None:
    """Each answer four times over shows no more than once, and a decision from before, which counted each, stands."""
    alone = build.items([0.9, 0.8, 1.0] * 10)
    copied = tuple(
        item.model_copy(update={"example": f"{item.example}_{copy}", "cluster": item.example})
        for item in alone
        for copy in range(4)
    )
    once, grouped = (check(decide(build.evidence(items, method="prompt"), ASKED), "stops") for items in (alone, copied))
    evidence = build.evidence(copied, method="prompt")
    old = decide_under(TODAY.model_copy(update={"grouped": False}), evidence)
    apart = check(old, "stops")
    assert once is not None and grouped is not None and apart is not None
    assert (once.n, grouped.n, grouped.items, apart.n) == (30, 30, 120, 120)
    assert once.verdict == grouped.verdict == "undecided" and apart.verdict == "pass"
    assert verify(old, evidence) == []
