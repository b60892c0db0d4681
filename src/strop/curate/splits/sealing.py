"""Rows that were held out and changed in their file since: they stay held out, and what is missing is told.

A row's identity is its content. One whose label was put right, or whose text was, would come back as a row that nobody
ever held out: models were compared on it, and the next ones would learn it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from strop.curate.alike.alignment import bare
from strop.curate.drafts import Draft
from strop.curate.work import HELD_OUT, Work
from strop.records import Example

_SAME = 0.5
"""Share of the words in common from which a row of the same id, or in the same place, is the same row, changed."""
_Handle: TypeAlias = tuple[str, str | int]


def stay_held_out(rows: Sequence[Draft], work: Work) -> None:
    """Know held-out rows again that were changed: they ask what they asked, or half of the words of what has their id,
    or stands in their place, are the same. How many sealed rows changed, and how many are gone, is said.

    Args:
        rows: all that were read and can be used, with their identities.
        work: the run; ``reviewed`` rows are known by the identity that they were read with.
    """
    there = {row.identity for row in rows} | work.reviewed.keys()
    gone = [name for name, split in work.previous.items() if split in HELD_OUT and name not in there]
    if not gone:
        return
    asked: defaultdict[bytes, list[Draft]] = defaultdict(list)
    handled: defaultdict[_Handle, list[Draft]] = defaultdict(list)
    for row in rows:
        if row.before is None and row.identity not in work.previous:
            asked[work.compare.question(row)].append(row)
            for handle in _handles(row):
                handled[handle].append(row)
    changed: list[Draft] = []
    missing = 0
    held = {example.id: _draft(example) for example in work.previous.read(gone)}
    for name in gone:
        split = work.previous[name]
        now = _now(held[name], asked, handled, work) if name in held else []
        for row in now:
            row.before = "test" if "test" in (row.before, split) else split
        if split == "test":
            changed += now[:1]
            missing += not now
    _tell(changed, missing, work)


def _now(
    old: Draft,
    asked: Mapping[bytes, Sequence[Draft]],
    handled: Mapping[_Handle, Sequence[Draft]],
    work: Work,
) -> list[Draft]:
    """What a row that is gone became."""
    if same := asked.get(work.compare.question(old)):
        return list(same)
    for handle in _handles(old):
        if like := [row for row in handled.get(handle, ()) if _share(old, row) >= _SAME]:
            return like
    return []


def _handles(row: Draft) -> Iterator[_Handle]:
    """By what a row is known whatever it says."""
    if row.name is not None:
        yield "id", row.name
    yield row.source, row.line


def _share(one: Draft, other: Draft) -> float:
    """Words in common of all that two questions have."""
    left, right = set(bare(one.asked)), set(bare(other.asked))
    return len(left & right) / max(1, len(left | right))


def _draft(example: Example) -> Draft:
    turns = tuple((message.role, message.content) for message in example.messages)
    origin = example.origin
    return Draft(origin.source, origin.line or -1, None, turns, example.reference, name=example.name)


def _tell(changed: Sequence[Draft], missing: int, work: Work) -> None:
    held = sum(split == "test" for split in work.previous.values())
    if changed:
        work.say(
            f"{len(changed):,} of {held:,} sealed test rows changed in their files and stay sealed, as they are now "
            f"(the first: {changed[0].place}).",
            warning=True,
        )
    if missing:
        work.say(
            f"{missing:,} of {held:,} sealed test rows are not among the rows any more; no others take their place.",
            warning=True,
        )
