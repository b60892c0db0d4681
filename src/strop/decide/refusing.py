"""Why a candidate is refused, in words: the check that tells the cause first, then those that fail with it."""

from __future__ import annotations

from collections.abc import Sequence

from strop.decide import words
from strop.records import Check

_TELLING = (
    "leakage", "personal_data", "reports", "departed", "lines", "run_checks", "test_uses", "stops", "format",
    "own_words", "exposure", "input_dependence",
)  # fmt: skip
"""Checks that say what is wrong, where others only say how bad it is: a model that is silent is worse on everything."""


def because(checks: Sequence[Check]) -> str:
    """What refuses, the most telling check first, what fails with it, and whether its answers depend on the input.

    Args:
        checks: of a refusal, without those that only repeat another one's verdict.
    """
    first, *others = sorted((check for check in checks if check.verdict in ("fail", "missing")), key=_place)
    text = _told(first)
    if others:
        named = [words.check(check.name) for check in others[: words.NAMED]]
        more = [words.count(len(others) - words.NAMED, "other")] if len(others) > words.NAMED else []
        text += f", and with it {words.listed([*named, *more])}"
    if any(check.name == "input_dependence" and check.verdict == "undecided" for check in checks):
        text += "; that its answers depend on the input is not shown"
    return text


def _told(check: Check) -> str:
    """A check that fails or is missing, with its numbers."""
    name = words.check(check.name)
    if check.verdict == "missing":
        return f"{name} is missing ({check.detail})"
    if check.value is None:
        return f"{name} fails ({check.detail})"
    value, number = words.span(check), words.number
    if check.low is None and check.value.is_integer():  # things that were counted
        value, number = f"{check.value:,.0f}", "{:,g}".format
    line = "" if check.margin is None else f", and the line is {number(check.margin)}"
    return f"{name} fails ({check.detail}: {value}{line})"


def _place(check: Check) -> int:
    """Where a check stands in what is told; of equal places the first of the list comes first."""
    return _TELLING.index(check.name) if check.name in _TELLING else len(_TELLING)
