"""Texts as sets of shingles, and the Jaccard similarity of many pairs of them at once.

A shingle is some characters in a row or, of long texts, some words in a row; it is known by a hash of 64 bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Words: TypeAlias = npt.NDArray[np.uint64]
Numbers: TypeAlias = npt.NDArray[np.int64]

CHARACTERS = 5
WORDS = 3
_HELD = 4_000_000  # characters of texts whose shingles are held
_WORDS_OF_BITS = 32  # of 64 shingles each
_CELLS = 1 << 18  # words of bits and shingles of pairs that are looked at together


def similarities(texts: Sequence[str], pairs: Numbers, *, long: bool) -> npt.NDArray[np.float64]:
    """The Jaccard similarity of the shingles of pairs of texts, by position; texts and ``long`` as in :func:`hashed`.

    Each text is cut into shingles once, or, where all would be too many to hold, once with each part of the others.
    """
    found = np.empty(len(pairs), dtype=np.float64)
    if not len(pairs):
        return found
    part = np.cumsum(list(map(len, texts))) // _HELD
    together = part[pairs[:, 0]] * (part[-1] + 1) + part[pairs[:, 1]]
    order = np.argsort(together, kind="stable")
    for some in np.split(order, _changes(together[order])):
        needed, places = np.unique(pairs[some], return_inverse=True)
        held = _Shingled([texts[n] for n in needed.tolist()], long=long)
        found[some] = held.jaccard(places.reshape(-1, 2))
    return found


class _Shingled:
    """The shingles of some texts: those that most texts have as bits, of the others a sorted list.

    Rows of one template share nearly all they consist of: looking for each shingle of one in the other takes long.
    """

    def __init__(self, texts: Sequence[str], *, long: bool) -> None:
        hashes, sizes = hashed(texts, long=long)
        values, numbers, times = np.unique(hashes, return_inverse=True, return_counts=True)
        self._width = len(values)
        keys = sorted_distinct(np.repeat(np.arange(len(texts), dtype=np.int64), sizes) * self._width + numbers)
        text, number = np.divmod(keys, self._width)
        self._counts = np.bincount(text, minlength=len(texts))
        usual = np.zeros(self._width, dtype=bool)
        usual[np.argsort(-times, kind="stable")[: _WORDS_OF_BITS * 64]] = True
        self._bits = np.zeros((len(texts), _WORDS_OF_BITS), dtype=np.uint64)
        bit = text * _WORDS_OF_BITS * 64 + np.cumsum(usual)[number] - 1
        bit = bit[usual[number]]
        begins = np.flatnonzero(np.diff(bit >> 6, prepend=-1))
        value = np.uint64(1) << (bit & 63).astype(np.uint64)
        self._bits.ravel()[bit[begins] >> 6] = np.bitwise_or.reduceat(value, begins)
        self._keys = keys[~usual[number] & (times[number] > 1)]
        self._starts = np.searchsorted(self._keys, np.arange(len(texts) + 1, dtype=np.int64) * self._width)

    def jaccard(self, pairs: Numbers) -> npt.NDArray[np.float64]:
        """The similarity of pairs of these texts, each of two."""
        looked_at = np.cumsum(np.diff(self._starts)[pairs].min(axis=1) + _WORDS_OF_BITS)
        shared = [
            bits_set(self._bits[left] & self._bits[right]) + self._shared_unusual(left, right)
            for left, right in (some.T for some in np.split(pairs, _changes(looked_at // _CELLS)))
        ]
        both = np.concatenate(shared)
        return np.asarray(both / (self._counts[pairs].sum(axis=1) - both))

    def _shared_unusual(self, left: Numbers, right: Numbers) -> Numbers:
        keys, width, counts = self._keys, self._width, np.diff(self._starts)
        if not len(keys):
            return np.zeros(len(left), dtype=np.int64)
        small = np.where(counts[left] <= counts[right], left, right)
        large = left + right - small
        ends = np.cumsum(counts[small])
        inside = np.arange(ends[-1]) - np.repeat(ends - counts[small], counts[small])
        wanted = np.repeat((large - small) * width, counts[small])
        wanted += keys[np.repeat(self._starts[small], counts[small]) + inside]
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        hits = np.append(0, np.cumsum(keys[places] == wanted))
        return np.asarray(hits[ends] - hits[ends - counts[small]])


def _changes(values: Numbers) -> Numbers:
    """Where another value begins."""
    return np.flatnonzero(np.diff(values)) + 1


def bits_set(bits: Words) -> Numbers:
    """How many bits of each line are set."""
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    counts: Numbers = ((bits * np.uint64(0x0101010101010101)) >> np.uint64(56)).sum(axis=1, dtype=np.int64)
    return counts


def hashed(texts: Sequence[str], *, long: bool) -> tuple[Words, Numbers]:
    """Hashes of all shingles, text after text, and how many each text has.

    Args:
        texts: as ``canonical_text`` gives them, none of them empty.
        long: words in a row, of which each text has enough, instead of characters.
    """
    return _word_hashes(texts) if long else _character_hashes(texts)


def _character_hashes(texts: Sequence[str]) -> tuple[Words, Numbers]:
    """Hashes of all shingles of characters, text after text, and how many each text has."""
    padded = [text if len(text) >= CHARACTERS else text.ljust(CHARACTERS, "\0") for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    lengths = np.array([len(text) for text in padded], dtype=np.int64)
    hashes = np.zeros(len(codes) - CHARACTERS + 1, dtype=np.uint64)
    for offset in range(CHARACTERS):
        hashes = hashes * np.uint64(0x100000001B3) + codes[offset : offset + len(hashes)]
    ends = np.cumsum(lengths)
    inside = np.ones(len(codes), dtype=bool)
    for offset in range(1, CHARACTERS):
        inside[ends - offset] = False
    return mixed(hashes[inside[: len(hashes)]]), lengths - CHARACTERS + 1


def _word_hashes(texts: Sequence[str]) -> tuple[Words, Numbers]:
    """Hashes of all shingles of words, text after text, and how many each text has."""
    known: dict[str, int] = {}
    hashes = []
    sizes = []
    for text in texts:
        words = text.split()
        for word in words:
            if word not in known:
                known[word] = int.from_bytes(
                    hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                )
        codes = np.array([known[word] for word in words], dtype=np.uint64)
        combined = np.zeros(len(codes) - WORDS + 1, dtype=np.uint64)
        for offset in range(WORDS):
            combined = mixed(combined ^ codes[offset : offset + len(combined)])
        hashes.append(combined)
        sizes.append(len(combined))
    return np.concatenate(hashes), np.array(sizes, dtype=np.int64)


def sorted_distinct(values: Numbers, *, nearly: bool = False) -> Numbers:
    """Sorted, each once; NumPy's own unique hashes, which takes several times as long here. ``nearly``: they are in
    order but for some places, which a sort by merging takes a quarter of the time for."""
    ordered = np.sort(values, kind="stable" if nearly else None)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def mixed(values: Words) -> Words:
    """The finaliser of splitmix64: every input bit reaches every output bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
