"""Walk from one record both ways: what it was made of, and what was made of it.

Four kinds of step: a derivation, a row that a dataset holds, a row that a judgement gave, and a record that speaks of
another (``about``). Requests are not listed under the release that answered them: they are many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from strop.store.database import chunks
from strop.store.tables import dataset_rows, derivation_io, derivations, examples, records


class Link(NamedTuple):
    """What another came from or went into, and the ``stage`` that joins them. ``kind``: also example, file or row."""

    id: str
    kind: str
    stage: str
    created: str
    distance: int


class History(NamedTuple):
    """Everything a record came from (``upstream``) and went into (``downstream``), nearest first."""

    id: str
    kind: str
    upstream: tuple[Link, ...]
    downstream: tuple[Link, ...]


def walk(connection: sa.Connection, wanted: str) -> History | None:
    """The history of one record or example; None when there is no such thing."""
    kind = _kinds(connection, [wanted]).get(wanted)
    if kind is None:
        return None
    return History(wanted, kind, _walk(connection, [wanted], up=True), _walk(connection, [wanted], up=False))


def downstream(connection: sa.Connection, roots: Iterable[str]) -> tuple[Link, ...]:
    """Everything that was made of any of ``roots``."""
    return _walk(connection, list(roots), up=False)


def _walk(connection: sa.Connection, roots: Sequence[str], *, up: bool) -> tuple[Link, ...]:
    seen, level, links, distance = set(roots), list(roots), [], 0
    while level:
        distance += 1
        steps = [step for chunk in chunks(level) for step in _neighbours(connection, chunk, up=up)]
        fresh: dict[str, tuple[str, str]] = {}
        for record, stage, created in steps:
            if record not in seen:
                fresh.setdefault(record, (stage, created))
        kinds = _kinds(connection, list(fresh))
        links += [
            Link(record, kinds.get(record) or _kind_by_name(record, stage), stage, created, distance)
            for record, (stage, created) in fresh.items()
        ]
        seen |= fresh.keys()
        level = list(fresh)
    return tuple(links)


def _neighbours(connection: sa.Connection, ids: Sequence[str], *, up: bool) -> list[tuple[str, str, str]]:
    """Records one step away, as (id, what joins them, when)."""
    steps = [_derived(ids, up=up), *(_upwards(ids) if up else _downwards(ids))]
    found: list[Any] = [row for step in steps for row in connection.execute(step)]
    return [(row[0], row[1], row[2]) for row in found]


def _derived(ids: Sequence[str], *, up: bool) -> sa.Select[Any]:
    here, there = derivation_io.alias(), derivation_io.alias()
    return (
        sa.select(there.c.record, derivations.c.stage, derivations.c.created)
        .where(
            here.c.record.in_(ids),
            here.c.direction == ("out" if up else "in"),
            there.c.derivation == here.c.derivation,
            there.c.direction == ("in" if up else "out"),
            derivations.c.id == here.c.derivation,
        )
        .order_by(derivations.c.id, there.c.position)
    )


def _upwards(ids: Sequence[str]) -> list[sa.Select[Any]]:
    line = dataset_rows.c.source + ":" + sa.cast(dataset_rows.c.line, sa.String)
    said = dataset_rows.c.judgement
    return [
        sa.select(records.c.about, sa.literal("about"), records.c.created).where(
            records.c.id.in_(ids), records.c.about.is_not(None)
        ),
        sa.select(said, sa.literal("correction"), sa.literal(""))
        .where(dataset_rows.c.example.in_(ids), said.is_not(None))
        .distinct(),
        sa.select(line, sa.literal("read"), sa.literal(""))
        .where(dataset_rows.c.example.in_(ids), said.is_(None), dataset_rows.c.line.is_not(None))
        .distinct(),
    ]


def _downwards(ids: Sequence[str]) -> list[sa.Select[Any]]:
    return [
        sa.select(dataset_rows.c.dataset, "in " + dataset_rows.c.split, records.c.created)
        .join(records, records.c.id == dataset_rows.c.dataset)
        .where(dataset_rows.c.example.in_(ids))
        .order_by(records.c.number),
        sa.select(dataset_rows.c.example, sa.literal("correction"), sa.literal(""))
        .where(dataset_rows.c.judgement.in_(ids))
        .distinct(),
        sa.select(records.c.id, sa.literal("about"), records.c.created)
        .where(records.c.about.in_(ids), records.c.kind != "interaction")
        .order_by(records.c.number),
    ]


def _kinds(connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for chunk in chunks(ids):
        for row in connection.execute(sa.select(records.c.id, records.c.kind).where(records.c.id.in_(chunk))):
            kinds[row.id] = row.kind
        for example in connection.scalars(sa.select(examples.c.id).where(examples.c.id.in_(chunk))):
            kinds[example] = "example"
    return kinds


def _kind_by_name(wanted: str, stage: str) -> str:
    """Of what is no record here: a raw row, a file by its hash, or something named by a prefix."""
    return "row" if stage == "read" else wanted.replace(":", "_").partition("_")[0]
