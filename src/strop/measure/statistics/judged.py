"""Judges that are models: both orders asked, and never trusted beyond what people confirm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import scipy

from strop.measure.statistics.bounded import is_share, score_interval
from strop.measure.statistics.intervals import Array, Interval, check_finite, check_level
from strop.records import Measured

Winner: TypeAlias = Literal["first", "second", "tie"]


def both_orders(asked: Winner, turned: Winner) -> Winner:
    """The verdict of a judge who saw a pair in both orders: a winner only where both agree on it, else a tie.

    Args:
        asked: the verdict with the first answer shown first.
        turned: the verdict with the second answer shown first, named by position as shown.
    """
    back: dict[Winner, Winner] = {"first": "second", "second": "first", "tie": "tie"}
    return asked if back[turned] == asked else "tie"


def prediction_powered(
    people: Sequence[float], judged: Sequence[float], judged_only: Sequence[float], *, level: float = 0.95
) -> Measured:
    """The mean that people would give to all items, from a few of their labels and many of a judge's (PPI++).

    judge's mean on all it judged alone + what people's labels correct on the items that both saw; the judge's weight is
    chosen to make the interval shortest, so that a useless judge only leaves the interval as wide as people's labels
    alone make it (Angelopoulos, Duchi and Zrnic 2023). Of labels from 0 to 1 both parts have the interval of a bounded
    mean (:func:`.bounded.score_interval`), put together by MOVER (Zou and Donner 2008): ten people who all
    agree with the judge do not make it certain. Others have Student's.

    Args:
        people: the labels of people.
        judged: the judge's labels of the same items.
        judged_only: the judge's labels of further items, drawn alike.
        level: two-sided confidence level.
    Raises:
        ValueError: for fewer than two items with both labels or of the judge alone, differing lengths, or a label that
            is no finite number.
    """
    check_level(level)
    truth, both, alone = (np.asarray(values, dtype=np.float64) for values in (people, judged, judged_only))
    if len(truth) != len(both) or len(truth) < 2 or len(alone) < 2:
        raise ValueError(f"{len(truth)} labels of people, {len(both)} of the judge on them, {len(alone)} on others")
    for labels, whose in ((truth, "people's label"), (both, "the judge's label"), (alone, "the judge's further label")):
        check_finite(labels, whose)
    weight = _weight(truth, both, alone)
    value = weight * float(alone.mean()) + float((truth - weight * both).mean())
    corrected = truth - weight * both
    if all(is_share(labels) for labels in (truth, both, alone)):
        own = score_interval(corrected, low=-weight, high=1.0, level=level)
        judge = score_interval(alone, level=level)
        sides = [(corrected.mean() - own.low, own.high - corrected.mean())]
        sides += [(weight * (alone.mean() - judge.low), weight * (judge.high - alone.mean()))]
        below, above = np.hypot(*np.array(sides))
        interval = Interval(max(value - float(below), 0.0), min(value + float(above), 1.0))
        value = min(max(value, 0.0), 1.0)  # the correction may point beyond what a share can be
    else:
        variance = weight**2 * float(alone.var(ddof=1)) / len(alone) + float(corrected.var(ddof=1)) / len(truth)
        half = float(scipy.special.stdtrit(len(truth) - 1, 0.5 + level / 2)) * variance**0.5
        interval = Interval(value - half, value + half)
    return Measured(value=value, low=interval.low, high=interval.high, n=len(truth), method="ppi++", level=level)


def _weight(truth: Array, both: Array, alone: Array) -> float:
    spread = float(np.concatenate([both, alone]).var(ddof=1))
    if spread <= 0:
        return 0.0
    together = float(np.cov(truth, both)[0, 1])
    return float(np.clip(together / ((1 + len(truth) / len(alone)) * spread), 0.0, 1.0))
