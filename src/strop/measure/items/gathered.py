"""What is neither a mean nor an F1: functions of sums over items, of labels with probabilities and of texts.

Each has the rows that are summed (one an item), the measure from sums, and what an unseen item could hold at the least
and the largest; the interval then comes from the items' influence (:mod:`strop.measure.statistics.influence`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from strop.measure.answers.overlap import BLEU_COUNTS, bleu_of_counts
from strop.measure.statistics.intervals import Array
from strop.records import How, ItemResult

BINS = 15
"""Of confidence, for the calibration error."""
LEVELS = 256
"""Most thresholds of confidence that the area under risk and coverage looks at; of more, neighbours go together."""


class Gathered(NamedTuple):
    """How one kind of measure is gathered; ``low`` is its least possible value, the largest is 1."""

    rows: Callable[[Sequence[ItemResult]], Array] | None  # None: the items' scores
    value: Callable[[Array], Array]
    extremes: Callable[[Array, bool], Array]
    low: float = 0.0


def _label_rows(items: Sequence[ItemResult]) -> Array:
    """Right, the gold label, the label said: one place each; the last place of the said is "no valid label"."""
    names = sorted({label for item in items for label in (item.gold, item.label) if label is not None})
    place: dict[str | None, int] = {name: position for position, name in enumerate(names)}
    rows = np.zeros((len(items), 2 * len(names) + 2))
    for position, item in enumerate(items):
        rows[position, 0] = item.label == item.gold
        rows[position, 1 + place[item.gold]] = 1
        rows[position, 1 + len(names) + place.get(item.label, len(names))] = 1
    return rows


def _matthews(sums: Array) -> Array:
    """Matthews correlation for several labels (Gorodkin 2004); 0 when either side is constant."""
    labels = sums.shape[1] // 2 - 1
    right, truth, said = sums[:, 0], sums[:, 1 : 1 + labels], sums[:, 1 + labels :]
    n = truth.sum(axis=1)
    spread = (n * n - (said * said).sum(axis=1)) * (n * n - (truth * truth).sum(axis=1))
    together = right * n - (said[:, :labels] * truth).sum(axis=1)
    return np.asarray(np.where(spread > 0, together / np.sqrt(np.where(spread > 0, spread, 1)), 0.0))


def _label_extremes(rows: Array, best: bool) -> Array:
    """Every item again, right, or taken for the commonest other label."""
    labels = rows.shape[1] // 2 - 1
    truth = rows[:, 1 : 1 + labels]
    said = np.zeros((len(rows), labels + 1))
    if best:
        said[:, :labels] = truth
    else:
        common = np.argsort(-truth.sum(axis=0), kind="stable")
        second = common[1] if labels > 1 else labels
        said[:, common[0]] = 1
        own = truth[:, common[0]] == 1
        said[own] = np.eye(labels + 1)[second]
    return np.hstack([np.full((len(rows), 1), float(best)), truth, said])


def _sure(items: Sequence[ItemResult]) -> tuple[Array, Array]:
    right = np.array([float(item.label == item.gold) for item in items])
    # To 12 digits: the same probabilities, summed in another order, are one confidence.
    return right, np.array([max(item.probabilities.values()) for item in items]).round(12)


def _bin_rows(items: Sequence[ItemResult]) -> Array:
    """(right - confidence) in the place of its bin, and 1."""
    right, sure = _sure(items)
    rows = np.zeros((len(items), BINS + 1))
    place = np.clip(np.ceil(sure * BINS).astype(np.int64) - 1, 0, BINS - 1)
    rows[np.arange(len(items)), place] = right - sure
    rows[:, BINS] = 1
    return rows


def _calibration_error(sums: Array) -> Array:
    return np.asarray(np.abs(sums[:, :BINS]).sum(axis=1) / sums[:, BINS])


def _bin_extremes(rows: Array, best: bool) -> Array:
    """A sure item that is wrong, and an unlikely one that is right, in any bin."""
    gaps = np.vstack([np.eye(BINS), -np.eye(BINS)])
    return np.hstack([gaps, np.ones((len(gaps), 1))])


def _threshold_rows(items: Sequence[ItemResult]) -> Array:
    """At the place of its confidence, the surest first: answered, and wrong."""
    right, sure = _sure(items)
    distinct = np.unique(-sure)
    if len(distinct) > LEVELS:
        distinct = np.unique(distinct[np.linspace(0, len(distinct) - 1, LEVELS).astype(np.int64)])
    place = np.searchsorted(distinct, -sure)
    rows = np.zeros((len(items), 2, len(distinct)))
    rows[np.arange(len(items)), 0, place] = 1
    rows[np.arange(len(items)), 1, place] = 1 - right
    return rows.reshape(len(items), -1)


def _area(sums: Array) -> Array:
    """The error among the answered, averaged over the answers that are let in as the threshold falls."""
    answered, wrong = np.moveaxis(sums.reshape(len(sums), 2, -1), 1, 0)
    risk = wrong.cumsum(axis=1) / np.maximum(answered.cumsum(axis=1), 1)
    return np.asarray((answered * risk).sum(axis=1) / answered.sum(axis=1))


def _threshold_extremes(rows: Array, best: bool) -> Array:
    """The surest answer of all, wrong or right."""
    levels = rows.shape[1] // 2
    row = np.zeros((1, 2, levels))
    row[0, :, 0] = (1, float(best))
    return row.reshape(1, -1)


def _bleu_extremes(rows: Array, best: bool) -> Array:
    """The average item, with every n-gram found and at full length, or with none found."""
    mean = rows.mean(axis=0, keepdims=True)
    order = (BLEU_COUNTS - 2) // 2
    totals, said = mean[:, order : 2 * order], mean[:, -2:-1]
    hits = totals if best else np.zeros_like(totals)
    return np.hstack([hits, totals, said, np.minimum(said, mean[:, -1:]) if best else mean[:, -1:]])


GATHERED: dict[How, Gathered] = {
    "matthews": Gathered(_label_rows, _matthews, _label_extremes, low=-1.0),
    "ece": Gathered(_bin_rows, _calibration_error, _bin_extremes),
    "aurc": Gathered(_threshold_rows, _area, _threshold_extremes),
    "bleu": Gathered(None, bleu_of_counts, _bleu_extremes),
}
