"""Which test items are earlier ones touched up: a word more, a word less, other words around it, letters swapped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from strop.curate.alike import duplicates
from strop.curate.alike.comparing import Comparison
from strop.curate.drafts import Draft
from strop.curate.leaks import revealing
from strop.curate.leaks.leaking import draft_of
from strop.curate.leaks.traits import Seen, traits
from strop.measure.alike.near import near_duplicates
from strop.records import Example, Kind
from strop.settings import Settings

_EDITED: Final = 0.5
"""Similarity of shingles from which an item stands in the place of one that is gone, whatever differs."""


def touched_up(
    items: Sequence[Example],
    earlier: Sequence[Example],
    *,
    gone: Collection[str],
    kind: Kind,
    settings: Settings,
) -> dict[str, str]:
    """The items that are an earlier one touched up, each with that one's id. What an answer should be does not matter.

    An item is an earlier one when it bears the same name of its own; when it asks the same by the rules by which
    curation finds leaks; or when it stands in the place of one that is ``gone``: more alike than not, whatever differs,
    each in the place of one.

    Args:
        items: those that may be fresh.
        earlier: what was looked at before, the earliest first.
        gone: ids of earlier items that are in the test set no more.
        kind: the task's kind.
        settings: strop.yaml.
    """
    names = _by_name(earlier)
    found = {row.id: names[row.name] for row in items if row.name in names and row.name is not None}
    compare = Comparison(kind, settings.data.near_duplicate)
    left = [row for row in items if row.id not in found]
    rows, held = _questions(left), _questions(earlier)
    mine, theirs = (Seen(part, traits(part, compare)) for part in (rows, held))
    for layer in (
        duplicates.leaks(rows, held, compare),
        revealing.quoting(mine, theirs, compare),
        revealing.rewriting(mine, theirs, compare),
        revealing.disguising(mine, theirs, compare),
    ):
        for repeat in layer:
            found.setdefault(left[repeat.row].id, earlier[repeat.of].id)
    return found | _in_their_place(
        [row for row in left if row.id not in found], [row for row in earlier if row.id in gone], set(found.values())
    )


def _in_their_place(items: Sequence[Example], gone: Sequence[Example], taken: Collection[str]) -> dict[str, str]:
    """Items like one that is gone, the most similar first; none of which another item has taken the place."""
    free = [row for row in gone if row.id not in taken]
    if not items or not free:
        return {}
    texts, others = ([_text(row) for row in rows] for rows in (items, free))
    found: dict[str, str] = {}
    for pair in sorted(near_duplicates(texts, threshold=_EDITED, against=others), key=lambda pair: -pair.similarity):
        item, other = items[pair.i].id, free[pair.j].id
        if item not in found and other not in found.values():
            found[item] = other
    return found


def _by_name(rows: Sequence[Example]) -> Mapping[str, str]:
    """Rows by their own names; one that two different rows bear names neither."""
    found: dict[str, str] = {}
    twice = set()
    for row in rows:
        if row.name is not None and found.setdefault(row.name, row.id) != row.id:
            twice.add(row.name)
    return {name: row for name, row in found.items() if name not in twice}


def _questions(rows: Sequence[Example]) -> list[Draft]:
    """Rows without their answers."""
    return [draft_of(row.model_copy(update={"reference": None})) for row in rows]


def _text(row: Example) -> str:
    return draft_of(row).asked
