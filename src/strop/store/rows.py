"""Examples and the datasets that hold them.

An example's id is the hash of its content, so content is stored once; what a dataset version knew about the row beside
it (split, source and line, slices, group, time) may differ from version to version. Of most rows it does not. So the
rows of a version are stored in sheets of some eight, and a later version that holds the same ones names the sheet and
does not write it again. A sheet is a piece of the rows in the order of their ids, cut where an id ends in certain
digits: so a row that comes or goes changes its own sheet alone.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import marshal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

import sqlalchemy as sa

from strop.errors import InputError
from strop.records import Beside, Dataset, Example, Split, canonical
from strop.store import nouns
from strop.store.database import chunks, insert_lines, insert_new
from strop.store.tables import dataset_rows, dataset_sheets, examples, forgotten, records, sheet_rows, sheets

ERASED = ""
"""The body of an example whose text was erased."""
_BATCH = 5_000
_CONTENT = ("id", "messages", "reference", "expect", "context")
ASIDE = "aside"
"""Stands in place of the split of rows that wait for a person's word."""
_NOTES = ("slices", "group", "time", "name")
_LAST: Final = ("0", "8")
"""Last digits of ids that end a sheet: of one in eight."""
_PLAINLY: Final = 2
"""The version of marshal that writes each value anew: equal bytes are equal values."""
_Line: TypeAlias = tuple[str, str, str, int | None, str | None, str]
"""A row of a sheet: example, split, source, line, judgement, notes."""


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
    held = {example: split for split, ids in places for example in ids}
    missing = held.keys() - set(given)
    if missing:
        raise ValueError(
            f"dataset {dataset.id}: {len(missing)} examples of its splits were not given: {min(missing)} …"
        )
    if len(held) < sum(len(ids) for _, ids in places):
        times = Counter(example for _, ids in places for example in ids)
        repeated = sorted(example for example, count in times.items() if count > 1)
        raise ValueError(f"dataset {dataset.id}: {len(repeated)} examples are in it more than once: {repeated[0]} …")
    _refuse_erased(connection, given)
    if connection.scalar(sa.select(dataset_sheets.c.sheet).where(dataset_sheets.c.dataset == dataset.id).limit(1)):
        return  # the version is stored already, and its rows with it
    wanted = sorted(held)  # in the order of the indices: a page of one is written once, not for each row on it
    known = _sheets_of(connection, dataset.parent)
    for start in range(0, len(wanted), _BATCH):  # a million rows are never held twice
        lines = _lines(wanted[start : start + _BATCH], held, given)
        _add_sheets(connection, dataset.id, {_name(sheet): sheet for sheet in _sheets(lines)}, known, given)


def _sheets_of(connection: sa.Connection, dataset: str | None) -> dict[str, int]:
    """The sheets of a version, by name."""
    query = sa.select(sheets.c.name, sheets.c.number).join(dataset_sheets, dataset_sheets.c.sheet == sheets.c.number)
    query = query.where(dataset_sheets.c.dataset == dataset, sheets.c.name.is_not(None))
    return {row.name: row.number for row in connection.execute(query)}


def _add_sheets(
    connection: sa.Connection, dataset: str, named: Mapping[str, list[_Line]], known: Mapping[str, int], given: Given
) -> None:
    """Add sheets to a version; the rows of those that an earlier one has are not written again.

    Args:
        connection: the transaction.
        dataset: the version.
        named: its sheets, by name.
        known: numbers of sheets that are stored; of the parent, which mostly has nearly all.
        given: the rows.
    """
    numbers = {name: known[name] for name in named if name in known}
    query = sa.select(sheets.c.name, sheets.c.number)
    for chunk in chunks(named.keys() - numbers.keys()):
        numbers.update((name, number) for name, number in connection.execute(query.where(sheets.c.name.in_(chunk))))
    new = [name for name in named if name not in numbers]
    first = (connection.scalar(sa.select(sa.func.max(sheets.c.number))) or 0) + 1
    numbers |= {name: number for number, name in enumerate(new, first)}
    held = [line[0] for name in new for line in named[name]]
    stored = _stored(connection, held)
    insert_new(connection, examples, [_content_row(given[row]) for row in held if row not in stored])
    insert_lines(connection, sheets, [(numbers[name], name) for name in new])
    insert_lines(connection, sheet_rows, [(numbers[name], *line) for name in new for line in named[name]])
    insert_lines(connection, dataset_sheets, [(dataset, numbers[name]) for name in named])


def read_rows(connection: sa.Connection, dataset: str, split: Split | None) -> list[Example]:
    """The examples of a dataset version in the order of its splits; without those that wait for a person's word."""
    version = nouns.get(connection, dataset)
    if not isinstance(version, Dataset):
        return []
    query = _joined().where(dataset_rows.c.dataset == dataset)
    query = query.where(dataset_rows.c.split != ASIDE if split is None else dataset_rows.c.split == split)
    found = {row.id: row for row in connection.execute(query)}
    order: tuple[Split, ...] = ("train", "validation", "test") if split is None else (split,)
    every = [identity for name in order for identity in version.splits.get(name, ())]
    return [_example(found[identity]) for identity in every if identity in found]


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
    yield from map(_example, connection.execute(query.order_by(records.c.number, examples.c.id)))


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
    query = sa.select(examples.c.id).join(forgotten, forgotten.c.record == examples.c.id)
    for erased in connection.scalars(query.where(examples.c.body == ERASED)):
        if erased in given:
            source, line, *_ = given.beside(erased)
            raise InputError(
                "this row was forgotten on request and is not stored again",
                source=source,
                line=line,
                remedy="delete it from the file and run again",
            )


def _stored(connection: sa.Connection, wanted: Sequence[str]) -> set[str]:
    """Which of these examples are stored already: they are not written out again."""
    query = sa.select(examples.c.id)
    known: set[str] = set()
    for chunk in chunks(wanted):
        known.update(connection.scalars(query.where(examples.c.id.in_(chunk))))
    return known


def _content_row(example: Example) -> dict[str, Any]:
    return {"id": example.id, "body": example.model_dump_json(include=set(_CONTENT))}


def _lines(wanted: Iterable[str], splits: Mapping[str, str], given: Given) -> list[_Line]:
    """What is stored of rows in their splits."""
    found = []
    for row in wanted:
        source, line, judgement, *named = given.beside(row)
        notes = "{}"
        if any(named):
            noted = {note: value for note, value in zip(_NOTES, named, strict=True) if value}
            notes = canonical(noted).decode("utf-8")
        found.append((row, splits[row], source, line, judgement, notes))
    return found


def _sheets(lines: list[_Line]) -> list[list[_Line]]:
    """Rows in the order of their ids, cut into sheets."""
    ends = [end for end, line in enumerate(lines, 1) if line[0].endswith(_LAST)]
    return [lines[start:end] for start, end in itertools.pairwise(dict.fromkeys([0, *ends, len(lines)]))]


def _name(sheet: list[_Line]) -> str:
    return hashlib.blake2b(marshal.dumps(sheet, _PLAINLY), digest_size=16).hexdigest()


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
