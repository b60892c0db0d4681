"""How often are strop's own verdicts wrong? Simulated projects with known truth, decided by the real gate.

    python benchmarks/verdict_error_rates.py [--projects 1000] [--seed 0] [--json FILE]

Three questions: a candidate exactly on a line of the protocol (how often does the check pass?), a candidate better by
the detectable effect (does it pass as often as promised?), and whole projects of several sizes with a mixture of good
and bad candidates (yes, no, undecided; and how many of those were wrong).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from strop.decide import Arm, Evidence, decide
from strop.decide.comparisons import gain_over_best
from strop.measure import aggregate, by_one_model, detectable_difference, pairs_power
from strop.records import (
    Candidate,
    Cost,
    Dataset,
    ItemResult,
    Measured,
    MeasureSpec,
    Method,
    Report,
    RowCounts,
    Run,
    RunCheck,
    Spec,
    Verdict,
)
from strop.settings import Settings

Measure = Literal["accuracy", "inclusion", "macro_f1", "entity_f1"]
SPECS: dict[Measure, MeasureSpec] = {
    "accuracy": MeasureSpec(name="accuracy", how="mean", primary=True),
    "inclusion": MeasureSpec(name="inclusion", how="mean", primary=True),
    "macro_f1": MeasureSpec(name="macro_f1", how="macro_f1", primary=True),
    "entity_f1": MeasureSpec(name="entity_f1", how="micro_f1", primary=True),
}
GENERAL = MeasureSpec(name="general_ability", how="mean", primary=True)
LABELS = ("refunds", "cards", "transfers", "loans", "fraud", "other")
FREQUENCIES = np.array([0.35, 0.2, 0.15, 0.1, 0.1, 0.1])
ATTRIBUTES = 5
ENTITIES = 4
"""At most, in an item; half of those that are missed are also named wrongly."""
GENERAL_ITEMS, GENERAL_SPREAD = 240, 0.08
PILOT = 4000
"""Items from which it is foreseen what others will show: many, so that the promise is tested, not the pilot's luck."""
FOLDS = 5
SPREAD = 0.01
"""Standard deviation of the quality of models of one making."""
ALIKE = 0.5  # correlation of what two candidates find difficult
WHEN = "2026-01-01T00:00:00.000+00:00"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """What is true: how good the candidate and the best cheaper rung are, and how much the candidate forgot.

    ``quality`` and ``reference`` are the chance of a right answer (of a right attribute, for inclusion).
    """

    measure: Measure
    n: int
    quality: float
    reference: float
    forgot: float = 0.0
    release: float | None = None
    together: int = 1
    """Items of one group, which are alike in part in what a candidate makes of them."""

    def value(self, quality: float) -> float:
        """The true value of the measure at a quality."""
        if self.measure == "entity_f1":
            return 2 * quality / (2 * quality + 1.5 * (1 - quality))
        if self.measure != "macro_f1":
            return quality
        wrong = (1 - quality) / (len(LABELS) - 1)
        said = FREQUENCIES * quality + (1 - FREQUENCIES) * wrong
        return float(np.mean(2 * FREQUENCIES * quality / (said + FREQUENCIES)))

    @property
    def gain(self) -> float:
        """The true gain over the best cheaper rung."""
        return self.value(self.quality) - self.value(self.reference)


def answers(
    world: World, quality: float | Floats, shared: Floats, gold: Sequence[str], rng: np.random.Generator
) -> list[ItemResult]:
    """One candidate's results: items are difficult for all candidates alike, in part.

    ``quality``: of the candidate, or of each item's model (n × 1).
    """
    parts = {"inclusion": ATTRIBUTES, "entity_f1": ENTITIES}.get(world.measure, 1)
    own = rng.standard_normal((world.n, parts))
    groups = np.arange(world.n) // world.together
    if world.together > 1:
        own = np.sqrt(ALIKE) * rng.standard_normal((world.n, parts))[groups] + np.sqrt(1 - ALIKE) * own
    right = np.sqrt(ALIKE) * shared[:, None] + np.sqrt(1 - ALIKE) * own < special.ndtri(quality)
    slips = rng.integers(1, len(LABELS), size=world.n)
    found = []
    for n in range(world.n):
        label = gold[n] if right[n, 0] else LABELS[(LABELS.index(gold[n]) + slips[n]) % len(LABELS)]
        cluster = f"g_{groups[n]}" if world.together > 1 else None
        item = ItemResult(example=f"ex_{n}", answer=f"text {n}", cluster=cluster)
        score: float | tuple[float, float, float] = float(right[n].mean())
        if world.measure == "macro_f1":
            told: dict[str, Any] = {"answer": label, "gold": gold[n], "label": label, "probabilities": {label: 1.0}}
            found.append(item.model_copy(update=told))
            continue
        if world.measure == "entity_f1":
            there = 1 + LABELS.index(gold[n]) % ENTITIES
            hits = int(right[n, :there].sum())
            score = (float(hits), float(rng.binomial(there - hits, 0.5)), float(there - hits))
        found.append(item.model_copy(update={"scores": {world.measure: score}}))
    return found


