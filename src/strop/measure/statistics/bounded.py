"""Score interval for the mean of bounded scores: what Wilson is for a share and Tango for a paired difference, for any.

A t interval believes the spread it saw. Where nearly all scores are equal (attributes nearly always included, two
candidates that rarely differ) that spread is too small, and the bound errs several times as often as it says. Here a
mean is excluded only if it is implausible under the distribution *with that mean* that fits the items best, which may
hold scores that were not seen: mass at the worst possible score where the items leave room for it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import scipy

from strop.measure.statistics.intervals import (
    Array,
    Interval,
    check_level,
    cluster_codes,
    cluster_freedom,
    cluster_sums,
)

_EDGE = 1e-9
_SIZES_WEIGH: ContextVar[bool] = ContextVar("sizes_weigh", default=True)


@contextmanager
def clusters_weighed_alike() -> Iterator[None]:
    """Within it a large cluster pulls no harder at what it is held against: what was decided so is verified so."""
    before = _SIZES_WEIGH.set(False)
    try:
        yield
    finally:
        _SIZES_WEIGH.reset(before)


def is_share(values: Array) -> bool:
    """Whether all scores lie between 0 and 1."""
    return bool(((values >= 0) & (values <= 1)).all())


def score_interval(
    values: Sequence[float] | Array,
    *,
    low: float = 0.0,
    high: float = 1.0,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    freedom: float | None = None,
) -> Interval:
    """Interval of a mean of scores that lie in [``low``, ``high``], trustworthy also when few of them differ.

    A mean is inside when (mean of the items - it, less half a step of the scores) is at most Student's quantile times
    its standard error under the constrained nonparametric maximum likelihood (Owen 2001, chapter 2, with the two
    extremes as further support). For right/wrong scores that is Wilson's interval, for a difference of two of them
    Tango's (1998), each with Student's quantile and a continuity correction.

    Args:
        values: one score an item.
        low, high: the least and the largest possible score.
        clusters: one key an item; items with the same key count as one observation. Where their sizes differ, the
            quantile has fewer degrees of freedom (:func:`.intervals.cluster_freedom`), and a cluster's sum is that of
            the mean without it (:func:`as_left_out`).
        level: two-sided confidence level.
        freedom: degrees of freedom of the quantile, where ``values`` are not of the items that they stand for.
    Raises:
        ValueError: for no values, or one outside the bounds.
    """
    check_level(level)
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size == 0:
        raise ValueError("no values: no mean")
    if numbers.min() < low or numbers.max() > high:
        raise ValueError(f"a score lies outside [{low}, {high}]")
    codes = np.arange(len(numbers)) if clusters is None else cluster_codes(clusters)
    sums = cluster_sums(np.column_stack([numbers, np.ones(len(numbers))]), codes)
    if len(sums) < 2:
        return Interval(low, high)
    step = smallest_step(numbers, low, high) if len(sums) == len(numbers) else 0.0
    freedom = cluster_freedom(sums[:, 1]) if freedom is None else freedom
    return sums_interval(as_left_out(sums), low=low, high=high, step=step, freedom=freedom, level=level)


def sums_interval(sums: Array, *, low: float, high: float, step: float, freedom: float, level: float) -> Interval:
    """As :func:`score_interval`, of clusters; arguments as in :func:`sums_clear`, ``level`` two-sided."""
    quantile = float(scipy.special.stdtrit(freedom, 0.5 + level / 2))
    mean = float(sums[:, 0].sum() / sums[:, 1].sum())

    def gap(null: float) -> float:
        return abs(_score(sums, null, low, high, step)) - quantile

    edge = _EDGE * (high - low)

    def bound(outer: float, inner: float) -> float:
        if abs(mean - outer) <= edge or gap(inner) <= 0:
            return outer
        return float(scipy.optimize.brentq(gap, inner, mean, xtol=edge))

    return Interval(bound(low, low + edge), bound(high, high - edge))


def as_left_out(sums: Array) -> Array:
    """Sums of clusters of differing sizes (sum of the scores, items), each as far off as the mean is without it.

    A large cluster pulls the mean towards itself, so its own distance from it is too small: it is divided by the share
    of the items that lie elsewhere (the jackknife). Those of clusters of one size stay as they are.
    """
    sizes = sums[:, 1]
    if weigh_alike(sizes):
        return sums
    shares, value = sizes / sizes.sum(), sums[:, 0].sum() / sizes.sum()
    apart = (sums[:, 0] - value * sizes) * (1 - 1 / len(sums)) / (1 - shares)
    return np.column_stack([value * sizes + apart - apart.mean(), sizes])


def weigh_alike(sizes: Array) -> bool:
    """Whether clusters of such sizes are held against a line alike: they are of one, or decided so."""
    return bool(sizes.min() == sizes.max()) or not _SIZES_WEIGH.get()


def clears(values: Array, line: float, *, low: float, high: float, alpha: float, freedom: float | None = None) -> bool:
    """Whether the interval's lower bound at one-sided ``alpha`` lies above ``line``, without computing the bound.

    Args:
        values: at least two scores that lie in [``low``, ``high``].
        line: what has to be cleared, above ``low``.
        low, high, alpha, freedom: as in :func:`score_interval`, of which level is 1 - 2 · alpha.
    """
    if float(values.mean()) <= line:
        return False
    sums = np.column_stack([values, np.ones(len(values))])
    step = smallest_step(values, low, high)
    return sums_clear(sums, line, low=low, high=high, alpha=alpha, step=step, freedom=freedom)


def sums_clear(
    sums: Array,
    line: float,
    *,
    low: float,
    high: float,
    alpha: float,
    step: float = 0.0,
    freedom: float | None = None,
) -> bool:
    """As :func:`clears`, of clusters.

    Args:
        sums: the sum of the scores and their number, of each of at least two clusters.
        step: half of it is the continuity correction; clusters have none.
    """
    if float(sums[:, 0].sum() / sums[:, 1].sum()) <= line:
        return False
    freedom = cluster_freedom(sums[:, 1]) if freedom is None else freedom
    quantile = float(scipy.special.stdtrit(freedom, 1 - alpha))
    return _score(sums, line, low, high, step) > quantile


def smallest_step(values: Array, low: float, high: float) -> float:
    """The smallest gap between two scores that occur (or could): half of it is the continuity correction."""
    distinct = np.unique(values)
    if len(distinct) == 1:
        return float(max(distinct[0] - low, high - distinct[0]))
    return float(np.diff(distinct).min())


def _score(sums: Array, null: float, low: float, high: float, step: float) -> float:
    """(mean - null) over its standard error if the mean were ``null``; ``sums`` holds (sum, items) of each cluster."""
    count, size = len(sums), sums[:, 1].mean()
    excess = (sums[:, 0] - null * sums[:, 1]) / size
    sign = 1.0 if excess.mean() >= 0 else -1.0
    distance = abs(float(excess.mean())) - step / 2 / count
    if distance <= 1e-12 * (high - low):
        return 0.0
    excess = sign * excess
    extreme = min(low - null if sign > 0 else null - high, float(excess.min()))
    most = -1 / extreme

    def pull(tilt: float) -> float:
        return float((excess / (1 + tilt * excess)).sum())

    nearly = most * (1 - 1e-9)
    tilt = nearly if pull(nearly) > 0 else float(scipy.optimize.brentq(pull, 0.0, nearly))
    weights = 1 / count / (1 + tilt * excess)
    unseen = max(0.0, 1 - float(weights.sum()))
    variance = float(weights @ excess**2) + unseen * extreme**2
    return sign * distance / float(np.sqrt(variance / count))
