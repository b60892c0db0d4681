"""Rows of versions in sheets: what did not change is not written again, and a project of before is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from tests.store.before import rows_before_sheets

from strop.records import Dataset, Example, Origin
from strop.store import Store, tables
from strop.store.migrations import HEAD


def _count(store: Store, table: sa.FromClause) -> int:
    with store.database.reading() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def _versions(make: Any) -> tuple[list[Example], list[Example], Dataset, Dataset]:
    """A version of 200 rows, and the next one: a row less, a row more, a row with another note."""
    rows = [make.example(f"row {n}", origin=Origin(source="a.csv", line=n)) for n in range(200)]
    ids = [row.id for row in rows]
    first = make.dataset({"train": tuple(ids[:150]), "test": tuple(ids[150:])})
    noted = rows[7].model_copy(update={"group": "g"})
    later = [*rows[:7], noted, *rows[8:149], *rows[150:], make.example("one more")]
    kept = [row.id for row in later]
    second = make.dataset({"train": tuple(kept[:149]), "test": tuple(kept[149:])}, ledger="1" * 64)
    return rows, later, first, second.model_copy(update={"parent": first.id})


def test_rows_that_did_not_change_are_not_written_again(store: Store, make: Any) -> None:
    rows, later, first, second = _versions(make)
    store.save_dataset(first, rows)
    assert _count(store, tables.sheet_rows) == 200
    store.save_dataset(second, later)
    assert _count(store, tables.dataset_rows) == 400
    assert _count(store, tables.sheet_rows) < 300
    assert store.examples(first.id) == rows
    assert store.examples(second.id) == later
    assert store.examples(second.id, "test") == later[149:]
    assert store.example(rows[7].id).group == "g"
    holders = store.erasure.holders([rows[3].id, rows[149].id])
    assert [(one.dataset, one.line) for one in holders if one.example == rows[3].id] == [(first.id, 3), (second.id, 3)]
    assert [one.dataset for one in holders if one.example == rows[149].id] == [first.id]


def test_a_version_that_comes_back_is_stored_once(store: Store, make: Any) -> None:
    rows, later, first, second = _versions(make)
    store.save_dataset(first, rows)
    store.save_dataset(second, later)
    written = _count(store, tables.sheet_rows), _count(store, tables.dataset_sheets)
    third = first.model_copy(update={"id": "ds_back", "parent": second.id})
    store.save_dataset(third, rows)
    store.save_dataset(second, later)
    assert _count(store, tables.sheet_rows) == written[0]
    assert store.examples("ds_back") == rows and store.examples(second.id) == later


def test_a_sheet_of_which_something_was_erased_is_no_longer_shared(store: Store, make: Any) -> None:
    """Its name is a hash of what was said of its rows, by which a short note could be guessed."""
    rows, later, first, second = _versions(make)
    store.save_dataset(first, rows)
    store.save_dataset(second, later)
    store.erasure.erase([rows[7].id], [], [first.id, second.id], request="forget_1")
    held = sa.select(tables.sheet_rows.c.sheet).where(tables.sheet_rows.c.example == rows[7].id)
    with store.database.reading() as connection:
        names = list(connection.scalars(sa.select(tables.sheets.c.name).where(tables.sheets.c.number.in_(held))))
        notes = set(connection.scalars(sa.select(tables.sheet_rows.c.notes)))
    assert names == [None, None] and notes == {"{}"}
    left = [row for row in later if row.id != rows[7].id]
    third = second.model_copy(
        update={"id": "ds_left", "splits": {"train": tuple(row.id for row in left)}, "parent": second.id}
    )
    store.save_dataset(third, left)
    assert store.examples("ds_left") == left


def test_the_rows_of_a_project_of_before_are_the_same(reopen: Callable[[], Store], make: Any) -> None:
    store = reopen()
    rows, later, first, second = _versions(make)
    store.save_dataset(first, rows)
    with store.database.writing() as connection:
        rows_before_sheets(connection)
        connection.execute(sa.text("update alembic_version set version_num = '0005'"))
    store.close()
    store = reopen()
    assert store.database.revision() == HEAD
    assert store.examples(first.id) == rows
    store.save_dataset(first, rows)
    assert _count(store, tables.dataset_rows) == 200, "the version is there already"
    store.save_dataset(second, later)
    assert store.examples(first.id) == rows and store.examples(second.id) == later
