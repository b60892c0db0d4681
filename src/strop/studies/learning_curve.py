"""How many rows are enough? Nested subsets times seeds, a power law with an interval, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from strop.measure import aggregate, display_name, measured_items
from strop.records import Example, ItemResult, Measured, MeasureSpec, Record
from strop.studies.comparison import over_seeds
from strop.studies.power_law import Floats, PowerLaw, fit

Answer: TypeAlias = Callable[[Sequence[Example], int], Sequence[ItemResult]]
"""Train on these rows with this seed, and answer the same held-out items each time."""

FEWEST_SIZES = 4
RESAMPLES = 300
FARTHEST = 2.0
"""A curve is not followed beyond this many times the rows it has seen."""


class CurvePoint(Record):
    """The quality at one number of rows: one value a seed, and all together with an interval over items."""

    rows: int
    values: tuple[float, ...]
    value: Measured | None = None

    @property
    def mean(self) -> float:
        """Averaged over the seeds."""
        return float(np.mean(self.values))


class LearningCurve(Record):
    """The points, the law through them, and what more rows would buy; ``refused`` says why there is no law."""

    measure: str
    points: tuple[CurvePoint, ...]
    law: PowerLaw | None = None
    more: int
    gain: Measured | None = None
    refused: str = ""

    def sentence(self) -> str:
        """The answer to "how many rows?"."""
        if self.gain is None:
            return f"No forecast: {self.refused}."
        value, low, high = (100 * number for number in (self.gain.value, self.gain.low, self.gain.high))
        name = display_name(self.measure)
        return f"Another {self.more} rows buy about {value:.1f} points of {name} [{low:.1f}, {high:.1f}]."


def nested(rows: Sequence[Example], sizes: Sequence[int], seed: int) -> dict[int, list[Example]]:
    """Subsets of the rows, each inside the next larger one."""
    order = np.random.default_rng(seed).permutation(len(rows))
    return {size: [rows[int(position)] for position in order[:size]] for size in sizes}


def default_sizes(rows: int) -> tuple[int, ...]:
    """Five sizes, each about 1.8 times the one before, up to all rows."""
    return tuple(sorted({max(2, round(rows / 1.8**step)) for step in range(5)}))


def learning_curve(
    answer: Answer,
    rows: Sequence[Example],
    spec: MeasureSpec,
    *,
    more: int = 200,
    sizes: Sequence[int] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    margin: float = 0.02,
) -> LearningCurve:
    """Measure the quality at growing numbers of rows, and say what ``more`` rows would buy.

    The interval is one for what such rows will really bring: a bootstrap over held-out items, seeds, training rows and
    the sizes that the law is fitted through. There is no forecast when there are too few sizes, when ``more`` is
    farther than the curve has been seen, when the law through the smaller sizes misses the largest one by more than
    the margin and by more than chance, or when the rows may buy more than the margin but the interval also reaches
    beyond the margin below 0, or the two largest sizes are not surely better than the two smallest.

    Args:
        answer: trains and answers; called once a size and seed, smallest first.
        rows: the training rows.
        spec: the measure.
        more: rows to add, in thought.
        sizes: numbers of rows, at most ``len(rows)``; by default five.
        seeds: each gives other subsets and another training run.
        margin: what does not matter, in the measure's unit.
    Raises:
        ValueError: for a size that is larger than the rows.
    """
    steps = sorted(set(sizes or default_sizes(len(rows))))
    if steps[-1] > len(rows):
        raise ValueError(f"a size of {steps[-1]} is larger than the {len(rows)} rows")
    results: dict[int, dict[int, Sequence[ItemResult]]] = {size: {} for size in steps}
    for seed in seeds:
        for size, subset in nested(rows, steps, seed).items():
            results[size][seed] = answer(subset, seed)
    return forecast(results, spec, more=more, margin=margin)


def forecast(
    results: Mapping[int, Mapping[int, Sequence[ItemResult]]], spec: MeasureSpec, *, more: int, margin: float = 0.02
) -> LearningCurve:
    """The curve through results that are there: by number of rows, then by seed.

    Raises:
        ValueError: when no item has the measure.
    """
    sizes = sorted(results)
    points = tuple(
        CurvePoint(
            rows=size,
            values=tuple(aggregate(spec, items) for items in results[size].values()),
            value=over_seeds(spec, results[size]),
        )
        for size in sizes
    )
    curve = LearningCurve(measure=spec.name, points=points, more=more)
    if len(sizes) < FEWEST_SIZES:
        return curve.model_copy(update={"refused": f"{len(sizes)} sizes are too few for a curve"})
    if sizes[-1] + more > FARTHEST * sizes[-1]:
        told = f"{more} more rows are farther than {sizes[-1]} rows can tell"
        return curve.model_copy(update={"refused": told})
    sign = 1.0 if spec.higher_is_better else -1.0
    means = sign * np.array([point.mean for point in points])
    ceiling = _ceiling(means, sign)
    draws = sign * _bootstrap(results, sizes, spec)
    miss = _misses(sizes, np.vstack([means[None, :], draws]), ceiling)
    low, high = np.quantile(miss[1:], [0.025, 0.975])
    if abs(miss[0]) > margin and not low <= 0.0 <= high:
        told = f"the smaller sizes foretell the largest one wrongly, by {100 * miss[0]:+.1f} points"
        return curve.model_copy(update={"refused": told})
    law = fit(sizes, means, ceiling=ceiling)
    gains = _gains(sizes, draws, more, ceiling=ceiling, spread=_spread(results, sizes, spec))
    low, high = np.quantile(gains, [0.025, 0.975])
    value = _gain(law, sizes[-1], more)
    if high > margin and (low < -margin or not _rises(draws)):
        return curve.model_copy(update={"refused": _open(more, low, high, rises=_rises(draws))})
    items = len(measured_items(spec, next(iter(results[sizes[-1]].values()))))
    gain = Measured(
        value=value,
        low=min(float(low), value),
        high=max(float(high), value),
        n=items,
        method="bootstrap of items, seeds and rows",
    )
    return curve.model_copy(update={"law": law, "gain": gain})


def _rises(draws: Floats) -> bool:
    """Whether the two largest sizes are surely better than the two smallest ones."""
    return float(np.quantile(draws[:, -2:].mean(axis=1) - draws[:, :2].mean(axis=1), 0.025)) > 0.0


def _open(more: int, low: float, high: float, *, rises: bool) -> str:
    """Why an interval of the gain decides nothing."""
    told = f"another {more} rows may bring anything from {100 * low:+.1f} to {100 * high:+.1f} points"
    return told if rises else f"the curve does not rise by more than chance, and {told}"


def _ceiling(means: Floats, sign: float) -> float:
    """Perfect: 1 or, where less is better, 0; no ceiling for measures beyond 0 to 1."""
    if np.abs(means).max() > 1.0:
        return float("inf")
    return 1.0 if sign > 0 else 0.0


def _gain(law: PowerLaw, rows: int, more: int) -> float:
    return law.at(rows + more) - law.at(rows)


def _misses(sizes: Sequence[int], values: Floats, ceiling: float) -> Floats:
    """By how much each curve's largest size differs from what its smaller ones foretell."""
    return np.array([row[-1] - fit(sizes[:-1], row[:-1], ceiling=ceiling).at(sizes[-1]) for row in values])


