"""Who is trained on and who is held out, when no file says so.

Rows of one group, and near duplicates, stay together. The choice is by keyed hash, so it does not depend on the order
of the rows; in classification each label is divided by itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from strop.curate.drafts import Draft
from strop.records import Split

_LEAST_OF_A_LABEL = 3
"""Rows a label must have before one of them is held out."""


class Unit(NamedTuple):
    """Rows that stay together, by position."""

    members: tuple[int, ...]
    order: bytes


def units(rows: Sequence[Draft], together: Iterable[tuple[int, int]], *, key: bytes, by_group: bool) -> list[Unit]:
    """Connected components of rows under groups (if asked) and ``together``, in the keyed order."""
    parent = list(range(len(rows)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    groups: dict[str, int] = {}
    named = [(i, row.group) for i, row in enumerate(rows) if by_group and row.group is not None]
    pairs = [(groups.setdefault(group, i), i) for i, group in named]
    for one, other in (*pairs, *together):
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    members: defaultdict[int, list[int]] = defaultdict(list)
    for index in range(len(rows)):
        members[root(index)].append(index)
    made = []
    for indices in members.values():
        # A group is ordered by its name, so that a new row of it does not move it.
        names = [f"group:{rows[i].group}" for i in indices if by_group and rows[i].group is not None]
        least = min(names or [rows[i].identity for i in indices])
        made.append(Unit(tuple(indices), hmac.new(key, f"split\0{least}".encode(), hashlib.sha256).digest()))
    return sorted(made, key=lambda unit: unit.order)


def divide(
    rows: Sequence[Draft],
    found: Sequence[Unit],
    shares: Mapping[Split, float],
    *,
    by_label: bool,
    by_time: bool,
    before: Sequence[Split | None] = (),
) -> list[Split]:
    """The split of each row; what ``shares`` does not name is for training.

    Args:
        rows: the rows to divide.
        found: their units.
        shares: of each held-out split, the share of ``rows``.
        by_label: divide the rows of each answer by themselves.
        by_time: the latest rows are held out (test the very latest).
        before: each row's split in the last version: who was held out is so again first, who was trained on last.
    """
    strata: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in found:
        answers = Counter(rows[i].answer for i in unit.members)
        strata[min(answers, key=lambda a: (-answers[a], a)) if by_label and not by_time else ""].append(unit)
    chosen: dict[int, Split] = {}
    owed = dict.fromkeys(shares, 0.0)
    for name in sorted(strata):
        size = sum(len(unit.members) for unit in strata[name])
        if by_label and size < _LEAST_OF_A_LABEL:
            continue
        waiting = _queue(strata[name], rows, before, by_time=by_time)
        left = size
        for split in sorted(shares, key=("test", "validation", "train").index):
            # What one label cannot give in whole rows, the next ones give.
            owed[split] += shares[split] * size
            while owed[split] >= 0.5 and waiting and left > len(waiting[0].members):
                unit = waiting.popleft()
                if len(unit.members) > 2 * owed[split] + 1:
                    continue  # a group that is larger than the share stays in training
                chosen |= dict.fromkeys(unit.members, split)
                left -= len(unit.members)
                owed[split] -= len(unit.members)
    return [chosen.get(index, "train") for index in range(len(rows))]


def _queue(
    stratum: Sequence[Unit], rows: Sequence[Draft], before: Sequence[Split | None], *, by_time: bool
) -> deque[Unit]:
    """The units in the order in which they are held out."""
    if by_time:
        latest = [(max(rows[i].time or "" for i in unit.members), unit.order, unit) for unit in stratum]
        return deque(unit for _, _, unit in sorted(latest, reverse=True))

    def turn(unit: Unit) -> tuple[int, bytes]:
        known = {before[i] for i in unit.members} if before else {None}
        return (0 if "validation" in known else 2 if "train" in known else 1), unit.order

    return deque(sorted(stratum, key=turn))