def constant(own: Sequence[ItemResult]) -> tuple[ItemResult, ...]:
    """The commonest label to everybody; where answers are no labels, there is no such answer."""
    labels = Counter(item.gold for item in own if item.label is not None)
    if not labels:
        return ()
    commonest = labels.most_common(1)[0][0]
    return tuple(item.model_copy(update={"label": commonest, "answer": commonest or ""}) for item in own)


def swapped(world: World, items: Sequence[ItemResult], rng: np.random.Generator) -> tuple[ItemResult, ...]:
    """The same answers dealt to other items: another item's label, or a score that chance alone gives."""
    dealt = [*items[1:], items[0]]
    if world.measure == "macro_f1":
        return tuple(one.model_copy(update={"label": other.label}) for one, other in zip(items, dealt, strict=True))
    chance = rng.binomial(ATTRIBUTES, 0.05, size=len(items)) / ATTRIBUTES if world.measure == "inclusion" else None
    nothing = (0.0, 2.0, 2.0) if world.measure == "entity_f1" else 0.0
    return tuple(
        one.model_copy(update={"scores": {world.measure: float(chance[n]) if chance is not None else nothing}})
        for n, one in enumerate(items)
    )


def arm(name: str, items: Sequence[ItemResult], spec: MeasureSpec, split: str = "test", method: Method = "lora") -> Arm:
    """A report that says what its items give."""
    value = aggregate(spec, items)
    domain = spec is not GENERAL
    report = Report(
        id=f"report_{name}", candidate="cand", method=method, suite=spec.name, n=len(items), specs=(spec,), items="",
        suite_name="domain" if domain else "general", split=split if domain else "general", signature={}, created=WHEN,
        measures={spec.name: Measured(value=value, low=value, high=value, n=len(items))},
    )  # fmt: skip
    return Arm(name=name, report=report, items=tuple(items))


def evidence(
    world: World, rng: np.random.Generator, *, use: int = 1, paper: tuple[Floats, list[str]] | None = None
) -> Evidence:
    """A project as `decide` sees it. ``paper``: the test set (difficulties, gold labels) when it is not a fresh one."""
    shared, gold = paper or test_set(world.n, rng)
    spec = SPECS[world.measure]
    own = answers(world, world.quality, shared, gold, rng)
    general = rng.normal(0.6, 0.15, GENERAL_ITEMS).clip(0, 1)
    shifts = rng.normal(-world.forgot, GENERAL_SPREAD, GENERAL_ITEMS)

    def general_items(values: Floats) -> list[ItemResult]:
        return [ItemResult(example=f"g_{n}", answer="", scores={GENERAL.name: float(v)}) for n, v in enumerate(values)]

    tuned = Spec.of("lora", base="base")
    candidate = Candidate(id="cand", spec=tuned, dataset="ds", seed=0, run="run", created=WHEN)
    cost = Cost(examples=1, tokens=1, cpu_seconds=1, wall_seconds=1, peak_memory_bytes=1)
    reference = arm("the best prompt", answers(world, world.reference, shared, gold, rng), spec)
    release = None
    if world.release is not None:
        release = arm("the release", answers(world, world.release, shared, gold, rng), spec)
    mine = arm("the candidate", own, spec)
    return Evidence(
        candidate=candidate,
        dataset=Dataset(
            id="ds", kind="classification" if world.measure == "macro_f1" else "generation",
            splits={"test": tuple(item.example for item in own)}, examples="", ledger="", created=WHEN,
            rows=RowCounts(read=0, kept=0, held_out=0, dropped=0, quarantined=0),
        ),
        report=mine.report,
        items=mine.items,
        swapped_items=swapped(world, own, rng),
        constant_items=constant(own),
        run=Run(
            id="run", spec=tuned, dataset="ds", seed=0, environment={}, estimate=None, measured=cost, created=WHEN,
            checks=(RunCheck(name="moved", passed=True, detail=""),),
        ),
        lower_rungs=(reference,),
        release=release,
        general=arm("the candidate", general_items(general + shifts), GENERAL),
        general_base=arm("the untuned base", general_items(general), GENERAL),
        leaks=0,
        personal_data_left=0,
        test_uses=use,
    )  # fmt: skip


