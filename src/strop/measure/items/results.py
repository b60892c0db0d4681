"""From per-item results to numbers with intervals: one candidate's measure, and the paired difference of two.

Which interval, by what the measure is:

    shares (every score 0 or 1)            exact (Clopper-Pearson)
    means of scores in [0, 1]              score interval (:mod:`strop.measure.statistics.bounded`); Brier's in [0, 2]
    differences of either                  score interval on [-1, 1]: Tango's, for shares; of Brier's on [-2, 2]
    other means and their differences      Student's t
    F1s, what else is gathered from sums    score interval of the items' influence (``statistics.influence``)

Items of one cluster (a document, a user) are one observation in all of them. Where several models of one making
answered parts of the items, what they differ by is part of the interval (:mod:`strop.measure.statistics.spread`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from strop.measure.items.sums import BY_LABEL, applies, extremes, from_sums, largest, least, summands
from strop.measure.statistics.bounded import is_share, score_interval
from strop.measure.statistics.influence import influence_interval, limited, pseudo_values
from strop.measure.statistics.intervals import (
    Array,
    Interval,
    clopper_pearson,
    cluster_codes,
    cluster_sums,
    mean_interval,
)
from strop.measure.statistics.spread import models_apart, widened
from strop.records import ItemResult, Measured, MeasureSpec

BETWEEN = ", between models"
"""What a method's name adds where models' own spread is part of the interval."""
_EVERYTHING = Interval(float("-inf"), float("inf"))
Codes: TypeAlias = npt.NDArray[np.int64]
Statistic: TypeAlias = Callable[[Array], Array]


def aggregate(spec: MeasureSpec, items: Sequence[ItemResult]) -> float:
    """The measure over the items that have it.

    Args:
        spec: the measure; ``how`` says what becomes of the per-item scores.
        items: per-item results of one candidate.
    Raises:
        ValueError: when no item has the measure, or a score is of the wrong shape or not finite; names the example.
    """
    chosen = measured_items(spec, items)
    return float(from_sums(spec, summands(spec, chosen).sum(axis=0)[None, :])[0])


def estimate(spec: MeasureSpec, items: Sequence[ItemResult], *, level: float = 0.95) -> Measured:
    """The measure with its two-sided interval; ``n`` is the number of independent items (clusters).

    Raises:
        ValueError: as :func:`aggregate`.
    """
    chosen = measured_items(spec, items)
    rows = summands(spec, chosen)
    clusters = [item.cluster for item in chosen]
    codes = cluster_codes(clusters)
    sums = cluster_sums(rows, codes)

    def statistic(totals: Array) -> Array:
        return from_sums(spec, totals)

    value = float(statistic(rows.sum(axis=0)[None, :])[0])
    possible = Interval(least(spec), 1.0)
    if spec.how == "mean":
        interval, method = _mean_interval(rows[:, 0], clusters, level, largest(spec))
        possible = _EVERYTHING if method == "t" else Interval(0.0, largest(spec))
    else:
        worst, best = (extremes(spec, rows, codes, best=good) for good in (False, True))
        sizes = np.bincount(codes).astype(np.float64)
        interval = influence_interval(sums, statistic, worst=worst, best=best, sizes=sizes, level=level)
        method = "influence"
    models = [item.part for item in chosen]
    if len(set(models)) > 1:
        interval = _between_models(value, interval, pseudo_values(sums, statistic), (models, codes), level)
        method += BETWEEN
    return _measured(value, limited(interval, *possible), clusters, method, level)


ERROR_RATE = MeasureSpec(name="error_rate", how="mean", higher_is_better=False)
"""The share of answers whose label is not the right one."""


def mistaken(items: Sequence[ItemResult]) -> list[ItemResult]:
    """The items with :data:`ERROR_RATE` as their score: 1 where the label is not the right one."""
    return [item.model_copy(update={"scores": {ERROR_RATE.name: float(item.label != item.gold)}}) for item in items]


def paired(spec: MeasureSpec, a: Sequence[ItemResult], b: Sequence[ItemResult], *, level: float = 0.95) -> Measured:
    """The difference of two candidates on the items that both have; positive always means "``a`` is better".

    Args:
        spec: the measure; where lower is better the sign is turned.
        a: per-item results of the one candidate.
        b: of the other, matched by example id.
    Raises:
        ValueError: when no example has the measure in both, an example occurs twice, or its gold answers differ.
    """
    firsts, seconds = matched(spec, a, b)
    sign = 1.0 if spec.higher_is_better else -1.0
    clusters = [item.cluster for item in firsts]
    first, second = summands(spec, firsts), summands(spec, seconds)
    codes, statistic = cluster_codes(clusters), statistic_of(spec, first.shape[1], sign)
    both = cluster_sums(np.hstack([first, second]), codes)
    possible = Interval(least(spec) - 1.0, 1.0 - least(spec))
    if spec.how == "mean":
        value = sign * float((first - second)[:, 0].mean())
        turned = sign * first[:, 0], sign * second[:, 0]
        interval, method = _mean_difference(*turned, clusters, level, largest(spec))
        possible = _EVERYTHING if method == "t" else Interval(-largest(spec), largest(spec))
    else:
        value = float(statistic(both.sum(axis=0)[None, :])[0])
        _, worst, best = paired_sums(spec, (first, second), sign, codes)
        sizes = np.bincount(codes).astype(np.float64)
        interval = influence_interval(both, statistic, worst=worst, best=best, sizes=sizes, level=level)
        method = "influence"
    models = [(one.part, other.part) for one, other in zip(firsts, seconds, strict=True)]
    if len(set(models)) > 1:
        interval = _between_models(value, interval, pseudo_values(both, statistic), (models, codes), level)
        method += BETWEEN
    return _measured(value, limited(interval, *possible), clusters, method, level)


def by_one_model(items: Sequence[ItemResult]) -> list[ItemResult]:
    """The items as if one model had answered them all."""
    return [item if item.part is None else item.model_copy(update={"part": None}) for item in items]


def measured_items(spec: MeasureSpec, items: Sequence[ItemResult]) -> list[ItemResult]:
    """The items that have the measure.

    Raises:
        ValueError: when there are none.
    """
    chosen = [item for item in items if applies(spec, item)]
    if not chosen:
        raise ValueError(f"{spec.name} was measured on none of {len(items)} items")
    return chosen


def matched(
    spec: MeasureSpec, a: Sequence[ItemResult], b: Sequence[ItemResult]
) -> tuple[list[ItemResult], list[ItemResult]]:
    """The items that both have, in one order.

    Raises:
        ValueError: as :func:`paired`.
    """
    first, second = _by_example(measured_items(spec, a)), _by_example(measured_items(spec, b))
    shared = [example for example in first if example in second]
    if not shared:
        raise ValueError(f"{spec.name}: the two results have no example in common")
    if spec.how in BY_LABEL:
        for example in shared:
            if first[example].gold != second[example].gold:
                raise ValueError(f"{spec.name}: example {example} has two different gold labels")
    return [first[e] for e in shared], [second[e] for e in shared]


def _by_example(items: Sequence[ItemResult]) -> dict[str, ItemResult]:
    known: dict[str, ItemResult] = {}
    for item in items:
        if item.example in known:
            raise ValueError(f"example {item.example} occurs twice in one candidate's results")
        known[item.example] = item
    return known


def _mean_interval(values: Array, clusters: Sequence[str | None], level: float, most: float) -> tuple[Interval, str]:
    if most == 1.0 and _is_binary(values) and _independent(clusters) == len(values):
        return clopper_pearson(float(values.sum()), len(values), level=level), "clopper-pearson"
    if is_share(values / most):
        return score_interval(values, high=most, clusters=clusters, level=level), "score"
    return mean_interval(values, clusters=clusters, level=level), "t"


def _mean_difference(
    first: Array, second: Array, clusters: Sequence[str | None], level: float, most: float
) -> tuple[Interval, str]:
    difference = first - second
    if is_share(np.abs(first) / most) and is_share(np.abs(second) / most):
        return score_interval(difference, low=-most, high=most, clusters=clusters, level=level), "score"
    return mean_interval(difference, clusters=clusters, level=level), "t"


def _between_models(
    value: float, interval: Interval, values: Array, answered: tuple[Sequence[Hashable], Codes], level: float
) -> Interval:
    """The interval with what the models differ by: a cluster was answered by one of them, its first item's."""
    models, codes = answered
    first = np.unique(codes, return_index=True)[1]
    margin = models_apart(values, [models[place] for place in first]).margin(level)
    return widened(value, interval, (margin, margin))


