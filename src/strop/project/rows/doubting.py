"""Doubt free answers by a model that did not learn them: what it finds far less likely than the others may be wrong.

Labels are foretold by the other rows; of free answers only a model tells. The rows are cut into parts, a model is tuned
on all parts but one, and reads the answers of that one (the loss under cross-validation, as in confident learning, with
a loss in place of a share). It is done on request only: it costs as many trainings as there are parts.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from strop import durable, tune
from strop.curate import Sign
from strop.curate.faults import THRESHOLDS
from strop.engines import engine_for
from strop.engines.base import ScoreRequest
from strop.errors import InputError
from strop.lineage import KEPT
from strop.project.opened import Opened
from strop.records import Dataset, Example, Reason, Record, Spec, content_id

FAULT: Final[Reason] = "label_suspect"
PARTS: Final = 3
DOUBTED: Final = THRESHOLDS[FAULT]
"""Score below which an answer is doubted, unless data.faults moves it."""
_FAR: Final = 3.5
"""Distance from the median loss, in standard deviations of a normal distribution, at which the score is one half."""
_LEAST: Final = 30
"""Answers from which a usual loss can be told."""


class AnswerLoss(Record):
    """What a model that was tuned without a row makes of its answer: nats a token, and the score that follows."""

    example: str
    loss: float
    score: float
    evidence: str


def doubt_answers(project: Opened, spec: Spec, *, parts: int = PARTS) -> list[AnswerLoss]:
    """The loss of each training row's answer under a model tuned on the other parts, the worst first; kept for the next
    curation, which puts the scores into its fault table. A finished part is not trained again.

    Raises:
        InputError: where answers are labels (curation doubts those itself), too few rows, or more parts than groups.
    """
    dataset = project.dataset()
    if dataset.kind == "classification":
        raise InputError("labels are doubted by `strop curate` itself", remedy="strop review rows")
    rows = [row for row in project.rows(dataset, "train") if row.reference]
    if len(rows) < _LEAST:
        raise InputError(f"{len(rows)} answers tell no usual loss", remedy=f"{_LEAST} rows with an answer at least")
    losses: dict[str, float] = {}
    divided = tune.folds(rows, parts)
    for place, held in enumerate(divided):
        seen = [row for number, part in enumerate(divided) if number != place for row in part]
        project.say(f"Part {place + 1} of {parts}: tuned on {len(seen)} rows, {len(held)} answers read.")
        losses |= _read(project, dataset, spec, seen, held)
    found = _scored(losses)
    body = {one.example: one.to_json() for one in found}
    durable.make_folder(_file(project).parent)
    durable.write_text(_file(project), json.dumps(body, sort_keys=True))
    return found


def kept(project: Opened) -> tuple[str, dict[str, Sign]]:
    """The hash of what was read last, and the signs by example id; "" and none where nothing was read."""
    path = _file(project)
    if project.settings.task.kind == "classification" or not path.is_file():
        return "", {}
    text = path.read_text("utf-8")
    found = [AnswerLoss.model_validate(one) for one in json.loads(text).values()]
    return hashlib.sha256(text.encode("utf-8")).hexdigest(), {
        one.example: Sign(one.score, one.evidence) for one in found
    }


def _file(project: Opened) -> Path:
    """Beside other numbers that engines computed of rows: whoever is forgotten, they all go."""
    return project.work_folder(KEPT) / "answer_losses.json"


def _read(
    project: Opened, dataset: Dataset, spec: Spec, seen: Sequence[Example], held: Sequence[Example]
) -> dict[str, float]:
    """Nats a token (the stop token among them) of each held answer under what is tuned on the other rows."""
    alone = spec.model_copy(update={"settings": {**spec.settings, "replay": 0}})  # nothing is learned but the rows
    plan = tune.plan(alone, dataset.kind, seen, held, project.settings, seed=project.settings.tune.seed)
    base = project.base(spec.base) if spec.base else None
    work = project.work_folder(content_id("doubt", [plan.to_json()]))
    remembered = work / "losses.json"
    if remembered.exists():
        known: dict[str, float] = json.loads(remembered.read_text("utf-8"))
        return known
    artifact = work / "artifact"
    tune.tune(
        plan, base, folder=artifact, work=work / "checkpoints", on_event=project.on_event, dataset=dataset.id,
        kept=project.work_folder(KEPT),
    )  # fmt: skip
    with engine_for(spec.method, base).open(base, artifact) as model:
        asked = [ScoreRequest(messages=item.messages, options=(item.answer,)) for item in plan.validation]
        scored = model.score(asked, on_event=project.on_event)
        sizes = model.nll([item.answer for item in plan.validation], on_event=project.on_event)
    found = {
        item.example: -score.logprobs[0] / (size.tokens + 1)
        for item, score, size in zip(plan.validation, scored, sizes, strict=True)
    }
    durable.write_text(remembered, json.dumps(found))
    shutil.rmtree(artifact)
    shutil.rmtree(work / "checkpoints", ignore_errors=True)
    return found


def _scored(losses: dict[str, float]) -> list[AnswerLoss]:
    """How far each loss lies above the usual one; the score falls to one half at 3.5 (Iglewicz and Hoaglin 1993)."""
    values = np.array(list(losses.values()))
    usual = float(np.median(values))
    spread = max(float(np.median(np.abs(values - usual))) / 0.6745, 1e-6)
    found = []
    for example, loss in losses.items():
        far = (loss - usual) / spread
        score = 1.0 if far <= 0 else min(1.0, 0.5 * _FAR / far)
        evidence = f"{loss:.2f} nats a token under a model tuned without it, usual is {usual:.2f}"
        found.append(AnswerLoss(example=example, loss=loss, score=round(score, 4), evidence=evidence))
    return sorted(found, key=lambda one: (one.score, -one.loss, one.example))
