"""Does somebody pay for the average? Slices that nobody declared: a certain loss refuses, a likely one is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from strop.decide import words
from strop.decide.comparisons import best_arm, gain_over, in_slice, rivals, slice_values
from strop.decide.evidence import Arm, Evidence
from strop.decide.protocol import Protocol
from strop.decide.trials import Trial, certain_failures
from strop.measure import (
    beside,
    clopper_pearson,
    display_name,
    estimate,
    item_score,
    mean_interval,
    score_interval,
    to_be_found,
    weak_groups,
)
from strop.records import Check, ItemResult, Measured, MeasureSpec

NAME = "slices"
LIKELY = 0.1
"""A project without a loss on any slice is told of a likely one at most so often."""
WEAKER = "; weaker where"
"""How a slice that does worse than the rest is told in a verdict's sentence."""
SELDOM = "; mostly missed"
"""How labels that the candidate seldom finds are told there."""
_LIKELY = "; likely worse: "
_FOUND = 0.5
"""A label of which certainly less than this share is found is told."""


class Caution(NamedTuple):
    """What a sentence must not leave out of slices; and the slice, where it is one that is weaker than the rest."""

    sentence: str = ""
    weaker: str = ""


def watched_slices(evidence: Evidence, protocol: Protocol, spec: MeasureSpec, alpha: float) -> list[Check]:
    """A failing check for every slice on which the candidate certainly loses more than the margin; one for the rest.

    Looked at is every value of every slice column that has ``watch_slices`` items or more. That a slice is as good as
    before cannot be shown on so few, and is not asked: a slice passes unless a loss beyond the margin is certain, by
    Holm's step-down over all of them, so that one that is no worse is refused at most ``alpha`` of the time. A loss
    that is likely (of any size, at :data:`LIKELY` over all of them) is told, and does not fail. Slices in which nothing
    is to be found are left out.
    """
    arm = _arm(evidence, spec)
    if protocol.watch_slices is None or arm is None:
        return []
    found: dict[str, tuple[Trial, Measured]] = {}
    for name, key, value in _places(evidence, protocol, protocol.watch_slices):
        own, other = in_slice(evidence.items, key, value), in_slice(arm.items, key, value)
        if not to_be_found(spec, own):
            continue
        detail = f"{display_name(spec.name)} where {name}, against {arm.name}"
        trial = Trial(
            name=f"{NAME}.{name}", at=gain_over(spec, own, other), passes=-protocol.margin, fails=-protocol.margin,
            detail=detail, slice=name,
        )  # fmt: skip
        try:
            found[trial.name] = trial, trial.at(alpha)
        except ValueError:
            continue  # nothing of the measure lies in it; whether it was measured at all is another check's question
    if not found:
        return []
    failed = certain_failures([trial for trial, _ in found.values()], count=len(found), alpha=alpha)
    checks = [
        Check(
            name=name, verdict="fail", value=measured.value, low=measured.low, high=measured.high, n=measured.n,
            items=measured.items, unit=evidence.unit, margin=-protocol.margin, detail=trial.detail,
        )
        for name, (trial, measured) in found.items() if name in failed
    ]  # fmt: skip
    return [*checks, _rest(evidence, found, failed, arm)]


def _arm(evidence: Evidence, spec: MeasureSpec) -> Arm | None:
    others = [*rivals(evidence), *evidence.incumbents]
    return evidence.release or (best_arm(spec, others) if others else None)


def _places(evidence: Evidence, protocol: Protocol, least: int) -> list[tuple[str, str, str]]:
    """Name, column and value of each slice that is large enough, and is not everything."""
    columns = sorted({column for item in evidence.items for column in item.slices} - set(protocol.decision.slices))
    places = [(column, value) for column in columns for value in slice_values(evidence.items, column)]
    sizes = [len(in_slice(evidence.items, *place)) for place in places]
    whole = len(evidence.items)
    return [(f"{c}={v}", c, v) for (c, v), size in zip(places, sizes, strict=True) if least <= size < whole]


