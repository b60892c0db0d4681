"""All rows tested once, each by a model that saw neither it nor its group: the verdict of a small project."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence

from strop import durable, evaluate, tune
from strop.decide import describe
from strop.decide.words import minutes
from strop.engines import engine_for
from strop.engines.base import Model
from strop.engines.read_once import read_once
from strop.errors import InputError
from strop.evaluate import Evaluated
from strop.project.making import judging, tuning
from strop.project.opened import Opened
from strop.records import (
    JSON,
    TUNED_METHODS,
    Candidate,
    Dataset,
    Example,
    ItemResult,
    Report,
    Run,
    Suite,
    content_id,
    without_sentences,
)


def cross_fitted(project: Opened, candidate: Candidate, dataset: Dataset, count: int) -> Report:
    """The report on the training rows and the test items; asked again, the stored one.

    The training rows are cut into ``count`` parts; each is answered by what was trained, as the candidate was, on the
    others (a prompt is not trained: the examples in it that belong to a part, or to one of its groups, are left out
    while that part is answered). The test items are answered by the candidate itself. Validation rows are left out: by
    them rungs and settings are chosen.

    Raises:
        InputError: for more parts than groups of training rows.
    """
    train, test = project.rows(dataset, "train"), project.rows(dataset, "test")
    suite = evaluate.domain_suite(
        [*train, *test], kind=dataset.kind, split="cross_fit", settings=project.settings, project=project.folder
    )
    # What was answered before parts were noted is answered anew; the models' answers are remembered.
    settings: dict[str, JSON] = {"folds": count, "parts": True, **judging.answering(project, candidate)}
    inputs = [candidate.id, suite.id]
    if (known := project.store.derived("evaluate:cross_fit", inputs=inputs, settings=settings)) is not None:
        return next(record for record in known if isinstance(record, Report))
    parts = parts_of(project, [row for row in train if row.id in suite.items], count)
    what = describe(candidate.spec)
    if candidate.spec.method in TUNED_METHODS:
        project.say(
            f"Cross-fitting {what}: {count} further trainings, each without a part of the {len(train)} rows"
            f"{_price(project, candidate, count)} …"
        )
    with read_once([row.input for part in parts for row in part]):
        found = [_by_others(project, candidate, suite, parts, place) for place in range(count)]
    own = [row for row in test if row.id in suite.items]
    with judging.model_of(project, candidate, {row.id: row for row in own}) as model:
        found.append(_judged(project, candidate, model, suite, own, shots=project.shots_of(candidate)))
    signature = {**found[-1].report.signature, "folds": count, "artifact": None}
    whole = evaluate.gathered(
        found, candidate=candidate, suite=suite, settings=project.settings, signature=signature
    )  # fmt: skip
    report = whole.report.model_copy(update={"items": project.store.artifacts.put_jsonl(whole.items)})
    stands = project.store.add(suite, report, stage="evaluate:cross_fit", inputs=inputs, settings=settings)
    return next(record for record in stands if isinstance(record, Report))


def _price(project: Opened, candidate: Candidate, count: int) -> str:
    """What the further trainings take, by what the candidate's own took: each has all rows but a part."""
    if candidate.run is None:
        return ""
    took = project.store.get(candidate.run, Run).measured.cpu_seconds * (count - 1)
    return f", about {minutes(took / 60)} of processor time" if took >= 60 else ""


def parts_of(project: Opened, rows: Sequence[Example], count: int) -> list[list[Example]]:
    """The training rows in so many parts.

    Raises:
        InputError: for more parts than groups of training rows.
    """
    try:
        return tune.folds(rows, count)
    except InputError as error:
        error.place = error.place or project.place("decision", "cross_fit")
        raise


def _by_others(
    project: Opened, candidate: Candidate, suite: Suite, parts: Sequence[Sequence[Example]], place: int
) -> Evaluated:
    """One part, answered by a model that was made of the others. A part that was answered before a kill is kept."""
    held = parts[place]
    if candidate.spec.method not in TUNED_METHODS:
        inside = {row.group or row.id for row in held}
        shots = [shot for shot in project.shots_of(candidate) if (shot.group or shot.id) not in inside]
        with judging.model_of(project, candidate, {row.id: row for row in held}) as model:
            found = _judged(project, candidate, model, suite, held, shots=shots)
        return found if len(shots) == len(project.shots_of(candidate)) else found.of_part(place + 1)
    dataset = project.store.get(candidate.dataset, Dataset)
    seen = [row for number, part in enumerate(parts) if number != place for row in part]
    plan = tuning.plan_on(project, candidate.spec, dataset, candidate.seed, seen)
    asked = content_id("fold", [plan.to_json(), suite.id, sorted(row.id for row in held)])
    work = project.work_folder(asked)
    remembered = work / "evaluated.json"
    if not remembered.exists():
        base = project.base_of(candidate)
        artifact = work / "artifact"
        shutil.rmtree(artifact, ignore_errors=True)
        tune.tune(
            plan, base, folder=artifact, work=work / "checkpoints", on_event=without_sentences(project.on_event),
            dataset=dataset.id,
        )  # fmt: skip
        with engine_for(candidate.spec.method, base).open(base, artifact) as model:
            found = _judged(project, candidate, model, suite, held, shots=())
        body = {"report": found.report.to_json(), "items": [item.to_json() for item in found.items]}
        durable.write_json(remembered, body)
        shutil.rmtree(artifact)
        shutil.rmtree(work / "checkpoints", ignore_errors=True)
    body = json.loads(remembered.read_text("utf-8"))
    items = tuple(ItemResult.model_validate(item) for item in body["items"])
    return Evaluated(Report.model_validate(body["report"]), items).of_part(place + 1)


def _judged(
    project: Opened, candidate: Candidate, model: Model, suite: Suite, rows: Sequence[Example], *,
    shots: Sequence[Example],
) -> Evaluated:  # fmt: skip
    part = suite.model_copy(update={"items": tuple(sorted(row.id for row in rows))})
    return evaluate.evaluate(
        model,
        candidate=candidate,
        shots=shots,
        suite=part,
        examples={row.id: row for row in rows},
        settings=project.settings,
        project=project.folder,
        on_event=project.on_event,
    )
