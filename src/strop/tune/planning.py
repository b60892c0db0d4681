"""From spec and rows to a training plan: composed prompts, answers to learn, one order, all settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

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
SMALLEST = 4
"""Rows of the smallest batch."""
REPLAYED = "replay_"
"""How the names of replayed conversations begin among those of rows."""


def plan(
    spec: Spec,
    dataset_kind: Kind,
    train: Sequence[Example],
    validation: Sequence[Example],
    settings: Settings,
    *,
    seed: int,
    rejected: Mapping[str, str] | None = None,
    replay: Sequence[Example] = (),
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
        rejected: by row, an answer that its own is preferred to; for ``tune.objective: preference``, if enough.
        replay: neutral conversations, of which ``tune.replay`` of the rows' number are learned beside them.
    Raises:
        InputError: for a method that trains nothing, a loss over labels where there are none, or beside pairs.
        NotReady: when no training row has an answer, or there is nothing to replay.
        CheckFailed: when a row is in both splits, or twice in one.
    """
    if spec.method not in TUNED_METHODS:
        raise InputError(
            f"method {spec.method} trains nothing", remedy=f"one of {', '.join(sorted(TUNED_METHODS))}, or strop choose"
        )
    given = {**settings.tune.model_dump(mode="json"), **spec.settings}
    pairs = sum(row.id in (rejected or {}) for row in train)
    preferred = spec.base is not None and given["objective"] == "preference" and pairs >= given["preference_pairs"]
    alone = preferred and not given["preference_answers"]
    items, watched = (_items(spec, rows, rejected if preferred else None, alone=alone) for rows in (train, validation))
    if not items:
        raise NotReady(
            f"none of the {len(train)} training rows has an answer to learn",
            remedy="check data.columns.output in strop.yaml, then: strop curate",
        )
    # What a spec leaves open (None) is for the plan to choose: it alone knows how many rows there are.
    epochs = given["num_train_epochs"] or passes(len(items), dataset_kind)
    if spec.base is not None and given["replay"]:
        items += _replayed(replay, round(given["replay"] * len(items)), seed)
    _refuse_repeats(items, watched)
    _refuse_labels(spec, dataset_kind, given, preferred=preferred)
    batch = given["per_device_train_batch_size"] or batch_size(len(items), epochs, dataset_kind)
    own: dict[str, JSON] = {
        "kind": dataset_kind,
        "max_new_tokens": given.get("max_new_tokens", settings.task.max_new_tokens),
        "num_train_epochs": epochs,
        "per_device_train_batch_size": batch,
        "objective": "preference" if preferred else "supervised",
        "seed": seed,
    }
    return TrainPlan(spec=spec, seed=seed, train=items, validation=watched, settings={**given, **own})


def passes(rows: int, kind: Kind) -> int:
    """Times that a run sees each row: 3; where answers are labels or entities, up to 6, towards the steps they want.

    Few texts that are seen more often can be answered worse: of venues, a tenth less of what was asked (docs/log.md).
    """
    wanted = math.ceil(_steps(kind) * SMALLEST / rows) if kind in ("classification", "extraction") else PASSES
    return min(max(wanted, PASSES), MOST_PASSES)


def batch_size(rows: int, epochs: float, kind: Kind) -> int:
    """Rows an optimizer step: 4, 8 or 16, the most with which ``epochs`` passes have the steps that the kind wants."""
    return next((size for size in (16, 8) if rows * epochs >= _steps(kind) * size), SMALLEST)


def _steps(kind: Kind) -> int:
    return EXTRACTION_STEPS if kind == "extraction" else STEPS


def estimate(plan: TrainPlan, base: Base | None, *, kept: Path | None = None) -> Cost:
    """What the plan will cost on this machine, before it runs; ``kept`` as in :func:`strop.tune.tune`."""
    return engine_for(plan.spec.method, base).estimate(plan, base, kept=kept)


def _replayed(rows: Sequence[Example], count: int, seed: int) -> tuple[TrainItem, ...]:
    """So many of the conversations, or all there are, drawn with the seed; asked as they are, without the task."""
    if not rows:
        raise NotReady("there is no conversation to replay", remedy="check tune.replay_file in strop.yaml")
    drawn = sorted(np.random.default_rng([seed, count]).permutation(len(rows))[:count].tolist())
    return tuple(
        TrainItem(example=f"{REPLAYED}{rows[n].id}", messages=rows[n].messages, answer=rows[n].reference or "")
        for n in drawn
    )


def _items(
    spec: Spec, rows: Sequence[Example], rejected: Mapping[str, str] | None, *, alone: bool
) -> tuple[TrainItem, ...]:
    """Rows with an answer; ``alone``: those with a rejected one only."""
    return tuple(
        TrainItem(
            example=row.id,
            messages=compose(spec, row.messages),
            answer=row.reference,
            rejected=(rejected or {}).get(row.id),
        )
        for row in sorted(rows, key=lambda row: row.id)
        if row.reference is not None and row.reference.strip() and (not alone or row.id in (rejected or {}))
    )


def _refuse_labels(spec: Spec, kind: Kind, given: Mapping[str, JSON], *, preferred: bool) -> None:
    if not given["label_share"]:
        return
    if not spec.labels:
        raise InputError(
            f"tune.label_share holds labels against each other, and this task ({kind}) has none",
            remedy="take tune.label_share out of strop.yaml, or set it to 0",
        )
    if spec.base is not None and (preferred or given["replay"]):
        raise InputError(
            "tune.label_share holds labels against each other: pairs and replay have no place beside it",
            remedy="set tune.label_share to 0, or leave out tune.objective and tune.replay",
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
