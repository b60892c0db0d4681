"""Climb the ladder: try the cheapest rung first, stop by rule, say why."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Sequence
from typing import NamedTuple

from strop import decide
from strop.errors import CheckFailed, SettingsError
from strop.project import foreseeing
from strop.project.making import incumbents, judging, tuning
from strop.project.opened import Opened
from strop.records import (
    CHANGED_WEIGHTS,
    INCUMBENT_METHODS,
    Cost,
    Dataset,
    Ladder,
    MeasureSpec,
    Report,
    Run,
    Spec,
    Step,
    Weighed,
    content_id,
    now,
)


class _Climb(NamedTuple):
    """What came of the climb: the rungs that were tried, those that failed, and why it stopped."""

    tried: list[decide.Tried]
    failed: list[tuple[str, CheckFailed]]
    weighed: list[Weighed]
    last: decide.Choice
    hours: float


def climb(project: Opened, dataset: Dataset) -> Ladder:
    """Every rung that was tried on the validation items, the pick, and why the climb stopped.

    A rung whose run broke the never-silent contract is told and left out. Raises CheckFailed where it was the only one,
    SettingsError where a rung does not have the primary measure.
    """
    climbed = _climbed(project, dataset)
    if climbed.failed and not climbed.tried:
        raise climbed.failed[0][1]
    tried = decide.by_price(climbed.tried, project.settings)
    pick = decide.pick(tried, project.settings)
    broken = [f"{name}: {error.message}." for name, error in climbed.failed]
    tuned = any(rung.spec.method in CHANGED_WEIGHTS for rung in tried)
    steps = tuple(_step(project, rung) for rung in tried)
    taken = next(rung for rung in tried if rung.candidate.id == pick.candidate)
    pays = decide.returns(taken, tried, project.settings, rows=len(dataset.splits.get("train", ())))
    measure = judging.primary_spec(project, taken.report)
    judged = [step.report for step in steps]
    said = _foreseen(project, dataset, taken, steps)
    ladder = Ladder(
        id=content_id("ladder", [dataset.id, judged, pick.candidate, pick.because, broken, list(pays), said]),
        dataset=dataset.id,
        steps=steps,
        pick=pick.candidate,
        because=" ".join([pick.because, climbed.last.because, *broken]).strip(),
        fine_tune=pick.fine_tune if tuned else _untuned(pick, climbed.last, broken),
        failed=tuple(broken),
        returns=pays,
        weighed=_weighed(project, climbed, measure),
        items=decide.together(taken.items, "validation item"),
        foreseen=said,
        command=pick.command if tuned or not climbed.last.spent else _more_hours(project, climbed.hours),
        created=now(),
    )
    project.store.add(ladder, stage="decide:ladder", inputs=[dataset.id, *judged], settings={"at": ladder.created})
    return ladder


def _climbed(project: Opened, dataset: Dataset) -> _Climb:
    started = time.monotonic()
    bases = [project.base_in_ladder(name) for name in project.settings.ladder.bases]
    own = decide.rungs(project.settings, dataset.kind, bases, system=dataset.system, labels=dataset.labels)
    remaining = [*incumbents.specs(project, dataset), *own]
    if not remaining:
        raise SettingsError(
            f"`ladder` names nothing that can be tried on {dataset.kind} rows",
            place=project.place("ladder"),
            remedy="name a base in `ladder.bases`: strop models list",
        )
    judging.domain_suite(project, dataset, "validation", project.rows(dataset, "validation"))  # or its mistake, early
    tried, failed, weighed = list[decide.Tried](), list[tuple[str, CheckFailed]](), list[Weighed]()
    ahead = _Ahead(project, dataset, {})
    outlook = decide.Outlook(ahead.cost, {base.id: base.parameters for base in bases})
    while True:
        hours = (time.monotonic() - started) / 3600
        choice = decide.next_rung(
            tried, remaining, project.settings, failed=len(failed), hours=hours, outlook=outlook
        )  # fmt: skip
        project.say(choice.because)
        weighed += [choice.weighed] if choice.weighed else []
        if choice.spec is None:
            return _Climb(tried, failed, weighed, choice, hours)
        remaining = [spec for spec in remaining if spec.id != choice.spec.id]
        try:
            candidate, run = tuning.make_candidate(
                project, choice.spec, dataset, project.settings.tune.seed, expected=ahead.known.get(choice.spec.id)
            )  # fmt: skip
        except CheckFailed as error:
            failed.append((_name(project, choice.spec), error))
            project.say(f"{failed[-1][0]}: {error.message}", warning=True)
            continue
        report = judging.domain_report(project, candidate, dataset, "validation")
        judging.primary_spec(project, report)  # raises where it does not hold what the rungs are compared by
        items = tuple(judging.items_of(project, report))
        tried.append(decide.Tried(spec=choice.spec, candidate=candidate, report=report, items=items, run=run))


def _foreseen(project: Opened, dataset: Dataset, taken: decide.Tried, steps: Sequence[Step]) -> str:
    """Whether the sealed items would show what the pick gains over the best cheaper rung."""
    measure = judging.primary_spec(project, taken.report)
    best = foreseeing.best_of(
        foreseeing.cheaper_rungs(project, dataset, taken.candidate, climbed=steps), measure
    )  # fmt: skip
    if best is None:
        return ""
    rival = judging.items_of(project, project.store.get(best.report, Report))
    return foreseeing.before_a_look(project, dataset, taken.items, rival, measure)


def _weighed(project: Opened, climbed: _Climb, measure: MeasureSpec) -> tuple[Weighed, ...]:
    """What was weighed, with what came of it; the last one was left, where the climb stopped at it."""
    found = [decide.came_of(one, climbed.tried, measure, project.settings) for one in climbed.weighed]
    return tuple(
        done
        if done.gained is not None or one is climbed.last.weighed
        else done.model_copy(update={"outcome": f"{one.name[:1].upper()}{one.name[1:]} gave no candidate."})
        for one, done in zip(climbed.weighed, found, strict=True)
    )


class _Ahead(NamedTuple):
    """What tuning a spec will cost, kept by spec, so that its run need not estimate it again."""

    project: Opened
    dataset: Dataset
    known: dict[str, Cost | None]

    def cost(self, spec: Spec) -> Cost | None:
        try:
            seed = self.project.settings.tune.seed
            self.known[spec.id] = tuning.foreseen(self.project, spec, self.dataset, seed)
        except CheckFailed:  # the run will say so, and what it means for the ladder
            return None
        return self.known[spec.id]


def _more_hours(project: Opened, spent: float) -> str:
    """The climb with twice the hours: what was tried is not tried again, so they are for what was not."""
    hours = 2 * max(spent, project.settings.ladder.hours)
    kept = [setting for setting in project.overrides if not setting.startswith("ladder.hours=")]
    given = [*kept, f"ladder.hours={math.ceil(hours) if hours > 1 else f'{hours:.1g}'}"]
    return shlex.join(["strop", *(word for setting in given for word in ("--set", setting)), "choose"])


def _untuned(pick: decide.Pick, choice: decide.Choice, broken: list[str]) -> str:
    """Do we need to fine-tune, where there is no tuned candidate?"""
    if broken:
        return "Not known: what was tuned broke the never-silent contract."
    if choice.spent:
        return "Not known: the hours were spent before anything was tuned; more of them: ladder.hours in strop.yaml."
    if choice.weighed is not None:
        told = choice.because.removesuffix(choice.weighed.sentence).strip()
        return f"No: {told[:1].lower()}{told[1:]}"
    return pick.fine_tune


def _name(project: Opened, spec: Spec) -> str:
    """A rung in a few words."""
    if spec.method in INCUMBENT_METHODS:
        return f"today: {spec.settings['name']}"
    words = {"prompt": f"prompt, {spec.shots} shots" if spec.shots else "prompt, zero-shot"}
    name = words.get(spec.method, spec.method)
    return f"{name} · {project.base(spec.base).name.removesuffix('-instruct')}" if spec.base else name


def _step(project: Opened, rung: decide.Tried) -> Step:
    latency = rung.report.latency_ms
    price = decide.serving_price(rung, project.settings)
    monthly = None if price is None else decide.scaled(price, project.settings.costs.requests_per_month)
    return Step(
        candidate=rung.candidate.id,
        name=_name(project, rung.spec),
        method=rung.spec.method,
        base=rung.spec.base,
        report=rung.report.id,
        measures=rung.report.measures,
        latency_ms=latency.value if latency else None,
        latency=latency if latency and latency.n > 1 else None,
        memory_bytes=rung.report.memory_bytes,
        cpu_seconds=rung.run.measured.cpu_seconds if isinstance(rung.run, Run) else None,
        cost=monthly.value if monthly else None,
        monthly=monthly if monthly and monthly.n > 1 else None,
    )
