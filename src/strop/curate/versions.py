"""What differs between two dataset versions, row by row."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from itertools import groupby

from pydantic import Field

from strop.records import JSON, Example, Record, Split

_TOLD = {"messages", "reference", "expect", "context", "slices", "group", "time"}
_SAME = 0.5
"""Share of the words in common from which a row without an own id, in the same place, is the same row, changed."""


class Moved(Record):
    """A row that stands in another split than before."""

    example: str
    old: Split
    new: Split


class Changed(Record):
    """A row that changed: its identity before and after, and what each field that differs said and says.

    The identity is that of the content: where slices, group or time alone differ it is the same. ``split`` is a field
    of a row whose content changed; of all others see :class:`Moved`.
    """

    old: str
    new: str
    fields: tuple[str, ...]
    before: dict[str, JSON] = Field(default_factory=dict)
    after: dict[str, JSON] = Field(default_factory=dict)


class Diff(Record):
    """Rows added, removed, moved between splits, and changed.

    ``why``: of removed rows, by id, what the later ledger says of them.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[Moved, ...]
    changed: tuple[Changed, ...]
    why: dict[str, str] = Field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """Every row that is named."""
        several = [*(one.example for one in self.moved), *(i for one in self.changed for i in (one.old, one.new))]
        return [*self.added, *self.removed, *several]


def diff(
    old: Mapping[str, Example],
    old_splits: Mapping[Split, tuple[str, ...]],
    new: Mapping[str, Example],
    new_splits: Mapping[Split, tuple[str, ...]],
) -> Diff:
    """The difference of two versions, in their own order."""
    before = {identity: split for split, ids in old_splits.items() for identity in ids}
    after = {identity: split for split, ids in new_splits.items() for identity in ids}
    gone = _Gone([old[identity] for identity in before], [new[identity] for identity in after])
    fresh = [new[identity] for identity in after if identity not in before]
    earlier = gone.forms()
    changed = [
        _changed(old[earlier[row.id]], row, before[earlier[row.id]], after[row.id])
        for row in fresh
        if row.id in earlier
    ]
    beside = (_changed(old[one], new[one]) for one in after if one in before and old[one].beside != new[one].beside)
    moved = [
        Moved(example=identity, old=before[identity], new=split)
        for identity, split in after.items()
        if identity in before and before[identity] != split
    ]
    return Diff(
        added=tuple(row.id for row in fresh if row.id not in earlier),
        removed=tuple(gone.left),
        moved=tuple(moved),
        changed=(*changed, *(one for one in beside if one.fields)),
    )


class _Gone:
    """Rows of an earlier version that the later one does not hold as they were.

    A row is known again by its own id; without one it asks what it asked, or stands between the rows between which it
    stood, or in its line with half of its words.
    """

    def __init__(self, old: Sequence[Example], new: Sequence[Example]) -> None:
        there, here = {row.id for row in new}, {row.id for row in old}
        self.left = {row.id: row for row in old if row.id not in there}
        self._fresh = [row for row in new if row.id not in here]
        self._gaps = _gaps(old, there) | _gaps(new, here)

    def forms(self) -> dict[str, str]:
        """Of the later version's new rows, by id, which of these they were; these are no longer ``left``."""
        found: dict[str, str] = {}
        for handle, surely in ((_own_id, True), (_question, True), (self._gap, False), (_place, False)):
            known, fresh = (_by(handle, rows) for rows in (self.left.values(), self._fresh))
            for name, rows in fresh.items():
                asked, gone = [row for row in rows if row.id not in found], known.get(name, [])
                if not surely and (handle is _place or len(asked) != len(gone)):
                    asked, gone = asked[:1], gone[:1]
                    if not asked or not gone or _share(gone[0], asked[0]) < _SAME:
                        continue
                for row, earlier in zip(asked, gone, strict=False):
                    found[row.id] = earlier.id
                    del self.left[earlier.id]
        return found

    def _gap(self, row: Example) -> Hashable:
        around = self._gaps.get(row.id, (None, None))
        return None if row.name is not None or around == (None, None) else around


def _gaps(rows: Sequence[Example], others: Container[str]) -> dict[str, tuple[str | None, str | None]]:
    """Of each row that the other version does not hold, the nearest ones of its source before and behind that it
    holds."""
    found: dict[str, tuple[str | None, str | None]] = {}
    ordered = sorted(rows, key=lambda row: (row.origin.source, row.origin.line or 0))
    for _, group in groupby(ordered, key=lambda row: row.origin.source):
        anchor: str | None = None
        waiting: list[str] = []
        for row in group:
            if row.id not in others:
                waiting.append(row.id)
                continue
            found |= dict.fromkeys(waiting, (anchor, row.id))
            anchor, waiting = row.id, []
        found |= dict.fromkeys(waiting, (anchor, None))
    return found


def _by(handle: Callable[[Example], Hashable], rows: Iterable[Example]) -> dict[Hashable, list[Example]]:
    """Rows by what they are known by, in the order of their sources; without those that have no such thing."""
    found: dict[Hashable, list[Example]] = {}
    for row in sorted(rows, key=lambda row: (row.origin.source, row.origin.line or 0)):
        if (name := handle(row)) is not None:
            found.setdefault(name, []).append(row)
    return found


def _own_id(row: Example) -> Hashable:
    return row.name


def _question(row: Example) -> Hashable:
    return None if row.name is not None else tuple((turn.role, turn.content) for turn in row.messages)


def _place(row: Example) -> Hashable:
    return None if row.name is not None else (row.origin.source, row.origin.line)


def _share(one: Example, other: Example) -> float:
    """Words in common of all that two rows have."""
    left, right = ({*row.input.casefold().split()} for row in (one, other))
    return len(left & right) / max(1, len(left | right))


def _changed(one: Example, other: Example, old: Split | None = None, new: Split | None = None) -> Changed:
    before, after = (row.model_dump(mode="json", include=_TOLD) for row in (one, other))
    if old != new:
        before, after = {**before, "split": old}, {**after, "split": new}
    names = tuple(name for name in before if before[name] != after[name])
    return Changed(
        old=one.id,
        new=other.id,
        fields=names,
        before={name: before[name] for name in names},
        after={name: after[name] for name in names},
    )
