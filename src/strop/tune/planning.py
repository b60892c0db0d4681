"""Spec and rows to a plan: everything that decides a training run, so that its hash names it."""

from __future__ import annotations

from collections.abc import Sequence

from strop.engines import prompts
from strop.engines.base import TrainItem, TrainPlan
from strop.errors import NotReady
from strop.records import JSON, Example, Kind, Spec
from strop.settings import Settings

VALIDATION_ITEMS = 64
"""Most validation rows whose loss is followed while training; more would cost more than they tell."""


def plan(
    spec: Spec,
    kind: Kind,
    train: Sequence[Example],
    validation: Sequence[Example],
    settings: Settings,
    *,
    seed: int,
) -> TrainPlan:
    """The plan for one run. Raises NotReady when no row has an answer to learn.

    Rows without a reference teach nothing and are left out; prompts are composed as they will be served.
    """
    items = _items(spec, train)
    if not items:
        raise NotReady("no training row has an answer", remedy="add rows with answers, then: strop curate")
    own: dict[str, JSON] = settings.tune.model_dump(mode="json")
    # Seed and method have places of their own in the plan; the spec's settings (a method's own defaults) win.
    own.pop("seed")
    own |= {key: value for key, value in spec.settings.items() if key in own}
    own |= {"kind": kind, "max_new_tokens": settings.task.max_new_tokens}
    return TrainPlan(
        spec=spec,
        seed=seed,
        train=items,
        validation=_items(spec, validation)[:VALIDATION_ITEMS],
        settings=own,
    )


def _items(spec: Spec, rows: Sequence[Example]) -> tuple[TrainItem, ...]:
    return tuple(
        TrainItem(example=row.id, messages=prompts.compose(spec, row.messages), answer=row.reference)
        for row in rows
        if row.reference
    )
