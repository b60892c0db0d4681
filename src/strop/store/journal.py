"""What happens while a model serves: requests, and what people say of them. Calls return after a durable commit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import sqlalchemy as sa

from strop.errors import KeyReused, UnknownRecord, UserError
from strop.records import Interaction, Judgement
from strop.store import nouns
from strop.store.database import Database, insert_one
from strop.store.tables import accepted, completions, examples, records
from strop.store.together import Together

_SAID = ("subject", "kind", "name", "value", "comment", "by", "edits")
"""What makes two judgements the same when they come under one key."""


class Journal:
    """Interactions and judgements of one project."""

    def __init__(self, database: Database) -> None:
        self._together = Together(database)

    def begin(self, interaction: Interaction) -> None:
        """Commit a request before its first byte is answered."""
        self._together.run(lambda connection: nouns.insert(connection, interaction))

    def complete(self, interaction: Interaction) -> None:
        """Commit how a request ended; the first end stands. Raises UnknownRecord when it never began.

        Raises ValueError for one that has not ended: a request is complete exactly if its end was written.
        """
        self._together.run(lambda connection: _complete(connection, interaction))

    def judge(self, judgement: Judgement) -> tuple[Judgement, bool]:
        """Store what somebody said; returns what stands, and whether it is new.

        A judgement with a ``key`` is stored once for its author (``by``), however often it is sent. Raises KeyReused
        when the same key comes with something else, UnknownRecord when what it is about is not here.
        """
        return self._together.run(lambda connection: _judge(connection, judgement))

    def judge_later(self, judgement: Judgement) -> Future[tuple[Judgement, bool]]:
        """As :meth:`judge`, for callers that cannot wait: the future is done after the commit is durable."""
        return self._together.later(lambda connection: _judge(connection, judgement))

    def judge_all(self, judgements: Sequence[Judgement]) -> list[tuple[Judgement, bool] | UserError]:
        """As :meth:`judge` for several, in order and in one transaction; where one is refused, why."""

        def work(connection: sa.Connection) -> list[tuple[Judgement, bool] | UserError]:
            found: list[tuple[Judgement, bool] | UserError] = []
            for judgement in judgements:
                try:
                    found.append(_judge(connection, judgement))
                except (KeyReused, UnknownRecord) as error:  # both are raised before anything is written
                    found.append(error)
            return found

        return self._together.run(work)


def _complete(connection: sa.Connection, interaction: Interaction) -> None:
    if not interaction.complete:
        raise ValueError(f"{interaction.id} has not ended")
    if not _there(connection, interaction.id):
        raise UnknownRecord(f"no request is called {interaction.id}", remedy="it must begin before it ends")
    row = {"interaction": interaction.id, "body": interaction.model_dump_json()}
    insert_one(connection, completions, row)


def _judge(connection: sa.Connection, judgement: Judgement) -> tuple[Judgement, bool]:
    earlier = _earlier(connection, judgement)
    if earlier is not None:
        if any(getattr(earlier, field) != getattr(judgement, field) for field in _SAID):
            raise KeyReused(
                f"the key {judgement.key!r} was used for another judgement", remedy="make a new key for each"
            )
        return earlier, False
    if not _there(connection, judgement.subject):
        raise UnknownRecord(f"nothing here is called {judgement.subject[:80]!r}", remedy="check the id")
    nouns.insert(connection, judgement)
    if judgement.key is not None:
        row = {"source": judgement.by, "key": judgement.key, "record": judgement.id}
        connection.execute(_ACCEPT, row)
    return judgement, True


# Built once: to build a statement costs as much as to run it.
_ACCEPT = accepted.insert()
_ACCEPTED = sa.select(accepted.c.record).where(
    accepted.c.source == sa.bindparam("by"), accepted.c.key == sa.bindparam("key")
)
_THERE = [sa.select(column).where(column == sa.bindparam("wanted")) for column in (records.c.id, examples.c.id)]


def _earlier(connection: sa.Connection, judgement: Judgement) -> Judgement | None:
    if judgement.key is None:
        return None
    known = connection.scalar(_ACCEPTED, {"by": judgement.by, "key": judgement.key})
    found = nouns.get(connection, known) if known else None
    return found if isinstance(found, Judgement) else None


def _there(connection: sa.Connection, wanted: str) -> bool:
    """Whether it is a record or an example (which people review, too)."""
    return any(connection.scalar(query, {"wanted": wanted}) is not None for query in _THERE)
