"""A refusal leads with what tells the cause, and one that was put otherwise earlier still stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from strop.decide import decide, verify
from strop.records import Decision
from strop.settings import Settings

BARE = Settings.model_validate({"decision": {"primary": {"quality": {"margin": 0.05}}}})


@pytest.fixture
def silent(build: Any) -> tuple[Any, Decision]:
    """A model that says nothing, beside a prompt."""
    items = tuple(item.model_copy(update={"answer": ""}) for item in build.items([0.0] * 60))
    rung = build.arm("the prompt", build.items([0.5, 0.4, 0.6] * 20))
    evidence = build.evidence(items, lower_rungs=(rung,))
    return evidence, decide(evidence, BARE)


def test_what_it_does_comes_before_how_bad_it_is(silent: tuple[Any, Decision]) -> None:
    _, decision = silent
    assert decision.sentence.startswith("Refuse: the ending of its answers fails (answers that say something and")
    assert "), and with it the dependence of its answers on the input and the comparison with the" in decision.sentence


def test_one_refused_for_a_count_tells_the_count(build: Any) -> None:
    decision = decide(build.evidence(build.items([0.9, 0.8, 1.0] * 40), method="prompt", leaks=2), BARE)
    assert decision.sentence.startswith("Refuse: the search for leakage fails (")
    assert ": 2, and the line is 0); quality 0.9" in decision.sentence


def test_a_primary_measure_that_is_missing_says_why(build: Any) -> None:
    evidence = build.evidence(build.items([0.9] * 60))
    told = evidence.report.model_copy(update={"not_measured": {"tone": "no row of 60 says its tone"}})
    named = Settings.model_validate({"decision": {"primary": {"tone": {}}}})
    evidence = replace(evidence, report=told)
    decision = decide(evidence, named)
    said = "Refuse: the primary measure is missing (the test report does not hold tone: no row of 60 says its tone)"
    assert decision.sentence.startswith(said)
    before = decision.sentence.replace(": no row of 60 says its tone", "")
    assert verify(decision.model_copy(update={"sentence": before}), evidence) == []


def test_a_refusal_that_was_put_otherwise_stands_and_an_edited_one_does_not(silent: tuple[Any, Decision]) -> None:
    """Decisions from before checks said what they count led with the primary measure, and counted the others."""
    evidence, decision = silent
    first = next(check for check in decision.checks if check.verdict == "fail")
    failed = sum(check.verdict == "fail" for check in decision.checks)
    start = f"the primary measure fails ({first.detail}: 0.000 [{first.low:.3f}, {first.high:.3f}])"
    numbers = decision.sentence.partition("; quality ")[2]
    before = f"Refuse: {start} and {failed - 1} other checks with it; quality {numbers}"
    checks = tuple(check.model_copy(update={"unit": "", "items": None}) for check in decision.checks)
    old = decision.model_copy(update={"sentence": before, "checks": checks})
    assert verify(old, evidence) == []
    for one in (old, decision):
        edited = one.model_copy(update={"sentence": one.sentence.replace("0.000 [", "0.977 [", 1)})
        (told,) = verify(edited, evidence)
        assert told.startswith("sentence: ")
