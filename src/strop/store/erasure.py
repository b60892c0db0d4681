"""The one exception to "never changed": text that somebody asked to have erased.

Ids, numbers and derivations stay, so that everything that was measured still stands; the text goes. What was erased or
blocked is written down, and is neither read, nor derived from, nor stored again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import sqlalchemy as sa

from strop.records import Example, Record, now
from strop.store import rows
from strop.store.database import Database
from strop.store.kinds import id_of
from strop.store.tables import completions, dataset_rows, examples, forgotten, records

Effect = Literal["erased", "blocked"]


class Erasure:
    """Finding and erasing text in one project's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def examples(self) -> Iterator[Example]:
        """Every example that still has its text, as the newest dataset knows it."""
        with self._database.reading() as connection:
            yield from rows.all_examples(connection)

    def corrected(self, judgements: Iterable[str]) -> set[str]:
        """Examples that came from these judgements."""
        with self._database.reading() as connection:
            query = sa.select(dataset_rows.c.example).where(dataset_rows.c.judgement.in_(list(judgements))).distinct()
            return set(connection.scalars(query))

    def holders(self, wanted: Iterable[str]) -> list[tuple[str, str, str, int | None, str]]:
        """Where examples lie: (dataset, split, source, line, example), oldest dataset first."""
        query = (
            sa.select(
                dataset_rows.c.dataset,
                dataset_rows.c.split,
                dataset_rows.c.source,
                dataset_rows.c.line,
                dataset_rows.c.example,
            )
            .join(records, records.c.id == dataset_rows.c.dataset)
            .where(dataset_rows.c.example.in_(list(wanted)))
            .order_by(records.c.number, dataset_rows.c.example)
        )
        with self._database.reading() as connection:
            return [(d, split, source, line, e) for d, split, source, line, e in connection.execute(query)]

    def effects(self, wanted: Iterable[str] | None = None) -> dict[str, Effect]:
        """What was erased and what is blocked, by id; of ``wanted``, or of all."""
        query = sa.select(forgotten.c.record, forgotten.c.effect)
        if wanted is not None:
            query = query.where(forgotten.c.record.in_(list(wanted)))
        with self._database.reading() as connection:
            return {row.record: row.effect for row in connection.execute(query)}

    def erase(self, gone: Sequence[str], redacted: Sequence[Record], blocked: Sequence[str], *, request: str) -> None:
        """In one transaction: empty the examples ``gone``, put ``redacted`` in place of records, block the rest."""
        effects: dict[str, Effect] = dict.fromkeys(blocked, "blocked")
        effects |= dict.fromkeys([*gone, *map(id_of, redacted)], "erased")
        with self._database.writing() as connection:
            for example in gone:
                connection.execute(examples.update().where(examples.c.id == example).values(body=""))
                connection.execute(dataset_rows.update().where(dataset_rows.c.example == example).values(notes="{}"))
            for record in redacted:
                body = record.model_dump_json()
                connection.execute(records.update().where(records.c.id == id_of(record)).values(body=body))
                ended = completions.c.interaction == id_of(record)
                connection.execute(completions.update().where(ended).values(body=body))
            lines = [
                {"record": record, "effect": effect, "request": request, "created": now()}
                for record, effect in effects.items()
            ]
            self._database.insert_new(connection, forgotten, lines)
        self._database.scrub()

    def text(self) -> Iterator[tuple[str, str]]:
        """Every body in the tables, with where it stands: a search in what the bytes of a file may hide."""
        bodies = (
            (records, records.c.id, records.c.body),
            (completions, completions.c.interaction, completions.c.body),
            (examples, examples.c.id, examples.c.body),
            (dataset_rows, dataset_rows.c.example, dataset_rows.c.notes),
        )
        with self._database.reading() as connection:
            for table, identity, body in bodies:
                for found, text in connection.execute(sa.select(identity, body)):
                    yield f"{table.name} {found}", text