def crossed(world: World, found: Evidence, train: int, rng: np.random.Generator, *, spread: float = SPREAD) -> Evidence:
    """The same project with its training rows answered by five models that were trained without a part of them.

    Each of them is a little better or worse than the candidate, as others of its making.
    """
    shared, gold = test_set(train, rng)
    rows = replace(world, n=train)
    by = np.arange(train) * FOLDS // train
    qualities = np.clip(world.quality + rng.normal(0, spread, FOLDS), 0.01, 0.99)
    each = [answers(rows, quality, shared, gold, rng) for quality in qualities]
    own = [each[by[n]][n] for n in range(train)]
    rival = answers(rows, world.reference, shared, gold, rng)
    spec = SPECS[world.measure]
    named: list[Arm] = []
    for name, tested, sealed in (
        ("the candidate", own, found.items),
        ("the best prompt", rival, found.lower_rungs[0].items),
    ):
        tuned = tested is own
        others = [
            item.model_copy(update={"example": f"train_{n}", "part": int(by[n]) + 1 if tuned else None})
            for n, item in enumerate(tested)
        ]
        named.append(arm(name, [*others, *sealed], spec, "cross_fit", "lora" if tuned else "prompt"))
    splits = {**found.dataset.splits, "train": tuple(f"train_{n}" for n in range(train))}
    return replace(
        found, crossed=named[0], crossed_rungs=(named[1],), dataset=found.dataset.model_copy(update={"splits": splits}),
        swapped_items=swapped(replace(world, n=len(named[0].items)), named[0].items, rng),
    )  # fmt: skip


def test_set(n: int, rng: np.random.Generator) -> tuple[Floats, list[str]]:
    """Difficulties and gold labels of ``n`` items."""
    return rng.standard_normal(n), [LABELS[k] for k in rng.choice(len(LABELS), size=n, p=FREQUENCIES)]


def protocol(measure: Measure, target: float | None = None, folds: int | None = None) -> Settings:
    """The default protocol, with the primary measure named."""
    asked = {"primary": {measure: {"target": target, "margin": 0.02}}, "cross_fit": folds}
    return Settings.model_validate({"decision": asked})


@dataclass(frozen=True)
class Rate:
    """How often something happened in ``runs`` runs, and what was promised."""

    what: str
    measure: str
    items: int
    share: float
    promised: float
    runs: int


def on_the_line(measure: Measure, n: int, runs: int, rng: np.random.Generator) -> Iterator[Rate]:
    """A candidate that is exactly as bad as the checks just do not allow, in four ways: how often does each pass?"""
    equal = World(measure=measure, n=n, quality=0.8, reference=0.8, forgot=0.03)
    target = equal.value(0.8)
    world = replace(equal, release=at_value(equal, target + 0.02))
    passed: Counter[str] = Counter()
    for _ in range(runs):
        checks = decide(evidence(world, rng), protocol(measure, target)).checks
        passed.update(check.name for check in checks if check.verdict == "pass")
    for name in ("primary", "against_lower_rungs", "against_release", "general_ability"):
        yield Rate(f"exactly on the line: {name}", measure, n, passed[name] / runs, 0.025, runs)


