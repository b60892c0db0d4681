"""Without a target, "better" needs something to be better than: an answer that takes no model, at least."""

from __future__ import annotations

from typing import Any

import pytest

from strop.decide import decide, verify, words
from strop.decide.gate import decide_under
from strop.decide.protocol import Protocol
from strop.records import Check, Decision, ItemResult
from strop.settings import Settings

BARE = Settings.model_validate({"decision": {"primary": {"macro_f1": {"margin": 0.02}}}})
AIMED = Settings.model_validate({"decision": {"primary": {"macro_f1": {"target": 0.3, "margin": 0.02}}}})
GOLD = ["a" if n % 4 else "b" for n in range(200)]


def always(items: Any, label: str) -> tuple[ItemResult, ...]:
    return tuple(item.model_copy(update={"label": label, "answer": label}) for item in items)


def world(build: Any, said: list[str], **fields: Any) -> Any:
    own = build.labelled(GOLD, said)
    fields = {"constant_items": always(own, "a"), "method": "classical"} | fields
    return build.evidence(own, spec=build.MACRO, **fields)


def check(decision: Decision, name: str = "against_constant") -> Check:
    return next(check for check in decision.checks if check.name == name)


def test_one_that_reads_its_input_and_is_no_better_than_the_constant_answer_is_not_promoted(build: Any) -> None:
    """A third of the answers follow the input and the rest are the wrong way round: it reads, and it is worse."""
    said = [gold if n % 3 else "ba"["ab".index(gold)] for n, gold in enumerate(GOLD)]
    evidence = world(build, [gold if n % 20 == 0 else "b" for n, gold in enumerate(GOLD)])
    for one in (world(build, list("a" * 200)), evidence):
        assert check(decide(one, BARE)).verdict != "pass" and decide(one, BARE).verdict != "promote"
    better = decide(world(build, said), BARE)
    assert check(better).verdict == "pass" and check(better).value == pytest.approx(
        check(better, "primary").value - 3 / 7, abs=1e-9
    )
    assert verify(better, world(build, said)) == []


def test_the_sentence_says_that_no_target_was_set_and_what_was_beaten(build: Any) -> None:
    decision = decide(world(build, GOLD), BARE)
    assert decision.verdict == "promote"
    assert decision.sentence == (
        "Promote: macro F1 1.000 [0.968, 1.000] on 200 test items, +57.1 points [47.1, 59.3] against always saying “a”"
        "; all 12 checks pass. No target is set: whether that is good enough was not asked."
    )
    assert check(decision, "primary").detail.endswith("stands and falls with the comparison with what is cheaper")
    aimed = decide(world(build, GOLD), AIMED)
    assert aimed.verdict == "promote" and "target" not in aimed.sentence
    assert check(decide(world(build, GOLD), AIMED)).verdict == "pass"


def test_a_refusal_without_a_target_names_the_comparison_that_fails(build: Any) -> None:
    decision = decide(world(build, ["ba"["ab".index(gold)] for gold in GOLD]), BARE)
    assert decision.verdict == "refuse"
    assert decision.sentence.startswith("Refuse: the dependence of its answers on the input fails (macro F1 of the")
    assert "), and with it the comparison with what takes no model" in decision.sentence
    assert "the primary measure" not in decision.sentence and "target is set" not in decision.sentence


def test_a_sentence_of_before_stands_as_long_as_its_figures_are_those_of_the_checks(build: Any) -> None:
    """As it was put then: the dealt answers in it, and what was beaten told once more."""
    evidence = world(build, GOLD)
    decision = decide(evidence, BARE)
    checks = tuple(one.model_copy(update={"unit": "", "items": None}) for one in decision.checks)
    dealt = words.check_difference(check(decision, "against_lower_rungs"))
    beaten = "against always saying “a”"
    sentence = (
        f"Promote: macro F1 {words.span(check(decision, 'primary'))} on 200 test items, {dealt} against its own "
        "answers dealt to other items, as there is neither a target nor a cheaper rung, "
        f"{words.check_difference(check(decision))} {beaten}; all 12 checks pass; no target is set: all that was "
        "asked is whether it is better than always saying “a”."
    )
    old = decision.model_copy(update={"sentence": sentence, "checks": checks})
    assert verify(old, evidence) == []
    forged = old.model_copy(update={"sentence": sentence.replace("on 200 test", "on 2,000 test")})
    assert verify(forged, evidence)[0].startswith("sentence: ")


def test_nobody_having_asked_is_missing_and_refuses(build: Any) -> None:
    decision = decide(world(build, GOLD, constant_items=None), BARE)
    assert (decision.verdict, check(decision).verdict) == ("refuse", "missing")


