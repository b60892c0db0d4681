"""Candidates to reports, and reports to paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from strop import decide, evaluate, measure
from strop.engines import open_engine
from strop.engines.base import Model
from strop.errors import SettingsError
from strop.project.clean import only_clean_rows
from strop.project.making import incumbents
from strop.project.opened import Opened
from strop.records import (
    JSON,
    Base,
    Candidate,
    Dataset,
    Example,
    ItemResult,
    Measured,
    MeasureSpec,
    Report,
    Spec,
    Suite,
    now,
)

GENERAL = "general"
GLANCE = 0.03
"""Margin for which general ability is looked at where no guard asks for one."""
HeldOut = Literal["validation", "test"]


def domain_report(project: Opened, candidate: Candidate, dataset: Dataset, split: HeldOut) -> Report:
    """The candidate on the task's own items. The test split is opened by ``decide`` only."""
    rows = project.rows(dataset, split)
    if split == "validation":
        rows = rows[: project.settings.ladder.items]
    return _report(project, candidate, domain_suite(project, dataset, split, rows), {row.id: row for row in rows})


def known_items(project: Opened, candidate: Candidate, dataset: Dataset) -> list[ItemResult]:
    """The candidate's results on the validation items, where these were judged before; else none."""
    rows = project.rows(dataset, "validation")[: project.settings.ladder.items]
    suite = domain_suite(project, dataset, "validation", rows)
    known = project.store.derived("evaluate", inputs=[candidate.id, suite.id], settings=answering(project, candidate))
    report = next((record for record in known or () if isinstance(record, Report)), None)
    return items_of(project, report) if report is not None else []


def domain_suite(project: Opened, dataset: Dataset, split: HeldOut, rows: Sequence[Example]) -> Suite:
    """The task's own items and measures. Raises SettingsError with the line of strop.yaml."""
    try:
        return evaluate.domain_suite(
            rows, kind=dataset.kind, split=split, settings=project.settings, project=project.folder
        )
    except SettingsError as error:
        error.place = error.place or project.place(*error.key)
        raise


def general_report(project: Opened, candidate: Candidate) -> Report | None:
    """The candidate on general ability, on the items that its untuned base can do; None without a language model."""
    base = project.base_of(candidate)
    if base is None or candidate.spec.method == "embeddings":
        return None
    suite, rows = general_suite(project, base)
    if not suite.items:
        return None
    return _report(project, candidate, suite, {row.id: row for row in rows})


def general_suite(project: Opened, base: Base) -> tuple[Suite, Sequence[Example]]:
    """The general suite of a base and its items, picked once by a floor test on the untuned base."""
    asked = project.settings.decision
    margin = GLANCE if asked.guard.general_ability is None else asked.guard.general_ability
    alpha = decide.alpha_at(1, alpha=asked.alpha, uses=asked.test_uses)
    a_task = evaluate.items_a_task(margin, alpha) if margin > 0 else None
    settings: dict[str, JSON] = {"items_a_task": a_task}
    folder = general_folder(project)
    if folder is not None:
        settings["folder"] = evaluate.folder_digest(folder)
    known = project.store.derived("evaluate:general", inputs=[base.id], settings=settings)
    if known:
        suite = next(record for record in known if isinstance(record, Suite))
        return suite, evaluate.general_examples(suite, folder=folder)
    project.say(f"Testing which general tasks {base.name} can do at all …")
    with project.remembering(open_engine(base.engine).open(base, None)) as model:
        suite, rows = evaluate.general_suite(model, base=base, on_event=project.on_event, a_task=a_task, folder=folder)
    project.store.add(base, suite, stage="evaluate:general", inputs=[base.id], settings=settings)
    return suite, rows


def nothing_to_forget(project: Opened, candidate: Candidate) -> bool:
    """Whether the candidate's base is at chance on every general task."""
    base = project.base_of(candidate)
    return base is not None and not general_suite(project, base)[0].items


def untuned(project: Opened, candidate: Candidate, dataset: Dataset) -> Candidate:
    """The candidate's base as it came, without shots: the other arm of every check on forgetting."""
    spec = Spec.of("prompt", base=candidate.spec.base, system=candidate.spec.system, labels=candidate.spec.labels)
    identity = Candidate.identity(spec, dataset.id, 0, (), None)
    return Candidate(id=identity, spec=spec, dataset=dataset.id, seed=0, created=now())


def primary_spec(project: Opened, report: Report) -> MeasureSpec:
    """The primary measure of a report. Raises SettingsError when it does not hold it, with why it was not measured."""
    wanted = next(iter(project.settings.decision.primary), None)
    found = decide.primary_of(report, wanted)
    if found is None:
        known = ", ".join(report.measures) or "none"
        name = decide.describe(project.store.get(report.candidate, Candidate).spec)
        asked = wanted or next((spec.name for spec in report.specs if spec.primary), "(by kind)")
        why = report.not_measured.get(asked)
        raise SettingsError(
            f"the primary measure {asked} was not measured of {name}" + (f": {why}" if why else ""),
            place=project.place("decision", "primary"),
            remedy=f"decision.primary: one of {known}",
        )
    return found


