"""Bounds that hold at every moment: one may look after each answer, and stop when one likes.

A fixed-sample interval errs more often the more often one looks; these err at most 1 - level of the time over the whole
future (Ville 1939; Howard, Ramdas, McAuliffe and Sekhon 2021). Two kinds:

    rate_bounds, difference_bounds   from counts alone: mixtures of binomial likelihood ratios (Robbins 1970); they hold
                                     for right/wrong and for any score in [0, 1], whatever the order of the answers
    mean_bounds                      from the scores in their order, by betting (Waudby-Smith and Ramdas 2024): tighter
                                     where scores in [0, 1] vary little
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import scipy

from strop.measure.statistics.intervals import Array, Interval, check_level

_PRIOR = 0.5  # Beta(1/2, 1/2): the price of not knowing the rate is about half a log of the number of answers
_GRID = 1_000
_STAKE = 0.5  # largest share of the capital that one bet may lose
_BLOCK = 2_048


def log_evidence(successes: float, n: float, rate: float) -> float:
    """Log of the evidence against a rate: a nonnegative supermartingale started at 1 if that is the rate.

    The likelihood averaged over Beta(1/2, 1/2) over the likelihood at ``rate``. Never gets above log(1 / alpha) with
    more than chance alpha, however long one waits.

    Args:
        successes: sum of the scores, each in [0, 1].
        n: how many scores.
        rate: the hypothesis.
    Raises:
        ValueError: for more successes than scores or a rate outside [0, 1].
    """
    _check_counts(successes, n)
    if not 0 <= rate <= 1:
        raise ValueError(f"{rate} is no rate")
    mixture = scipy.special.betaln(successes + _PRIOR, n - successes + _PRIOR) - scipy.special.betaln(_PRIOR, _PRIOR)
    return float(mixture - scipy.special.xlogy(successes, rate) - scipy.special.xlog1py(n - successes, -rate))


def rate_bounds(successes: float, n: float, *, level: float = 0.95) -> Interval:
    """Always-valid interval of a rate, or of the mean of scores in [0, 1].

    Args:
        successes: sum of the scores so far.
        n: how many scores so far; 0 gives (0, 1).
        level: chance that the truth is inside at all moments together.
    Raises:
        ValueError: for more successes than scores.
    """
    check_level(level)
    _check_counts(successes, n)
    limit = -math.log(1 - level)
    centre = successes / n if n else 0.5

    def excess(rate: float) -> float:
        return log_evidence(successes, n, rate) - limit

    return Interval(_crossing(excess, centre, 0.0), _crossing(excess, centre, 1.0))


def difference_bounds(first: tuple[float, float], second: tuple[float, float], *, level: float = 0.95) -> Interval:
    """Always-valid interval of the first rate less the second, for two arms that fill up in any order.

    The evidence against a pair of rates is the product of both arms' evidence; a difference is excluded when all pairs
    with that difference are.

    Args:
        first, second: (successes, n) of each arm so far.
        level: chance that the truth is inside at all moments together.
    Raises:
        ValueError: for more successes than scores.
    """
    check_level(level)
    limit = -math.log(1 - level)
    rates = [successes / n if n else 0.5 for successes, n in (first, second)]
    for successes, n in (first, second):
        _check_counts(successes, n)

    def excess(difference: float) -> float:
        return difference_evidence(first, second, difference) - limit

    centre = rates[0] - rates[1]
    return Interval(_crossing(excess, centre, -1.0), _crossing(excess, centre, 1.0))


def difference_evidence(first: tuple[float, float], second: tuple[float, float], difference: float) -> float:
    """Log of the least evidence against any pair of rates with this difference (first less second).

    Raises:
        ValueError: for more successes than scores or a difference outside [-1, 1].
    """
    if not -1 <= difference <= 1:
        raise ValueError(f"{difference} is no difference of rates")
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)

    def evidence(rate: float) -> float:
        return log_evidence(*first, min(1.0, max(0.0, rate + difference))) + log_evidence(*second, rate)

    if high - low < 1e-12:
        return evidence(low)
    found = scipy.optimize.minimize_scalar(evidence, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    return min(float(found.fun), evidence(low), evidence(high))


def mean_bounds(values: Sequence[float] | Array, *, level: float = 0.95) -> Interval:
    """Always-valid interval of the mean of scores in [0, 1], by betting against every mean on a fine grid.

    The hedged capital process with predictable plug-in bets (Waudby-Smith and Ramdas 2024, section 4); the running
    intersection over all moments so far.

    Args:
        values: the scores in the order in which they came.
        level: chance that the truth is inside at all moments together.
    Raises:
        ValueError: for a score outside [0, 1].
    """
    check_level(level)
    scores = np.asarray(values, dtype=np.float64)
    if scores.size and not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("a score lies outside [0, 1]")
    stakes = _stakes(scores, 1 - level)
    means = (np.arange(_GRID) + 0.5) / _GRID
    up, down = np.zeros(_GRID), np.zeros(_GRID)
    most = np.zeros(_GRID)
    for start in range(0, len(scores), _BLOCK):
        excess = scores[start : start + _BLOCK, None] - means
        stake = stakes[start : start + _BLOCK, None]
        gains = up + np.cumsum(np.log1p(np.minimum(stake, _STAKE / means) * excess), axis=0)
        losses = down + np.cumsum(np.log1p(-np.minimum(stake, _STAKE / (1 - means)) * excess), axis=0)
        most = np.maximum(most, np.maximum(gains, losses).max(axis=0) - math.log(2))
        up, down = gains[-1], losses[-1]
    inside = np.flatnonzero(most < -math.log(1 - level))
    if len(inside) == 0:
        return Interval(0.0, 1.0)
    return Interval(max(0.0, float(means[inside[0]]) - 1 / _GRID), min(1.0, float(means[inside[-1]]) + 1 / _GRID))


def _stakes(scores: Array, alpha: float) -> Array:
    """The bet before each score, from the scores before it alone."""
    counts = np.arange(1, len(scores) + 1)
    means = (0.5 + np.cumsum(scores)) / (counts + 1)
    spreads = (0.25 + np.cumsum((scores - means) ** 2)) / (counts + 1)
    before = np.concatenate([[0.25], spreads[:-1]])
    return np.sqrt(2 * math.log(2 / alpha) / (before * counts * np.log(counts + 1)))


def _check_counts(successes: float, n: float) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} is no share")


def _crossing(excess: Callable[[float], float], centre: float, outer: float) -> float:
    """Where the evidence reaches its limit between the estimate and the outermost value."""
    if abs(centre - outer) < 1e-12 or excess(outer) <= 0:
        return outer
    inner = outer + (centre - outer) * 1e-12 if math.isinf(excess(outer)) else outer
    return float(scipy.optimize.brentq(excess, inner, centre, xtol=1e-10)) if excess(centre) < 0 else centre