def crossed_line(
    measure: Measure, rows: int, runs: int, rng: np.random.Generator, *, spread: float = SPREAD
) -> Iterator[Rate]:
    """A candidate that is no better than the best prompt, with all rows tested: how often does it pass as better?

    By what the check against the cheaper rungs asks; and by the interval of the items alone, as if one model had
    answered all.
    """
    world = World(measure=measure, n=rows * 9 // 10, quality=0.8, reference=0.8)
    spec, sealed = SPECS[measure], rows // 5
    parts = np.append(np.arange(world.n - sealed) * FOLDS // (world.n - sealed) + 1, np.zeros(sealed, dtype=int))
    passed, alone = 0, 0
    for _ in range(runs):
        shared, gold = test_set(world.n, rng)
        qualities = np.clip(world.quality + np.append(0, rng.normal(0, spread, FOLDS)), 0.01, 0.99)[parts]
        own = answers(world, qualities[:, None], shared, gold, rng)
        own = [item.model_copy(update={"part": int(part) or None}) for item, part in zip(own, parts, strict=True)]
        rival = answers(world, world.reference, shared, gold, rng)
        passed += gain_over_best(spec, own, [rival])(0.025).low > 0
        alone += gain_over_best(spec, by_one_model(own), [rival])(0.025).low > 0
    what = f"exactly on the line, all rows tested, models {100 * spread:g} points apart"
    yield Rate(what, measure, world.n, passed / runs, 0.025, runs)
    yield Rate(f"{what}: items alone", measure, world.n, alone / runs, 0.025, runs)


def losing_slices(n: int, runs: int, rng: np.random.Generator, *, lost: float) -> Iterator[Rate]:
    """A candidate better on average that lost so much on a ninth of the items, among 13 slices of three columns.

    With nothing lost: how often is one refused that is no worse anywhere? ``lost``: chance of a right answer, of 0.8.
    """
    refused, told = Counter[str](), 0
    settings = protocol("accuracy")
    for _ in range(runs):
        base = evidence(World(measure="accuracy", n=n, quality=0.5, reference=0.5), rng)
        slices = [
            {"tier": "gold" if k % 9 == 0 else "plain", "month": f"m{rng.integers(5)}", "team": f"t{rng.integers(6)}"}
            for k in range(n)
        ]
        gold = np.array([one["tier"] == "gold" for one in slices])
        shared, reference = rng.random(n), 0.8
        before = shared < reference
        own = np.where(rng.random(n) < ALIKE, shared, rng.random(n))
        after = own < np.where(gold, reference - lost, reference if lost == 0 else 0.9)
        mine, other = (
            arm(
                name,
                [
                    item.model_copy(update={"slices": where})
                    for item, where in zip(with_scores(base.items, SPECS["accuracy"], right), slices, strict=True)
                ],
                SPECS["accuracy"],
            )
            for name, right in (("the candidate", after), ("the best prompt", before))
        )
        checks = decide(replace(base, items=mine.items, report=mine.report, lower_rungs=(other,)), settings).checks
        refused.update({check.name.partition(".")[0] for check in checks if check.name.startswith("slices.")})
        told += any(check.name == "slices" and "likely worse" in check.detail for check in checks)
    what = f"lost {100 * lost:.0f} points on a ninth" if lost else "no worse on any of 13 slices"
    promised = 0.025 if lost == 0 else 1.0
    yield Rate(f"{what}: refused for it", "accuracy", n, refused["slices"] / runs, promised, runs)
    yield Rate(f"{what}: told of a slice", "accuracy", n, told / runs, 0.1 if lost == 0 else 1.0, runs)


def at_value(world: World, value: float) -> float:
    """The quality at which the measure has a value."""
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if world.value(middle) < value else (low, middle)
    return high


def many_looks(measure: Measure, n: int, runs: int, rng: np.random.Generator) -> Rate:
    """Candidates that are no better, brought until one passes or the openings are used up, all on one test set."""
    world, settings = World(measure=measure, n=n, quality=0.8, reference=0.8), protocol(measure)
    gave_in = 0
    for _ in range(runs):
        paper = test_set(n, rng)
        gave_in += any(
            decide(evidence(world, rng, use=use, paper=paper), settings).verdict == "promote" for use in range(1, 8)
        )
    return Rate("tuned until it passes, seven times", measure, n, gave_in / runs, 0.05, runs)


def power(n: int, runs: int, rng: np.random.Generator) -> Rate:
    """Right/wrong answers, better by what ``pairs_power`` promises of ``n`` items: how often is it shown to be?"""
    spec = SPECS["accuracy"]
    base = evidence(World(measure="accuracy", n=n, quality=0.5, reference=0.5), rng)
    lost = 0.05
    gained = next(g for g in np.arange(lost, 0.9, 0.001) if pairs_power(n, g, lost, margin=0.0, alpha=0.025) >= 0.8)
    shown = 0
    for _ in range(runs):
        change = rng.choice([1.0, -1.0, 0.0], size=n, p=[gained, lost, 1 - gained - lost])
        before = np.where(change == 0, rng.random(n) < 0.5, change < 0).astype(float)
        after = np.where(change == 0, before, change > 0).astype(float)
        mine, other = (
            arm(name, with_scores(base.items, spec, values), spec)
            for name, values in (("the candidate", after), ("the best prompt", before))
        )
        tested = replace(base, items=mine.items, report=mine.report, lower_rungs=(other,))
        shown += _better(tested, "accuracy")
    return Rate("better by the detectable effect", "accuracy", n, shown / runs, 0.8, runs)


def foreseen_power(world: World, runs: int, rng: np.random.Generator) -> Rate:
    """A candidate better by what ``decide`` foresees of ``world.n`` items like those seen: how often is it shown?

    ``world``: says how good the best prompt is; the candidate's quality is looked for.
    """
    spec, groups, gain, tried = SPECS[world.measure], world.n // world.together, 0.1, list[float]()
    for _ in range(8):
        better = replace(world, quality=at_value(world, world.value(world.reference) + gain))
        pilot = replace(better, n=PILOT)
        shared, gold = test_set(PILOT, rng)
        own, other = (answers(pilot, quality, shared, gold, rng) for quality in (better.quality, world.reference))
        found = detectable_difference(spec, own, other, groups, alpha=0.025)
        assert found is not None
        # Each pilot has its luck: from the third on, the mean of what they foresee.
        tried.append(found)
        gain = float(np.mean(tried[2:] or tried[-1:]))
    better = replace(world, quality=at_value(world, world.value(world.reference) + gain))
    shown = sum(shown_better(better, rng) for _ in range(runs))
    grouped = f", groups of {world.together}" if world.together > 1 else ""
    what = f"better by {100 * gain:.1f} points, as foreseen{grouped}"
    return Rate(what, world.measure, world.n, shown / runs, 0.8, runs)


def shown_better(world: World, rng: np.random.Generator) -> bool:
    """Whether fresh items show the candidate to be better, by what the check against the cheaper rungs asks."""
    shared, gold = test_set(world.n, rng)
    own, rival = (answers(world, quality, shared, gold, rng) for quality in (world.quality, world.reference))
    return gain_over_best(SPECS[world.measure], own, [rival])(0.025).low > 0


def _better(found: Evidence, measure: Measure) -> bool:
    checks = decide(found, protocol(measure)).checks
    return next(check for check in checks if check.name == "against_lower_rungs").verdict == "pass"


def with_scores(items: Sequence[ItemResult], spec: MeasureSpec, values: Floats) -> list[ItemResult]:
    """The same items with other scores."""
    return [item.model_copy(update={"scores": {spec.name: float(v)}}) for item, v in zip(items, values, strict=True)]


@dataclass(frozen=True)
class Outcome:
    """What became of simulated projects of one size.

    ``yes`` to ``deserved_yes`` are shares of all projects (wrong yes: no better or forgot too much; wrong no: better by
    the margin or more); the last two are shares of those that deserve a yes, and of those that do by 10 points or more.
    """

    measure: str
    rows: int
    test_items: int
    projects: int
    yes: float
    no: float
    undecided: float
    wrong_yes: float
    wrong_no: float
    deserved_yes: float
    deserving_get_yes: float
    clearly_deserving_get_yes: float


def draw(measure: Measure, n: int, rng: np.random.Generator) -> World:
    """A project: 40 of 100 candidates are no better than the best cheaper rung, and 15 of 100 forgot too much."""
    reference = rng.uniform(0.4, 0.85)
    kind = rng.random()
    gain = 0.0 if kind < 0.15 else rng.uniform(-0.15, 0.0) if kind < 0.4 else rng.uniform(0.0, 0.3)
    forgot = rng.uniform(0.03, 0.1) if rng.random() < 0.15 else rng.uniform(-0.01, 0.01)
    return World(measure=measure, n=n, quality=min(0.98, reference + gain), reference=reference, forgot=forgot)


def projects(measure: Measure, rows: int, count: int, rng: np.random.Generator, *, folds: int | None = None) -> Outcome:
    """Many projects with ``rows`` rows, a fifth of them test items, decided once each.

    ``folds``: the seven tenths that are trained on are tested, too, by so many further models.
    """
    n, settings = rows // 5, protocol(measure, folds=folds)
    verdicts: Counter[Verdict] = Counter()
    tally: Counter[str] = Counter()
    for _ in range(count):
        world = draw(measure, n, rng)
        found = evidence(world, rng)
        found = crossed(world, found, rows * 7 // 10, rng) if folds else found
        verdict = decide(found, settings).verdict
        verdicts[verdict] += 1
        good, keeps = world.gain > 0, world.forgot < 0.03
        tally["wrong_yes"] += verdict == "promote" and not (good and keeps)
        tally["wrong_no"] += verdict == "refuse" and world.gain >= 0.02 and keeps
        for name, deserves in (("deserving", good and keeps), ("clear", world.gain >= 0.1 and keeps)):
            tally[name] += deserves
            tally[f"{name}_yes"] += deserves and verdict == "promote"
    return Outcome(
        measure=measure, rows=rows, test_items=n + (rows * 7 // 10 if folds else 0), projects=count,
        yes=verdicts["promote"] / count, no=verdicts["refuse"] / count,
        undecided=verdicts["not_enough_evidence"] / count,
        wrong_yes=tally["wrong_yes"] / count, wrong_no=tally["wrong_no"] / count,
        deserved_yes=tally["deserving"] / count,
        deserving_get_yes=tally["deserving_yes"] / max(tally["deserving"], 1),
        clearly_deserving_get_yes=tally["clear_yes"] / max(tally["clear"], 1),
    )  # fmt: skip


def write_down(asked: argparse.Namespace, start: float, rates: Sequence[Any], outcomes: Sequence[Any]) -> None:
    """Rates and simulated projects as JSON, into the file that was asked for or onto the screen."""
    body = {
        "python": sys.version.split()[0], "machine": platform.machine(), "seed": asked.seed,
        "cpu_seconds": round(time.process_time() - start, 1), "rates": [asdict(rate) for rate in rates],
        "projects": [asdict(outcome) for outcome in outcomes],
    }  # fmt: skip
    if asked.json:
        Path(asked.json).write_text(json.dumps(body, indent=2) + "\n", "utf-8")
    else:
        print("\n" + json.dumps(body))


def main() -> None:
    """Print the tables; write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", default="")
    asked = parser.parse_args()
    rng, start = np.random.default_rng(asked.seed), time.process_time()
    measures: tuple[Measure, ...] = ("accuracy", "inclusion", "macro_f1")
    rates = [rate for measure in measures for rate in on_the_line(measure, 60, asked.projects, rng)]
    rates += [
        rate
        for spread in (SPREAD, 2 * SPREAD)
        for measure in measures
        for rate in crossed_line(measure, 300, asked.projects, rng, spread=spread)
    ]
    rates += [many_looks(measure, 60, max(asked.projects // 5, 1), rng) for measure in measures]
    for lost in (0.0, 0.1, 0.3, 0.5):
        rates += losing_slices(360, max(asked.projects // 5, 1), rng, lost=lost)
    rates += [power(n, asked.projects * 2, rng) for n in (60, 200)]
    rates += [
        foreseen_power(World(measure=measure, n=n, quality=0.7, reference=0.7, together=together), asked.projects, rng)
        for measure in SPECS
        for n, together in ((60, 1), (200, 1), (200, 2))
    ]
    print(f"{'what':<72} {'measure':<10} {'items':>5} {'share':>7} {'promised':>9} {'runs':>6}")
    for rate in rates:
        print(
            f"{rate.what:<72} {rate.measure:<10} {rate.items:>5} "
            f"{rate.share:>7.3f} {rate.promised:>9.3f} {rate.runs:>6}"
        )
    outcomes = [
        projects(measure, rows, asked.projects, rng, folds=folds)
        for measure in measures
        for rows, folds in ((300, None), (300, FOLDS), (1000, None))
    ]
    print()
    names = (
        "yes",
        "no",
        "undecided",
        "wrong_yes",
        "wrong_no",
        "deserved_yes",
        "deserving_get_yes",
        "clearly_deserving_get_yes",
    )
    print(f"{'measure':<10} {'rows':>5} {'tested':>6} " + " ".join(f"{name:>{max(len(name), 6)}}" for name in names))
    for outcome in outcomes:
        cells = " ".join(f"{getattr(outcome, name):>{max(len(name), 6)}.3f}" for name in names)
        print(f"{outcome.measure:<10} {outcome.rows:>5} {outcome.test_items:>6} {cells}")
    write_down(asked, start, rates, outcomes)


if __name__ == "__main__":
    main()
