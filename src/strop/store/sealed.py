"""How often the sealed test set was opened: looks are noted by its items, so that they outlive the set they were in.

Each line holds a seal over the line before it (Haber and Stornetta 1991), so that one that was taken out, put in or
changed shows; the last ones show by the decisions that name their seals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from strop.errors import StorageError
from strop.records import content_id, keyed_id, now
from strop.store.database import Database, insert_new
from strop.store.tables import test_items, test_uses


class Look(NamedTuple):
    """One opening: its name, and when it was noted."""

    look: str
    created: str


class UsedUp(Exception):
    """A further look would be one more than is allowed, and was not noted; ``looks`` are those that saw its items."""

    def __init__(self, would_be: int, looks: list[Look]) -> None:
        super().__init__(f"opening {would_be}")
        self.would_be = would_be
        self.looks = looks


class Sealed:
    """The looks at one project's test sets."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    def count(self, items: Mapping[str, str | None], look: str, *, most: int | None = None) -> int:
        """Note durably that ``look`` opens a test set, before it looks; returns the count of its openings by now.

        The count is how many looks an item of the set has been in on average, this one included, rounded up: the same
        set opened k times counts k, an item that was taken out gives none of them back, and only as many fresh items
        as have been looked at lower it to one half. An item is known by its id, and by its words where it was edited.

        Args:
            items: the example ids of the test set, each with what it asks, as plain text (None: known by its id alone).
            look: the same look again is no further one.
            most: so many openings are allowed.

        Raises:
            UsedUp: when this one would be beyond ``most``: nothing is noted then, as nothing will be seen.
            StorageError: when a line was taken out or changed, so that nobody knows how many looks there were.
        """
        test_set = _name(items)
        rows = [
            {"test_set": test_set, "example": example, "asks": keyed_id("asks", self._key, asks) if asks else None}
            for example, asks in items.items()
        ]
        with self._database.writing() as connection:
            own = test_uses.c.test_set == test_set
            if connection.scalar(sa.select(test_uses.c.id).where(own).limit(1)) is None:
                insert_new(connection, test_items, rows)  # later ones would change what earlier seals speak of
            _note(connection, test_set, look)
            found = _uses(connection, test_set)
            if most is not None and found > most:
                raise UsedUp(found, _looks(connection, test_set, but=look))  # which takes back what was inserted
            return found

    def seal_of(self, items: Iterable[str], look: str) -> str:
        """The seal of a look that was noted; empty where it was not."""
        query = sa.select(test_uses.c.seal)
        with self._database.reading() as connection:
            found = connection.scalar(query.where(test_uses.c.test_set == _name(items), test_uses.c.decision == look))
        return found or ""

    def holds(self, seal: str) -> bool:
        """Whether a look of this seal is noted."""
        with self._database.reading() as connection:
            return connection.scalar(sa.select(test_uses.c.id).where(test_uses.c.seal == seal)) is not None

    def broken(self) -> str | None:
        """When the first look was noted whose seal does not follow from those before it; None where all hold."""
        with self._database.reading() as connection:
            return _chain(connection).broken

    def uses(self, items: Iterable[str]) -> int:
        """The count of openings of the test set with these example ids; 0 for one that nobody opened."""
        with self._database.reading() as connection:
            return _uses(connection, _name(items))


class _Chain(NamedTuple):
    """The last seal, and when the first look was noted whose seal is another than it has to be."""

    last: str
    broken: str | None


def _chain(connection: sa.Connection) -> _Chain:
    last, broken = "", None
    for use in connection.execute(sa.select(test_uses).order_by(test_uses.c.id)):
        expected = _seal(connection, last, use.test_set, use.decision, use.created)
        broken = broken or (use.created if use.seal != expected else None)
        last = use.seal or expected
    return _Chain(last, broken)


def _seal(connection: sa.Connection, last: str, test_set: str, look: str, created: str) -> str:
    query = sa.select(test_items.c.example, test_items.c.asks).where(test_items.c.test_set == test_set)
    items = sorted([item.example, item.asks] for item in connection.execute(query))
    return content_id("use", [last, test_set, look, created, items])


def _note(connection: sa.Connection, test_set: str, look: str) -> None:
    """Put the look at the end, unless it is there."""
    chain = _chain(connection)
    if chain.broken is not None:
        raise StorageError(
            f"the record of openings of the sealed test set was changed: its line of {chain.broken[:19]} does not "
            "follow from those before it, so nobody knows how many looks there were",
            remedy="restore the database from a backup",
        )
    created = now()
    row = {"test_set": test_set, "decision": look, "created": created}
    insert_new(connection, test_uses, [row | {"seal": _seal(connection, chain.last, test_set, look, created)}])


def _name(items: Iterable[str]) -> str:
    return content_id("test", sorted(items))


def _uses(connection: sa.Connection, test_set: str) -> int:
    """At least the looks at exactly this set: those of a project whose items are no longer known count as they did."""
    own = sa.select(sa.func.count()).select_from(test_uses).where(test_uses.c.test_set == test_set)
    looks = int(connection.scalar(own) or 0)
    if not looks:
        return 0
    total = int(connection.scalar(sa.select(sa.func.count()).select_from(_seen(test_set).subquery())) or 0)
    size = sa.select(sa.func.count()).select_from(test_items).where(test_items.c.test_set == test_set)
    items = int(connection.scalar(size) or 0)
    return max(looks, -(-total // items) if items else 0)


def _seen(test_set: str) -> sa.CompoundSelect[tuple[int, str]]:
    """Each look with each item of the set that it saw, by the item's id or by its words."""
    today, seen = test_items.alias(), test_items.alias()
    pairs = (
        sa.select(test_uses.c.id, today.c.example)
        .select_from(today)
        .where(today.c.test_set == test_set, seen.c.test_set == test_uses.c.test_set)
    )
    return sa.union(
        pairs.join(seen, seen.c.example == today.c.example), pairs.join(seen, seen.c.asks == today.c.asks)
    )  # fmt: skip


def _looks(connection: sa.Connection, test_set: str, *, but: str) -> list[Look]:
    """The looks at items of this set, in their order, without one of them."""
    saw = sa.select(_seen(test_set).subquery().c.id)
    own = test_uses.c.test_set == test_set
    query = sa.select(test_uses.c.decision, test_uses.c.created).where(own | test_uses.c.id.in_(saw))
    rows = connection.execute(query.where(test_uses.c.decision != but).order_by(test_uses.c.id))
    return [Look(row.decision, row.created) for row in rows]
