"""What differs between two dataset versions, row by row."""

from __future__ import annotations

from collections.abc import Mapping

from strop.records import Example, Record, Split


class Moved(Record):
    """A row that stands in another split than before."""

    example: str
    old: Split
    new: Split


class Changed(Record):
    """A row whose content changed: its identity before and after, and what of it differs."""

    old: str
    new: str
    fields: tuple[str, ...]


class Diff(Record):
    """Rows added, removed, moved between splits, and changed (known by their own id, else by source and line)."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[Moved, ...]
    changed: tuple[Changed, ...]


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
            changed.append(Changed(old=earlier, new=identity, fields=_fields(old[earlier], new[identity])))
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


def _fields(one: Example, other: Example) -> tuple[str, ...]:
    names = ("messages", "reference", "expect", "context")
    return tuple(name for name in names if getattr(one, name) != getattr(other, name))