def _bootstrap(
    results: Mapping[int, Mapping[int, Sequence[ItemResult]]], sizes: Sequence[int], spec: MeasureSpec
) -> Floats:
    """Means by size on resampled items (the same ones for all sizes) and seeds: RESAMPLES × sizes.

    At the largest size all seeds train on the same rows, so their spread does not show what other rows of that number
    would give; the spread at the sizes before it stands in.
    """
    rng = np.random.default_rng(len(sizes))
    seeds = sorted(results[sizes[0]])
    clusters = _clusters(results[sizes[0]][seeds[0]])
    found = np.empty((RESAMPLES, len(sizes)))
    for draw in range(RESAMPLES):
        chosen = [p for c in rng.integers(0, len(clusters), len(clusters)) for p in clusters[int(c)]]
        drawn = [seeds[int(s)] for s in rng.integers(0, len(seeds), len(seeds))]
        for column, size in enumerate(sizes):
            values = {s: aggregate(spec, [results[size][s][p] for p in chosen]) for s in set(drawn)}
            found[draw, column] = np.mean([values[s] for s in drawn])
    found[:, -1] += rng.normal(0.0, _spread(results, sizes, spec), RESAMPLES)
    return found


def _spread(
    results: Mapping[int, Mapping[int, Sequence[ItemResult]]], sizes: Sequence[int], spec: MeasureSpec
) -> float:
    """Standard deviation over seeds (other rows, another run) at the two sizes before the largest; 0 with one seed."""
    values = [[aggregate(spec, items) for items in results[size].values()] for size in sizes[-3:-1]]
    if len(values[0]) < 2:
        return 0.0
    return float(np.sqrt(np.mean([np.var(row, ddof=1) for row in values])))


def _gains(sizes: Sequence[int], draws: Floats, more: int, *, ceiling: float, spread: float) -> Floats:
    """What more rows bring, by draw: the law through all sizes or only the larger ones, and the luck of the new rows.

    Which sizes already follow the law is not known, so each draw leaves out none, one or two of the smallest.
    """
    rng = np.random.default_rng(more)
    windows = rng.integers(0, min(2, len(sizes) - 3) + 1, len(draws))
    laws = [fit(sizes[skip:], values[skip:], ceiling=ceiling) for skip, values in zip(windows, draws, strict=True)]
    luck = rng.normal(0.0, spread, len(draws))
    return np.array([_gain(law, sizes[-1], more) for law in laws]) + luck


def _clusters(items: Sequence[ItemResult]) -> list[list[int]]:
    """Positions of the items that belong together."""
    groups: dict[str, list[int]] = {}
    for position, item in enumerate(items):
        groups.setdefault(item.cluster or f"\0{position}", []).append(position)
    return list(groups.values())
