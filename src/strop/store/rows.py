"""Examples and the datasets that hold them.

An example's id is the hash of its content, so content is stored once; what a dataset version knew about the row beside
it (split, source and line, slices, group, time) stands in ``dataset_rows`` and may differ from version to version.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import sqlalchemy as sa

from strop.errors import InputError
from strop.records import Beside, Dataset, Example, Split, canonical
from strop.store.database import chunks, insert_lines, insert_new
from strop.store.tables import dataset_rows, examples, forgotten, records

ERASED = ""
"""The body of an example whose text was erased."""
_BATCH = 5_000
_CONTENT = ("id", "messages", "reference", "expect", "context")
ASIDE = "aside"
"""Stands in place of the split of rows that wait for a person's word."""
_NOTES = ("slices", "group", "time", "name")


@runtime_checkable
class Given(Protocol):
    """Rows of a version by identity; of a row that is stored already only what stands beside its content is asked."""

    def __contains__(self, identity: object) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def __getitem__(self, identity: str) -> Example: ...
    def beside(self, identity: str) -> Beside:
        """What the version knows of a row beside its content."""


class _Held(dict[str, Example]):
    def beside(self, identity: str) -> Beside:
        return self[identity].beside


def write_rows(connection: sa.Connection, dataset: Dataset, rows: Given | Iterable[Example]) -> None:
    """Add the rows of a dataset version.

    Raises ValueError when a split names an example that was not given, or two splits (or one twice) the same.
    """
    given = rows if isinstance(rows, Given) else _Held({row.id: row for row in rows})
    places = [*dataset.splits.items(), (ASIDE, dataset.waiting)]
    wanted = [(example, split, position) for split, ids in places for position, example in enumerate(ids)]
    there = set(given)
    missing = [example for example, _, _ in wanted if example not in there]
    if missing:
        raise ValueError(f"dataset {dataset.id}: {len(missing)} examples of its splits were not given: {missing[0]} …")
    wanted.sort()  # in the order of the indices: a page of one is written once, not for each row on it
    repeated = [one[0] for one, next_one in itertools.pairwise(wanted) if one[0] == next_one[0]]
    if repeated:
        raise ValueError(f"dataset {dataset.id}: {len(repeated)} examples are in it more than once: {repeated[0]} …")
    _refuse_erased(connection, given)
    for start in range(0, len(wanted), _BATCH):  # a million rows are never held twice
        batch = wanted[start : start + _BATCH]
        known = _stored(connection, [example for example, _, _ in batch], dataset.parent)
        insert_new(connection, examples, [_content_row(given[row]) for row, _, _ in batch if row not in known])
        insert_lines(connection, dataset_rows, _memberships(dataset.id, batch, given))


def read_rows(connection: sa.Connection, dataset: str, split: Split | None) -> list[Example]:
    """The examples of a dataset version in the order of its splits; without those that wait for a person's word."""
    query = _joined().where(dataset_rows.c.dataset == dataset).order_by(dataset_rows.c.position)
    if split is not None:
        return [_example(row) for row in connection.execute(query.where(dataset_rows.c.split == split))]
    by_split: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
    for row in connection.execute(query.where(dataset_rows.c.split != ASIDE)):
        by_split[row.split].append(_example(row))
    return [example for rows in by_split.values() for example in rows]


def read_examples(connection: sa.Connection, wanted: Iterable[str]) -> dict[str, Example]:
    """Examples by id, each as the newest dataset that holds it knows it; the ones that are not here are left out."""
    ids = list(dict.fromkeys(wanted))
    query = _joined().join(records, records.c.id == dataset_rows.c.dataset).order_by(records.c.number)
    newest: dict[str, Any] = {}
    for chunk in chunks(ids):
        newest |= {row.id: row for row in connection.execute(query.where(examples.c.id.in_(chunk)))}
    return {identity: _example(newest[identity]) for identity in ids if identity in newest}


def all_examples(connection: sa.Connection) -> Iterator[Example]:
    """Every example that was not erased, as the newest dataset that holds it knows it."""
    newest = (
        sa.select(sa.func.max(records.c.number))
        .join(dataset_rows, dataset_rows.c.dataset == records.c.id)
        .where(dataset_rows.c.example == examples.c.id)
        .scalar_subquery()
    )
    query = _joined().join(records, records.c.id == dataset_rows.c.dataset).where(records.c.number == newest)
    yield from map(_example, connection.execute(query.order_by(records.c.number, dataset_rows.c.position)))


def _joined() -> sa.Select[Any]:
    return sa.select(
        examples.c.id,
        examples.c.body,
        dataset_rows.c.split,
        dataset_rows.c.source,
        dataset_rows.c.line,
        dataset_rows.c.judgement,
        dataset_rows.c.notes,
    ).join_from(dataset_rows, examples, sa.and_(examples.c.id == dataset_rows.c.example, examples.c.body != ERASED))


def _refuse_erased(connection: sa.Connection, given: Given) -> None:
    """A row that somebody had erased does not come back because its file still holds it."""
    for erased in connection.scalars(sa.select(examples.c.id).where(examples.c.body == ERASED)):
        if erased in given:
            source, line, *_ = given.beside(erased)
            raise InputError(
                "this row was forgotten on request and is not stored again",
                source=source,
                line=line,
                remedy="delete it from the file and run again",
            )


def _stored(connection: sa.Connection, wanted: Sequence[str], parent: str | None) -> set[str]:
    """Which of these examples, in order, an earlier version stored: they are not written out again. Nearly all are the
    parent's, mostly, so it is asked first."""
    held = sa.select(dataset_rows.c.example).where(
        dataset_rows.c.dataset == parent, dataset_rows.c.example.between(wanted[0], wanted[-1])
    )
    known = set(connection.scalars(held).all()) if parent is not None else set()
    query = sa.select(examples.c.id)
    for chunk in chunks([one for one in wanted if one not in known]):
        known.update(connection.scalars(query.where(examples.c.id.in_(chunk))))
    return known


def _content_row(example: Example) -> dict[str, Any]:
    return {"id": example.id, "body": example.model_dump_json(include=set(_CONTENT))}


def _memberships(
    dataset: str, places: Iterable[tuple[str, str, int]], given: Given
) -> list[tuple[str, str, str, int, str, int | None, str | None, str]]:
    """What is stored of rows at their places in a version."""
    found = []
    for row, split, position in places:
        source, line, judgement, *named = given.beside(row)
        notes = "{}"
        if any(named):
            noted = {note: value for note, value in zip(_NOTES, named, strict=True) if value}
            notes = canonical(noted).decode("utf-8")
        found.append((dataset, row, split, position, source, line, judgement, notes))
    return found


def _example(row: sa.Row[Any]) -> Example:
    content = json.loads(row.body)
    origin = {"source": row.source, "line": row.line, "judgement": row.judgement}
    return Example.model_validate({**content, **json.loads(row.notes), "origin": origin})


def judgements(connection: sa.Connection) -> set[str]:
    """The corrections that rows of any dataset came from, but for those whose words were erased."""
    gone = sa.select(forgotten.c.record)
    said = dataset_rows.c.judgement
    query = sa.select(said).where(said.is_not(None), said.not_in(gone)).distinct()
    return set(connection.scalars(query))


def of_judgements(connection: sa.Connection) -> list[tuple[str, str]]:
    """Each judgement that gave a row, with the row."""
    said = dataset_rows.c.judgement
    query = sa.select(said, dataset_rows.c.example).where(said.is_not(None)).distinct().order_by(said)
    return [(row.judgement, row.example) for row in connection.execute(query)]
