"""Who is trained on and who is held out, when no file says so.

Rows of one group, and near duplicates, stay together. Who was held out in the last version is so again. The choice is
by keyed hash, so it does not depend on the order of the rows; in classification each label is divided by itself, and
every slice has a few rows in each split.
"""

from __future__ import annotations

import hmac
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Final

from strop.curate.alike.linked import Linked
from strop.curate.drafts import Draft
from strop.records import Split

_LEAST_OF_A_LABEL = 3
"""Rows a label must have before one of them is held out."""
_LEAST_OF_A_SLICE = 5
"""Rows of each slice that a held-out split has at least, where they are at most a quarter of the slice, and the split
was asked to hold so many of each."""
_ORDER: Final[tuple[Split, ...]] = ("test", "validation")


class Unit:
    """Rows that stay together.

    Args:
        members: their positions.
        name: the least of what they are called.
        key: the project key.
    """

    def __init__(self, members: Sequence[int], name: str, key: bytes) -> None:
        self.members = tuple(members)
        self._name, self._key = name, key

    @cached_property
    def order(self) -> bytes:
        """By which it is chosen; of most units of a later version nobody asks."""
        return hmac.digest(self._key, f"split\0{self._name}".encode(), "sha256")


def units(rows: Sequence[Draft], together: Linked, *, key: bytes, by_group: bool) -> list[Unit]:
    """Connected components of rows under ``together`` and groups (if asked), each in the order of its rows."""
    groups: dict[str, int] = {}
    for index, row in enumerate(rows):
        if by_group and row.group is not None:
            together.link(groups.setdefault(row.group, index), index)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for index in range(len(rows)):
        members[together.first(index)].append(index)
    made = []
    for indices in members.values():
        # A group is ordered by its name, so that a new row of it does not move it.
        names = [f"group:{rows[i].group}" for i in indices if rows[i].group is not None] if by_group else ()
        made.append(Unit(indices, min(names or [rows[i].identity for i in indices]), key))
    return made


def divide(
    rows: Sequence[Draft],
    found: Sequence[Unit],
    shares: Mapping[Split, float],
    *,
    by_label: bool,
    moments: Mapping[int, float] | None = None,
    before: Sequence[Split | None] = (),
    sealed: Iterable[str] = (),
) -> list[Split]:
    """The split of each row; what ``shares`` does not name is for training.

    Args:
        rows: the rows to divide.
        found: their units.
        shares: of each held-out split, the share of ``rows`` and the sealed ones.
        by_label: divide the rows of each answer by themselves.
        moments: by row number when it was written: the latest rows are held out (test the very latest), and none that
            does not say it; slices get no rows of their own, which would lie before the cut. None: no cut by time.
        before: each row's split in the last version: who was held out stays so, who was trained on is chosen last.
        sealed: answers of rows that are held out already: they count among the rows that shares are of.
    """
    stratified = by_label and moments is None
    strata: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in found:
        strata[_usual([rows[i].answer for i in unit.members]) if stratified else ""].append(unit)
    beside = Counter(answer if stratified else "" for answer in sealed)
    chosen = _held_before(found, before, shares)
    if moments is None and any(row.slices for row in rows):
        chosen = _of_slices(_queue(found, before), rows, chosen, shares, by_label=by_label)
    owed = dict.fromkeys(shares, 0.0)
    for name in sorted(strata):
        size = sum(len(unit.members) for unit in strata[name]) + beside[name]
        if by_label and size < _LEAST_OF_A_LABEL:
            continue
        held = Counter(split for unit in strata[name] for i in unit.members if (split := chosen.get(i)) is not None)
        undecided = [unit for unit in strata[name] if unit.members[0] not in chosen]
        waiting = _queue(undecided, before) if moments is None else _latest(undecided, rows, moments)
        left, turn = size - beside[name] - held.total(), deque[Unit]()
        for split in _ordered(shares):
            # What one label cannot give in whole rows, the next ones give.
            owed[split] += shares[split] * size - held[split]
            passed: list[Unit] = []
            while owed[split] >= 0.5:
                turn.extend([] if turn else islice(waiting, 1))
                if not turn or left <= len(turn[0].members):
                    break
                members = turn[0].members
                if len(members) > 2 * owed[split] + 1:
                    passed.append(turn.popleft())  # a group that is larger than the share may be smaller than the next
                    continue
                turn.popleft()
                chosen |= dict.fromkeys(members, split)
                left -= len(members)
                owed[split] -= len(members)
            turn.extendleft(reversed(passed))
    return [chosen.get(index, "train") for index in range(len(rows))]


