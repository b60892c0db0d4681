"""Vale's sequences of words, without parts of speech: one pattern a word, some words allowed between two of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from strop.measure.patterns import Pattern

_WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")


class Wanted(NamedTuple):
    """A word that fits ``pattern`` from end to end, or does not (``negate``), and at most ``skip`` words behind it."""

    pattern: Pattern
    negate: bool = False
    skip: int = 0


class Found(NamedTuple):
    """The text from the first word to the last, and the words that were wanted."""

    text: str
    words: tuple[str, ...]


def found_in(sentence: str, wanted: Sequence[Wanted]) -> list[Found]:
    """Where the words follow each other in a sentence, left to right, not overlapping."""
    words = list(_WORD.finditer(sentence))
    fits = [[one.pattern.found(word.group()) is not one.negate for word in words] for one in wanted]
    found: list[Found] = []
    start = 0
    while start < len(words):
        places = _places(fits, wanted, start, len(words))
        if places:
            first, last = words[places[0]], words[places[-1]]
            found.append(Found(sentence[first.start() : last.end()], tuple(words[place].group() for place in places)))
        start = places[-1] + 1 if places else start + 1
    return found


def _places(fits: Sequence[Sequence[bool]], wanted: Sequence[Wanted], start: int, count: int) -> list[int]:
    """The words that the wanted ones are, the first of them at ``start``; empty when they are not there."""
    reached = {start: [start]} if fits[0][start] else {}
    for before, fit in zip(wanted, fits[1:], strict=False):
        following: dict[int, list[int]] = {}
        for place, way in reached.items():
            for following_place in range(place + 1, min(place + 2 + before.skip, count)):
                if fit[following_place]:
                    following.setdefault(following_place, [*way, following_place])
        reached = following
    return min(reached.values(), key=lambda way: way[-1], default=[])
