"""Which texts stand word for word inside longer ones: the n-gram layer of a search for leaks.

The first words of each wanted text are an anchor; a rolling hash (Rabin and Karp 1987) over all texts finds where one
may begin, and the words themselves decide. Time is linear in the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strop.measure.lookalikes import plainly

_SIGNS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+")  # where no spaces divide words, each sign counts as one
LEAST: Final = 8
"""Words from which a text that stands in another was copied, not said again by chance."""
_LETTERS = 30
"""Letters that it must have: eight Chinese signs are a phrase that anybody uses."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_AT_ONCE = 10_000
Hashes = npt.NDArray[np.uint64]


class Quoted(NamedTuple):
    """Text ``text`` holds text ``wanted`` word for word (positions)."""

    text: int
    wanted: int


def words_of(text: str) -> list[str]:
    """The words of a text, whatever its case, punctuation and look-alike letters."""
    return _WORD.findall(plainly(text))


def quoted(texts: Iterable[str], wanted: Sequence[str], *, least: int = LEAST, letters: int = _LETTERS) -> list[Quoted]:
    """For each text the first wanted one that stands in it as a whole, in the order of the texts.

    Args:
        texts: where to look.
        wanted: what to look for; those of fewer words or letters are no find.
        least: words that a wanted text must have.
        letters: letters that it must have.
    """
    ids: dict[str, int] = {}
    sought = [words_of(text) for text in wanted]
    anchors: dict[int, list[int]] = {}
    for number, words in enumerate(sought):
        if len(words) >= least and sum(map(len, words)) >= letters:
            first_words = _rolled(_numbers(words[:least], ids), least)
            anchors.setdefault(int(first_words[0]), []).append(number)
    if not anchors:
        return []
    known = np.array(sorted(anchors), dtype=np.uint64)
    found: list[Quoted] = []
    for first, block in _blocks(texts):
        numbers = [_numbers(words, ids) for words in block]
        ends = np.cumsum([len(one) for one in numbers])
        hashes = _rolled(np.concatenate(numbers), least)
        seen: set[int] = set()
        for hit in np.flatnonzero(np.isin(hashes, known)):
            place = int(hit)
            at = int(np.searchsorted(ends, place, side="right"))
            start = place - (int(ends[at - 1]) if at else 0)
            if at in seen or start + least > len(block[at]):
                continue
            for number in anchors[int(hashes[place])]:
                if block[at][start : start + len(sought[number])] == sought[number]:
                    found.append(Quoted(first + at, number))
                    seen.add(at)
                    break
    return found


def _blocks(texts: Iterable[str]) -> Iterator[tuple[int, list[list[str]]]]:
    first, block = 0, list[list[str]]()
    for text in texts:
        block.append(words_of(text))
        if len(block) == _AT_ONCE:
            yield first, block
            first, block = first + len(block), []
    if block:
        yield first, block


def _numbers(words: Sequence[str], ids: dict[str, int]) -> Hashes:
    return np.fromiter((ids.setdefault(word, len(ids) + 1) for word in words), dtype=np.uint64, count=len(words))


def _rolled(numbers: Hashes, width: int) -> Hashes:
    """A hash of each ``width`` numbers in a row."""
    mixed = numbers * _PRIME
    mixed ^= mixed >> np.uint64(29)
    count = max(len(mixed) - width + 1, 0)
    total = np.zeros(count, dtype=np.uint64)
    for offset in range(width):
        total = total * _PRIME + mixed[offset : offset + count]
    return total
