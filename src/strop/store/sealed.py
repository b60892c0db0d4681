"""How often the sealed test set was opened: looks are noted by its items, so that they outlive the set they were in.

Each line holds a seal over the line before it (Haber and Stornetta 1991), so that one that was taken out, put in or
changed shows; the last ones show by the decisions that name their seals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from strop.errors import StorageError
from strop.records import JSON, content_id, keyed_id, now
from strop.store.database import Database, insert_new
from strop.store.tables import test_items, test_uses


class Look(NamedTuple):
    """One opening: its name, when it was noted, and its seal, where it is told."""

    look: str
    created: str
    seal: str = ""


class Noted(NamedTuple):
    """A look that was noted: which opening of its items it is, the α that earlier ones spent on them, its own share of
    it (None: not known), and its seal.
    """

    number: int
    spent_before: float
    share: float | None
    seal: str


class UsedUp(Exception):
    """A further look is one more than is allowed, or nothing is left to spend; it was not noted.

    ``looks`` are those that saw its items, ``spent`` the α that they spent.
    """

    def __init__(self, would_be: int, looks: list[Look], spent: float) -> None:
        super().__init__(f"opening {would_be}")
        self.would_be = would_be
        self.looks = looks
        self.spent = spent


class Sealed:
    """The looks at one project's test sets."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    def count(
        self,
        items: Mapping[str, str | None],
        look: str,
        *,
        most: int | None = None,
        same: Mapping[str, str] | None = None,
        share: Callable[[int, float], float] | None = None,
    ) -> int:
        """Note durably that ``look`` opens a test set, before it looks; returns which opening of it that is.

        The number is how many looks an item of the set has been in on average, this one included, rounded up: the same
        set opened k times counts k, an item that was taken out gives none of them back, and only as many fresh items
        as have been looked at lower it to one half. An item is known by its id, by its words, and as ``same`` says.

        Args:
            items: the example ids of the test set, each with what it asks, as plain text (None: known by its id alone).
            look: the same look again is no further one.
            most: so many openings are allowed.
            same: items that are an earlier one touched up, each with that one's example id.
            share: the α that this opening may spend, of its number and what earlier ones spent on its average item.

        Raises:
            UsedUp: when this one would be beyond ``most``, or has nothing to spend: nothing is noted then, as nothing
                will be seen.
            StorageError: when a line was taken out or changed, so that nobody knows how many looks there were.
        """
        test_set = _name(items)
        with self._database.writing() as connection:
            found = _Record(connection)
            found.refuse_broken()
            if (place := found.place(test_set, look)) is not None:
                return found.standing(place)[0]
            if all(
                line.test_set != test_set for line in found.lines
            ):  # later ones would change what earlier seals speak of
                asked = {
                    example: keyed_id("asks", self._key, asks) if asks else None for example, asks in items.items()
                }
                insert_new(connection, test_items, found.named(test_set, asked, same or {}))
            created = now()
            number, spent = found.standing(found.append(test_set, look, created))
            own = None if share is None else share(number, spent)
            if (most is not None and number > most) or (own is not None and own <= 0):
                raise UsedUp(number, found.looks(test_set, but=look), spent)  # which takes back what was inserted
            seal = found.seal(_Line(test_set, look, created, "", own))
            row = {"test_set": test_set, "decision": look, "created": created, "seal": seal, "spent": own}
            insert_new(connection, test_uses, [row])
            return number

    def noted(self, items: Iterable[str], look: str) -> Noted | None:
        """A look at the test set with these example ids, by its name; None where it was not noted."""
        test_set = _name(items)
        with self._database.reading() as connection:
            found = _Record(connection)
            place = found.place(test_set, look)
            return None if place is None else found.noted(place)

    def by_seal(self, seal: str) -> Noted | None:
        """The look of this seal; None where it is not noted (any more)."""
        with self._database.reading() as connection:
            found = _Record(connection)
            place = next((place for place, line in enumerate(found.lines) if line.seal == seal), None)
            return None if place is None else found.noted(place)

    def last(self) -> Look | None:
        """The newest look with its seal; None where nobody looked."""
        with self._database.reading() as connection:
            newest = sa.select(test_uses).order_by(test_uses.c.id.desc()).limit(1)
            use = connection.execute(newest).first()
        return None if use is None else Look(use.decision, use.created, use.seal or "")

    def broken(self) -> str | None:
        """When the first look was noted whose seal does not follow from those before it; None where all hold."""
        with self._database.reading() as connection:
            return _Record(connection).broken

    def uses(self, items: Iterable[str]) -> int:
        """The count of openings of the test set with these example ids; 0 for one that nobody opened."""
        test_set = _name(items)
        with self._database.reading() as connection:
            found = _Record(connection)
        if all(line.test_set != test_set for line in found.lines):
            return 0
        return found.standing(found.append(test_set, "", ""), counted=False)[0]

    def items(self) -> dict[str, str]:
        """Which item each example is that somebody has looked at: the first example that was the same one."""
        with self._database.reading() as connection:
            roots = _Record(connection).roots.values()
        return {example: item for held in roots for example, item in held.items()}

    def looked_at(self) -> list[str]:
        """The example ids of every item that somebody has looked at, the earliest first."""
        with self._database.reading() as connection:
            return list(dict.fromkeys(example for held in _Record(connection).roots.values() for example in held))


class _Line(NamedTuple):
    test_set: str
    look: str
    created: str
    seal: str
    spent: float | None


