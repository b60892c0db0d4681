"""What differs between two dataset versions, row by row."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from strop.records import JSON, Example, Record, Split

_CONTENT = {"messages", "reference", "expect", "context"}


class Moved(Record):
    """A row that stands in another split than before."""

    example: str
    old: Split
    new: Split


class Changed(Record):
    """A row whose content changed: its identity before and after, and what each field that differs said and says."""

    old: str
    new: str
    fields: tuple[str, ...]
    before: dict[str, JSON] = Field(default_factory=dict)
    after: dict[str, JSON] = Field(default_factory=dict)


class Diff(Record):
    """Rows added, removed, moved between splits, and changed (known by their own id, else by source and line).

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
    gone = {_handle(old[identity]): identity for identity in before if identity not in after}
    changed = []
    added = []
    for identity in after:
        if identity in before:
            continue
        earlier = gone.pop(_handle(new[identity]), None)
        if earlier is None:
            added.append(identity)
        else:
            changed.append(_changed(old[earlier], new[identity]))
    moved = [
        Moved(example=identity, old=before[identity], new=split)
        for identity, split in after.items()
        if identity in before and before[identity] != split
    ]
    return Diff(added=tuple(added), removed=tuple(gone.values()), moved=tuple(moved), changed=tuple(changed))


def _handle(example: Example) -> tuple[str, str | int | None]:
    if example.name is not None:
        return ("name", example.name)
    return (example.origin.source, example.origin.line)


def _changed(one: Example, other: Example) -> Changed:
    before, after = (row.model_dump(mode="json", include=_CONTENT) for row in (one, other))
    names = tuple(name for name in before if before[name] != after[name])
    return Changed(
        old=one.id,
        new=other.id,
        fields=names,
        before={name: before[name] for name in names},
        after={name: after[name] for name in names},
    )
