"""Near duplicates: MinHash finds the candidates (Broder 1997), the exact Jaccard similarity of the shingles decides.

Short texts are sets of 5 characters in a row, two long ones are compared as sets of 3 words in a row. Which of the two
depends on the pair alone, so that a pair is as similar in a large collection as in a small one. Time is linear in the
texts: where very many fall into one bucket, each is compared with a bounded number of them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strop.measure.alike.lookalikes import plainly
from strop.measure.alike.shingled import CHARACTERS, WORDS, Numbers, Words, hashed, mixed, similarities, sorted_distinct

PERMUTATIONS = 128
LONG = 200
"""From this many words on a text is long."""
RECALL = 0.995
"""Least chance to find a pair that is exactly as similar as the threshold."""
_DIGIT = re.compile(r"\d")
_NEIGHBOURS = 32  # of one bucket that a text is compared with: so many of the first, so many of those just before it
_BITS = 18  # of the hashes by which most of them are told apart
_CELLS = 1 << 18  # permuted shingles held at once: small enough to stay in the processor's cache
_AT_ONCE = 10_000  # texts that are cut into shingles at once


class Pair(NamedTuple):
    """Two similar texts by position, and the Jaccard similarity of their shingles."""

    i: int
    j: int
    similarity: float


def near_duplicates(
    texts: Sequence[str],
    *,
    threshold: float,
    against: Sequence[str] | None = None,
    tell: Callable[[float], None] | None = None,
    by_figures: bool = False,
) -> list[Pair]:
    """Pairs of texts whose shingles have a Jaccard similarity of at least ``threshold``, sorted by position.

    Case and white space do not count. Every text that repeats an earlier one is the ``j`` of at least one pair (i < j);
    of texts that are all alike, only pairs with the first are listed. Empty texts are like nothing.

    Args:
        texts: the collection.
        threshold: least similarity, above 0 and at most 1.
        against: a second collection; then i counts in ``texts``, j in ``against``, and only such pairs are listed.
        tell: hears now and then which share is done.
        by_figures: pairs of texts with other digits are not wanted. Of texts from one template that differ in their
            numbers alone, all would be compared with all.
    Raises:
        ValueError: for a threshold outside (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a similarity threshold lies in (0, 1], not at {threshold}")
    plain = [canonical_text(text) for text in [*texts, *(against or ())]]
    split = None if against is None else len(texts)

    def similar(heads: Numbers) -> list[tuple[int, int, float]]:
        apart = figures([plain[head] for head in heads]) if by_figures else None
        return _similar(plain, heads, threshold, len(plain) if split is None else split, tell, apart)

    return paired(plain, split, similar)


def paired(
    names: Sequence[Hashable], split: int | None, similar: Callable[[Numbers], list[tuple[int, int, float]]]
) -> list[Pair]:
    """Pairs of texts, of which only the first of equal ones are compared.

    Args:
        names: what equal texts share; falsy for an empty one.
        split: where a second collection begins; then only pairs across it are listed, j counting from there.
        similar: gives the similar pairs among the texts at these positions.
    """
    heads: list[int] = []
    alike: dict[int, list[int]] = {}
    border = len(names) if split is None else split
    for start, end in ((0, border), (border, len(names))):
        first: dict[Hashable, int] = {}
        for position, name in enumerate(names[start:end], start):
            if not name:
                continue
            if (head := first.setdefault(name, position)) == position:
                heads.append(position)
            else:
                alike.setdefault(head, []).append(position)
    del first
    found: set[Pair] = set()
    if split is None:
        found.update(Pair(head, other, 1.0) for head, others in alike.items() for other in others)
    for i, j, similarity in similar(np.array(heads, dtype=np.int64)):
        if split is None:
            found.add(Pair(min(i, j), max(i, j), similarity))
        else:
            found.update(Pair(member, j - split, similarity) for member in (i, *alike.get(i, ())))
    return sorted(found)


def canonical_text(text: str) -> str:
    """What counts of a text: no case, no look-alike letters, white space collapsed."""
    return " ".join(plainly(text).split())


def shingles(text: str) -> frozenset[str]:
    """The shingles of a text by its own length: what the similarity of two texts of like length is made of."""
    plain = canonical_text(text)
    words = plain.split()
    if len(words) >= LONG:
        return frozenset(" ".join(words[k : k + WORDS]) for k in range(len(words) - WORDS + 1))
    padded = plain.ljust(CHARACTERS, "\0") if plain else ""
    return frozenset(padded[k : k + CHARACTERS] for k in range(len(padded) - CHARACTERS + 1))


def figures(texts: Sequence[str]) -> npt.NDArray[np.uint32]:
    """A number for the digits of each text, whatever their order (0: it has none). Signatures that are combined with it
    (``^``) agree only where the digits do."""
    return np.array([zlib.crc32("".join(sorted(_DIGIT.findall(text))).encode()) for text in texts], dtype=np.uint32)


def _similar(
    plain: list[str],
    heads: Numbers,
    threshold: float,
    split: int,
    tell: Callable[[float], None] | None,
    apart: npt.NDArray[np.uint32] | None,
) -> list[tuple[int, int, float]]:
    """Similar pairs among the ``heads``; across ``split`` only, where it divides them; ``apart``: see ``figures``."""
    lengths = np.array([plain[h].count(" ") + 1 for h in heads], dtype=np.int64)
    found: list[tuple[int, int, float]] = []
    # A short text cannot be that similar to one of more than 1/threshold its length: those need no characters.
    for fits, long in ((lengths < LONG / threshold, False), (lengths >= LONG, True)):
        chosen = heads[fits]
        if len(chosen) == 0:
            continue
        texts = [plain[h] for h in chosen]
        border = int(np.searchsorted(chosen, split)) if split < len(plain) else None
        signed = signatures(texts, long=long, tell=tell)
        if apart is not None:
            signed ^= apart[fits, None]
        pairs = _candidates(signed, threshold, border)
        similarity = similarities(texts, pairs, long=long)
        kept = (similarity >= threshold) & ((lengths[fits][pairs] >= LONG).all(axis=1) == long)
        i, j = chosen[pairs[kept]].T.tolist()
        found += zip(i, j, similarity[kept].tolist(), strict=True)
    return found


def signatures(
    texts: Sequence[str], *, long: bool, tell: Callable[[float], None] | None = None
) -> npt.NDArray[np.uint32]:
    """The least permuted shingle of each text under each permutation (texts × permutations); texts as
    :func:`canonical_text` gives them, as sets of words where ``long``.

    A text's row hangs on the text alone. The permutations are odd multiples modulo 2^32 (Dietzfelbinger et al. 1997).
    """
    rng = np.random.default_rng(0x5172)
    factor = rng.integers(0, 2**31, PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    shift = rng.integers(0, 2**32, PERMUTATIONS, dtype=np.uint32)
    result = np.empty((len(texts), PERMUTATIONS), dtype=np.uint32)
    budget = _CELLS // PERMUTATIONS
    for begin in range(0, len(texts), _AT_ONCE):
        if tell is not None:
            tell(begin / len(texts))
        hashes, sizes = hashed(texts[begin : begin + _AT_ONCE], long=long)
        shingled = (hashes >> np.uint64(32)).astype(np.uint32)
        starts = np.concatenate(([0], np.cumsum(sizes)))
        first, count = 0, len(sizes)
        while first < count:
            last = int(np.searchsorted(starts, starts[first] + budget, side="right")) - 1
            last = min(max(last, first + 1), count)
            permuted = shingled[starts[first] : starts[last], None] * factor + shift
            places = starts[first:last] - starts[first]
            result[begin + first : begin + last] = np.minimum.reduceat(permuted, places, axis=0)
            first = last
    return result


def _candidates(signed: npt.NDArray[np.uint32], threshold: float, border: int | None) -> Numbers:
    """Pairs (i, j) of texts that share a band of their signatures; where there is a ``border``, i < border <= j."""
    codes = np.empty(0, dtype=np.int64)
    for keys in _bands(signed, threshold):
        pairs = _within(keys) if border is None else _across(keys[:border], keys[border:])
        new = pairs[likely(signed, pairs, threshold)]
        codes = sorted_distinct(np.concatenate([codes, new[:, 0] * len(signed) + new[:, 1]]))
    return np.stack(np.divmod(codes, len(signed)), axis=1)


def _bands(signed: npt.NDArray[np.uint32], threshold: float) -> Iterator[Words]:
    """Band by band a key of each text: texts that share one are candidates."""
    rows = band_rows(threshold)
    for band in range(PERMUTATIONS // rows):
        keys = np.zeros(len(signed), dtype=np.uint64)
        for column in signed[:, band * rows : (band + 1) * rows].T:
            keys = mixed(keys ^ column)
        yield keys


def band_rows(threshold: float) -> int:
    """Signature rows a band: as many as still find a pair at the threshold with probability :data:`RECALL`."""
    for rows in range(16, 1, -1):
        if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= RECALL:
            return rows
    return 1


def likely(signed: npt.NDArray[np.uint32], pairs: Numbers, threshold: float) -> npt.NDArray[np.bool_]:
    """Which pairs agree on about as many permutations as they must: all but those four standard errors short of it."""
    least = PERMUTATIONS * threshold - 4 * np.sqrt(PERMUTATIONS * threshold * (1 - threshold))
    kept = np.empty(len(pairs), dtype=bool)
    for start in range(0, len(pairs), _CELLS // PERMUTATIONS):
        part = pairs[start : start + _CELLS // PERMUTATIONS]
        agree = np.count_nonzero(signed[part[:, 0]] == signed[part[:, 1]], axis=1)
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


def is_in(values: Words, among: Words) -> npt.NDArray[np.bool_]:
    """Which of these hashes are among the others: a table of bits tells of most that they are not, at little cost; only
    those of the others that it tells of the rest are put in order."""
    found = _may_be(values, among)
    likely_ones = values[found]
    held = among.ravel()
    ordered = np.sort(held[_may_be(held, likely_ones)])
    if ordered.size:
        found[found] = ordered[np.minimum(np.searchsorted(ordered, likely_ones), ordered.size - 1)] == likely_ones
    return found


def _may_be(values: Words, among: Words) -> npt.NDArray[np.bool_]:
    table = np.zeros(1 << _BITS, dtype=bool)
    table[among >> np.uint64(64 - _BITS)] = True
    return np.asarray(table[values >> np.uint64(64 - _BITS)])
