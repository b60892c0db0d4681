"""Walk the derivations from one record: what it was made of, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from strop.store.tables import dataset_rows, derivation_io, derivations, examples, records


class Link(NamedTuple):
    """One record that another came from or went into. ``kind``: of the record, "example", or "file"."""

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
        steps = [step for chunk in _chunks(level) for step in _neighbours(connection, chunk, up=up)]
        fresh = {record: (stage, created) for record, stage, created in steps if record not in seen}
        kinds = _kinds(connection, list(fresh))
        links += [
            Link(record, kinds.get(record) or record.replace(":", "_").partition("_")[0], stage, created, distance)
            for record, (stage, created) in fresh.items()
        ]
        seen |= fresh.keys()
        level = list(fresh)
    return tuple(links)


def _neighbours(connection: sa.Connection, ids: Sequence[str], *, up: bool) -> list[tuple[str, str, str]]:
    """Records one derivation away; an example's next step down is every dataset that holds it."""
    here, there = derivation_io.alias(), derivation_io.alias()
    one_way = sa.select(there.c.record, derivations.c.stage, derivations.c.created).where(
        here.c.record.in_(ids),
        here.c.direction == ("out" if up else "in"),
        there.c.derivation == here.c.derivation,
        there.c.direction == ("in" if up else "out"),
        derivations.c.id == here.c.derivation,
    )
    found = [(row.record, row.stage, row.created) for row in connection.execute(one_way.order_by(derivations.c.id))]
    if not up:
        held = (
            sa.select(dataset_rows.c.dataset, dataset_rows.c.split, records.c.created)
            .join(records, records.c.id == dataset_rows.c.dataset)
            .where(dataset_rows.c.example.in_(ids))
            .order_by(records.c.number)
        )
        found += [(row.dataset, f"in {row.split}", row.created) for row in connection.execute(held)]
    return found


def _kinds(connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for chunk in _chunks(ids):
        for row in connection.execute(sa.select(records.c.id, records.c.kind).where(records.c.id.in_(chunk))):
            kinds[row.id] = row.kind
        for example in connection.scalars(sa.select(examples.c.id).where(examples.c.id.in_(chunk))):
            kinds[example] = "example"
    return kinds


def _chunks(ids: Sequence[str], size: int = 500) -> Iterable[list[str]]:
    return (list(ids[start : start + size]) for start in range(0, len(ids), size))
