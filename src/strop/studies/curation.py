"""Did curation help? Curated rows against raw ones, and against as many random and as many longest raw rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

import numpy as np

from strop import curate
from strop.errors import NotReady
from strop.measure import aggregate
from strop.project import Project
from strop.records import Dataset, Example, ItemResult, Measured, MeasureSpec, Record
from strop.studies.comparison import Make, compare, longest_rows, over_seeds, random_rows
from strop.studies.learning_curve import Answer

SHARE = 0.9
"""Part of the raw rows that each seed sees: a method without chance of its own is tried on other rows each time."""
RAW, CURATED, RANDOM, LONGEST = "raw", "curated", "random, as many", "longest, as many"
CONTROLS = (RAW, RANDOM, LONGEST)
Draw = Callable[[int], tuple[Sequence[Example], Sequence[Example]]]
"""The raw rows and the curated rows of a seed."""


class CurationArm(Record):
    """One choice of rows: how many (mean over the seeds), the measure by seed and over all of them, and what the
    curated rows gain over it."""

    name: str
    rows: int
    values: tuple[float, ...]
    value: Measured | None = None
    gain: Measured | None = None


class CurationStudy(Record):
    """All choices of rows on the same items; gains are paired by item, all seeds of an item one observation."""

    measure: str
    seeds: tuple[int, ...]
    items: int
    arms: tuple[CurationArm, ...]

    @property
    def helped(self) -> bool:
        """Whether the curated rows are surely better than all raw ones, and than as many chosen without curation."""
        return not self._open

    @property
    def _open(self) -> dict[str, Measured]:
        """Choices of raw rows against which no gain is shown: what any of that size gain as well is not curation's."""
        controls = {arm.name: arm.gain for arm in self.arms if arm.gain is not None and arm.name in CONTROLS}
        return {name: gain for name, gain in controls.items() if gain.low <= 0}

    def sentence(self) -> str:
        """The answer, with its interval."""
        if self.helped:
            gain = next(arm.gain for arm in self.arms if arm.name == RAW and arm.gain is not None)
            return f"Curation helped: {_told(gain)} over all raw rows, and more than as many of them."
        told = "; ".join(f"against {name} {_told(gain)}" for name, gain in self._open.items())
        return f"That curation helped is not shown: {told}."


def _told(gain: Measured) -> str:
    value, low, high = (100 * number for number in (gain.value, gain.low, gain.high))
    return f"{value:+.1f} points [{low:+.1f}, {high:+.1f}]"


def raw_rows(project: Project, dataset: Dataset) -> tuple[list[Example], list[Example]]:
    """All rows that could have been trained on: those of the training split, and those that curation set aside.

    Rows that ask what a held-out row asks stay away, as they would give it away. Curation runs once more, in memory.

    Raises:
        NotReady: when the rows or settings are no longer those of this version.
    """
    again = project.curated_again(dataset)
    train = set(dataset.splits["train"])
    if train != set(again.splits["train"]):
        raise NotReady("the rows or settings changed since this dataset was made", remedy="strop curate")
    held = [row for split in ("validation", "test") for row in project.opened.rows(dataset, split)]
    aside = [row for reason, row in again.aside if reason != "leaks_evaluation"]
    free = curate.without_leaks(held, aside, kind=dataset.kind, settings=project.settings)
    return [again.examples[identity] for identity in dataset.splits["train"]], _each_its_own(free, train)


def _each_its_own(rows: Sequence[Example], taken: Set[str]) -> list[Example]:
    """Rows with an identity each: copies have one in common, and a training run takes no row twice."""
    seen, found = set(taken), []
    for number, row in enumerate(rows):
        found.append(row.model_copy(update={"id": f"{row.id}-{number}"}) if row.id in seen else row)
        seen.add(row.id)
    return found


def drawn(curated: Sequence[Example], aside: Sequence[Example]) -> Draw:
    """Each seed sees other nine tenths of all rows, and of these the curated ones."""
    raw = [*curated, *aside]
    kept = {id(row) for row in curated}  # a copy that was set aside may have the identity of the row that stayed

    def draw(seed: int) -> tuple[list[Example], list[Example]]:
        seen = random_rows(raw, round(SHARE * len(raw)), seed)
        return seen, [row for row in seen if id(row) in kept]

    return draw


def curated_against_raw(
    answer: Answer,
    draw: Draw,
    spec: MeasureSpec,
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    others: Mapping[str, Callable[[int], Sequence[Example]]] | None = None,
) -> CurationStudy:
    """Train on curated rows, on raw ones, and on as many random and longest raw ones; answer the same items.

    Args:
        answer: trains on rows with a seed, and answers the held-out items.
        draw: the raw and the curated rows of a seed.
        spec: the measure.
        seeds: draws.
        others: further choices of rows by name, a clean twin for instance.
    """
    rows = {seed: draw(seed) for seed in seeds}
    chosen: dict[str, dict[int, Sequence[Example]]] = {
        CURATED: {seed: curated for seed, (_, curated) in rows.items()},
        RAW: {seed: raw for seed, (raw, _) in rows.items()},
        RANDOM: {seed: random_rows(raw, len(curated), seed + 1) for seed, (raw, curated) in rows.items()},
        LONGEST: {seed: longest_rows(raw, len(curated)) for seed, (raw, curated) in rows.items()},
        **{name: {seed: pick(seed) for seed in seeds} for name, pick in (others or {}).items()},
    }
    made = {name: {seed: list(answer(part, seed)) for seed, part in by.items()} for name, by in chosen.items()}
    arms = []
    for name, by in chosen.items():
        gain = None
        if name != CURATED:
            pair = {name: _stored(made[name]), CURATED: _stored(made[CURATED])}
            gain = compare(pair, spec, seeds=seeds).arms[1].difference
        values = tuple(aggregate(spec, items) for items in made[name].values())
        size = round(float(np.mean([len(part) for part in by.values()])))
        value = over_seeds(spec, made[name])
        arms.append(CurationArm(name=name, rows=size, values=values, value=value, gain=gain))
    items = len(made[CURATED][seeds[0]])
    return CurationStudy(measure=spec.name, seeds=tuple(seeds), items=items, arms=tuple(arms))


def _stored(runs: Mapping[int, Sequence[ItemResult]]) -> Make:
    return lambda seed: runs[seed]