class _Item(NamedTuple):
    """An example of a test set: a keyed hash of its words, and the first example that was the same item."""

    example: str
    asks: str | None
    item: str | None


class _Record:
    """The record of openings as it stands: its lines in order, and which item each example is.

    Attributes:
        lines: in order.
        roots: of each test set, by example id: the first example that was the same item.
        last, broken: the last seal, and when the first line was noted whose seal is another than it has to be.
    """

    def __init__(self, connection: sa.Connection) -> None:
        uses = connection.execute(sa.select(test_uses).order_by(test_uses.c.id))
        self.lines = [_Line(use.test_set, use.decision, use.created, use.seal or "", use.spent) for use in uses]
        self.roots: dict[str, dict[str, str]] = {}
        self._known: dict[str, str] = {}
        self._held: dict[str, list[_Item]] = {}
        for row in connection.execute(sa.select(test_items)):
            self._held.setdefault(row.test_set, []).append(_Item(row.example, row.asks, row.item))
        for test_set in dict.fromkeys(line.test_set for line in self.lines):
            for held in self._held.get(test_set, ()):
                self._learn(test_set, held, held.item or self._root(held))
        self.last, self.broken = self._chain()

    def place(self, test_set: str, look: str) -> int | None:
        """Where a look stands."""
        return next((n for n, line in enumerate(self.lines) if (line.test_set, line.look) == (test_set, look)), None)

    def named(
        self, test_set: str, asked: Mapping[str, str | None], same: Mapping[str, str]
    ) -> list[dict[str, str | None]]:
        """The items of a set that was not looked at yet, as they are written down."""
        found = []
        for example, asks in asked.items():
            known = self._root(_Item(example, asks, None))
            root = known if known != example else self._known.get(same.get(example, ""), example)
            found.append(_Item(example, asks, root))
        for held in found:
            self._learn(test_set, held, held.item or held.example)
        self._held[test_set] = found
        return [{"test_set": test_set, **held._asdict()} for held in found]

    def append(self, test_set: str, look: str, created: str) -> int:
        """A further line, which is not written down yet; returns its place."""
        self.lines.append(_Line(test_set, look, created, "", None))
        return len(self.lines) - 1

    def standing(self, place: int, *, counted: bool = True) -> tuple[int, float]:
        """Which opening of its items a line is, itself ``counted``, and the α that those before it spent on them.

        At least the looks at exactly this set: those of a project whose items are no longer known count as they did.
        """
        test_set = self.lines[place].test_set
        own = list(self.roots.get(test_set, {}).values())
        seen, exactly, spent = 0, 0, 0.0
        for number, line in enumerate(self.lines[: place + counted]):
            saw = self._saw(line, test_set, own)
            seen += saw
            exactly += line.test_set == test_set
            if number < place and line.spent is not None:
                spent += line.spent * (saw / len(own) if own else line.test_set == test_set)
        return max(exactly, -(-seen // len(own)) if own else 0), spent

    def seal(self, line: _Line) -> str:
        """The seal of a line that is written down next."""
        return self._sealed(self.last, line)

    def noted(self, place: int) -> Noted:
        """A line as it is told."""
        return Noted(*self.standing(place), self.lines[place].spent, self.lines[place].seal)

    def looks(self, test_set: str, *, but: str) -> list[Look]:
        """The looks at items of this set, in their order, without one of them."""
        own = list(self.roots.get(test_set, {}).values())
        return [
            Look(line.look, line.created)
            for line in self.lines
            if line.look != but and (line.test_set == test_set or self._saw(line, test_set, own))
        ]

    def refuse_broken(self) -> None:
        """Raise StorageError where a line was taken out or changed."""
        if self.broken is not None:
            raise StorageError(
                f"the record of openings of the sealed test set was changed: its line of {self.broken[:19]} does not "
                "follow from those before it, so nobody knows how many looks there were",
                remedy="restore the database from a backup",
            )

    def _saw(self, line: _Line, test_set: str, own: Sequence[str]) -> int:
        """How many of a set's items a look saw."""
        if line.test_set == test_set:
            return len(own)
        seen = set(self.roots.get(line.test_set, {}).values())
        return sum(root in seen for root in own)

    def _root(self, held: _Item) -> str:
        return self._known.get(held.example) or self._known.get(held.asks or "") or held.example

    def _learn(self, test_set: str, held: _Item, root: str) -> None:
        self.roots.setdefault(test_set, {})[held.example] = root
        for name in (held.example, held.asks):
            if name:
                self._known.setdefault(name, root)

    def _chain(self) -> tuple[str, str | None]:
        last, broken = "", None
        for line in self.lines:
            # Lines from before shares were noted have seals that do not speak of them.
            expected = {self._sealed(last, line), self._sealed(last, line._replace(spent=None))}
            broken = broken or (line.created if line.seal not in expected else None)
            last = line.seal or self._sealed(last, line)
        return last, broken

    def _sealed(self, last: str, line: _Line) -> str:
        """The seal of a line behind another one; items from before touched-up ones were known have no third part."""
        held = sorted(self._held.get(line.test_set, ()))
        items: list[JSON] = [[one.example, one.asks] if one.item is None else list(one) for one in held]
        body: list[JSON] = [last, line.test_set, line.look, line.created, items]
        return content_id("use", body if line.spent is None else [*body, line.spent])


def _name(items: Iterable[str]) -> str:
    return content_id("test", sorted(items))