def statistic_of(spec: MeasureSpec, width: int, sign: float) -> Statistic:
    """The difference of two candidates from their sums side by side, the first ``width`` being the first one's."""

    def statistic(sums: Array) -> Array:
        return sign * (from_sums(spec, sums[:, :width]) - from_sums(spec, sums[:, width:]))

    return statistic


def paired_sums(spec: MeasureSpec, rows: tuple[Array, Array], sign: float, codes: Codes) -> tuple[Array, Array, Array]:
    """Of two candidates side by side: the sums of each cluster, and what a further one could hold at worst and best."""
    worst, best = (
        np.hstack([extremes(spec, rows[0], codes, best=good), extremes(spec, rows[1], codes, best=not good)])
        for good in (sign < 0, sign > 0)
    )
    return cluster_sums(np.hstack(rows), codes), worst, best


def _is_binary(values: Array) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _independent(clusters: Sequence[str | None]) -> int:
    return int(cluster_codes(clusters).max()) + 1


def _measured(value: float, interval: Interval, clusters: Sequence[str | None], method: str, level: float) -> Measured:
    count = _independent(clusters)
    named = method if count == len(clusters) else f"{method}, clustered"
    together = len(clusters) if count < len(clusters) else None
    return Measured(
        value=value, low=interval.low, high=interval.high, n=count, items=together, method=named, level=level
    )
