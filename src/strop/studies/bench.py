"""Where a study trains and judges: a project's rows, its validation items, its memory of finished runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from strop import durable, evaluate, tune
from strop.engines import engine_for
from strop.errors import NotReady
from strop.lineage import KEPT
from strop.measure import paired
from strop.project import Project
from strop.project.making import judging, tuning
from strop.records import (
    Candidate,
    Cost,
    Dataset,
    Example,
    ItemResult,
    Measured,
    MeasureSpec,
    Spec,
    Suite,
    content_id,
    now,
    without_sentences,
)
from strop.studies.learning_curve import Answer

_ITEMS, _GENERAL, _COST = "items.jsonl", "general.jsonl", "cost.json"


class Made(NamedTuple):
    """What a trained candidate answered, and took; ``general``: its answers on general ability, where asked for."""

    items: tuple[ItemResult, ...]
    general: tuple[ItemResult, ...]
    cost: Cost


class Bench:
    """Trains any spec on any rows, and judges it on the project's validation items; the sealed test set stays sealed.

    A finished run is remembered under its plan, so that a study that was interrupted goes on.
    """

    def __init__(self, project: Project, dataset: Dataset) -> None:
        self._project, self._dataset = project, dataset
        self._opened = project.opened
        self._on_event = without_sentences(self._opened.on_event)
        self.train = self._opened.rows(dataset, "train")
        self.validation = self._opened.rows(dataset, "validation")
        if not self.validation:
            raise NotReady(f"dataset {dataset.id} has no validation rows", remedy="raise data.splits.validation")
        self._suite: Suite = evaluate.domain_suite(
            self.validation, kind=dataset.kind, split="validation", settings=project.settings, project=project.folder
        )

    @property
    def primary(self) -> MeasureSpec:
        """The measure that decides."""
        return next(spec for spec in self._suite.measures if spec.primary)

    @property
    def rows(self) -> list[Example]:
        """All rows that are not sealed: those to train on, and the validation items."""
        return [*self.train, *self.validation]

    def answer(self, spec: Spec) -> Answer:
        """A function from training rows and a seed to the judged answers of what was trained on them."""
        return lambda rows, seed: self.judged(spec, rows, self.validation, seed)

    def answer_of_parts(self, spec: Spec) -> Answer:
        """As :meth:`answer`, of rows that are parts of the training rows: what the layers of a base give that are not
        trained is computed once for all of them."""
        return lambda rows, seed: self._answers(spec, rows, self.validation, seed, None, beside=self.train)[0]

    def judged(self, spec: Spec, rows: Sequence[Example], held: Sequence[Example], seed: int) -> tuple[ItemResult, ...]:
        """Judged answers to the held rows by what was trained on the others."""
        return self._answers(spec, rows, held, seed, None)[0]

    def made(self, spec: Spec, seed: int, *, general: bool = True) -> Made:
        """What is trained on all training rows, judged on the validation items and on general ability, with its cost.

        ``general``: whether general ability is asked about.

        Raises CheckFailed for a run that breaks the never-silent contract.
        """
        base = self._opened.base(spec.base) if spec.base and general else None
        suite, rows = judging.general_suite(self._opened, base) if base is not None else (None, ())
        asked = (suite, {row.id: row for row in rows}) if suite is not None and suite.items else None
        items, work = self._answers(spec, self.train, self.validation, seed, asked)
        found = _read(work / _GENERAL) if asked else ()
        return Made(items, found, Cost.model_validate_json((work / _COST).read_text("utf-8")))

    def forgotten(self, spec: Spec, made: Made) -> Measured | None:
        """General ability less that of the untuned base, paired; None where there is none to lose."""
        if not made.general:
            return None
        candidate = Candidate(id="", spec=spec, dataset=self._dataset.id, seed=0, created=now())
        base = judging.general_report(self._opened, judging.untuned(self._opened, candidate, self._dataset))
        assert base is not None
        measure = next(one for one in base.specs if one.primary)
        return paired(measure, made.general, judging.items_of(self._opened, base))

    def _answers(
        self, spec: Spec, rows: Sequence[Example], held: Sequence[Example], seed: int,
        general: tuple[Suite, dict[str, Example]] | None, *, beside: Sequence[Example] = (),
    ) -> tuple[tuple[ItemResult, ...], Path]:  # fmt: skip
        """Judged answers to the held rows, and the folder that remembers them, the general answers and the cost."""
        plan = tuning.plan_on(self._opened, spec, self._dataset, seed, rows, held)
        if beside and spec.base is not None:
            every = tuning.plan_on(self._opened, spec, self._dataset, seed, beside, held)
            plan = plan.model_copy(update={"beside": every.train})
        suite = self._suite
        if held is not self.validation:
            items = tuple(sorted(row.id for row in held))
            suite = suite.model_copy(update={"items": items, "id": content_id("suite", [suite.id, *items])})
        body = [plan.to_json(), suite.id, *([general[0].id] if general else [])]
        identity = content_id("study", body)
        work = self._opened.work_folder(identity)
        if (work / _ITEMS).exists():
            return _read(work / _ITEMS), work
        base = self._opened.base(spec.base) if spec.base else None
        artifact = work / "artifact"
        run, _ = tune.tune(
            plan, base, folder=artifact, work=work / "checkpoints", on_event=self._on_event, dataset=self._dataset.id,
            kept=self._opened.work_folder(KEPT),
        )  # fmt: skip
        durable.write_text(work / _COST, run.measured.model_dump_json())
        candidate = Candidate(id=identity, spec=spec, dataset=self._dataset.id, seed=seed, created=now())
        asked = [(_ITEMS, suite, {row.id: row for row in held})]
        if general:
            asked.insert(0, (_GENERAL, *general))  # the items come last: they say that the rest is there
        with engine_for(spec.method, base).open(base, artifact) as model:
            for name, one, examples in asked:
                found = evaluate.evaluate(
                    model, candidate=candidate, shots=(), suite=one, examples=examples, project=self._project.folder,
                    settings=self._project.settings, on_event=self._on_event,
                )  # fmt: skip
                durable.write_text(work / name, "".join(item.model_dump_json() + "\n" for item in found.items))
        shutil.rmtree(artifact)
        shutil.rmtree(work / "checkpoints", ignore_errors=True)
        return _read(work / _ITEMS), work


def _read(path: Path) -> tuple[ItemResult, ...]:
    return tuple(ItemResult.model_validate_json(line) for line in path.read_text("utf-8").splitlines())
