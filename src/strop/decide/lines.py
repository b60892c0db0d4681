"""Was a line moved after somebody had looked? A test set that is asked again until it gives in proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from strop.decide import words
from strop.decide.evidence import Evidence, Moved
from strop.decide.protocol import Protocol
from strop.records import Check, CheckVerdict, Decision

NAME = "lines"
_STRICTER = ("ignore", "not_worse", "better")
_SHOWN: tuple[CheckVerdict, ...] = ("fail", "undecided")
"""What a verdict tells of a number; one that was missing told nothing."""


class _Line(NamedTuple):
    """A line of the protocol, the checks that are held against it, and where it stood; None: it is not asked for."""

    name: str
    checks: tuple[str, ...]
    value: float | str | None
    less_is_stricter: bool = False


def easier(
    before: Protocol, after: Protocol, checks: Sequence[Check], *, less_is_better: bool, usual: str | None = None
) -> list[str]:
    """The lines of an earlier verdict's protocol that it did not pass and that are easier to pass since, in words.

    Args:
        before: the protocol of that verdict.
        after: the one that is asked now.
        checks: those of that verdict.
        less_is_better: what its primary measure counts is better when there is less of it.
        usual: the measure that is primary where a protocol names none.
    """
    found: list[str] = []
    compared = ("against_lower_rungs", "against_constant", "against_release", "against_incumbent", "slices.")
    if (before.primary or usual) != (after.primary or usual) and _failed(checks, ("primary", *compared)):
        return [f"the measure was {before.primary or 'the usual one'}, now {after.primary or 'the usual one'}"]
    for was, now in zip(_lines(before, less_is_better), _lines(after, less_is_better), strict=True):
        if _laxer(was, now) and _failed(checks, was.checks):
            found.append(f"{was.name} {_told(was.value)}, now {_told(now.value)}")
    dropped = [name for name in before.decision.slices if name not in after.decision.slices]
    found += [f"slice {name}, now not asked for" for name in dropped if _failed(checks, (f"slices.{name}",))]
    refused = [check for check in checks if check.verdict == "fail"]
    gone = set(before.decision.people.approve) - set(after.decision.people.approve)
    if gone and _failed(refused, ("approvals",)):
        found.append(f"approval by {', '.join(sorted(gone))}, now not asked for")
    if before.decision.people.blind_pairs > after.decision.people.blind_pairs and _failed(refused, ("blind_pairs",)):
        found.append(
            f"blind pairs {before.decision.people.blind_pairs}, now {after.decision.people.blind_pairs or 'none'}"
        )
    return found


def moved_checks(evidence: Evidence, protocol: Protocol) -> list[Check]:
    """Whether lines that an earlier verdict on these items did not pass were moved: for the same candidate it fails.

    Another candidate is told of: the line was drawn with what was seen of these items in mind.
    """
    moved = evidence.moved
    if moved is None or protocol.rules < 7:
        return []
    own = "this candidate" if moved.same else "another candidate"
    detail = f"{moved.decision} said of {own}, on these items: {moved.verdict.replace('_', ' ')}; {told(moved)}"
    if moved.same:
        detail += "; put that back, or let the test set grow by as many fresh items"
    return [Check(name=NAME, verdict="fail" if moved.same else "pass", detail=detail)]


def moved_since(evidence: Evidence, protocol: Protocol) -> str:
    """What a sentence must not leave out where a line was moved; nothing where none was."""
    if evidence.moved is None or protocol.rules < 7:
        return ""
    return f"; drawn anew after an earlier verdict on these items, which was no yes: {told(evidence.moved)}"


def told(moved: Moved) -> str:
    """The lines that were moved, in words: ``target 0.96, now 0.8``."""
    more = f" and {words.count(len(moved.lines) - words.NAMED, 'other line')}" if len(moved.lines) > words.NAMED else ""
    return ", ".join(moved.lines[: words.NAMED]) + more


def _lines(protocol: Protocol, less_is_better: bool) -> list[_Line]:
    asked, guard = protocol.decision, protocol.decision.guard
    lower = "better" if protocol.target is None else asked.against.lower_rungs
    compared = ("against_lower_rungs", "against_constant", "against_release", "against_incumbent", "slices.")
    return [
        _Line("target", ("primary",), protocol.target, less_is_better),
        _Line("margin", (*compared, "final_model", "noise_floor"), protocol.margin, less_is_stricter=True),
        _Line("against cheaper rungs", ("against_lower_rungs",), lower),
        _Line("against what serves", ("against_release", "gain_over_release"), asked.against.release),
        _Line("against what runs today", ("against_incumbent",), asked.against.incumbent),
        _Line("general ability", ("general_ability",), guard.general_ability, less_is_stricter=True),
        _Line("planted secrets", ("exposure",), guard.secrets),
        _Line("latency", ("p95_ms",), guard.p95_ms, less_is_stricter=True),
        _Line("memory", ("memory",), guard.memory, less_is_stricter=True),
        _Line("error among given answers", ("abstain",), asked.abstain.max_error, less_is_stricter=True),
    ]


def _laxer(was: _Line, now: _Line) -> bool:
    if was.value is None or was.value == now.value:
        return False
    if now.value is None:
        return True
    if isinstance(was.value, str):
        return _STRICTER.index(str(now.value)) < _STRICTER.index(was.value)
    if was.name == "planted secrets":  # how many are planted draws no line
        return False
    return (float(now.value) > was.value) is was.less_is_stricter


def _failed(checks: Sequence[Check], names: tuple[str, ...]) -> bool:
    return any(check.verdict in _SHOWN and check.name.startswith(names) for check in checks)


def _told(value: float | str | None) -> str:
    return "not asked for" if value is None else value.replace("_", " ") if isinstance(value, str) else f"{value:,g}"


def worst(earlier: Sequence[tuple[Decision, list[str]]], candidate: str) -> Moved | None:
    """Of earlier verdicts with lines that were moved the one that tells most: on the same candidate, of most lines."""
    if not earlier:
        return None

    def tells(one: tuple[Decision, list[str]]) -> tuple[bool, int, str]:
        decision, lines = one
        return decision.candidate == candidate, len(lines), decision.created

    decision, lines = max(earlier, key=tells)
    return Moved(
        decision=decision.id, verdict=decision.verdict, same=decision.candidate == candidate, lines=tuple(lines)
    )
