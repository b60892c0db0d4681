"""Near duplicates: MinHash finds the candidates (Broder 1997), the exact Jaccard similarity of the shingles decides.

Short texts are sets of 5 characters in a row, two long ones are compared as sets of 3 words in a row. Which of the two
depends on the pair alone, so that a pair is as similar in a large collection as in a small one. Time is linear in the
texts: where very many fall into one bucket, each is compared with a bounded number of them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Words: TypeAlias = npt.NDArray[np.uint64]
Numbers: TypeAlias = npt.NDArray[np.int64]

PERMUTATIONS = 128
CHARACTERS = 5
WORDS = 3
LONG = 200
"""From this many words on a text is long."""
RECALL = 0.995
"""Least chance to find a pair that is exactly as similar as the threshold."""
_NEIGHBOURS = 32  # of one bucket that a text is compared with: so many of the first, so many of those just before it
_CELLS = 1 << 18  # permuted shingles held at once: small enough to stay in the processor's cache


class Pair(NamedTuple):
    """Two similar texts by position, and the Jaccard similarity of their shingles."""

    i: int
    j: int
    similarity: float


def near_duplicates(texts: Sequence[str], *, threshold: float, against: Sequence[str] | None = None) -> list[Pair]:
    """Pairs of texts whose shingles have a Jaccard similarity of at least ``threshold``, sorted by position.

    Case and white space do not count. Every text that repeats an earlier one is the ``j`` of at least one pair (i < j);
    of texts that are all alike, only pairs with the first are listed. Empty texts are like nothing.

    Args:
        texts: the collection.
        threshold: least similarity, above 0 and at most 1.
        against: a second collection; then i counts in ``texts``, j in ``against``, and only such pairs are listed.
    Raises:
        ValueError: for a threshold outside (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a similarity threshold lies in (0, 1], not at {threshold}")
    plain = [canonical_text(text) for text in [*texts, *(against or ())]]
    split = len(texts)
    alike: dict[tuple[str, bool], list[int]] = {}
    for position, text in enumerate(plain):
        if text:
            alike.setdefault((text, against is not None and position >= split), []).append(position)
    heads = np.array([members[0] for members in alike.values()], dtype=np.int64)
    found: set[Pair] = set()
    if against is None:
        found.update(Pair(members[0], other, 1.0) for members in alike.values() for other in members[1:])
    groups = {members[0]: members for members in alike.values()}
    for i, j, similarity in _similar(plain, heads, threshold, None if against is None else split):
        if against is None:
            found.add(Pair(min(i, j), max(i, j), similarity))
        else:
            found.update(Pair(member, j - split, similarity) for member in groups[i])
    return sorted(found)


def canonical_text(text: str) -> str:
    """What counts of a text: Unicode NFKC, case folded, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def shingles(text: str) -> frozenset[str]:
    """The shingles of a text by its own length: what the similarity of two texts of like length is made of."""
    plain = canonical_text(text)
    words = plain.split()
    if len(words) >= LONG:
        return frozenset(" ".join(words[k : k + WORDS]) for k in range(len(words) - WORDS + 1))
    padded = plain.ljust(CHARACTERS, "\0") if plain else ""
    return frozenset(padded[k : k + CHARACTERS] for k in range(len(padded) - CHARACTERS + 1))


def _similar(plain: list[str], heads: Numbers, threshold: float, split: int | None) -> list[tuple[int, int, float]]:
    """Similar pairs among the ``heads``; across ``split`` only, where one is given."""
    lengths = np.array([plain[h].count(" ") + 1 for h in heads], dtype=np.int64)
    found: list[tuple[int, int, float]] = []
    # A short text cannot be that similar to one of more than 1/threshold its length: those need no characters.
    for chosen, long in ((heads[lengths < LONG / threshold], False), (heads[lengths >= LONG], True)):
        if len(chosen) == 0:
            continue
        table = _Table([plain[h] for h in chosen], long=long)
        border = None if split is None else int(np.searchsorted(chosen, split))
        for i, j, similarity in table.verified(table.candidates(threshold, border), threshold):
            both_long = plain[chosen[i]].count(" ") + 1 >= LONG and plain[chosen[j]].count(" ") + 1 >= LONG
            if both_long is long:
                found.append((int(chosen[i]), int(chosen[j]), similarity))
    return found


class _Table:
    """The shingles of some texts: ``keys`` holds row · width + shingle number, sorted and distinct."""

    def __init__(self, texts: list[str], *, long: bool) -> None:
        hashes, sizes = _word_hashes(texts) if long else _character_hashes(texts)
        rows = np.repeat(np.arange(len(texts), dtype=np.int64), sizes)
        self.values, numbers = np.unique(hashes, return_inverse=True)
        self.width = len(self.values)
        self.keys = sorted_distinct(rows * self.width + numbers)
        self.starts = np.searchsorted(self.keys, np.arange(len(texts) + 1, dtype=np.int64) * self.width)

    def signatures(self) -> npt.NDArray[np.uint32]:
        """The least permuted shingle under each permutation (texts × permutations)."""
        rng = np.random.default_rng(0x5172)
        factor = rng.integers(1, 2**63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        shift = rng.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64)
        count = len(self.starts) - 1
        result = np.empty((count, PERMUTATIONS), dtype=np.uint32)
        budget = _CELLS // PERMUTATIONS
        first = 0
        while first < count:
            last = int(np.searchsorted(self.starts, self.starts[first] + budget, side="right")) - 1
            last = min(max(last, first + 1), count)
            begin, end = self.starts[first], self.starts[last]
            shingled = self.values[self.keys[begin:end] % self.width]
            permuted = (shingled[:, None] * factor + shift) >> np.uint64(32)
            result[first:last] = np.minimum.reduceat(permuted, self.starts[first:last] - begin, axis=0)
            first = last
        return result

    def candidates(self, threshold: float, border: int | None) -> Numbers:
        """Pairs (i, j) of rows that share a band of their signatures; where there is a ``border``, i < border <= j."""
        signatures = self.signatures()
        rows = band_rows(threshold)
        pairs = []
        for band in range(PERMUTATIONS // rows):
            keys = np.zeros(len(signatures), dtype=np.uint64)
            for column in signatures[:, band * rows : (band + 1) * rows].T:
                keys = _mix(keys ^ column)
            pairs.append(_within(keys) if border is None else _across(keys[:border], keys[border:]))
        codes = sorted_distinct(np.concatenate(pairs) @ np.array([len(signatures), 1]))
        distinct = np.stack(np.divmod(codes, len(signatures)), axis=1)
        return distinct[_likely(signatures.astype(np.uint8), distinct, threshold)]

    def verified(self, pairs: Numbers, threshold: float) -> list[tuple[int, int, float]]:
        """The pairs that are similar enough, with their similarity."""
        sizes = np.diff(self.starts)
        result: list[tuple[int, int, float]] = []
        block = max(1, 2_000_000 // int(sizes.max()))
        for start in range(0, len(pairs), block):
            part = pairs[start : start + block]
            small = np.where(sizes[part[:, 0]] <= sizes[part[:, 1]], part[:, 0], part[:, 1])
            large = part.sum(axis=1) - small
            counts = sizes[small]
            ends = np.cumsum(counts)
            inside = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
            shingle = self.keys[np.repeat(self.starts[small], counts) + inside] % self.width
            wanted = np.repeat(large, counts) * self.width + shingle
            places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
            shared = np.add.reduceat((self.keys[places] == wanted).astype(np.int64), ends - counts)
            similarity = shared / (sizes[small] + sizes[large] - shared)
            kept = similarity >= threshold
            for (i, j), value in zip(part[kept].tolist(), similarity[kept].tolist(), strict=True):
                result.append((i, j, value))
        return result


def band_rows(threshold: float) -> int:
    """Signature rows a band: as many as still find a pair at the threshold with probability :data:`RECALL`."""
    for rows in range(16, 1, -1):
        if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= RECALL:
            return rows
    return 1


def _likely(signatures: npt.NDArray[np.uint8], pairs: Numbers, threshold: float) -> npt.NDArray[np.bool_]:
    """Which pairs agree on about as many permutations as they must: all but those four standard errors short of it."""
    least = PERMUTATIONS * threshold - 4 * np.sqrt(PERMUTATIONS * threshold * (1 - threshold))
    kept = np.empty(len(pairs), dtype=bool)
    for start in range(0, len(pairs), _CELLS // PERMUTATIONS):
        part = pairs[start : start + _CELLS // PERMUTATIONS]
        agree = np.count_nonzero(signatures[part[:, 0]] == signatures[part[:, 1]], axis=1)
        kept[start : start + len(part)] = agree >= least
    return kept


def _within(keys: Words) -> Numbers:
    """Pairs of rows with equal keys, the earlier row first."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    position = np.arange(len(keys))
    start = np.searchsorted(ordered, ordered, side="left")
    pairs = []
    longest = int((position - start).max(initial=0))
    for step in range(min(_NEIGHBOURS, longest)):
        for other in (start + step, position - 1 - step):
            valid = (other >= start) & (other < position)
            pairs.append(np.stack([order[other[valid]], order[position[valid]]], axis=1))
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)


def _across(left: Words, right: Words) -> Numbers:
    """Pairs of a left row and a right row with equal keys; rows of the right count on from those of the left."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    low, high = np.searchsorted(ordered, left, side="left"), np.searchsorted(ordered, left, side="right")
    pairs = []
    for step in range(min(2 * _NEIGHBOURS, int((high - low).max(initial=0)))):
        rows = np.flatnonzero(low + step < high)
        pairs.append(np.stack([rows, order[low[rows] + step] + len(left)], axis=1))
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)


def sorted_distinct(values: Numbers) -> Numbers:
    """Sorted, each once; NumPy's own unique hashes, which takes several times as long here."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _mix(values: Words) -> Words:
    """The finaliser of splitmix64: every input bit reaches every output bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _character_hashes(texts: list[str]) -> tuple[Words, Numbers]:
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
    return _mix(hashes[inside[: len(hashes)]]), lengths - CHARACTERS + 1


def _word_hashes(texts: list[str]) -> tuple[Words, Numbers]:
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
            combined = _mix(combined ^ codes[offset : offset + len(combined)])
        hashes.append(combined)
        sizes.append(len(combined))
    return np.concatenate(hashes), np.array(sizes, dtype=np.int64)
