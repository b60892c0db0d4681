"""How often is a verdict wrong about beating the answer that takes no model? Simulated labels with known truth.

    python benchmarks/constant_error_rates.py [--projects 1000] [--seed 0] [--json FILE]

The real gate decides, with `against_constant` and without it, on the same projects. Three questions: a candidate
exactly as good as always saying the commonest label (how often does the check pass?); whole projects whose candidates
read their input more or less, alone or beside a prompt (how many wrong yes, with the check and without?); and how many
deserved yes the check costs. Of a project's labels one is common, or very common.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from verdict_error_rates import Rate, World, arm, evidence, write_down

from strop.decide import Evidence, Protocol
from strop.decide.gate import decide_under
from strop.records import ItemResult, MeasureSpec, Verdict
from strop.settings import Settings

Measure = Literal["accuracy", "macro_f1"]
Instead = Literal["the commonest", "as they come", "another"]
SPECS: dict[Measure, MeasureSpec] = {
    "accuracy": MeasureSpec(name="accuracy", how="mean", primary=True),
    "macro_f1": MeasureSpec(name="macro_f1", how="macro_f1", primary=True),
}
TASKS: tuple[tuple[float, ...], ...] = ((0.9, 0.1), (0.7, 0.3), (0.5, 0.2, 0.15, 0.15))
"""How common each label of a task is, the commonest first."""

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reader:
    """A model that knows an item with chance ``sees``, and answers ``instead`` of that where it does not.

    The commonest label; a label drawn as they come (it reads its input, and may be worse than the constant); another.
    """

    shares: tuple[float, ...]
    sees: float
    instead: Instead

    def confusion(self) -> Floats:
        """Chance of gold label [row] and answer [column]."""
        shares, count = np.array(self.shares), len(self.shares)
        if self.instead == "the commonest":
            blind = np.tile(np.eye(count)[0], (count, 1))
        elif self.instead == "as they come":
            blind = np.tile(shares, (count, 1))
        else:
            blind = (1 - np.eye(count)) / (count - 1)
        return shares[:, None] * (self.sees * np.eye(count) + (1 - self.sees) * blind)

    def value(self, measure: Measure) -> float:
        """The true value of the measure."""
        table = self.confusion()
        if measure == "accuracy":
            return float(np.trace(table))
        return float(np.mean(2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))))

    def answers(self, gold: Counts, rng: np.random.Generator) -> Counts:
        """What it says of items."""
        given = np.cumsum(self.confusion() / np.array(self.shares)[:, None], axis=1)
        said = (rng.random(len(gold))[:, None] > given[gold]).sum(axis=1)
        return np.minimum(said, len(self.shares) - 1)


def constant(shares: tuple[float, ...]) -> Reader:
    """Always the commonest label."""
    return Reader(shares, 0.0, "the commonest")


def on_the_line(shares: tuple[float, ...], measure: Measure) -> Reader:
    """A model exactly as good as the constant answer, that has seen the more of the items that it answers."""
    line, low, high = constant(shares).value(measure), 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if Reader(shares, middle, "another").value(measure) < line else (low, middle)
    return Reader(shares, low, "another")


def results(measure: Measure, gold: Counts, said: Counts) -> list[ItemResult]:
    """One item a pair; accuracy has a score, too."""
    return [
        ItemResult(
            example=f"ex_{n}", answer=f"l{b}", gold=f"l{a}", label=f"l{b}", probabilities={f"l{b}": 1.0},
            scores={"accuracy": float(a == b)} if measure == "accuracy" else {},
        )
        for n, (a, b) in enumerate(zip(gold.tolist(), said.tolist(), strict=True))
    ]  # fmt: skip


def project(
    measure: Measure, n: int, own: Reader, rival: Reader | None, plain: Evidence, rng: np.random.Generator
) -> Evidence:
    """What `decide` sees of a candidate, alone or beside a cheaper rung; ``plain``: all that is not simulated here."""
    spec, gold = SPECS[measure], rng.choice(len(own.shares), size=n, p=own.shares)
    items = results(measure, gold, own.answers(gold, rng))
    mine, free = arm("the candidate", items, spec), results(measure, gold, np.zeros_like(gold))
    # Dealt to the next item: scored anew, as accuracy keeps its score with the item.
    said = np.roll([int(item.answer[1:]) for item in items], -1)
    rungs = () if rival is None else (arm("the prompt", results(measure, gold, rival.answers(gold, rng)), spec),)
    return replace(
        plain, report=mine.report, items=mine.items, swapped_items=tuple(results(measure, gold, said)),
        constant_items=tuple(free), lower_rungs=rungs,
    )  # fmt: skip


def plain_evidence(n: int, rng: np.random.Generator, *, alone: bool) -> Evidence:
    """A project about which nothing else is wrong: ``alone``, of the cheapest rung, else of a tuned model."""
    found = evidence(World(measure="macro_f1", n=n, quality=0.8, reference=0.8, forgot=-0.05), rng)
    if not alone:
        return found
    spec = found.candidate.spec.model_copy(update={"method": "classical", "base": None})
    made = found.candidate.model_copy(update={"spec": spec})
    run = found.run.model_copy(update={"spec": spec}) if found.run else None
    return replace(found, candidate=made, run=run, general=None, general_base=None)


def protocols(measure: Measure) -> tuple[Protocol, Protocol]:
    """The default protocol with the check, and as it was before."""
    asked = Settings.model_validate({"decision": {"primary": {measure: {"margin": 0.02}}}})
    today = Protocol.of(asked, "classification")
    return today, today.model_copy(update={"constant": False})


def line(measure: Measure, shares: tuple[float, ...], n: int, runs: int, rng: np.random.Generator) -> Rate:
    """A candidate exactly as good as the constant answer: how often does `against_constant` pass?"""
    reader, plain, today = on_the_line(shares, measure), plain_evidence(n, rng, alone=True), protocols(measure)[0]
    passed = 0
    for _ in range(runs):
        checks = decide_under(today, project(measure, n, reader, None, plain, rng)).checks
        passed += next(check for check in checks if check.name == "against_constant").verdict == "pass"
    told = "/".join(f"{share:g}" for share in shares)
    return Rate(f"as good as the commonest of {told}", measure, n, passed / runs, 0.025, runs)


@dataclass(frozen=True)
class Outcome:
    """What became of simulated projects, all as shares of them, with the check and without (``_before``).

    A yes is deserved by what reads its input and is better than the constant answer and, where there is one, than the
    cheaper rung.
    ``lost``: deserved, a yes without the check and none with it. ``spared``: undeserved, a yes only without it.
    """

    measure: str
    beside: str
    items: int
    projects: int
    deserved: float
    yes: float
    wrong_yes: float
    wrong_no: float
    yes_before: float
    wrong_yes_before: float
    lost: float
    spared: float


def draw(rng: np.random.Generator, *, alone: bool) -> tuple[Reader, Reader | None]:
    """A candidate and a prompt: one in four does no better than answer blindly, and the rest see some of the items."""
    shares = TASKS[rng.integers(len(TASKS))]
    instead: Instead = "as they come" if rng.random() < 0.5 else "the commonest"
    sees = 0.0 if rng.random() < 0.25 else rng.uniform(0.0, 0.8)
    return Reader(shares, sees, instead), None if alone else Reader(shares, rng.uniform(0.0, 0.5), "as they come")


def projects(measure: Measure, n: int, count: int, rng: np.random.Generator, *, alone: bool) -> Outcome:
    """Many projects with ``n`` test items, decided with the check and without it."""
    plain, (today, before) = plain_evidence(n, rng, alone=alone), protocols(measure)
    tally: Counter[str] = Counter()
    for _ in range(count):
        own, rival = draw(rng, alone=alone)
        value = own.value(measure)
        floor = max(constant(own.shares).value(measure), rival.value(measure) if rival else 0.0)
        deserved = own.sees > 0 and value > floor + 1e-9
        found = project(measure, n, own, rival, plain, rng)
        verdict, old = (decide_under(protocol, found).verdict for protocol in (today, before))
        tally.update(_told(verdict, old, deserved=deserved, clearly=deserved and value >= floor + 0.02))
    shares = {name: tally[name] / count for name in Outcome.__dataclass_fields__ if name not in _NAMES}
    return Outcome(
        measure=measure, beside="nothing" if alone else "a prompt", items=n, projects=count, **shares
    )  # fmt: skip


_NAMES = ("measure", "beside", "items", "projects")


def _told(verdict: Verdict, old: Verdict, *, deserved: bool, clearly: bool) -> list[str]:
    """Which of an outcome's shares a project counts to."""
    yes, before = verdict == "promote", old == "promote"
    told = {
        "deserved": deserved,
        "yes": yes,
        "wrong_yes": yes and not deserved,
        "wrong_no": verdict == "refuse" and clearly,
        "yes_before": before,
        "wrong_yes_before": before and not deserved,
        "lost": deserved and before and not yes,
        "spared": not deserved and before and not yes,
    }
    return [name for name, true in told.items() if true]