def test_texts_are_held_against_their_input_where_there_is_no_cheaper_rung(build: Any) -> None:
    items, echo = build.items([0.9, 0.8, 1.0] * 40), build.items([0.3, 0.2, 0.4] * 40)
    asked = Settings.model_validate({"decision": {"primary": {"quality": {}}}})
    alone = decide(build.evidence(items, method="prompt", constant_items=echo), asked)
    assert check(alone).detail == "quality against the input handed back"
    rung = build.arm("the prompt", build.items([0.5, 0.4, 0.6] * 40))
    beside = decide(build.evidence(items, constant_items=echo, lower_rungs=(rung,)), asked)
    assert all(check.name != "against_constant" for check in beside.checks)


def test_a_decision_from_before_it_was_asked_stands(build: Any) -> None:
    evidence = world(build, GOLD, constant_items=None)
    old = decide_under(Protocol.of(BARE, "classification").model_copy(update={"constant": False}), evidence)
    assert old.verdict == "promote" and "no target" not in old.sentence
    assert verify(old, evidence) == []


def test_a_label_that_is_mostly_missed_is_told_although_macro_f1_is_well_above_the_constant(build: Any) -> None:
    """All of the common label and twelve of fifty of the rare one: macro F1 is far from that of the constant answer."""
    rare = [n for n, gold in enumerate(GOLD) if gold == "b"]
    said = ["b" if n in rare[:12] else "a" for n in range(len(GOLD))]
    decision = decide(world(build, said), BARE)
    assert decision.verdict == "promote"
    assert "; mostly missed: b (found 12 of 50, 0.13 to 0.38)" in decision.sentence
    assert verify(decision, world(build, said)) == []
    half = ["b" if n in rare[:25] else "a" for n in range(len(GOLD))]
    assert "mostly missed" not in decide(world(build, half), BARE).sentence


def test_one_that_gives_the_constant_answer_to_every_item_is_refused(build: Any) -> None:
    """No number of items would tell them apart: they are one."""
    decision = decide(world(build, list("a" * 200)), BARE)
    found = check(decision)
    assert decision.verdict == "refuse" and found.verdict == "fail" and found.n == 200
    assert found.detail == "it answers every item alike, always saying “a”, which takes no model"
    assert decision.sentence.startswith("Refuse: ") and "always saying “a”" in decision.sentence, decision.sentence
    assert verify(decision, world(build, list("a" * 200))) == []
    nearly = decide(world(build, ["b", *"a" * 199]), BARE)
    assert check(nearly).verdict == "undecided"
    before = decide_under(
        Protocol.of(BARE, "classification").model_copy(update={"rules": 5}), world(build, list("a" * 200))
    )
    assert check(before).verdict == "undecided" and verify(before, world(build, list("a" * 200))) == []


def test_without_a_cheaper_rung_nothing_is_asked_under_two_names(build: Any) -> None:
    """What the answers would be worth dealt to other items stood twice: as the comparison, and as the dependence."""
    decision = decide(world(build, GOLD), BARE)
    rungs, blind = check(decision, "against_lower_rungs"), check(decision, "input_dependence")
    assert rungs.value is None and rungs.verdict == "pass"
    assert rungs.detail == "there is no cheaper rung: against_constant and input_dependence say what it has to beat"
    assert blind.value is not None
    swapped = decide(world(build, list("a" * 200)), BARE)
    assert check(swapped, "primary").verdict != "pass" and swapped.verdict != "promote"
    before = Protocol.of(BARE, "classification").model_copy(update={"rules": 1})
    old = decide_under(before, world(build, GOLD))
    assert check(old, "against_lower_rungs").value == check(old, "input_dependence").value
    assert verify(old, world(build, GOLD)) == []


def test_one_text_for_every_item_is_refused(build: Any) -> None:
    """It scores well on each item, and as well dealt to any other: no further item would tell."""
    own = tuple(item.model_copy(update={"answer": "all of it"}) for item in build.items([0.8, 0.9] * 60))
    asked = Settings.model_validate({"decision": {"primary": {"quality": {}}}})
    evidence = build.evidence(own, method="prompt", constant_items=(), swapped_items=own)
    decision = decide(evidence, asked)
    assert decision.verdict == "refuse" and check(decision, "input_dependence").verdict == "fail"
    assert "it answers every item alike" in check(decision, "input_dependence").detail
    assert verify(decision, evidence) == []
    before = decide_under(Protocol.of(asked, "generation").model_copy(update={"rules": 6}), evidence)
    assert check(before, "input_dependence").verdict == "undecided" and verify(before, evidence) == []
