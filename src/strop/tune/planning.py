"""From spec and rows to a training plan: composed prompts, answers to learn, one order, all settings."""

from __future__ import annotations

from collections.abc import Sequence

from strop.engines import engine_for
from strop.engines.base import TrainItem, TrainPlan
from strop.engines.prompts import compose
from strop.errors import CheckFailed, InputError, NotReady
from strop.records import JSON, TUNED_METHODS, Base, Cost, Example, Kind, Spec
from strop.settings import Settings

STEPS = 200
"""Optimizer steps that a run has where the rows allow it: with fewer, small data sets are learned less well."""


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
        InputError: for a method that trains nothing.
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
    own: dict[str, JSON] = {"kind": dataset_kind, "max_new_tokens": settings.task.max_new_tokens}
    if settings.tune.per_device_train_batch_size is None:
        own["per_device_train_batch_size"] = batch_size(len(items), settings.tune.num_train_epochs)
    return TrainPlan(
        spec=spec,
        seed=seed,
        train=items,
        validation=watched,
        settings={**settings.tune.model_dump(mode="json"), **own, **spec.settings, "seed": seed},
    )


def batch_size(rows: int, epochs: float) -> int:
    """Rows an optimizer step: 4, 8 or 16, the most with which ``epochs`` passes have :data:`STEPS` steps."""
    return next((size for size in (16, 8) if rows * epochs >= STEPS * size), 4)


def estimate(plan: TrainPlan, base: Base | None) -> Cost:
    """What the plan will cost on this machine, before it runs."""
    return engine_for(plan.spec.method, base).estimate(plan, base)


def _items(spec: Spec, rows: Sequence[Example]) -> tuple[TrainItem, ...]:
    return tuple(
        TrainItem(example=row.id, messages=compose(spec, row.messages), answer=row.reference)
        for row in sorted(rows, key=lambda row: row.id)
        if row.reference is not None and row.reference.strip()
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
