"""Was full tuning worth it? Methods side by side, each at its best: quality, time, memory, and what was forgotten.

Each method tries learning rates around its own default on four fifths of the training rows, judged on the last fifth.
The default stays unless another one is surely better there (paired, 95 %): a fifth of few rows is mostly chance, and
the default was found on more (the one-standard-error rule of Breiman et al. 1984, section 3.4.3, with more doubt). With
that rate the method learns all training rows, and is judged on the validation items, which no choice has seen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from strop.engines.learning_rates import LEARNING_RATES
from strop.errors import CheckFailed, InputError
from strop.measure import aggregate, display_name, estimate, paired
from strop.records import Example, ItemResult, Measured, MeasureSpec, Method, Record, Spec
from strop.studies.bench import Made
from strop.studies.comparison import Make, compare
from strop.tune import folds

STEP = 3.0
"""Factor between the learning rates that are tried."""
MORE = 2
"""Rates that are tried beyond the asked ones where the best lies at the edge."""


class Place(Protocol):
    """Where methods are trained and judged: a :class:`strop.studies.Bench`."""

    train: list[Example]

    @property
    def primary(self) -> MeasureSpec:
        """The measure that decides."""
        ...

    def judged(self, spec: Spec, rows: Sequence[Example], held: Sequence[Example], seed: int) -> tuple[ItemResult, ...]:
        """Judged answers to the held rows by what was trained on the others."""
        ...

    def made(self, spec: Spec, seed: int) -> Made:
        """Trained on all training rows, judged on the validation items and on general ability."""
        ...

    def forgotten(self, spec: Spec, made: Made) -> Measured | None:
        """General ability less that of the untuned base."""
        ...


class Trial(Record):
    """One learning rate that was tried; ``value`` None: its run broke the never-silent contract."""

    learning_rate: float
    value: float | None


class MethodArm(Record):
    """One method at its best. ``difference``: paired with the last arm's items; positive: this one is better.

    ``cpu_seconds``, ``peak_memory_bytes`` (above the loaded base): means over the seeds; ``tried``: the rates, with the
    primary measure on the part of the training rows that chose. ``general``: general ability against the untuned base.
    """

    method: Method
    learning_rate: float | None
    tried: tuple[Trial, ...]
    quality: Measured
    values: tuple[float, ...]
    difference: Measured | None
    cpu_seconds: float
    peak_memory_bytes: int
    general: Measured | None


class MethodStudy(Record):
    """All methods on the same items; the last one is what the others are held against."""

    measure: str
    margin: float
    seeds: tuple[int, ...]
    items: int
    arms: tuple[MethodArm, ...]

    @property
    def verdict(self) -> str:
        """``worth`` (the last is better by what may be more than the margin), ``not_worth``, or ``undecided``."""
        found = [arm.difference for arm in self.arms if arm.difference is not None]
        if any(one.low >= -self.margin for one in found):
            return "not_worth"
        return "worth" if all(one.high < 0 for one in found) else "undecided"

    def sentence(self) -> str:
        """Whether the last method was worth it, with the interval of the best of the others."""
        last = self.arms[-1]
        arm = max((arm for arm in self.arms[:-1] if arm.difference), key=lambda arm: arm.difference.low)  # type: ignore[union-attr]
        assert arm.difference is not None
        value, low, high = (100 * number for number in (arm.difference.value, arm.difference.low, arm.difference.high))
        points = f"{value:+.1f} points of {display_name(self.measure)} [{low:+.1f}, {high:+.1f}]"
        told = f"{arm.method} - {last.method} = {points}"
        cost = _ratio(arm.cpu_seconds, last.cpu_seconds, "processor time")
        memory = _ratio(arm.peak_memory_bytes, last.peak_memory_bytes, "memory above the base")
        told = f"{told} on {self.items} items, with {cost} and {memory}"
        if self.verdict == "not_worth":
            return f"{last.method} was not worth it: {told}; not worse by more than {100 * self.margin:g} points."
        if self.verdict == "worth":
            return f"{last.method} was worth it: {told}."
        return f"Whether {last.method} was worth it is not shown (margin {100 * self.margin:g} points): {told}."


def _ratio(one: float, other: float, what: str) -> str:
    return f"{one / other:.0%} of its {what}" if other else f"{what} not measured"


def methods_compared(
    bench: Place, specs: Sequence[Spec], *, rates: int = 3, seeds: Sequence[int] = (0,), margin: float = 0.02
) -> MethodStudy:
    """Train each method at its best, and hold the others against the last one.

    Args:
        bench: rows, items, measures, and the memory of finished runs.
        specs: one a method; the last is the one in question.
        rates: learning rates to try for each, by factors of three around its default; 1: the default as it is.
        seeds: of the trainings with the best rate; all seeds of an item are one observation.
        margin: the loss of the primary measure that does not matter.
    Raises:
        InputError: for fewer than two methods.
        CheckFailed: when no run of a method keeps the never-silent contract.
    """
    if len(specs) < 2:
        raise InputError("a comparison needs two methods", remedy="strop compare lora full")
    primary, made, chosen = bench.primary, dict[str, dict[int, Made]](), dict[str, tuple[float | None, list[Trial]]]()
    for spec in specs:
        rate, tried = _best_rate(bench, spec, rates)
        chosen[spec.method] = rate, tried
        made[spec.method] = {seed: _made(bench, _at(spec, rate), seed) for seed in seeds}
    last = specs[-1].method
    order = [last, *(spec.method for spec in specs[:-1])]
    pairs = compare({name: _items(made[name]) for name in order}, primary, seeds=seeds)
    by_name = {arm.name: arm for arm in pairs.arms}
    arms = []
    for spec in specs:
        runs, (rate, tried) = made[spec.method], chosen[spec.method]
        first = runs[seeds[0]]
        arms.append(
            MethodArm(
                method=spec.method, learning_rate=rate, tried=tuple(tried), quality=estimate(primary, first.items),
                values=by_name[spec.method].values, difference=by_name[spec.method].difference,
                cpu_seconds=float(np.mean([run.cost.cpu_seconds for run in runs.values()])),
                peak_memory_bytes=int(np.mean([run.cost.peak_memory_bytes for run in runs.values()])),
                general=bench.forgotten(spec, first),
            )
        )  # fmt: skip
    return MethodStudy(
        measure=primary.name, margin=margin, seeds=tuple(seeds), items=len(made[last][seeds[0]].items), arms=tuple(arms)
    )


def _made(bench: Place, spec: Spec, seed: int) -> Made:
    """A run on all rows. Raises CheckFailed that names the method whose run broke."""
    try:
        return bench.made(spec, seed)
    except CheckFailed as error:
        rate = spec.settings.get("learning_rate", "the default")
        raise CheckFailed(
            f"{spec.method} (learning rate {rate}, seed {seed}): {error.message}", place=error.place,
            remedy=error.remedy,
        ) from error  # fmt: skip


def _items(made: Mapping[int, Made]) -> Make:
    return lambda seed: made[seed].items


def _at(spec: Spec, rate: float | None) -> Spec:
    """The spec with this learning rate; as it is for None."""
    if rate is None:
        return spec
    settings = {**spec.settings, "learning_rate": rate}
    return Spec.of(
        spec.method, base=spec.base, system=spec.system, labels=spec.labels, shots=spec.shots, settings=settings
    )


def _best_rate(bench: Place, spec: Spec, rates: int) -> tuple[float | None, list[Trial]]:
    """The rate under which the held fifth is surely answered best, else the default; and all that were tried."""
    default = LEARNING_RATES.get(spec.method)
    if default is None or rates < 2:
        return None, []
    held, *others = folds(bench.train, 5)
    rows = [row for part in others for row in part]
    exponents = [n - rates // 2 for n in range(rates)]
    found, answers = dict[int, Trial](), dict[int, tuple[ItemResult, ...]]()

    def attempt(exponent: int) -> None:
        value: float | None = None
        with contextlib.suppress(CheckFailed):
            answers[exponent] = bench.judged(_at(spec, default * STEP**exponent), rows, held, 0)
            value = aggregate(bench.primary, answers[exponent])
        found[exponent] = Trial(learning_rate=default * STEP**exponent, value=value)

    def best() -> int | None:
        sign = 1 if bench.primary.higher_is_better else -1
        kept = {n: sign * one.value for n, one in found.items() if one.value is not None}
        return max(kept, key=lambda n: (kept[n], -abs(n))) if kept else None

    for exponent in exponents:
        attempt(exponent)
    for _ in range(MORE):
        top = best()
        if top is None or min(found) < top < max(found):
            break
        attempt(top + 1 if top == max(found) else top - 1)
    top = best()
    tried = [found[n] for n in sorted(found)]
    if top is None:
        raise CheckFailed(
            f"no run of {spec.method} kept the never-silent contract, at {len(tried)} learning rates",
            remedy=f"strop tune --method {spec.method} says which line broke",
        )
    if 0 in answers and paired(bench.primary, answers[top], answers[0]).low <= 0:
        top = 0
    return found[top].learning_rate, tried
