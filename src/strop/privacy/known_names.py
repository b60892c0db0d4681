"""People's names that metadata columns gave, found again in texts; sealed, they are known without being readable."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from strop.privacy import spellings
from strop.privacy.people import COMMON_WORDS
from strop.privacy.spans import Span

LONGEST = 5
"""Words of a name that is known again where it is sealed."""
_SEAL = 8
"""Bytes of a sealed name."""


class KnownNames:
    """Names, found again in texts: whole names always, their parts where they cannot be words."""

    def __init__(self, names: Iterable[str]) -> None:
        self._phrases: set[tuple[str, ...]] = set()
        self._long: dict[str, tuple[int, ...]] = {}
        for name in names:
            words = tuple(word.group() for word in spellings.words(name))
            if not words or not any(len(w) > 1 for w in words):
                continue
            self._add(words)
            if len(words) > 1:
                for word in words:
                    if len(word) >= 3 and word.lower() not in COMMON_WORDS and word[0].isupper():
                        self._add((word,))

    def _add(self, words: tuple[str, ...]) -> None:
        folded = tuple(map(spellings.name, words))
        self._phrases.add(folded)
        lengths = self._long.get(folded[0], ())
        if len(folded) not in lengths:
            self._long[folded[0]] = tuple(sorted((*lengths, len(folded)), reverse=True))

    def __bool__(self) -> bool:
        return bool(self._phrases)

    def sealed(self, key: bytes) -> list[str]:
        """The names as nobody can read them without the key, for :class:`SealedNames`; sorted."""
        short = [phrase for phrase in self._phrases if len(phrase) <= LONGEST]
        return sorted({_seal(key, told) for phrase in short for told in (" ".join(phrase), _first(phrase[0]))})

    def find(self, text: str) -> Iterator[Span]:
        """Every place where a known name stands, in the genitive too; one word alone counts only with a capital."""
        words = list(spellings.words(text))
        folded = [spellings.name(word.group()) for word in words]
        position = 0
        while position < len(words):
            step = 1
            for length in self._lengths(folded[position]):
                here = words[position : position + length]
                if len(here) < length or not _adjacent(text, here):
                    continue
                if length == 1 and not here[0].group()[0].isupper():
                    continue
                spoken = folded[position : position + length]
                genitive = not self._holds(spoken)
                if genitive and not (length > 1 and spoken[-1].endswith("s") and self._holds(_without_s(spoken))):
                    continue
                start, end = here[0].start(), spellings.end_of(here[-1]) - genitive
                yield Span("name", start, end, text[start:end])
                step = length
                break
            position += step

    def _lengths(self, first: str) -> Sequence[int]:
        """How many words the names have that begin with this one, the longest first."""
        return self._long.get(first, ())

    def _holds(self, phrase: Sequence[str]) -> bool:
        return tuple(phrase) in self._phrases


class SealedNames(KnownNames):
    """The same from what :meth:`KnownNames.sealed` gave.

    Args:
        key: with which they were sealed.
        seals: what it gave.
    """

    def __init__(self, key: bytes, seals: Collection[str]) -> None:
        super().__init__(())
        self._key, self._seals = key, seals

    def __bool__(self) -> bool:
        return bool(self._seals)

    def _lengths(self, first: str) -> Sequence[int]:
        return range(LONGEST, 0, -1) if _seal(self._key, _first(first)) in self._seals else ()

    def _holds(self, phrase: Sequence[str]) -> bool:
        return _seal(self._key, " ".join(phrase)) in self._seals


def _without_s(phrase: Sequence[str]) -> list[str]:
    """Anna Bergs Paket."""
    return [*phrase[:-1], phrase[-1][:-1]]


def _first(word: str) -> str:
    """What says that a name begins with a word: most words of a text need no further look."""
    return f"{word} …"


def _seal(key: bytes, phrase: str) -> str:
    told = phrase.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(told, key=key[:64], digest_size=_SEAL, person=b"known name").hexdigest()


def _adjacent(text: str, words: list[re.Match[str]]) -> bool:
    return all(
        len(gap := text[left.end() : right.start()]) <= 3 and not any(c.isdigit() or c in "\n;:!?" for c in gap)
        for left, right in itertools.pairwise(words)
    )