def _rest(evidence: Evidence, found: dict[str, tuple[Trial, Measured]], failed: set[str], arm: Arm) -> Check:
    """The slices without a certain loss, and which of them are likely to lose."""
    left = {name: pair for name, pair in found.items() if name not in failed}
    among = words.together(evidence.items, evidence.unit)
    detail = f"{words.count(len(left), 'slice')} of {among} against {arm.name}: no certain loss beyond the margin"
    lines = [replace(trial, fails=0.0) for trial, _ in left.values()]
    likely = certain_failures(lines, count=len(found), alpha=LIKELY)
    lowest = sorted((measured.value, trial.name, trial.slice, measured) for trial, measured in left.values())
    told = [
        f"{name} {words.measured_difference(m)} on {words.counted(m)}" for _, key, name, m in lowest if key in likely
    ]
    if told:
        more = f" and {len(told) - words.NAMED} more" if len(told) > words.NAMED else ""
        detail += f"{_LIKELY}{', '.join(told[: words.NAMED])}{more}"
    elif lowest and lowest[0][0] < 0:
        detail += f"; the lowest, which may be chance: {lowest[0][2]} {words.measured_difference(lowest[0][3])}"
    return Check(name=NAME, verdict="pass", n=len(left), unit="slice", detail=detail)


def mostly_missed(evidence: Evidence) -> str:
    """Labels of which less than half is certainly found (Clopper and Pearson): a good macro F1 may hide them.

    Macro F1 is far above that of always saying the commonest label as soon as any other is found now and then.
    """
    items = evidence.items if evidence.crossed is None else evidence.crossed.items
    if evidence.dataset.kind != "classification":
        return ""
    found: dict[str, list[bool]] = {}
    for item in items:
        if item.gold is not None:
            found.setdefault(item.gold, []).append(item.label == item.gold)
    missed = []
    for label, hits in sorted(found.items(), key=lambda one: (np.mean(one[1]), one[0])):
        low, high = clopper_pearson(sum(hits), len(hits))
        if high < _FOUND:
            missed.append(f"{label} (found {sum(hits)} of {len(hits)}, {low:.2f} to {high:.2f})")
    more = f" and {len(missed) - words.NAMED} more" if len(missed) > words.NAMED else ""
    return f"{SELDOM}: {', '.join(missed[: words.NAMED])}{more}" if missed else ""


def caution(evidence: Evidence, protocol: Protocol, spec: MeasureSpec, checks: Sequence[Check]) -> Caution:
    """What a sentence must not leave out: a slice that is likely worse, else one that is weaker than the rest."""
    rest = next((check for check in checks if check.name == NAME), None)
    _, _, likely = (rest.detail if rest else "").partition(_LIKELY)
    if likely:
        return Caution(f"; likely worse where {likely}")
    if protocol.watch_slices is None:
        return Caution()
    judged = [(item, score) for item in evidence.items if (score := item_score(spec, item)) is not None]
    places = {
        name: np.array([item.slices.get(key) == value for item, _ in judged], dtype=np.bool_)
        for name, key, value in _places(evidence, protocol, protocol.watch_slices)
        if to_be_found(spec, in_slice(evidence.items, key, value))
    }
    sign = 1.0 if spec.higher_is_better else -1.0
    weak = weak_groups([sign * score for _, score in judged], places, clusters=[item.cluster for item, _ in judged])
    if not weak:
        return Caution()
    first = weak[0]
    inside = places[first.name]
    part, others = (
        [item for (item, _), of in zip(judged, inside, strict=True) if of == side] for side in (True, False)
    )
    told = beside(spec, part, others)
    low, high = (words.number(end) for end in _bounds(spec, part, stands_in=told.name != display_name(spec.name)))
    on = words.in_groups(first.n, first.clusters, evidence.unit)
    value, other = f"{words.number(told.value)} [{low}, {high}]", words.number(told.rest)
    return Caution(f"{WEAKER} {first.name}: {told.name} {value} on {on}, elsewhere {other}", first.name)


def _bounds(spec: MeasureSpec, items: Sequence[ItemResult], *, stands_in: bool) -> tuple[float, float]:
    """A 95 % interval of what is told of a slice: the measure, or the mean of what stands in for it."""
    if not stands_in:
        found = estimate(spec, items)
        return found.low, found.high
    scored = [(score, item.cluster) for item in items if (score := item_score(spec, item)) is not None]
    scores, clusters = [score for score, _ in scored], [cluster or n for n, (_, cluster) in enumerate(scored)]
    inside = all(0 <= score <= 1 for score in scores)
    low, high = (score_interval if inside else mean_interval)(scores, clusters=clusters)
    return low, high
