"""Texts as points: TF-IDF of words and characters, seen along the directions in which the texts vary most.

Latent semantic analysis (Deerwester et al. 1990); the directions come from a randomized range finder (Halko, Martinsson
and Tropp 2011, algorithm 4.4). Words of one and two, characters of two to four in a row, each kind of length one; what
stands in a single text says nothing of others and is left out. N-grams are told apart by a 64-bit hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from strop.measure.near import canonical_text, sorted_distinct

Floats = npt.NDArray[np.float64]
_Hashes = npt.NDArray[np.uint64]

_CHARACTERS = (2, 3, 4)
_SAMPLE = 5_000
"""Texts, evenly spaced, from which the directions are found; further ones are only looked at along them."""
_CHUNK = 10_000
_SPARE = 10
"""Directions that are looked for beyond those that are wanted: the last ones of a randomized search are poor."""
_ROUNDS = 1
_MOST_EVENED, _FEWEST_EVENED, _ROWS_A_DIRECTION = 50, 10, 6
_PRIME = np.uint64(0x100000001B3)


class Placed(NamedTuple):
    """``points``: texts × directions. ``explained``: share of each text's n-grams that the directions hold, in [0, 1];
    0 for a text of which no n-gram stands in another."""

    points: Floats
    explained: Floats


def points_of(texts: Sequence[str], width: int) -> Placed:
    """Where each text lies along the ``width`` directions (fewer, for few texts) in which the texts differ most.

    The same texts in the same order give the same points; the sign of a direction means nothing.
    """
    if len(texts) < 2:
        return Placed(np.zeros((len(texts), 0)), np.zeros(len(texts)))
    step = -(-len(texts) // _SAMPLE)
    plain = [canonical_text(text) for text in texts]
    sample, views = plain[::step], []
    weighed = []
    for kind in ("words", "characters"):
        view = _View(kind, sample)
        views.append(view)
        weighed.append(view.weigh(sample))
    axes = _axes(sparse.hstack(weighed, format="csr"), width)
    parts = []
    for start in range(0, len(plain), _CHUNK):
        chunk = plain[start : start + _CHUNK]
        parts.append(sparse.hstack([view.weigh(chunk) for view in views], format="csr") @ axes)
    points = np.concatenate(parts)
    # Every view has length one, or none where no n-gram of the text is known.
    explained = np.minimum(1.0, (points**2).sum(axis=1) / len(views))
    return Placed(points, explained)


def whitening(sample: npt.ArrayLike) -> Callable[[npt.ArrayLike], Floats]:
    """How to see vectors so that every direction in which the sample varies counts alike.

    Hidden states of language models vary mostly along a few directions that say little of the meaning; without them
    even texts of another kind seem close (Su et al. 2021, Whitening sentence representations). The sample's most
    varied directions are kept: one for each 6 rows, at most 50; a sample of fewer than 60 rows is only centred.

    Args:
        sample: vectors of what is usual (rows × dimensions); at least one.
    """
    usual = np.atleast_2d(np.asarray(sample, dtype=np.float64))
    centre = usual.mean(axis=0)
    width = min(_MOST_EVENED, len(usual) // _ROWS_A_DIRECTION)
    if width < _FEWEST_EVENED:
        return lambda rows: np.asarray(np.asarray(rows, dtype=np.float64) - centre)
    _, spread, axes = np.linalg.svd(usual - centre, full_matrices=False)
    there = spread[:width] > max(spread[0] * 1e-6, 1e-12)
    turned = (axes[: len(there)][there] / spread[: len(there)][there, None]).T
    return lambda rows: np.asarray((np.asarray(rows, dtype=np.float64) - centre) @ turned)


class _View:
    """One kind of n-gram: those that several texts have, sorted by hash, with their weight."""

    def __init__(self, kind: str, texts: Sequence[str]) -> None:
        self._hash = _words if kind == "words" else _characters
        hashes, sizes = self._hash(texts)
        found, numbers = np.unique(hashes, return_inverse=True)
        rows = np.repeat(np.arange(len(texts), dtype=np.int64), sizes)
        pairs = sorted_distinct(rows * max(1, len(found)) + numbers)
        holders = np.bincount(pairs % max(1, len(found)), minlength=len(found))
        several = holders >= 2
        self._known = found[several]
        self._weight = np.log((1 + len(texts)) / (1 + holders[several])) + 1

    def weigh(self, texts: Sequence[str]) -> Any:
        """Texts × n-grams (sparse): 1 + log of the count, times the weight; each row of length one, or empty."""
        hashes, sizes = self._hash(texts)
        width = len(self._known)
        rows = np.repeat(np.arange(len(texts), dtype=np.int64), sizes)
        places = np.searchsorted(self._known, hashes)
        there = places < width
        there[there] = self._known[places[there]] == hashes[there]
        keys, counts = np.unique(rows[there] * max(1, width) + places[there], return_counts=True)
        row, column = np.divmod(keys, max(1, width))
        values = (1 + np.log(counts)) * self._weight[column]
        lengths = np.sqrt(np.bincount(row, weights=values**2, minlength=len(texts)))
        starts = np.searchsorted(row, np.arange(len(texts) + 1))
        return sparse.csr_matrix((values / lengths[row], column, starts), shape=(len(texts), width))


def _axes(weighed: Any, width: int) -> Floats:
    """The first right singular vectors, one a column."""
    wanted = min(width, *(side - 1 for side in weighed.shape))
    if wanted < 1:
        return np.zeros((weighed.shape[1], 0))
    start = np.random.default_rng(0).standard_normal((weighed.shape[1], min(wanted + _SPARE, min(weighed.shape))))
    across = weighed.T.tocsr()
    held, _ = np.linalg.qr(weighed @ start)
    for _ in range(_ROUNDS):
        held, _ = np.linalg.qr(weighed @ (across @ held))
    # The small side of the problem, held.T @ weighed, through its Gram matrix: n-grams are many more than directions.
    small = across @ held
    values, turns = np.linalg.eigh(small.T @ small)
    values, turns = values[::-1][:wanted], turns[:, ::-1][:, :wanted]
    there = values > values[0] * 1e-10 if len(values) else values > 0
    axes: Floats = small @ (turns[:, there] / np.sqrt(values[there]))
    return axes


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
