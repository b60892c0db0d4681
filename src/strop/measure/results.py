"""From per-item results to numbers with intervals: one candidate's measure, and the paired difference of two.

Which interval, by what the measure is:

    shares (every score 0 or 1)   Wilson, exact (Clopper-Pearson) where few items are on one side
    other means                   Student's t
    micro F1, macro F1            BCa bootstrap
    difference of two shares      Tango's score interval
    difference of other means     Student's t
    difference of F1s             BCa bootstrap, both candidates resampled together

Items of one cluster (a document, a user) are one observation: their t errors are clustered, their bootstrap draws whole
clusters. Where nothing varies a spread of zero would prove anything, so the exact bound of "never seen in n" is used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strop.measure.differences import tango
from strop.measure.intervals import (
    Array,
    Interval,
    bootstrap_interval,
    clopper_pearson,
    cluster_codes,
    cluster_sums,
    mean_interval,
    wilson,
)
from strop.records import ItemResult, Measured, MeasureSpec

EXACT_BELOW = 15
"""A share with fewer successes or failures than this gets the exact interval."""


def aggregate(spec: MeasureSpec, items: Sequence[ItemResult]) -> float:
    """The measure over the items that have it.

    Args:
        spec: the measure; ``how`` says what becomes of the per-item scores.
        items: per-item results of one candidate.
    Raises:
        ValueError: when no item has the measure, or a score is of the wrong shape or not finite; names the example.
    """
    chosen = measured_items(spec, items)
    return float(_statistic(spec, _summands(spec, chosen).sum(axis=0)[None, :])[0])


def estimate(spec: MeasureSpec, items: Sequence[ItemResult], *, level: float = 0.95) -> Measured:
    """The measure with its two-sided interval; ``n`` is the number of independent items (clusters).

    Raises:
        ValueError: as :func:`aggregate`.
    """
    chosen = measured_items(spec, items)
    rows = _summands(spec, chosen)
    value = float(_statistic(spec, rows.sum(axis=0)[None, :])[0])
    clusters = [item.cluster for item in chosen]
    count = _independent(clusters)
    if spec.how == "mean":
        interval, method = _mean_interval(rows[:, 0], clusters, count, level)
    elif count < 2 or value in (0.0, 1.0):
        interval, method = _at_the_edge(value, count, level), "clopper-pearson"
    else:
        sums = cluster_sums(rows, cluster_codes(clusters))
        interval, method = bootstrap_interval(sums, lambda s: _statistic(spec, s), level=level), "bca"
    return _measured(value, interval, clusters, method, level)


def paired(spec: MeasureSpec, a: Sequence[ItemResult], b: Sequence[ItemResult], *, level: float = 0.95) -> Measured:
    """The difference of two candidates on the items that both have; positive always means "``a`` is better".

    Args:
        spec: the measure; where lower is better the sign is turned.
        a: per-item results of the one candidate.
        b: of the other, matched by example id.
    Raises:
        ValueError: when no example has the measure in both, an example occurs twice, or its gold answers differ.
    """
    firsts, seconds = _matched(spec, a, b)
    sign = 1.0 if spec.higher_is_better else -1.0
    clusters = [item.cluster for item in firsts]
    first, second = _summands(spec, firsts), _summands(spec, seconds)
    if spec.how == "mean":
        value = sign * float((first - second)[:, 0].mean())
        interval, method = _mean_difference(sign * first[:, 0], sign * second[:, 0], clusters, level)
    else:
        value, interval, method = _f1_difference(spec, (first, second), sign, clusters, level)
    return _measured(value, interval, clusters, method, level)


def measured_items(spec: MeasureSpec, items: Sequence[ItemResult]) -> list[ItemResult]:
    """The items that have the measure.

    Raises:
        ValueError: when there are none.
    """
    if spec.how == "macro_f1":
        chosen = [item for item in items if item.gold is not None]
    else:
        chosen = [item for item in items if spec.name in item.scores]
    if not chosen:
        raise ValueError(f"{spec.name} was measured on none of {len(items)} items")
    return chosen


def _matched(
    spec: MeasureSpec, a: Sequence[ItemResult], b: Sequence[ItemResult]
) -> tuple[list[ItemResult], list[ItemResult]]:
    first, second = _by_example(measured_items(spec, a)), _by_example(measured_items(spec, b))
    shared = [example for example in first if example in second]
    if not shared:
        raise ValueError(f"{spec.name}: the two results have no example in common")
    if spec.how == "macro_f1":
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


def _summands(spec: MeasureSpec, items: Sequence[ItemResult]) -> Array:
    """What the measure sums, one row an item: (score, 1), (tp, fp, fn), or (tp, predicted, gold) of every label."""
    if spec.how == "macro_f1":
        names = sorted({item.gold or "" for item in items})
        code: dict[str | None, int] = {name: position for position, name in enumerate(names)}
        rows = np.zeros((len(items), 3, len(names)))
        for position, item in enumerate(items):
            said = code.get(item.label)
            rows[position, 2, code[item.gold or ""]] = 1
            if said is not None:
                rows[position, 1, said] = 1
                rows[position, 0, said] = item.label == item.gold
        return rows.reshape(len(items), -1)
    width = 3 if spec.how == "micro_f1" else 1
    rows = np.empty((len(items), width))
    for position, item in enumerate(items):
        score = item.scores[spec.name]
        numbers = score if isinstance(score, tuple) else (score,)
        if len(numbers) != width:
            raise ValueError(f"{spec.name} of example {item.example} is {score!r}: {spec.how} needs {width} number(s)")
        rows[position] = numbers
    if not np.isfinite(rows).all():
        bad = items[int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])]
        raise ValueError(f"{spec.name} of example {bad.example} is not a finite number")
    if width == 1:  # a mean is a ratio of sums too: of the scores and of ones
        rows = np.hstack([rows, np.ones_like(rows)])
    return rows


def _statistic(spec: MeasureSpec, sums: Array) -> Array:
    """The measure from sums over items, one row a sample."""
    if spec.how == "mean":
        return np.asarray(sums[:, 0] / sums[:, 1])
    if spec.how == "micro_f1":
        hits, total = 2 * sums[:, 0], 2 * sums[:, 0] + sums[:, 1] + sums[:, 2]
        return np.where(total > 0, hits / np.where(total > 0, total, 1), 1.0)
    hits, said, gold = np.moveaxis(sums.reshape(len(sums), 3, -1), 1, 0)
    scores = np.where(gold > 0, 2 * hits / np.maximum(said + gold, 1), 0.0)
    return np.asarray(scores.sum(axis=1) / np.maximum((gold > 0).sum(axis=1), 1))


def _is_binary(values: Array) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _is_share(values: Array) -> bool:
    return bool(((values >= 0) & (values <= 1)).all())


def _mean_interval(values: Array, clusters: Sequence[str | None], count: int, level: float) -> tuple[Interval, str]:
    n = len(values)
    if _is_binary(values) and count == n:
        successes = float(values.sum())
        if min(successes, n - successes) < EXACT_BELOW:
            return clopper_pearson(successes, n, level=level), "clopper-pearson"
        return wilson(successes, n, level=level), "wilson"
    if _is_share(values) and (count < 2 or bool((values == values[0]).all())):
        return _at_the_edge(float(values.mean()), count, level), "clopper-pearson"
    interval = mean_interval(values, clusters=clusters, level=level)
    if _is_share(values):
        interval = Interval(max(0.0, interval.low), min(1.0, interval.high))
    return interval, "t"


def _at_the_edge(value: float, count: int, level: float) -> Interval:
    """Bounds of a measure in [0, 1] that all ``count`` independent items agree on."""
    slack = clopper_pearson(0, count, level=level).high
    return Interval(max(0.0, value - slack), min(1.0, value + slack))


def _nothing_differs(count: int, level: float) -> Interval:
    """Bounds of a difference of two candidates that did not differ on any of ``count`` independent items."""
    slack = clopper_pearson(0, count, level=level).high
    return Interval(-slack, slack)


def _mean_difference(first: Array, second: Array, clusters: Sequence[str | None], level: float) -> tuple[Interval, str]:
    difference = first - second
    count = _independent(clusters)
    if _is_binary(np.abs(first)) and _is_binary(np.abs(second)) and count == len(difference):
        gained, lost = int((difference > 0).sum()), int((difference < 0).sum())
        return tango(gained, lost, len(difference), level=level), "tango"
    if _is_share(np.abs(first)) and _is_share(np.abs(second)) and (count < 2 or not difference.any()):
        return _nothing_differs(count, level), "clopper-pearson"
    return mean_interval(difference, clusters=clusters, level=level), "t"


def _f1_difference(
    spec: MeasureSpec, rows: tuple[Array, Array], sign: float, clusters: Sequence[str | None], level: float
) -> tuple[float, Interval, str]:
    both = np.hstack(rows)
    width = rows[0].shape[1]

    def statistic(sums: Array) -> Array:
        return sign * (_statistic(spec, sums[:, :width]) - _statistic(spec, sums[:, width:]))

    value = float(statistic(both.sum(axis=0)[None, :])[0])
    count = _independent(clusters)
    if count < 2 or np.array_equal(*rows):
        return value, _nothing_differs(count, level), "clopper-pearson"
    return value, bootstrap_interval(cluster_sums(both, cluster_codes(clusters)), statistic, level=level), "bca"


def _independent(clusters: Sequence[str | None]) -> int:
    return int(cluster_codes(clusters).max()) + 1


def _measured(value: float, interval: Interval, clusters: Sequence[str | None], method: str, level: float) -> Measured:
    count = _independent(clusters)
    named = method if count == len(clusters) else f"{method}, clustered"
    return Measured(value=value, low=interval.low, high=interval.high, n=count, method=named, level=level)
