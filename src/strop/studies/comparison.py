"""Several ways to make a candidate, side by side: curated against raw rows, full against light adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from strop.measure import aggregate, estimate, paired
from strop.records import Example, ItemResult, Measured, MeasureSpec, Record

Make: TypeAlias = Callable[[int], Sequence[ItemResult]]
"""Make the candidate with this seed, and answer the same held-out items each time."""


class ArmResult(Record):
    """One way: its quality with every seed, and the difference to the first way.

    ``difference`` holds for these seeds (its interval is over items); ``by_seed`` shows what another seed would change.
    """

    name: str
    values: tuple[float, ...]
    difference: Measured | None = None
    by_seed: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """Averaged over the seeds."""
        return float(np.mean(self.values))

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds; None with one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


class Comparison(Record):
    """All ways on the same items; the first one is what the others are compared with."""

    measure: str
    seeds: tuple[int, ...]
    arms: tuple[ArmResult, ...]


def compare(arms: Mapping[str, Make], spec: MeasureSpec, *, seeds: Sequence[int] = (0, 1, 2)) -> Comparison:
    """Make every arm with every seed, and compare each with the first, paired by item.

    All seeds of an item are one observation (errors are clustered by item, or by the item's own cluster).

    Args:
        arms: how each is made, by name; the first is the reference.
        spec: the measure.
        seeds: the same for every arm.
    Raises:
        ValueError: with fewer than two arms or without seeds, or when arms answered different items.
    """
    if len(arms) < 2 or not seeds:
        raise ValueError("a comparison needs two arms and a seed")
    made = {name: {seed: list(make(seed)) for seed in seeds} for name, make in arms.items()}
    first, *others = made
    examples = {item.example for item in made[first][seeds[0]]}
    for name, runs in made.items():
        if any({item.example for item in items} != examples for items in runs.values()):
            raise ValueError(f"{name} answered other items than {first}")
    found = [ArmResult(name=first, values=_values(spec, made[first]))]
    for name in others:
        by_seed = tuple(paired(spec, made[name][seed], made[first][seed]).value for seed in seeds)
        difference = paired(spec, _pooled(made[name]), _pooled(made[first]))
        found.append(ArmResult(name=name, values=_values(spec, made[name]), difference=difference, by_seed=by_seed))
    return Comparison(measure=spec.name, seeds=tuple(seeds), arms=tuple(found))


def over_seeds(spec: MeasureSpec, runs: Mapping[int, Sequence[ItemResult]]) -> Measured:
    """The measure over all seeds with its interval over items; all seeds of an item are one observation."""
    return estimate(spec, _pooled(runs))


def _values(spec: MeasureSpec, runs: Mapping[int, Sequence[ItemResult]]) -> tuple[float, ...]:
    return tuple(aggregate(spec, items) for items in runs.values())


def _pooled(runs: Mapping[int, Sequence[ItemResult]]) -> list[ItemResult]:
    """The items of all seeds, each seed under its own id, clustered by what they share."""
    return [
        item.model_copy(update={"example": f"{item.example}#{seed}", "cluster": item.cluster or item.example})
        for seed, items in runs.items()
        for item in items
    ]


def random_rows(rows: Sequence[Example], size: int, seed: int) -> list[Example]:
    """A random choice of rows: what any cleverer choice of the same size has to beat."""
    order = np.random.default_rng(seed).permutation(len(rows))[:size]
    return [rows[int(position)] for position in sorted(order)]


def longest_rows(rows: Sequence[Example], size: int) -> list[Example]:
    """The rows with the longest answers: the simple choice that is hard to beat (Zhao et al. 2024)."""
    return sorted(rows, key=lambda row: (-len(row.reference or ""), row.id))[:size]