def main() -> None:
    """Print the tables; write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", default="")
    asked = parser.parse_args()
    rng, start = np.random.default_rng(asked.seed), time.process_time()
    rates = [
        line(measure, shares, n, asked.projects, rng) for n in (60, 200) for measure in SPECS for shares in TASKS
    ]  # fmt: skip
    print(f"{'what':<52} {'measure':<9} {'items':>5} {'passes':>7} {'promised':>9} {'runs':>6}")
    for rate in rates:
        print(
            f"{rate.what:<52} {rate.measure:<9} {rate.items:>5} {rate.share:>7.3f} {rate.promised:>9.3f} {rate.runs:>6}"
        )
    outcomes = [
        projects(measure, n, asked.projects, rng, alone=alone)
        for measure in SPECS
        for alone in (True, False)
        for n in (60, 200)
    ]
    columns = [name for name in Outcome.__dataclass_fields__ if name not in _NAMES]
    print(
        f"\n{'measure':<9} {'beside':<9} {'items':>5} " + " ".join(f"{name:>{max(len(name), 6)}}" for name in columns)
    )
    for one in outcomes:
        cells = " ".join(f"{getattr(one, name):>{max(len(name), 6)}.3f}" for name in columns)
        print(f"{one.measure:<9} {one.beside:<9} {one.items:>5} {cells}")
    write_down(asked, start, rates, outcomes)


if __name__ == "__main__":
    main()
