"""The noise floor: the same model, the same items, another batch plan. What moves there is no difference of models."""

from __future__ import annotations

from strop.decide.comparisons import one_sided
from strop.decide.evidence import Evidence
from strop.decide.protocol import Protocol
from strop.measure import display_name, paired
from strop.records import Check, CheckVerdict, ItemResult, MeasureSpec

NAME = "noise_floor"


def noise_checks(evidence: Evidence, protocol: Protocol, spec: MeasureSpec, alpha: float) -> list[Check]:
    """How far the candidate's numbers move when it is asked again; fails where they certainly move beyond the margin.

    Rounding falls to either side, so a changed answer among a few is told and fails nothing; what moves all answers one
    way (a state that one request leaves to the next, padding that is read) does. None where nobody asked again.
    """
    if evidence.again is None:
        return []
    before = {item.example: item for item in evidence.items}
    pairs = [(before[item.example], item) for item in evidence.again.items if item.example in before]
    detail = f"asked again one by one: {_moved(pairs)}"
    try:
        found = paired(spec, evidence.again.items, evidence.items, level=one_sided(alpha))
    except ValueError as error:
        return [Check(name=NAME, verdict="missing", detail=str(error))]
    margin = protocol.margin
    verdict: CheckVerdict = "fail" if found.high < -margin or found.low > margin else "pass"
    detail += f"; {display_name(spec.name)} moved by {found.value:+.4f}"
    seen = {"n": found.n, "items": found.items, "unit": evidence.unit}
    return [Check(name=NAME, verdict=verdict, value=found.value, margin=margin, detail=detail, **seen)]


def _moved(pairs: list[tuple[ItemResult, ItemResult]]) -> str:
    same = sum(first.answer == second.answer for first, second in pairs)
    told = f"{same} of {len(pairs)} answers the same"
    shifts = [
        abs(first.probabilities[label] - chance)
        for first, second in pairs
        for label, chance in second.probabilities.items()
        if label in first.probabilities
    ]
    if not shifts:
        return told
    most = max(shifts)
    return f"{told}, probabilities within {most:.1e}" if most else f"{told}, their probabilities, too"
