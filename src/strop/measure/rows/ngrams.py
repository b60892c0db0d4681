"""Texts as counts of n-grams: words of one and two, characters of two to four in a row.

Each kind is one view of the texts. N-grams are told apart by a 64-bit hash; what stands in a single text says nothing
of others and is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy

from strop.measure.alike.near import canonical_text
from strop.measure.alike.shingled import sorted_distinct

_Hashes = npt.NDArray[np.uint64]
_Hashed: TypeAlias = Callable[[Sequence[str]], tuple[_Hashes, npt.NDArray[np.int64]]]

_CHARACTERS = (2, 3, 4)
_SAMPLE = 5_000
"""Texts, evenly spaced, whose n-grams are known; further texts are only looked at for these."""
_CHUNK = 10_000
_PRIME = np.uint64(0x100000001B3)
VIEWS = 2
"""Words and characters."""


class Vocabulary(NamedTuple):
    """The n-grams of one view that several texts have, sorted by hash, with their weight."""

    known: _Hashes
    weight: npt.NDArray[np.float64]


class Ngrams:
    """Texts and what stands in them, seen in both ways.

    Args:
        texts: those whose n-grams are known.
        beside: further texts, which follow and are only looked at for what stands in the others.
    """

    def __init__(self, texts: Sequence[str], beside: Sequence[str] = ()) -> None:
        self._plain = [canonical_text(text) for text in (*texts, *beside)]
        sample = self._plain[: len(texts) : max(1, -(-len(texts) // _SAMPLE))]
        self._views = [_View(_words, sample), _View(_characters, sample)]
        self.sample = [view.weigh(sample) for view in self._views]
        self._held = self.sample if len(sample) == len(self._plain) else None

    def __len__(self) -> int:
        return len(self._plain)

    @property
    def vocabularies(self) -> list[Vocabulary]:
        """Of each view what is known: with it :func:`weighed` sees further texts."""
        return [Vocabulary(view.known, view.weight) for view in self._views]

    def chunks(self) -> Iterator[list[Any]]:
        """The texts in order, some thousands at a time: of each view texts × n-grams (sparse), TF-IDF.

        Every row has length one, or is empty. They are made again each time, unless the texts are few.
        """
        if self._held is not None:
            yield self._held
            return
        if len(self._plain) <= _CHUNK:
            self._held = [view.weigh(self._plain) for view in self._views]
            yield self._held
            return
        for start in range(0, len(self._plain), _CHUNK):
            yield [view.weigh(self._plain[start : start + _CHUNK]) for view in self._views]


def weighed(vocabularies: Sequence[Vocabulary], texts: Sequence[str]) -> list[Any]:
    """Of each view texts × n-grams (sparse), as :meth:`Ngrams.chunks` gives them; a text's row hangs on it alone."""
    plain = [canonical_text(text) for text in texts]
    hashed = (_words, _characters)
    return [_weighed(how, *known, plain) for how, known in zip(hashed, vocabularies, strict=True)]


class _View:
    """One kind of n-gram: those that several texts have, sorted by hash, with their weight."""

    def __init__(self, hashed: _Hashed, texts: Sequence[str]) -> None:
        self._hash = hashed
        hashes, sizes = self._hash(texts)
        found, numbers = np.unique(hashes, return_inverse=True)
        rows = np.repeat(np.arange(len(texts), dtype=np.int64), sizes)
        pairs = sorted_distinct(rows * max(1, len(found)) + numbers)
        holders = np.bincount(pairs % max(1, len(found)), minlength=len(found))
        several = holders >= 2
        self.known = found[several]
        self.weight = np.log((1 + len(texts)) / (1 + holders[several])) + 1

    def weigh(self, texts: Sequence[str]) -> Any:
        """Texts × n-grams (sparse): 1 + log of the count, times the weight; each row of length one, or empty."""
        return _weighed(self._hash, self.known, self.weight, texts)


def _weighed(hashed: _Hashed, known: _Hashes, weight: npt.NDArray[np.float64], texts: Sequence[str]) -> Any:
    hashes, sizes = hashed(texts)
    width = len(known)
    rows = np.repeat(np.arange(len(texts), dtype=np.int64), sizes)
    places = np.searchsorted(known, hashes)
    there = places < width
    there[there] = known[places[there]] == hashes[there]
    keys, counts = np.unique(rows[there] * max(1, width) + places[there], return_counts=True)
    row, column = np.divmod(keys, max(1, width))
    values = (1 + np.log(counts)) * weight[column]
    lengths = np.sqrt(np.bincount(row, weights=values**2, minlength=len(texts)))
    starts = np.searchsorted(row, np.arange(len(texts) + 1))
    return scipy.sparse.csr_matrix((values / lengths[row], column, starts), shape=(len(texts), width))


def _words(texts: Sequence[str]) -> tuple[_Hashes, npt.NDArray[np.int64]]:
    """Hashes of words and of pairs of neighbouring words, text after text, and how many each text has."""
    known: dict[str, int] = {}
    singles, counts = [], np.empty(len(texts), dtype=np.int64)
    for number, text in enumerate(texts):
        words = text.split()
        for word in words:
            if word not in known:
                digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                known[word] = int.from_bytes(digest)
        singles += [known[word] for word in words]
        counts[number] = len(words)
    single = np.array(singles, dtype=np.uint64)
    return _windows(single, counts, (1, 2))


def _characters(texts: Sequence[str]) -> tuple[_Hashes, npt.NDArray[np.int64]]:
    padded = [f" {text} " for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    return _windows(codes, np.array([len(text) for text in padded], dtype=np.int64), _CHARACTERS)


def _windows(
    codes: _Hashes, counts: npt.NDArray[np.int64], sizes: Sequence[int]
) -> tuple[_Hashes, npt.NDArray[np.int64]]:
    """Hashes of all runs of so many codes that lie inside one text, in the order of the texts."""
    owner = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    hashes, owners = [], []
    for size in sizes:
        last = len(codes) - size + 1
        if last < 1:
            continue
        combined = np.full(last, size, dtype=np.uint64)
        for offset in range(size):
            combined = (combined ^ codes[offset : offset + last]) * _PRIME
            combined ^= combined >> np.uint64(29)
        inside = owner[:last] == owner[size - 1 :]
        hashes.append(combined[inside])
        owners.append(owner[:last][inside])
    if not hashes:
        return np.empty(0, dtype=np.uint64), np.zeros(len(counts), dtype=np.int64)
    every = np.concatenate(owners)
    order = np.argsort(every, kind="stable")
    return np.concatenate(hashes)[order], np.bincount(every, minlength=len(counts)).astype(np.int64)
