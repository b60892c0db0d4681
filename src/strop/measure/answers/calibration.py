"""Can confidences be trusted? Calibration, risk against coverage, and when to leave an answer to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from strop.measure.statistics.intervals import Array, clopper_pearson

_ROUNDING = 1e-6
"""How far a probability may lie outside of 0 to 1 by the rounding of a sum."""
_STEPS = 20
_ALLOWANCE = 15  # the walk starts where a fifteenth of the errors that all items might show would still pass


class Threshold(NamedTuple):
    """Answer from this confidence on: the share then answered, its error rate, the upper bound that was promised on."""

    confidence: float
    coverage: float
    error: float
    upper: float
    answered: int


def ece(correct: Sequence[bool], confidence: Sequence[float], *, bins: int = 15) -> float:
    """Expected calibration error: |accuracy - confidence| averaged over equal-width bins by their items.

    (Naeini et al. 2015; Guo et al. 2017, equation 3.) Biased upward for few items: never gate on it.

    Args:
        correct: whether each answer was right.
        confidence: the probability given to that answer.
        bins: number of bins of (0, 1].
    Raises:
        ValueError: for no items, differing lengths, or a confidence outside [0, 1].
    """
    right, sure = _checked(correct, confidence)
    place = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(place, weights=right - sure, minlength=bins)
    return float(np.abs(gap).sum() / len(right))


def brier(gold: Sequence[str], probabilities: Sequence[Mapping[str, float]]) -> float:
    """Brier score over several labels: squared distance of the distribution from the truth, 0 to 2 (Brier 1950).

    Raises:
        ValueError: for no items, differing lengths, or what is no probability.
    """
    if len(gold) != len(probabilities) or not gold:
        raise ValueError(f"{len(gold)} gold labels, {len(probabilities)} distributions")
    for number, told in enumerate(probabilities):
        for label, p in told.items():
            if not -_ROUNDING <= p <= 1 + _ROUNDING:
                raise ValueError(f"item {number}: {p} for {label!r} is no probability")
    return sum(map(brier_item, gold, probabilities)) / len(gold)


def brier_item(gold: str, probabilities: Mapping[str, float]) -> float:
    """The Brier score of one item; a gold label without a probability has 0."""
    wrong = sum(p * p for label, p in probabilities.items() if label != gold)
    return wrong + (1 - probabilities.get(gold, 0.0)) ** 2


class RiskCoverage(NamedTuple):
    """Error among the answered against the share answered, as the threshold falls; one point a distinct confidence."""

    confidence: Array
    coverage: Array
    risk: Array


def risk_coverage(correct: Sequence[bool], confidence: Sequence[float]) -> RiskCoverage:
    """The curve of selective answering (El-Yaniv and Wiener 2010).

    Raises:
        ValueError: as :func:`ece`.
    """
    right, sure = _checked(correct, confidence)
    order = np.argsort(-sure, kind="stable")
    ordered = sure[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    answered = last + 1
    return RiskCoverage(ordered[last], answered / len(right), 1 - np.cumsum(right[order])[last] / answered)


def abstain_threshold(
    correct: Sequence[bool], confidence: Sequence[float], max_error: float, *, level: float = 0.95
) -> Threshold | None:
    """The lowest confidence from which on at most ``max_error`` of the given answers are wrong, proven at ``level``.

    Thresholds are tested by exact binomial bounds in an order that only the number of items fixes: from the surest
    ones, as many as are needed to promise anything with an error or two among them, in twenty steps to all, until one
    fails (fixed-sequence testing; Angelopoulos et al. 2021, "Learn then Test").

    Args:
        correct: whether each answer was right, on items the model has not seen.
        confidence: the probability given to that answer.
        max_error: the promised error rate among given answers.
        level: chance that the promise holds, above a half.
    Returns:
        None when no threshold can be promised, most often for want of items.
    Raises:
        ValueError: as :func:`ece`, or for a rate outside (0, 1).
    """
    if not 0 < max_error < 1 or not 0.5 < level < 1:
        raise ValueError(f"an error rate of {max_error} cannot be promised at a level of {level}")
    right, sure = _checked(correct, confidence)
    order = np.argsort(-sure, kind="stable")
    ordered, hits = sure[order], np.cumsum(right[order])
    best: Threshold | None = None
    start = _least_items(round(len(right) * max_error / _ALLOWANCE), max_error, level)
    if start > len(right):
        return None
    for size in np.unique(np.linspace(start, len(right), _STEPS).astype(np.int64)):
        cut = ordered[size - 1]
        answered = int(np.searchsorted(-ordered, -cut, side="right"))
        wrong = answered - int(hits[answered - 1])
        upper = clopper_pearson(wrong, answered, level=2 * level - 1).high
        if upper > max_error:
            break
        best = Threshold(float(cut), answered / len(right), wrong / answered, upper, answered)
    return best


def _least_items(wrong: int, max_error: float, level: float) -> int:
    """The fewest items of which so many may be wrong and still at most ``max_error`` is promised."""
    count = wrong + 1
    while clopper_pearson(wrong, count, level=2 * level - 1).high > max_error:
        count += 1
    return count


def _checked(correct: Sequence[bool], confidence: Sequence[float]) -> tuple[Array, Array]:
    right, sure = np.asarray(correct, dtype=np.float64), np.asarray(confidence, dtype=np.float64)
    if len(right) != len(sure) or len(right) == 0:
        raise ValueError(f"{len(right)} answers, {len(sure)} confidences")
    if not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError("a confidence lies outside [0, 1]")
    return right, sure