def abstain_threshold(project: Opened, candidate: Candidate, max_error: float | None) -> float | None:
    """Below this probability an answer goes to a person, so that at most ``max_error`` of the given ones are wrong.

    Found on the validation items. None: not asked for, or no labels.
    """
    if max_error is None or not candidate.spec.labels:
        return None
    dataset = project.store.get(candidate.dataset, Dataset)
    items = items_of(project, domain_report(project, candidate, dataset, "validation"))
    judged = [item for item in items if item.gold is not None and item.probabilities]
    if not judged:
        return None
    right = [item.label == item.gold for item in judged]
    sure = [max(item.probabilities.values()) for item in judged]
    threshold = measure.abstain_threshold(right, sure, max_error)
    return threshold.confidence if threshold is not None else 1.0


def spec_of(project: Opened, dataset: Dataset) -> MeasureSpec:
    """The primary measure of the task's own items."""
    suite = domain_suite(project, dataset, "validation", project.rows(dataset, "validation"))
    return next(spec for spec in suite.measures if spec.primary)


def primary(project: Opened) -> str:
    """The name of the primary measure: the one of strop.yaml, else the one that fits the rows."""
    named = next(iter(project.settings.decision.primary), None)
    if named is not None:
        return named
    dataset = project.record(Dataset, None, remedy="strop curate")
    return evaluate.primary_measure(dataset.kind, project.rows(dataset, "validation"), project.settings)


def items_of(project: Opened, report: Report) -> list[ItemResult]:
    """The per-item results that a report stands on."""
    return list(project.store.artifacts.read_jsonl(report.items, ItemResult))


def weak_slices(project: Opened, report: Report) -> list[evaluate.WeakSlice]:
    """Where the primary measure is certainly lower than elsewhere, found without a name.

    On the task's own items each slice says how many training rows are like it.
    """
    spec = next((spec for spec in report.specs if spec.primary), None)
    if spec is None or spec.name not in report.measures:
        return []
    items = items_of(project, report)
    candidate = project.store.get(report.candidate, Candidate)
    own = report.suite_name == "domain"
    trained = project.store.examples(candidate.dataset, "train") if own else None
    examples = project.store.examples_by_id(item.example for item in items)
    return evaluate.weak_slices(spec, items, examples, trained=trained)


def differences(project: Opened, first: Report, second: Report) -> dict[str, Measured]:
    """Paired differences (first minus second, positive = first is better) on the items that both answered."""
    one, other = items_of(project, first), items_of(project, second)
    return {
        spec.name: measure.paired(spec, one, other)
        for spec in first.specs
        if any(spec.name == known.name for known in second.specs)
        and spec.name in first.measures
        and spec.name in second.measures
    }


def general_folder(project: Opened) -> Path | None:
    """The folder of further general items that strop.yaml names."""
    named = project.settings.decision.guard.general_folder
    return project.folder / named if named else None


def model_of(project: Opened, candidate: Candidate, rows: dict[str, Example]) -> Model:
    """The candidate's model, not asked again what it has answered; of a file of answers, those to ``rows``.

    Raises InputError where ``rows`` would go to somebody's server with personal data in them.
    """
    if candidate.spec.method == "answers":
        return incumbents.recorded(project, candidate, rows.values())
    if candidate.spec.method == "remote":
        told = [*rows.values(), *project.shots_of(candidate)]
        only_clean_rows(project, told, project.store.get(candidate.dataset, Dataset), did="asked")
    model = project.open_model(candidate)
    return project.remembering(model) if candidate.spec.base else model


def answering(project: Opened, candidate: Candidate) -> dict[str, JSON]:
    """What else an answer depends on; labels are scored, so that no length matters to them."""
    return {} if candidate.spec.labels else {"max_new_tokens": project.settings.task.max_new_tokens}


def _report(project: Opened, candidate: Candidate, suite: Suite, rows: dict[str, Example]) -> Report:
    settings = answering(project, candidate)
    known = project.store.derived("evaluate", inputs=[candidate.id, suite.id], settings=settings)
    if known:
        return next(record for record in known if isinstance(record, Report))
    with model_of(project, candidate, rows) as model:
        found = evaluate.evaluate(
            model,
            candidate=candidate,
            shots=project.shots_of(candidate),
            suite=suite,
            examples=rows,
            settings=project.settings,
            project=project.folder,
            on_event=project.on_event,
        )
    items = project.store.artifacts.put_jsonl(found.items)
    report = found.report.model_copy(update={"items": items})
    # Judged again to the same answers, it is the report that stands: another time, and what was seen of its latency.
    stands = project.store.add(suite, report, stage="evaluate", inputs=[candidate.id, suite.id], settings=settings)
    return next(record for record in stands if isinstance(record, Report))
