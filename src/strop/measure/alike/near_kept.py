"""The near duplicates of a collection that grows: which pairs are similar is kept, and only new texts are compared.

How similar two texts are depends on the two alone. Whether they are compared must not depend on what else is there,
either, or a new text would change what was found before. So a band of two signature rows that many texts share, as it
comes from words that all of them use, is made longer for these texts, row by row, until few share it (a forest of
prefixes: Bawa, Condie and Ganesan 2005). Which bands are long is told by the first texts and then stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strop.measure.alike.near import PERMUTATIONS, band_rows, figures, is_in, likely, signatures
from strop.measure.alike.shingled import Numbers, Words, mixed, similarities, sorted_distinct

_FEW: Final = 64
"""Texts that may share a band of the usual length."""
_MANY: Final = 1_024
"""Texts from which on a band that cannot be made longer is too full to compare all: nothing is kept then."""
_LONGEST: Final = 12
"""Signature rows of the longest band."""


class Collection(NamedTuple):
    """Texts, each once: their signatures (texts × permutations), their key in each band (bands × texts), and the
    similar pairs by position (pairs × 2) with their similarity."""

    signed: npt.NDArray[np.uint32]
    keys: Words
    pairs: Numbers
    similarity: npt.NDArray[np.float64]


def signed_texts(texts: Sequence[str], *, long: bool, by_figures: bool) -> npt.NDArray[np.uint32]:
    """The signatures of texts; ``by_figures``: in such a way that only texts with the same digits are alike."""
    signed = signatures(texts, long=long)
    return signed ^ figures(texts)[:, None] if by_figures else signed


def common_keys(signed: npt.NDArray[np.uint32], threshold: float) -> Words:
    """The keys of bands that too many of these texts share, sorted."""
    found: list[Words] = []
    for band in range(PERMUTATIONS // band_rows(threshold)):
        members = np.arange(len(signed))
        keys = np.full(len(signed), band, dtype=np.uint64)
        for column in _columns(band, threshold):
            keys = mixed(keys ^ signed[members, column])
            if column in _columns(band, threshold)[: band_rows(threshold) - 1]:
                continue
            values, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
            full = counts > _FEW
            found.append(values[full])
            members, keys = members[full[places]], keys[full[places]]
            if not len(members):
                break
    return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.uint64)


def band_keys(signed: npt.NDArray[np.uint32], threshold: float, common: Words) -> Words:
    """The key of each text in each band (bands × texts): as long as it takes not to be a common one."""
    rows = band_rows(threshold)
    found = np.empty((PERMUTATIONS // rows, len(signed)), dtype=np.uint64)
    for band, keys in enumerate(found):
        keys[:] = band
        columns = _columns(band, threshold)
        for column in columns[:rows]:
            keys[:] = mixed(keys ^ signed[:, column])
        members = np.flatnonzero(_inside(keys, common))
        for column in columns[rows:]:
            if not len(members):
                break
            keys[members] = mixed(keys[members] ^ signed[members, column])
            members = members[_inside(keys[members], common)]
    return found


def collected(
    count: int,
    text: Callable[[int], str],
    threshold: float,
    common: Words,
    *,
    long: bool,
    before: Collection | npt.NDArray[np.uint32] | None,
    by_figures: bool = False,
    wanted: Callable[[Numbers], npt.NDArray[np.bool_]] | None = None,
) -> Collection | None:
    """The similar pairs of ``count`` texts; None where a band is too full to compare all.

    Args:
        count: how many there are.
        text: gives the text at a position, as ``canonical_text`` does; of those that stood in ``before`` it is asked
            only for what a new text may be like.
        threshold: least similarity.
        common: keys of bands that many texts share.
        long: compare them as sets of words.
        before: the first of the texts, with what is known of them; where that is not much, their signatures.
        by_figures: see :func:`signed_texts`.
        wanted: says which pairs of texts (pairs × 2) are worth their exact similarity; it must hang on each pair alone.
    """
    known = before if isinstance(before, Collection) else None
    old = 0 if known is None else len(known.signed)
    signed = before.signed if isinstance(before, Collection) else before
    start = 0 if signed is None else len(signed)
    more = signed_texts([text(n) for n in range(start, count)], long=long, by_figures=by_figures)
    signed = more if signed is None else np.concatenate([signed, more])
    keys = band_keys(signed[old:], threshold, common)
    if known is not None:
        keys = np.concatenate([known.keys, keys], axis=1)
    codes = np.empty(0, dtype=np.int64)
    for places in _looks(keys, old):
        pairs = _pairs(keys.ravel()[places], places % count, old)
        if pairs is None:
            return None
        pairs = pairs[likely(signed, pairs, threshold)]
        codes = sorted_distinct(np.concatenate([codes, pairs[:, 0] * count + pairs[:, 1]]))
    candidates = np.stack(np.divmod(codes, max(count, 1)), axis=1)
    if wanted is not None:
        candidates = candidates[wanted(candidates)]
    similarity = _similarities(candidates, text, long=long)
    pairs, similarity = candidates[similarity >= threshold], similarity[similarity >= threshold]
    if known is not None:
        pairs, similarity = np.concatenate([known.pairs, pairs]), np.concatenate([known.similarity, similarity])
    return Collection(signed, keys, pairs, similarity)


def part_of(known: Collection, chosen: Numbers) -> Collection:
    """The same of some of the texts, by their positions, each once."""
    place = np.full(len(known.signed), -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    pairs = np.sort(place[known.pairs], axis=1)
    there = pairs[:, 0] >= 0
    return Collection(known.signed[chosen], known.keys[:, chosen], pairs[there], known.similarity[there])


def _columns(band: int, threshold: float) -> list[int]:
    """The signature rows of a band, those of the longer ones after those of the usual one."""
    start = band * band_rows(threshold)
    return [(start + step) % PERMUTATIONS for step in range(max(_LONGEST, band_rows(threshold)))]


def _inside(keys: Words, common: Words) -> npt.NDArray[np.bool_]:
    if not len(common):
        return np.zeros(len(keys), dtype=bool)
    return np.asarray(common[np.minimum(np.searchsorted(common, keys), len(common) - 1)] == keys)


def _looks(keys: Words, old: int) -> Iterator[Numbers]:
    """The places among all keys that are looked at together: band by band, or those that a new text has as well."""
    count = keys.shape[1]
    if old:
        yield np.flatnonzero(is_in(keys.ravel(), keys[:, old:]))
    else:
        yield from (np.arange(start, start + count) for start in range(0, keys.size, max(count, 1)))


def _pairs(keys: Words, texts: Numbers, old: int) -> Numbers | None:
    """All pairs of texts with equal keys of which the later one is new; None where too many share one.

    Args:
        keys: of bands of texts; those of one band have nothing in common with those of another.
        texts: whose they are, in ascending order in each band.
        old: number of the first new text.
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    inside = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    if int(inside.max(initial=0)) >= _MANY:
        return None
    pairs = []
    later = np.flatnonzero(texts[order] >= old)
    for step in range(1, int(inside.max(initial=0)) + 1):
        later = later[inside[later] >= step]
        pairs.append(np.stack([texts[order[later - step]], texts[order[later]]], axis=1))
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)


def _similarities(candidates: Numbers, text: Callable[[int], str], *, long: bool) -> npt.NDArray[np.float64]:
    needed, places = np.unique(candidates, return_inverse=True)
    return similarities([text(n) for n in needed.tolist()], places.reshape(candidates.shape), long=long)
