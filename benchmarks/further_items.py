"""Do the further items that an open verdict asks for settle it as often as it says? Simulated projects, the real gate.

    python benchmarks/further_items.py [--pilots 25] [--seed 5]

A project with few test items is undecided against the best cheaper rung and asks for more, "with a chance of 80 %, if
the number stays where it is". It gets them, from the same world, and is decided again: a second look, which may spend
half as much error. How often is it settled, of projects whose observed gain was within a point of the true one, and of
any that were undecided?
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace

import numpy as np
from verdict_error_rates import FOLDS, SPECS, Measure, World, arm, constant, crossed, evidence, protocol, swapped

from strop.decide import Arm, Evidence, alpha_at, decide
from strop.records import Check
from strop.settings import DecisionSettings

RUNS = 12
"""Times that each project gets further items."""
NEAR = 0.01
ALPHA, USES = DecisionSettings().alpha, DecisionSettings().test_uses
MOST = 3000
"""Projects that ask for more are left out: nobody would gather them, and they take long."""
WORLDS: tuple[tuple[Measure, int, float, float], ...] = (
    ("accuracy", 60, 0.7, 0.08),
    ("accuracy", 60, 0.85, 0.06),
    ("accuracy", 200, 0.7, 0.05),
    ("inclusion", 60, 0.8, 0.04),
    ("inclusion", 60, 0.6, 0.05),
    ("macro_f1", 60, 0.7, 0.1),
    ("macro_f1", 200, 0.7, 0.05),
)
"""Measure, test items, quality of the best cheaper rung, and by how much the candidate is better."""
CROSSED: tuple[tuple[Measure, int, float, float], ...] = (
    ("accuracy", 60, 0.7, 0.06),
    ("inclusion", 60, 0.8, 0.025),
    ("macro_f1", 60, 0.7, 0.06),
)
"""The same of 300 rows, of which 270 are tested, by five models that differ by a point and the candidate itself."""


@dataclass(frozen=True)
class Settled:
    """Shares of second looks that settled the comparison: ``near`` the true gain, and of ``any`` undecided one."""

    measure: str
    items: int
    gain: float
    near: float
    any: float
    runs: int
    median: float


def compared(found: Evidence, world: World) -> Check:
    """The comparison with the best cheaper rung."""
    checks = decide(found, protocol(world.measure, folds=FOLDS if found.crossed else None)).checks
    return next(check for check in checks if check.name == "against_lower_rungs")


def again(first: Evidence, world: World, further: int, rng: np.random.Generator) -> Check:
    """The comparison at the second look, on the items of the first and so many further ones.

    With all rows tested, two in nine of the further ones are sealed; the others are in the five parts, too.
    """
    spec, sealed = SPECS[world.measure], further if first.crossed is None else max(1, further * 2 // 9)
    more = evidence(replace(world, n=sealed), rng)
    if first.crossed is not None:
        more = crossed(world, more, max(further - sealed, FOLDS), rng)

    def both(old: Arm, new: Arm) -> Arm:
        further = (item.model_copy(update={"example": f"more_{item.example}"}) for item in new.items)
        return arm(old.name, [*old.items, *further], spec, old.report.split, old.report.method)

    own, rival = both(first.arms[0], more.arms[0]), both(first.lower_rungs[0], more.lower_rungs[0])
    share = alpha_at(1, alpha=ALPHA, uses=USES)
    looked = replace(
        first, items=own.items, report=own.report, lower_rungs=(rival,), test_uses=2, spent_before=share,
        swapped_items=swapped(replace(world, n=len(own.items)), own.items, rng), constant_items=constant(own.items),
    )  # fmt: skip
    if first.crossed is not None and more.crossed is not None:
        every = both(first.crossed, more.crossed)
        rungs = (both(first.crossed_rungs[0], more.crossed_rungs[0]),)
        dealt = swapped(replace(world, n=len(every.items)), every.items, rng)
        looked = replace(looked, crossed=every, crossed_rungs=rungs, swapped_items=dealt)
    return compared(looked, world)


def settled(world: World, pilots: int, rng: np.random.Generator, *, rows: int | None = None) -> Settled:
    """Undecided projects of a world, and what as many items as they ask for show; ``pilots`` of either kind.

    ``rows``: of projects of so many rows, all but a tenth of which are tested.
    """
    tested = world.n if rows is None else world.n + rows * 7 // 10
    near: list[bool] = []
    whatever: list[bool] = []
    sizes: list[int] = []
    for _ in range(200 * pilots):
        if len(sizes) >= pilots:
            break
        start = evidence(world, rng)
        start = start if rows is None else crossed(world, start, tested - world.n, rng)
        first = compared(start, world)
        if first.verdict != "undecided" or first.needed is None or tested + first.needed.items > MOST:
            continue
        further = first.needed.items
        if len(whatever) < pilots:
            whatever.append(again(start, world, further, rng).verdict != "undecided")
        if first.value is not None and abs(first.value - world.gain) <= NEAR:
            sizes.append(tested + further)
            near += [again(start, world, further, rng).verdict != "undecided" for _ in range(RUNS)]
    return Settled(
        measure=world.measure, items=tested, gain=world.gain, near=float(np.mean(near)), any=float(np.mean(whatever)),
        runs=len(near), median=float(np.median(sizes)),
    )  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pilots", type=int, default=25)
    parser.add_argument("--seed", type=int, default=5)
    asked = parser.parse_args()
    rng, start = np.random.default_rng(asked.seed), time.process_time()
    print(
        f"{'measure':<10} {'items':>5} {'gain':>6} {'asks for':>8} {'settled':>8} {'runs':>5} {'whatever was seen':>18}"
    )
    for number, (measure, n, reference, gain) in enumerate((*WORLDS, *CROSSED)):
        world, rows = World(measure=measure, n=n, quality=reference + gain, reference=reference), 5 * n
        found = settled(world, asked.pilots, rng, rows=None if number < len(WORLDS) else rows)
        print(
            f"{found.measure:<10} {found.items:>5} {found.gain:>6.3f} {found.median:>8.0f} {found.near:>8.3f} "
            f"{found.runs:>5} {found.any:>18.3f}"
        )
    print(f"{time.process_time() - start:.0f} processor seconds")


if __name__ == "__main__":
    main()
