"""What turns a sense round though the words are the same: a decimal point, a minus, the direction of a transfer.

Words know neither points nor signs, and a bag of words no direction; so what stands between numbers, before them, and
after "from" and "to" is held against each other here. English, German and French.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from strop.measure.alike.lookalikes import plainly

_NUMBER = re.compile(
    r"(?P<sign>(?:(?<![^\s(\[{\"'=:|€$£¥])[-−–]|\b(?:minus|moins) )?)[€$£¥]?(?P<digits>\d+(?:[.,]\d+)*)"
)
_DECIMAL = re.compile(r"\d+[.,](?:\d{1,2}|\d{4,})")
"""Three digits after one point are thousands as often; to tell a copy from another figure they are left alone."""
_WORD = re.compile(r"[^\W_]+")
_FROM: Final = frozenset(("from", "von", "vom", "aus", "de", "du", "depuis"))
_TO: Final = frozenset(("to", "into", "onto", "nach", "an", "zu", "zum", "zur", "auf", "à", "au", "vers"))
_REACH: Final = 4
"""Words after "from" or "to" that say where from, where to."""


class _Told(NamedTuple):
    """Of a text: decimals, numbers with a minus, all numbers by their digits, and what follows "from" and "to"."""

    decimals: frozenset[str]
    below: frozenset[str]
    digits: frozenset[str]
    origins: frozenset[str]
    goals: frozenset[str]


def are_turned(one: str, other: str) -> bool:
    """Whether two texts name the same digits with another point or sign, or the same two ends the other way round."""
    left, right = _told(one), _told(other)
    for mine, theirs in ((left, right), (right, left)):
        if any(_digits(number) in theirs.digits for number in mine.decimals - theirs.decimals):
            return True
        if (mine.below - theirs.below) & theirs.digits:
            return True
    there = (left.origins & right.goals) - right.origins - left.goals
    back = (left.goals & right.origins) - right.goals - left.origins
    return bool(there and back)


@lru_cache(maxsize=4096)
def _told(text: str) -> _Told:
    plain = plainly(text)
    decimals, below, digits = set(), set(), set()
    for match in _NUMBER.finditer(plain):
        number = match["digits"]
        digits.add(_digits(number))
        if _DECIMAL.fullmatch(number):
            decimals.add(number.replace(",", "."))
        if match["sign"]:
            below.add(_digits(number))
    words = _WORD.findall(plain)
    return _Told(
        frozenset(decimals), frozenset(below), frozenset(digits), _following(words, _FROM), _following(words, _TO)
    )


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number).lstrip("0")


def _following(words: list[str], marks: frozenset[str]) -> frozenset[str]:
    """The words that come soon after one of the marks, up to the next mark of either kind."""
    found: set[str] = set()
    for place, word in enumerate(words):
        if word in marks:
            for later in words[place + 1 : place + 1 + _REACH]:
                if later in _FROM or later in _TO:
                    break
                found.add(later)
    return frozenset(found)
