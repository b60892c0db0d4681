"""Blind pairs: two answers to one test item, side by side, for people who are not told whose is whose.

Which items become pairs, in which order, and which answer stands left is decided by a hash under the project's key:
nobody can choose it, a judge cannot work it out, and whoever has the project finds the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from strop.records import ItemResult, Record, keyed_id

Preference: TypeAlias = Literal["left", "right", "same", "cannot_judge"]


class Pair(Record):
    """Two answers to one item. Whose is whose, :func:`won` alone can tell, with the project's key."""

    id: str
    example: str
    left: str
    right: str


class Opinion(NamedTuple):
    """What one person said of one pair: 1 the candidate's answer is better, 0 the other one, 0.5 neither."""

    pair: str
    by: str
    won: float


class Approval(NamedTuple):
    """What a person said of a candidate's going live. ``role``: the one that their key has."""

    by: str
    role: str
    approved: bool


def draw(own: Sequence[ItemResult], other: Sequence[ItemResult], *, reports: tuple[str, str], key: bytes) -> list[Pair]:
    """The items that the two answer differently, in random order, each with its sides dealt at random.

    Items with one answer are left out: no person is needed to find that neither is better.

    Args:
        own, other: the candidate's results and those of what it is compared with, on the same items.
        reports: the ids of both reports.
        key: the project's key.
    """
    pairs = []
    for example, mine, theirs in apart(own, other):
        identity = keyed_id("pair", key, [*reports, example])
        left, right = (mine, theirs) if _own_is_left(identity, key) else (theirs, mine)
        pairs.append(Pair(id=identity, example=example, left=left, right=right))
    return sorted(pairs, key=lambda pair: pair.id)


def apart(own: Sequence[ItemResult], other: Sequence[ItemResult]) -> list[tuple[str, str, str]]:
    """The items that both answered, and differently: the example's id, the first answer, the second one."""
    answers = {item.example: item.answer.strip() for item in other}
    both = ((item.example, item.answer.strip(), answers.get(item.example)) for item in own)
    return [(example, mine, theirs) for example, mine, theirs in both if theirs is not None and mine != theirs]


def won(pair: str, preferred: Preference, *, key: bytes) -> float | None:
    """1 when the candidate's answer was preferred, 0 when the other, 0.5 when neither; None for no opinion."""
    if preferred == "cannot_judge":
        return None
    return 0.5 if preferred == "same" else float((preferred == "left") == _own_is_left(pair, key))


def _own_is_left(pair: str, key: bytes) -> bool:
    return int(keyed_id("side", key, pair)[-1], 16) % 2 == 0