def _usual(answers: Sequence[str]) -> str:
    """The commonest answer; of several the first in the alphabet."""
    if len(answers) == 1:
        return answers[0]
    counts = Counter(answers)
    return min(counts, key=lambda answer: (-counts[answer], answer))


def _ordered(shares: Mapping[Split, float]) -> list[Split]:
    return [split for split in _ORDER if split in shares]


def _held_before(
    found: Sequence[Unit], before: Sequence[Split | None], shares: Mapping[Split, float]
) -> dict[int, Split]:
    """The units that the last version held out: what models were compared on is not trained on afterwards."""
    chosen: dict[int, Split] = {}
    order = _ordered(shares)
    for unit in found if before else ():
        known = [before[i] for i in unit.members]
        for split in order:
            if split in known:
                chosen.update(dict.fromkeys(unit.members, split))
                break
    return chosen


def _of_slices(
    waiting: Iterable[Unit],
    rows: Sequence[Draft],
    held: Mapping[int, Split],
    shares: Mapping[Split, float],
    *,
    by_label: bool,
) -> dict[int, Split]:
    """What is ``held`` already, and units that give each slice its few rows in each split, the rarest slice first."""
    members: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        for pair in row.slices.items():
            members[pair].append(index)
    values = Counter(name for name, _ in members)
    chosen = dict(held)
    queue = [unit for unit in waiting if unit.members[0] not in held]
    left = Counter(row.answer if by_label else "" for index, row in enumerate(rows) if index not in held)
    for pair, of_it in sorted(members.items(), key=lambda item: (len(item[1]), item[0])):
        for split in _ordered(shares):
            # Many values share what the split was asked to hold: they must not make it larger than that.
            room = int(shares[split] * len(rows)) // values[pair[0]]
            least = min(_LEAST_OF_A_SLICE, len(of_it) // 4, room)
            lacking = least - sum(chosen.get(index) == split for index in of_it)
            for unit in queue if lacking > 0 else ():
                own = sum(pair in rows[index].slices.items() for index in unit.members)
                if own == 0 or unit.members[0] in chosen or len(unit.members) > 2 * lacking + 1:
                    continue
                answers = Counter(rows[index].answer if by_label else "" for index in unit.members)
                if any(left[answer] - count < _LEAST_OF_A_LABEL - 1 for answer, count in answers.items()):
                    continue  # a rare label stays in training
                left -= answers
                chosen |= dict.fromkeys(unit.members, split)
                lacking -= own
                if lacking <= 0:
                    break
    return chosen


def _queue(stratum: Sequence[Unit], before: Sequence[Split | None]) -> Iterator[Unit]:
    """The units in the order in which they are held out; of those that were trained on, the last ones, the order is
    told only where it comes to them."""
    turns: tuple[list[Unit], list[Unit], list[Unit]] = ([], [], [])
    for unit in stratum:
        known = [before[i] for i in unit.members] if before else [None]
        turns[0 if "validation" in known else 2 if "train" in known else 1].append(unit)
    for units_of_it in turns:
        yield from sorted(units_of_it, key=lambda unit: unit.order)


def _latest(stratum: Sequence[Unit], rows: Sequence[Draft], moments: Mapping[int, float]) -> Iterator[Unit]:
    """The units by their latest row, the latest first; those that say no time are not among them."""
    when = {
        unit: max(known)
        for unit in stratum
        if (known := [moments[rows[i].number] for i in unit.members if rows[i].number in moments])
    }
    yield from sorted(when, key=lambda unit: (when[unit], unit.order), reverse=True)
