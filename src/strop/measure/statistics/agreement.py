"""Do raters agree beyond chance? Kappas for two, Krippendorff's alpha for any number with gaps."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from strop.measure.statistics.intervals import Array, Interval, bootstrap_interval

Scale = Literal["nominal", "ordinal", "interval", "ratio"]
Unit: TypeAlias = Sequence[Hashable | None]
"""The values that the raters gave one unit; ``None`` (or NaN) where a rater gave none."""


def cohen_kappa(
    first: Sequence[Hashable], second: Sequence[Hashable], *, weights: Literal["none", "linear", "quadratic"] = "none"
) -> float:
    """Cohen's kappa of two raters, weighted for ordered values (Cohen 1960, 1968); 1 when both always say the same.

    Args:
        first, second: the values, unit by unit.
        weights: how a disagreement counts by the distance of the two ranks.
    Raises:
        ValueError: for no units or differing lengths.
    """
    table = _table(first, second)
    ranks = np.arange(len(table))
    distance = np.abs(ranks[:, None] - ranks[None, :]).astype(np.float64)
    cost = {"none": (distance > 0).astype(np.float64), "linear": distance, "quadratic": distance**2}[weights]
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    wrong = float((cost * expected).sum())
    return 1 - float((cost * table).sum()) / wrong if wrong > 0 else 1.0


def gwet_ac1(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Gwet's AC1 of two raters: like kappa, but steady where one value is rare (Gwet 2008).

    Raises:
        ValueError: as :func:`cohen_kappa`.
    """
    table = _table(first, second)
    n = table.sum()
    if len(table) == 1:
        return 1.0
    share = (table.sum(axis=0) + table.sum(axis=1)) / (2 * n)
    chance = float((share * (1 - share)).sum()) / (len(table) - 1)
    return (float(np.trace(table)) / float(n) - chance) / (1 - chance)


def krippendorff_alpha(units: Sequence[Unit], *, scale: Scale = "nominal") -> float:
    """Krippendorff's alpha: 1 is perfect, 0 is chance (Krippendorff 2019, chapter 12).

    Args:
        units: for each unit the values its raters gave; a unit with fewer than two is no evidence.
        scale: how far apart two different values are; all but nominal need values that sort (and, beyond ordinal,
            numbers).
    Raises:
        ValueError: when no unit has two values.
    """
    rows, values = _coincidences(units)
    return float(_alpha(rows.sum(axis=0)[None, :], values, scale)[0])


def krippendorff_interval(units: Sequence[Unit], *, scale: Scale = "nominal", level: float = 0.95) -> Interval:
    """BCa bootstrap interval of :func:`krippendorff_alpha`, units resampled.

    Raises:
        ValueError: when fewer than two units have two values.
    """
    rows, values = _coincidences(units)
    statistic: Callable[[Array], Array] = lambda sums: _alpha(sums, values, scale)  # noqa: E731
    return bootstrap_interval(rows, statistic, level=level)


def _table(first: Sequence[Hashable], second: Sequence[Hashable]) -> Array:
    if len(first) != len(second) or not first:
        raise ValueError(f"{len(first)} values of the first rater, {len(second)} of the second")
    values = _sorted({*first, *second})
    code = {value: position for position, value in enumerate(values)}
    table = np.zeros((len(values), len(values)))
    np.add.at(table, ([code[a] for a in first], [code[b] for b in second]), 1)
    return table


def _sorted(values: set[Hashable]) -> list[Hashable]:
    """In their own order where they have one, by their text where they have none."""
    try:
        return sorted(values)  # type: ignore[type-var]
    except TypeError:
        return sorted(values, key=str)


def _coincidences(units: Sequence[Unit]) -> tuple[Array, list[Hashable]]:
    """One flattened matrix of value pairs a unit, each pair weighted by 1 / (values of the unit - 1)."""
    rated = [[value for value in unit if value is not None and value == value] for unit in units]  # NaN: no value
    rated = [unit for unit in rated if len(unit) > 1]
    if not rated:
        raise ValueError("no unit has two values: agreement cannot be told")
    values = _sorted({value for unit in rated for value in unit})
    code = {value: position for position, value in enumerate(values)}
    rows = np.zeros((len(rated), len(values), len(values)))
    for row, unit in zip(rows, rated, strict=True):
        counts = np.bincount([code[value] for value in unit], minlength=len(values)).astype(np.float64)
        row += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    return rows.reshape(len(rated), -1), values


def _alpha(sums: Array, values: list[Hashable], scale: Scale) -> Array:
    size = len(values)
    matrices = sums.reshape(len(sums), size, size)
    totals = matrices.sum(axis=2)
    n = totals.sum(axis=1)
    squared = _distances(totals, values, scale)
    seen = (matrices * squared).sum(axis=(1, 2))
    expected = (totals[:, :, None] * totals[:, None, :] * squared).sum(axis=(1, 2)) / np.maximum(n - 1, 1)
    return np.where(expected > 0, 1 - seen / np.where(expected > 0, expected, 1), 1.0)


def _distances(totals: Array, values: list[Hashable], scale: Scale) -> Array:
    """Squared distances of each two values; one matrix a sample, since ordinal ones depend on the counts."""
    size = len(values)
    if scale == "ordinal":
        upto = np.cumsum(totals, axis=1) - totals / 2
        return (upto[:, :, None] - upto[:, None, :]) ** 2
    if scale == "nominal":
        return np.broadcast_to(1 - np.eye(size), (len(totals), size, size))
    numbers = np.array([float(value) for value in values])  # type: ignore[arg-type]
    apart, together = numbers[:, None] - numbers[None, :], numbers[:, None] + numbers[None, :]
    if scale == "ratio":
        apart = apart / np.where(together == 0, 1, together)
    return np.broadcast_to(apart**2, (len(totals), size, size))
