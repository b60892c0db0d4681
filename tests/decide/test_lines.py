"""Lines that are moved after a look: which count as easier, and which were in an earlier verdict's way."""

from __future__ import annotations

from typing import Any

import pytest

from strop.decide import Moved, Protocol, easier, worst
from strop.records import Check
from strop.settings import Settings


def protocol(**decision: Any) -> Protocol:
    return Protocol.of(Settings.model_validate({"decision": decision}), "classification")


def said(**verdicts: Any) -> list[Check]:
    return [Check(name=name.replace("__", "."), verdict=verdict) for name, verdict in verdicts.items()]


AIMED: dict[str, Any] = {"primary": {"macro_f1": {"target": 0.9, "margin": 0.02}}}


@pytest.mark.parametrize(
    ("before", "after", "checks", "told"),
    [
        (AIMED, {"primary": {"macro_f1": 0.8}}, said(primary="fail"), ["target 0.9, now 0.8"]),
        (AIMED, {"primary": {"macro_f1": 0.8}}, said(primary="undecided"), ["target 0.9, now 0.8"]),
        (AIMED, {"primary": {"macro_f1": None}}, said(primary="fail"), ["target 0.9, now not asked for"]),
        (AIMED, {"primary": {"macro_f1": 0.95}}, said(primary="fail"), []),
        (AIMED, {"primary": {"macro_f1": 0.8}}, said(primary="pass", leakage="fail"), []),
        (AIMED, {"primary": {"macro_f1": 0.8}}, said(primary="missing"), []),
        (
            AIMED,
            {"primary": {"accuracy": 0.9}},
            said(primary="fail"),
            ["the measure was macro_f1, now accuracy"],
        ),
        (
            {},
            {"primary": {"macro_f1": {"margin": 0.1}}} | {"against": {"release": "ignore"}},
            said(against_release="fail"),
            ["the measure was the usual one, now macro_f1"],
        ),
        (
            {},
            {"against": {"release": "ignore"}},
            said(against_release="fail"),
            ["against what serves not worse, now ignore"],
        ),
        ({}, {"against": {"lower_rungs": "ignore"}}, said(against_lower_rungs="fail"), []),  # no target: asked anyway
        (
            {"guard": {"p95_ms": 100}},
            {"guard": {"p95_ms": 300}},
            said(p95_ms="undecided"),
            ["latency 100, now 300"],
        ),
        (
            {"guard": {"general_ability": 0.03}},
            {"guard": {"general_ability": None}},
            said(general_ability="fail"),
            ["general ability 0.03, now not asked for"],
        ),
        (
            {"slices": ["language"]},
            {},
            said(**{"slices__language=de": "fail"}),
            ["slice language, now not asked for"],
        ),
        (
            {"people": {"approve": ["legal"]}},
            {},
            said(approvals="fail"),
            ["approval by legal, now not asked for"],
        ),
        ({"people": {"approve": ["legal"]}}, {}, said(approvals="undecided"), []),  # nobody had said no
    ],
)
def test_a_line_counts_that_was_in_the_way_and_is_easier(
    before: dict[str, Any], after: dict[str, Any], checks: list[Check], told: list[str]
) -> None:
    assert easier(protocol(**before), protocol(**after), checks, less_is_better=False) == told


def test_less_is_stricter_for_what_is_better_when_there_is_less() -> None:
    low, high = protocol(primary={"brier": 0.1}), protocol(primary={"brier": 0.2})
    failed = said(primary="fail")
    assert easier(low, high, failed, less_is_better=True) == ["target 0.1, now 0.2"]
    assert easier(high, low, failed, less_is_better=True) == []


def test_nothing_was_moved_without_an_earlier_verdict() -> None:
    assert worst([], "cand_a") is None
    assert isinstance(Moved(decision="dec_a", verdict="refuse", same=True, lines=("target 0.9, now 0.8",)), Moved)


def test_the_usual_measure_named_or_not_is_one_measure() -> None:
    before, after, failed = protocol(**AIMED), protocol(), said(primary="fail")
    assert easier(before, after, failed, less_is_better=False, usual="macro_f1") == ["target 0.9, now not asked for"]
    assert easier(before, after, failed, less_is_better=False, usual="accuracy")[0].startswith(
        "the measure was macro_f1"
    )
    unaimed = protocol(primary={"macro_f1": {"margin": after.margin}})
    assert easier(unaimed, after, failed, less_is_better=False, usual="macro_f1") == []
