"""Better on average and worse on one slice that nobody declared: the cheat, and what must not be taken for it."""

from __future__ import annotations

from typing import Any

import pytest

from strop.decide import decide, verify
from strop.decide.gate import decide_under
from strop.decide.protocol import Protocol
from strop.decide.slices import to_be_found
from strop.records import Check, Decision, ItemResult, MeasureSpec, content_id
from strop.settings import Settings

TIERS = {n: "gold" if n % 9 == 0 else "plain" for n in range(360)}
"""Forty items in nine hundred and sixty of them elsewhere."""
SETTINGS = Settings.model_validate({"decision": {"primary": {"quality": {"margin": 0.02}}}})


def shares(right: int) -> dict[int, float]:
    """Scores of 0 and 1 by turns, ``right`` of ten right."""
    return {n: float(n % 10 < right) for n in range(10)}


def world(build: Any, *, gold: tuple[int, int], plain: tuple[int, int], **fields: Any) -> Any:
    """The candidate and the cheaper rung, each with how many of ten answers are right by tier."""

    def scores(arm: int) -> list[float]:
        seen = {"gold": 0, "plain": 0}
        found = []
        for n in range(360):
            tier = TIERS[n]
            found.append(shares((gold if tier == "gold" else plain)[arm])[seen[tier] % 10])
            seen[tier] += 1
        return found

    own, other = (build.items(scores(arm), slices=TIERS) for arm in (0, 1))
    return build.evidence(own, lower_rungs=(build.arm("the prompt", other),), **fields)


def check(decision: Decision, name: str) -> Check:
    return next(check for check in decision.checks if check.name == name)


def test_a_certain_loss_on_a_slice_refuses_what_is_better_on_average(build: Any) -> None:
    decision = decide(world(build, gold=(3, 8), plain=(8, 6)), SETTINGS)
    assert check(decision, "against_lower_rungs").verdict == "pass"
    assert decision.verdict == "refuse"
    assert [one.name for one in decision.checks if one.verdict == "fail"] == ["slices.language=gold"]
    assert (check(decision, "slices.language=gold").value, check(decision, "slices.language=gold").n) == (
        pytest.approx(-0.5), 40
    )  # fmt: skip
    assert decision.sentence.startswith("Refuse: the slice language=gold fails (quality where language=gold, against")
    assert verify(decision, world(build, gold=(3, 8), plain=(8, 6))) == []


def test_a_likely_loss_is_told_and_does_not_refuse(build: Any) -> None:
    """Ten points of forty items, on which the prompt was right: likely below zero, not for certain below -2 points."""
    decision = decide(world(build, gold=(7, 8), plain=(9, 6)), SETTINGS)
    assert decision.verdict == "promote"
    found = check(decision, "slices")
    assert (found.verdict, found.n) == ("pass", 2)
    assert "no certain loss beyond the margin; likely worse: language=gold -10.0 points [" in found.detail
    assert "; likely worse where language=gold -10.0 points [" in decision.sentence


def test_a_slice_without_a_loss_is_passed_and_said_to_be_weaker(build: Any) -> None:
    decision = decide(world(build, gold=(4, 4), plain=(9, 6)), SETTINGS)
    assert decision.verdict == "promote"
    told = "2 slices of 360 items against the prompt: no certain loss beyond the margin"
    assert check(decision, "slices").detail == told
    assert decision.sentence.partition("; weaker")[2] == (
        " where language=gold: quality 0.400 [0.249, 0.567] on 40 items, elsewhere 0.900."
        " No target is set: whether that is good enough was not asked."
    )
    even = decide(world(build, gold=(9, 6), plain=(9, 6)), SETTINGS)
    assert "weaker where" not in even.sentence
    assert (decision.weaker, even.weaker) == ("language=gold", "")


def test_a_slice_of_few_items_is_not_looked_at(build: Any) -> None:
    few = {n: "gold" if n < 19 else "plain" for n in range(360)}
    own = build.items([0.0] * 19 + [1.0] * 341, slices=few)
    other = build.items([1.0] * 19 + [0.0] * 341, slices=few)
    decision = decide(build.evidence(own, lower_rungs=(build.arm("the prompt", other),)), SETTINGS)
    assert check(decision, "slices").n == 1
    assert decision.verdict == "promote"


def test_a_decision_from_before_slices_were_watched_stands(build: Any) -> None:
    evidence = world(build, gold=(3, 8), plain=(8, 6))
    protocol = Protocol.of(SETTINGS, "generation").model_copy(update={"watch_slices": None})
    body = protocol.to_json()
    del body["watch_slices"]
    before = {"protocol": body, "protocol_hash": Protocol.hash_of(body)}
    old = decide_under(protocol, evidence).model_copy(update=before)
    assert old.verdict == "promote"
    assert Protocol.hash_of(body) == content_id("protocol", body)
    assert verify(old, evidence) == []


def test_a_weaker_slice_is_told_by_the_primary_measure_or_by_a_measure_that_is_named(build: Any) -> None:
    """Macro F1 of the whole beside the accuracy of a slice, without a word, are two scales in one sentence."""
    n = 240
    gold = ["ab"[i % 2] for i in range(n)]
    weak = {i: "de" if i % 4 < 2 else "en" for i in range(n)}
    said = ["ab"[(i // 4 + i) % 2] if weak[i] == "de" else gold[i] for i in range(n)]
    own = [one.model_copy(update={"slices": {"language": weak[i]}}) for i, one in enumerate(build.labelled(gold, said))]
    evidence = build.evidence(own, spec=build.MACRO, method="classical")
    asked = Settings.model_validate({"decision": {"primary": {"macro_f1": {"target": 0.5}}}})
    decision = decide(evidence, asked)
    assert decision.sentence.endswith(
        "; weaker where language=de: macro F1 0.500 [0.407, 0.593] on 120 items, elsewhere 1.000."
    )
    old = decision.sentence.replace("macro F1 0.500 [0.407, 0.593] on 120", "0.512 on 120")
    assert verify(decision.model_copy(update={"sentence": old, "weaker": ""}), evidence) == []
    assert verify(decision.model_copy(update={"weaker": "language=en"}), evidence) == [
        "weaker: the decision says 'language=en', its evidence gives 'language=de'"
    ]


def test_a_slice_in_which_nothing_is_to_be_found_is_not_judged_by_f1() -> None:
    """One entity too many among 64 texts that hold none made an F1 of 0, against 1 of a prompt that names nothing."""
    spec = MeasureSpec(name="entity_f1", how="micro_f1")
    empty = [ItemResult(example=str(n), answer="", scores={"entity_f1": (0.0, float(n == 3), 0.0)}) for n in range(64)]
    full = [ItemResult(example="x", answer="", scores={"entity_f1": (0.0, 0.0, 1.0)})]
    assert not to_be_found(spec, empty)
    assert to_be_found(spec, [*empty, *full])
    assert to_be_found(spec.model_copy(update={"how": "mean"}), empty)
