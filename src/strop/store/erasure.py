"""The one exception to "never changed": text that somebody asked to have erased.

Ids, numbers and derivations stay, so that everything that was measured still stands; the text goes. What was erased or
blocked is written down, and is neither read, nor derived from, nor stored again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from strop.records import Example, Record, now
from strop.store import rows
from strop.store.database import Database, chunks, insert_new
from strop.store.kinds import found_by, id_of
from strop.store.tables import completions, dataset_rows, examples, forgotten, records, sheet_rows, sheets

Effect = Literal["erased", "blocked"]


class Holder(NamedTuple):
    """One example in one dataset version, and where it was read; ``judgement``: the correction that it was made of."""

    dataset: str
    split: str
    source: str
    line: int | None
    example: str
    judgement: str | None


class Erasure:
    """Finding and erasing text in one project's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def examples(self) -> Iterator[Example]:
        """Every example that still has its text, as the newest dataset knows it."""
        with self._database.reading() as connection:
            yield from rows.all_examples(connection)

    def corrected(self) -> dict[str, set[str]]:
        """By judgement: the examples that were made from it."""
        query = sa.select(dataset_rows.c.judgement, dataset_rows.c.example).where(dataset_rows.c.judgement.is_not(None))
        made: dict[str, set[str]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query.distinct()):
                made.setdefault(row.judgement, set()).add(row.example)
        return made

    def holders(self, wanted: Collection[str]) -> list[Holder]:
        """Where examples lie, oldest dataset first."""
        query = (
            sa.select(*(dataset_rows.c[name] for name in Holder._fields))
            .join(records, records.c.id == dataset_rows.c.dataset)
            .order_by(records.c.number, dataset_rows.c.example)
        )
        found: list[Holder] = []
        with self._database.reading() as connection:
            for chunk in chunks(wanted):
                rows_found: list[Any] = list(connection.execute(query.where(dataset_rows.c.example.in_(chunk))))
                found += [Holder(*row) for row in rows_found]
        return found

    def effects(self) -> dict[str, Effect]:
        """What was erased and what is blocked, by id."""
        with self._database.reading() as connection:
            query = sa.select(forgotten.c.record, forgotten.c.effect)
            return {row.record: row.effect for row in connection.execute(query)}

    def when(self, wanted: Collection[str]) -> dict[str, str]:
        """When each of these was erased or blocked; those that were not are left out."""
        query = sa.select(forgotten.c.record, forgotten.c.created)
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for chunk in chunks(wanted):
                rows_found = connection.execute(query.where(forgotten.c.record.in_(chunk)))
                found |= {row.record: row.created for row in rows_found}
        return found

    def erase(self, gone: Sequence[str], redacted: Sequence[Record], blocked: Sequence[str], *, request: str) -> None:
        """In one transaction: empty the examples ``gone``, put ``redacted`` in place of records, block the rest."""
        effects: dict[str, Effect] = dict.fromkeys(blocked, "blocked")
        effects |= dict.fromkeys([*gone, *map(id_of, redacted)], "erased")
        with self._database.writing() as connection:
            for example in gone:
                connection.execute(examples.update().where(examples.c.id == example).values(body=""))
                connection.execute(sheet_rows.update().where(sheet_rows.c.example == example).values(notes="{}"))
                held = sa.select(sheet_rows.c.sheet).where(sheet_rows.c.example == example)
                connection.execute(sheets.update().where(sheets.c.number.in_(held)).values(name=None))
            for record in redacted:
                body = record.model_dump_json()
                changed = {"body": body, **found_by(record)}
                connection.execute(records.update().where(records.c.id == id_of(record)).values(changed))
                ended = completions.c.interaction == id_of(record)
                connection.execute(completions.update().where(ended).values(body=body))
            lines = [
                {"record": record, "effect": effect, "request": request, "created": now()}
                for record, effect in effects.items()
            ]
            insert_new(connection, forgotten, lines)
        self._database.scrub()

    def text(self) -> Iterator[tuple[str, str]]:
        """Every body in the tables, with where it stands: a search in what the bytes of a file may hide."""
        bodies = (
            (records, records.c.id, records.c.body),
            (completions, completions.c.interaction, completions.c.body),
            (examples, examples.c.id, examples.c.body),
            (sheet_rows, sheet_rows.c.example, sheet_rows.c.notes),
        )
        with self._database.reading() as connection:
            for table, identity, body in bodies:
                for found, text in connection.execute(sa.select(identity, body)):
                    yield f"{table.name} {found}", text
