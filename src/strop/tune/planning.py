"""From spec and rows to a training plan: composed prompts, answers to learn, one order, all settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from strop.engines import engine_for
from strop.engines.base import TrainItem, TrainPlan
from strop.engines.prompts import compose
from strop.errors import CheckFailed, InputError, NotReady
from strop.records import JSON, TUNED_METHODS, Base, Cost, Example, Kind, Spec
from strop.settings import Settings

STEPS = 200
"""Optimizer steps that a run has where the rows allow it: with fewer, small data sets are learned less well."""
EXTRACTION_STEPS = 450
"""As :data:`STEPS` where answers are lists: a model that has seen too few does not know when a list ends."""
PASSES, MOST_PASSES = 3, 6


def plan(
    spec: Spec,
    dataset_kind: Kind,
    train: Sequence[Example],
    validation: Sequence[Example],
    settings: Settings,
    *,
    seed: int,
) -> TrainPlan:
    """Everything that decides a training run. Only rows with an answer are in it, in the order of their ids.

    The plan's settings are ``tune:`` of strop.yaml, overruled by the spec's own, and what the task asks of answers
    (``kind``, ``max_new_tokens``).

    Args:
        spec: what to train, and how prompts are composed.
        dataset_kind: the kind of task.
        train: rows to learn from.
        validation: rows to watch the loss on.
        settings: strop.yaml.
        seed: of everything random in the run.
    Raises:
        InputError: for a method that trains nothing, or a loss over labels where there are none.
        NotReady: when no training row has an answer.
        CheckFailed: when a row is in both splits, or twice in one.
    """
    if spec.method not in TUNED_METHODS:
        raise InputError(
            f"method {spec.method} trains nothing", remedy=f"one of {', '.join(sorted(TUNED_METHODS))}, or strop choose"
        )
    items, watched = _items(spec, train), _items(spec, validation)
    if not items:
        raise NotReady(
            f"none of the {len(train)} training rows has an answer to learn",
            remedy="check data.columns.output in strop.yaml, then: strop curate",
        )
    _refuse_repeats(items, watched)
    _refuse_missing_labels(spec, dataset_kind, settings)
    # What a spec leaves open (None) is for the plan to choose: it alone knows how many rows there are.
    given = {**settings.tune.model_dump(mode="json"), **spec.settings}
    epochs = given["num_train_epochs"] or passes(len(items), dataset_kind)
    batch = given["per_device_train_batch_size"] or batch_size(len(items), epochs, dataset_kind)
    own: dict[str, JSON] = {
        "kind": dataset_kind,
        "max_new_tokens": given.get("max_new_tokens", settings.task.max_new_tokens),
        "num_train_epochs": epochs,
        "per_device_train_batch_size": batch,
        "seed": seed,
    }
    return TrainPlan(
        spec=spec,
        seed=seed,
        train=items,
        validation=watched,
        settings={**given, **own},
    )


def passes(rows: int, kind: Kind) -> int:
    """Times that a run sees each row: 3; for extraction up to 6, towards :data:`EXTRACTION_STEPS` steps."""
    wanted = math.ceil(EXTRACTION_STEPS * 4 / rows) if kind == "extraction" else PASSES
    return min(max(wanted, PASSES), MOST_PASSES)


def batch_size(rows: int, epochs: float, kind: Kind) -> int:
    """Rows an optimizer step: 4, 8 or 16, the most with which ``epochs`` passes have the steps that the kind wants."""
    steps = EXTRACTION_STEPS if kind == "extraction" else STEPS
    return next((size for size in (16, 8) if rows * epochs >= steps * size), 4)


def estimate(plan: TrainPlan, base: Base | None, *, kept: Path | None = None) -> Cost:
    """What the plan will cost on this machine, before it runs; ``kept`` as in :func:`strop.tune.tune`."""
    return engine_for(plan.spec.method, base).estimate(plan, base, kept=kept)


def _items(spec: Spec, rows: Sequence[Example]) -> tuple[TrainItem, ...]:
    return tuple(
        TrainItem(example=row.id, messages=compose(spec, row.messages), answer=row.reference)
        for row in sorted(rows, key=lambda row: row.id)
        if row.reference is not None and row.reference.strip()
    )


def _refuse_missing_labels(spec: Spec, kind: Kind, settings: Settings) -> None:
    if spec.settings.get("label_share", settings.tune.label_share) and not spec.labels:
        raise InputError(
            f"tune.label_share holds labels against each other, and this task ({kind}) has none",
            remedy="take tune.label_share out of strop.yaml, or set it to 0",
        )


def _refuse_repeats(train: Sequence[TrainItem], validation: Sequence[TrainItem]) -> None:
    learned, watched = {item.example for item in train}, {item.example for item in validation}
    if len(learned) < len(train) or len(watched) < len(validation):
        raise CheckFailed("a row stands twice in one split", remedy="make the dataset again: strop curate")
    if shared := sorted(learned & watched):
        raise CheckFailed(
            f"{len(shared)} rows are in training and validation, {shared[0]} for one",
            remedy="make the dataset again: strop curate",
        )
