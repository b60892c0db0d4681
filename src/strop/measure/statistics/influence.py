"""Score interval for what is no mean: a function of sums over items, such as F1, through each item's influence on it.

An item's pseudo-value is how the measure answers to leaving it out (Efron and Stein 1981; the jackknife). Their mean is
the measure, and :func:`.bounded.sums_interval` bounds it, each cluster with its size. What an unseen item could do at
worst and at best is found by adding one. Where items share clusters (a document, a user), a cluster is left out and
added instead. In simulations (macro F1 of 15 labels, micro F1 of documents; 60 to 600 items; pairs of candidates, some
of which seldom differ) its bounds erred 0 to 7 % of the time at a nominal 5 %. Bootstrap bounds (BCa, percentile) erred
up to 16 and 50 %, and were hardly narrower where they did not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from strop.measure.statistics.bounded import smallest_step, sums_clear, sums_interval, weigh_alike
from strop.measure.statistics.intervals import Array, Interval, check_level, cluster_freedom


def influence_interval(
    rows: Array,
    statistic: Callable[[Array], Array],
    *,
    worst: Array,
    best: Array,
    sizes: Array | None = None,
    level: float = 0.95,
) -> Interval:
    """Interval of ``statistic`` of the summed rows.

    Args:
        rows: one row of summands a cluster (C × k).
        statistic: maps sums of rows (B × k) to B numbers.
        worst, best: rows that a further cluster could have, had all gone wrong or well in it (any number × k).
        sizes: items in each cluster: where they differ, a cluster weighs what it holds, and all tell less than their
            number says (:func:`.intervals.cluster_freedom`). None: one each.
        level: two-sided confidence level.
    Raises:
        ValueError: for no rows.
    """
    check_level(level)
    if len(rows) == 0:
        raise ValueError("no items: no interval")
    pseudo, low, high = _with_extremes(rows, statistic, worst, best)
    if len(rows) < 2:
        return Interval(low, high)
    sizes = np.ones(len(pseudo)) if sizes is None else sizes
    step, freedom = smallest_step(pseudo, low, high), cluster_freedom(sizes)
    return sums_interval(_weighed(pseudo, sizes), low=low, high=high, step=step, freedom=freedom, level=level)


def influence_clears(
    rows: Array,
    statistic: Callable[[Array], Array],
    *,
    worst: Array,
    best: Array,
    sizes: Array,
    line: float,
    alpha: float,
) -> bool:
    """Whether the lower bound at one-sided ``alpha`` lies above ``line``, without computing it; at least two rows."""
    pseudo, low, high = _with_extremes(rows, statistic, worst, best)
    if line < low:
        return True
    step, freedom = smallest_step(pseudo, low, high), cluster_freedom(sizes)
    return sums_clear(_weighed(pseudo, sizes), line, low=low, high=high, alpha=alpha, step=step, freedom=freedom)


def _weighed(pseudo: Array, sizes: Array) -> Array:
    """Pseudo-values as sums over clusters, each with its size: were the measure another, so would a large one's sum be.

    Their deviations add up to 0, so the measure is what it was. Held against a line alike, a cluster of half of the
    items is an outlier that no other value of the measure would make likelier.
    """
    if weigh_alike(sizes):
        return np.column_stack([pseudo, np.ones(len(pseudo))])
    share, value = sizes / sizes.mean(), pseudo.mean()
    return np.column_stack([share * value + (pseudo - value), share])


def pseudo_values(rows: Array, statistic: Callable[[Array], Array]) -> Array:
    """One number a cluster: what it says of the measure, which is their mean. Of a mean of single items, the scores."""
    total = rows.sum(axis=0)[None, :]
    left_out = statistic(total - rows)
    return np.asarray(statistic(total)[0] + (len(rows) - 1) * (left_out.mean() - left_out))


def _with_extremes(
    rows: Array, statistic: Callable[[Array], Array], worst: Array, best: Array
) -> tuple[Array, float, float]:
    """The pseudo-value of each cluster; and the least and the largest that one could have."""
    total = rows.sum(axis=0)[None, :]
    value = float(statistic(total)[0])
    down = value + float((statistic(total + worst) - value).min()) * (len(rows) + 1)
    up = value + float((statistic(total + best) - value).max()) * (len(rows) + 1)
    if len(rows) < 2:
        return np.array([value]), down, up
    pseudo = pseudo_values(rows, statistic)
    return pseudo, min(down, float(pseudo.min())), max(up, float(pseudo.max()))


def limited(interval: Interval, low: float, high: float) -> Interval:
    """The part of the interval that is possible at all."""
    return Interval(float(np.clip(interval.low, low, high)), float(np.clip(interval.high, low, high)))
