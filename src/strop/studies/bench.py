"""Where a study trains and judges: a project's rows, its validation items, its memory of finished runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from strop import durable, evaluate, tune
from strop.engines import engine_for
from strop.errors import NotReady
from strop.project import Project
from strop.records import (
    Candidate,
    Dataset,
    Event,
    Example,
    ItemResult,
    MeasureSpec,
    Said,
    Spec,
    Suite,
    content_id,
    now,
)
from strop.studies.learning_curve import Answer


class Bench:
    """Trains any spec on any rows, and judges it on the project's validation items; the sealed test set stays sealed.

    A finished run is remembered under its plan, so that a study that was interrupted goes on.
    """

    def __init__(self, project: Project, dataset: Dataset) -> None:
        self._project, self._dataset = project, dataset
        self._opened = project.opened
        self.train = self._opened.rows(dataset, "train")
        self._validation = self._opened.rows(dataset, "validation")
        if not self._validation:
            raise NotReady(f"dataset {dataset.id} has no validation rows", remedy="raise data.splits.validation")
        self._suite: Suite = evaluate.domain_suite(
            self._validation, kind=dataset.kind, split="validation", settings=project.settings, project=project.folder
        )

    @property
    def primary(self) -> MeasureSpec:
        """The measure that decides."""
        return next(spec for spec in self._suite.measures if spec.primary)

    @property
    def rows(self) -> list[Example]:
        """All rows that are not sealed: those to train on, and the validation items."""
        return [*self.train, *self._validation]

    def answer(self, spec: Spec) -> Answer:
        """A function from training rows and a seed to the judged answers of what was trained on them."""
        return lambda rows, seed: self.judged(spec, rows, self._validation, seed)

    def _heard(self, event: Event) -> None:
        """Pass on all but plain sentences: what each of many runs was to cost, and took, would bury the result."""
        if not isinstance(event, Said) or event.warning:
            self._opened.on_event(event)

    def judged(self, spec: Spec, rows: Sequence[Example], held: Sequence[Example], seed: int) -> tuple[ItemResult, ...]:
        """Judged answers to the held rows by what was trained on the others."""
        plan = tune.plan(spec, self._dataset.kind, rows, held, self._project.settings, seed=seed)
        suite = self._suite
        if held is not self._validation:
            items = tuple(sorted(row.id for row in held))
            suite = suite.model_copy(update={"items": items, "id": content_id("suite", [suite.id, *items])})
        identity = content_id("study", [plan.to_json(), suite.id])
        work = self._opened.work_folder(identity)
        remembered = work / "items.jsonl"
        if remembered.exists():
            lines = remembered.read_text("utf-8").splitlines()
            return tuple(ItemResult.model_validate_json(line) for line in lines)
        base = self._opened.base(spec.base) if spec.base else None
        artifact = work / "artifact"
        tune.tune(
            plan, base, folder=artifact, work=work / "checkpoints", on_event=self._heard, dataset=self._dataset.id
        )
        candidate = Candidate(id=identity, spec=spec, dataset=self._dataset.id, seed=seed, created=now())
        with engine_for(spec.method, base).open(base, artifact) as model:
            found = evaluate.evaluate(
                model,
                candidate=candidate,
                shots=(),
                suite=suite,
                examples={row.id: row for row in held},
                settings=self._project.settings,
                project=self._project.folder,
                on_event=self._heard,
            )
        durable.write_text(remembered, "".join(item.model_dump_json() + "\n" for item in found.items))
        shutil.rmtree(artifact)
        shutil.rmtree(work / "checkpoints", ignore_errors=True)
        return found.items
