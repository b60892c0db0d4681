"""Which texts stand word for word inside longer ones: the n-gram layer of a search for leaks.

The first words of each wanted text are an anchor; a rolling hash (Rabin and Karp 1987) over all texts finds where one
may begin, and the words themselves decide. Time is linear in the words.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strop.measure.alike.lookalikes import plainly
from strop.measure.alike.near import is_in
from strop.measure.alike.ragged import Ragged

_SIGNS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+")  # where no spaces divide words, each sign counts as one
LEAST: Final = 8
"""Words from which a text that stands in another was copied, not said again by chance."""
LETTERS: Final = 30
"""Letters that it must have: eight Chinese signs are a phrase that anybody uses."""
_MARK = re.compile(r"[.?!:;\n。]")
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


def word_hashes(texts: Iterable[str], key: bytes = b"") -> Ragged:
    """The words of each text as numbers of 32 bits: equal for equal words, whatever else is there.

    Args:
        texts: any texts.
        key: with which no word can be guessed from its number.
    """
    return numbered(map(words_of, texts), key)


def numbered(lines_of_words: Iterable[Sequence[str]], key: bytes = b"") -> Ragged:
    """The same of words that were told apart already."""
    known: dict[str, int] = {}
    lines = []
    for words in lines_of_words:
        for word in words:
            if word not in known:
                digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4, key=key).digest()
                known[word] = int.from_bytes(digest)
        lines.append([known[word] for word in words])
    return Ragged.of(lines, np.uint32)


def quoted(texts: Iterable[str], wanted: Sequence[str], *, least: int = LEAST, letters: int = LETTERS) -> list[Quoted]:
    """For each text the first wanted one that stands in it as a whole, in the order of the texts.

    Args:
        texts: where to look.
        wanted: what to look for; those of fewer words or letters are no find.
        least: words that a wanted text must have.
        letters: letters that it must have.
    """
    sought = [number for number, text in enumerate(wanted) if sum(map(len, words_of(text))) >= letters]
    hashed = word_hashes([wanted[number] for number in sought])
    if not np.any(hashed.sizes >= least):
        return []
    found: list[Quoted] = []
    for first, block in _blocks(texts):
        for hit in standing(word_hashes(block), hashed, least=least):
            found.append(Quoted(first + hit.text, sought[hit.wanted]))
    return found


def standing(
    texts: Ragged, wanted: Ragged, *, least: int = LEAST, keys: tuple[Hashes, Hashes] | None = None
) -> list[Quoted]:
    """As :func:`quoted`, of texts whose words are numbers already.

    Args:
        texts: where to look.
        wanted: what to look for; those of fewer words are no find.
        least: words that a wanted text must have.
        keys: one for each text and each wanted one; only those of one key are compared.
    """
    anchors: dict[int, list[int]] = {}
    firsts = _rolled(wanted.values, least)
    for number in np.flatnonzero(wanted.sizes >= least).tolist():
        key = int(keys[1][number]) if keys else 0
        anchors.setdefault(int(firsts[wanted.starts[number]]) ^ key, []).append(number)
    if not anchors:
        return []
    hashes = _rolled(texts.values, least)
    if keys:
        hashes ^= np.repeat(keys[0], texts.sizes)[: len(hashes)]
    places = np.flatnonzero(is_in(hashes, np.array(list(anchors), dtype=np.uint64)))
    owners = np.searchsorted(texts.starts, places, side="right") - 1
    inside = places + least <= texts.starts[owners + 1]
    found: dict[int, int] = {}
    for place, owner in zip(places[inside].tolist(), owners[inside].tolist(), strict=True):
        for number in anchors[int(hashes[place])] if owner not in found else ():
            words = wanted.line(number)
            end = place + len(words)
            if end <= texts.starts[owner + 1] and np.array_equal(texts.values[place:end], words):
                found[owner] = number
                break
    return [Quoted(text, number) for text, number in found.items()]


class Edge(NamedTuple):
    """Text ``text`` begins, or else ends, with all words of text ``wanted`` (positions), and has more."""

    text: int
    wanted: int
    begins: bool


def at_edges(
    texts: Ragged, wanted: Ragged, *, least: int, most: int, keys: tuple[Hashes, Hashes] | None = None
) -> list[Edge]:
    """Which texts begin or end with a wanted one, as a whole, and say more.

    Args:
        texts: where to look; their words as numbers.
        wanted: what to look for.
        least: words that a wanted text must have.
        most: words that it may have.
        keys: as for :func:`standing`.
    """
    found = []
    for width in range(least, most + 1):
        sought, longer = np.flatnonzero(wanted.sizes == width), np.flatnonzero(texts.sizes > width)
        there = _rolled_from(wanted.values, wanted.starts[sought], width)
        there ^= keys[1][sought] if keys else np.uint64(0)
        known = dict(zip(reversed(there.tolist()), reversed(sought.tolist()), strict=True))  # the first one stays
        for begins in (True, False):
            starts = texts.starts[longer] if begins else texts.starts[longer + 1] - width
            hashes = _rolled_from(texts.values, starts, width)
            hashes ^= keys[0][longer] if keys else np.uint64(0)
            for at in np.flatnonzero(is_in(hashes, there)).tolist():
                number, start = known[int(hashes[at])], int(starts[at])
                if np.array_equal(texts.values[start : start + width], wanted.line(number)):
                    found.append(Edge(int(longer[at]), number, begins))
    return found


def is_sentence(text: str, words: int, *, begins: bool) -> bool:
    """Whether so many words at the beginning of a text, or at its end, are sentences of their own."""
    plain = plainly(text)
    spans = [match.span() for match in _WORD.finditer(plain)]
    before, after = (words - 1, words) if begins else (-words - 1, -words)
    return len(spans) > words and _MARK.search(plain[spans[before][1] : spans[after][0]]) is not None


def _blocks(texts: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    waiting = iter(texts)
    first = 0
    while block := list(itertools.islice(waiting, _AT_ONCE)):
        yield first, block
        first += len(block)


def _rolled(numbers: npt.NDArray[Any], width: int) -> Hashes:
    """A hash of each ``width`` numbers in a row."""
    mixed = _mixed(numbers)
    count = max(len(mixed) - width + 1, 0)
    total = np.zeros(count, dtype=np.uint64)
    for offset in range(width):
        total = total * _PRIME + mixed[offset : offset + count]
    return total


def _rolled_from(numbers: npt.NDArray[Any], starts: npt.NDArray[np.int64], width: int) -> Hashes:
    """The same of those that begin at these places."""
    total = np.zeros(len(starts), dtype=np.uint64)
    for offset in range(width):
        total = total * _PRIME + _mixed(numbers[starts + offset])
    return total


def _mixed(numbers: npt.NDArray[Any]) -> Hashes:
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * _PRIME
    mixed ^= mixed >> np.uint64(29)
    return mixed
