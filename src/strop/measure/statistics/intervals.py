"""Intervals for one number: exact and score intervals for shares, t for means, BCa bootstrap for the rest."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy

Array: TypeAlias = npt.NDArray[np.float64]

SEED = 20_240_229
"""All resampling starts here, so that the same items give the same interval."""
RESAMPLES = 2_000
_CELLS = 4_000_000  # resampling weights held in memory at once


_SIZES_COUNT: ContextVar[bool] = ContextVar("sizes_count", default=True)


class Interval(NamedTuple):
    """Two-sided bounds."""

    low: float
    high: float


def _check_share(successes: float, n: float, level: float) -> None:
    check_level(level)
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} is no share")


def check_level(level: float) -> None:
    """Refuse a level that is not a probability."""
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not at {level}")


def wilson(successes: float, n: float, *, level: float = 0.95) -> Interval:
    """Score interval of a share (Wilson 1927; Newcombe 1998, method 3).

    Args:
        successes: how many of ``n`` independent items succeeded.
        level: two-sided confidence level.
    Raises:
        ValueError: when there is no such share.
    """
    _check_share(successes, n, level)
    z = float(scipy.special.ndtri(0.5 + level / 2))
    centre = (successes + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * float(np.sqrt(successes * (n - successes) / n + z * z / 4))
    return Interval(
        0.0 if successes == 0 else max(0.0, centre - half),
        1.0 if successes == n else min(1.0, centre + half),
    )


def clopper_pearson(successes: float, n: float, *, level: float = 0.95) -> Interval:
    """Exact interval of a share: covers at least ``level`` whatever the share (Clopper and Pearson 1934).

    Args:
        successes: how many of ``n`` independent items succeeded.
        level: two-sided confidence level.
    Raises:
        ValueError: when there is no such share.
    """
    _check_share(successes, n, level)
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(scipy.special.betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(scipy.special.betaincinv(successes + 1, n - successes, 1 - tail))
    return Interval(low, high)


def check_finite(numbers: Array, what: str) -> None:
    """Refuse what is no finite number: it would be lost in a sum or a comparison. Raises ValueError."""
    if not np.isfinite(numbers).all():
        raise ValueError(f"{what} {int(np.argwhere(~np.isfinite(numbers))[0][0])} is no finite number")


def cluster_codes(clusters: Sequence[Hashable]) -> npt.NDArray[np.int64]:
    """Number the clusters from 0 in order of appearance; ``None`` is a cluster of its own each time."""
    known: dict[Hashable, int] = {}
    codes = np.empty(len(clusters), dtype=np.int64)
    count = 0
    for position, cluster in enumerate(clusters):
        if cluster is None:
            codes[position] = count
            count += 1
            continue
        if cluster not in known:
            known[cluster] = count
            count += 1
        codes[position] = known[cluster]
    return codes


def cluster_sums(values: Array, codes: npt.NDArray[np.int64]) -> Array:
    """Sum rows of ``values`` (n, or n × k) by cluster."""
    sums = np.zeros((int(codes.max()) + 1, *values.shape[1:]))
    np.add.at(sums, codes, values)
    return sums


@contextmanager
def clusters_of_one_size() -> Iterator[None]:
    """Within it clusters count as if all held as many items: what was decided so is verified so."""
    before = _SIZES_COUNT.set(False)
    try:
        yield
    finally:
        _SIZES_COUNT.reset(before)


def cluster_freedom(sizes: Array) -> float:
    """Degrees of freedom of a mean's clustered error: C-1 for C clusters of one size, fewer where sizes differ.

    Satterthwaite's, for :func:`standard_error` were the items independent (Bell and McCaffrey 2002; closed form for a
    mean). With one cluster that holds half of the items, 30 clusters tell hardly more than four of one size.

    Args:
        sizes: items in each cluster.
    """
    count = len(sizes)
    if count < 2 or sizes.min() == sizes.max() or not _SIZES_COUNT.get():
        return float(count - 1)
    shares = sizes / sizes.sum()
    apart = shares**2 / (1 - shares)
    return float(1 / (shares @ shares + apart.sum() ** 2 - apart @ apart))


def standard_error(values: Array, codes: npt.NDArray[np.int64] | None = None) -> tuple[float, float]:
    """Standard error of the mean and its degrees of freedom, by clusters where ``codes`` are given.

    Items of one document or user count as one observation. The clustered error is the linearised one of a ratio of
    sums, each cluster's residual divided by the root of what of it the mean leaves (CR2: Bell and McCaffrey 2002,
    Survey Methodology 28): for clusters of one size that is the C/(C-1) correction (Cochran 1977, section 2.11), and
    one that holds many of the items pulls the mean towards itself. One observation has no error: (inf, 0).
    """
    if codes is None:
        codes = np.arange(len(values))
    sums = cluster_sums(np.column_stack([values - values.mean(), np.ones(len(values))]), codes)
    residuals, sizes = sums.T
    if len(sums) < 2:
        return float("inf"), 0.0
    shares = sizes / len(values) if _SIZES_COUNT.get() else 1 / len(sums)
    variance = float((residuals**2 / (1 - shares)).sum()) / len(values) ** 2
    return float(np.sqrt(variance)), cluster_freedom(sizes)


def mean_interval(
    values: Sequence[float] | Array, *, clusters: Sequence[Hashable] | None = None, level: float = 0.95
) -> Interval:
    """Student's t interval of a mean; with ``clusters``, on clustered errors and their degrees of freedom.

    In simulations of 5, 10 and 30 clusters of differing sizes (normal values) it covers .93 to .97 at a nominal .95.

    Args:
        values: one number an item.
        clusters: one key an item; items with the same key are not independent.
        level: two-sided confidence level.
    Raises:
        ValueError: when there are no values, or one of them is no finite number.
    """
    check_level(level)
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size == 0:
        raise ValueError("no values: no mean")
    if not np.isfinite(numbers).all():
        raise ValueError(f"value {int(np.flatnonzero(~np.isfinite(numbers))[0])} is no finite number: no mean")
    error, freedom = standard_error(numbers, None if clusters is None else cluster_codes(clusters))
    if freedom == 0:
        return Interval(float("-inf"), float("inf"))
    half = float(scipy.special.stdtrit(freedom, 0.5 + level / 2)) * error
    return Interval(float(numbers.mean()) - half, float(numbers.mean()) + half)


def resample(rows: Array, statistic: Callable[[Array], Array], *, resamples: int, seed: int = SEED) -> Array:
    """The statistic on ``resamples`` bootstrap samples of the rows of ``rows`` (C × k).

    ``statistic`` maps sums of rows (B × k) to B numbers: all our measures depend on the items through sums.
    """
    count = len(rows)
    rng = np.random.default_rng(seed)
    block = max(1, _CELLS // count)
    parts = []
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        drawn = rng.integers(0, count, size=(size, count)) + np.arange(size)[:, None] * count
        weights = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        parts.append(statistic(weights.astype(np.float64) @ rows))
    return np.concatenate(parts)


def bootstrap_interval(
    rows: Array,
    statistic: Callable[[Array], Array],
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Interval:
    """BCa bootstrap interval of a function of sums (Efron 1987), vectorised, the same for the same input.

    Args:
        rows: one row of summands a cluster (C × k).
        statistic: maps sums of rows (B × k) to B numbers.
        level: two-sided confidence level.
        resamples: bootstrap samples.
    Raises:
        ValueError: with fewer than two rows, or one that holds no finite number.
    """
    check_level(level)
    if len(rows) < 2:
        raise ValueError("a bootstrap needs at least two independent items")
    check_finite(rows, "row")
    total = rows.sum(axis=0)
    value = float(statistic(total[None, :])[0])
    draws = np.sort(resample(rows, statistic, resamples=resamples, seed=seed))
    below = (np.count_nonzero(draws < value) + np.count_nonzero(draws == value) / 2) / resamples
    if not 0 < below < 1:
        return Interval(float(draws[0]), float(draws[-1]))
    bias = float(scipy.special.ndtri(below))
    left_out = statistic(total[None, :] - rows)
    influence = left_out.mean() - left_out
    spread = float((influence**2).sum()) ** 1.5
    acceleration = float((influence**3).sum()) / (6 * spread) if spread > 0 else 0.0
    bounds = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + float(scipy.special.ndtri(tail))
        share = float(scipy.special.ndtr(bias + shifted / (1 - acceleration * shifted)))
        bounds.append(float(np.quantile(draws, share)))
    return Interval(min(bounds), max(bounds))
