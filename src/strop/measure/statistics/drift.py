"""Has the traffic changed, by more than it changes by itself?

Each comparison gives an effect, the chance of one as large if nothing had changed (whole sessions permuted between
reference and current window, since the turns of one session resemble each other), and a noise floor: the largest effect
seen between random halves of the reference. It counts as drift only when the effect passes both.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strop.measure.statistics.intervals import SEED, Array, cluster_codes

ALPHA = 0.01
"""A change less likely than this by chance alone is one."""
PERMUTATIONS = 999
HALVES = 100
MOST_ROWS = 4_000
"""More rows than this are thinned by whole sessions: the cost grows with their square."""


class Drift(NamedTuple):
    """The effect, its p value, the noise floor; n sessions on each side."""

    effect: float
    p: float
    floor: float
    reference: int
    current: int

    def found(self, alpha: float = ALPHA) -> bool:
        """Whether it is larger than chance and than the reference's own noise."""
        return self.p <= alpha and self.effect > self.floor


def embedding_drift(
    reference: npt.ArrayLike,
    current: npt.ArrayLike,
    *,
    sessions: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
    seed: int = SEED,
) -> Drift:
    """Energy distance of two sets of embeddings (Székely and Rizzo 2013), as a share of their mean distance.

    Rows are scaled to length 1. Pairs within one session do not count, so that the effect is 0 on average when nothing
    changed, however sessions are sized.

    Args:
        reference, current: one embedding a row (rows × dimensions).
        sessions: the session of each row of either; ``None`` keys, or none given: each row is one.
        seed: of the permutations.
    Raises:
        ValueError: when a side has fewer than two sessions, or the dimensions differ.
    """
    before, after = unit_rows(reference), unit_rows(current)
    if before.shape[1:] != after.shape[1:]:
        raise ValueError(f"embeddings of {before.shape[1]} and of {after.shape[1]} dimensions")
    codes, split = _sessions(len(before), len(after), sessions)
    rng = np.random.default_rng(seed)
    rows, codes, split = _thinned(np.vstack([before, after]), codes, split, rng)
    count = int(codes.max()) + 1
    members = np.zeros((count, len(rows)), dtype=np.float32)
    members[codes, np.arange(len(rows))] = 1
    squared = 2 - 2 * (rows @ rows.T)
    distances = members @ np.sqrt(np.maximum(squared, 0)) @ members.T
    sizes = members.sum(axis=1)
    pairs = np.outer(sizes, sizes)
    np.fill_diagonal(distances, 0)
    np.fill_diagonal(pairs, 0)

    def effects(chosen: Array, other: Array) -> Array:
        across = _form(chosen, distances, other) / _form(chosen, pairs, other)
        within = _form(chosen, distances, chosen) / np.maximum(_form(chosen, pairs, chosen), 1)
        beyond = _form(other, distances, other) / np.maximum(_form(other, pairs, other), 1)
        return (across - (within + beyond) / 2) / np.maximum(across, 1e-12)

    return _compare(effects, split, count, rng)


def label_drift(
    reference: Sequence[Hashable],
    current: Sequence[Hashable],
    *,
    sessions: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
    seed: int = SEED,
) -> Drift:
    """Total variation distance of two label distributions: the share of the answers that moved to another label.

    Args:
        reference, current: one label a row.
        sessions, seed: as in :func:`embedding_drift`.
    Raises:
        ValueError: when a side has fewer than two sessions.
    """
    labels = [*reference, *current]
    codes, split = _sessions(len(reference), len(current), sessions)
    places = {label: position for position, label in enumerate(dict.fromkeys(labels))}
    counts = np.zeros((int(codes.max()) + 1, len(places)))
    np.add.at(counts, (codes, np.array([places[label] for label in labels], dtype=np.int64)), 1)

    def effects(chosen: Array, other: Array) -> Array:
        first, second = chosen @ counts, other @ counts
        shares = first / first.sum(axis=1, keepdims=True) - second / second.sum(axis=1, keepdims=True)
        return np.asarray(np.abs(shares).sum(axis=1) / 2)

    return _compare(effects, split, len(counts), np.random.default_rng(seed))


def distribution_drift(
    reference: Sequence[Mapping[str, float]],
    current: Sequence[Mapping[str, float]],
    *,
    sessions: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
    seed: int = SEED,
) -> Drift:
    """As :func:`embedding_drift`, for the label probabilities of each answer (by their square roots: Hellinger).

    Sees labels that move as well as a model that grows unsure, earlier than either alone.

    Args:
        reference, current: label: probability of each answer.
        sessions, seed: as in :func:`embedding_drift`.
    Raises:
        ValueError: as :func:`embedding_drift`.
    """
    labels = sorted({label for row in (*reference, *current) for label in row})
    before, after = (
        np.array([[max(0.0, row.get(label, 0.0)) ** 0.5 for label in labels] for row in side]).reshape(-1, len(labels))
        for side in (reference, current)
    )
    return embedding_drift(before, after, sessions=sessions, seed=seed)


def number_drift(
    reference: Sequence[float],
    current: Sequence[float],
    *,
    sessions: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
    bins: int = 10,
    seed: int = SEED,
) -> Drift:
    """As :func:`label_drift`, for numbers (lengths, confidences) sorted into the reference's quantiles.

    Raises:
        ValueError: as :func:`label_drift`.
    """
    if not len(reference):
        raise ValueError("the reference is empty")
    edges = np.unique(np.quantile(np.asarray(reference, dtype=np.float64), np.arange(1, bins) / bins))
    before = np.searchsorted(edges, np.asarray(reference, dtype=np.float64), side="right").tolist()
    after = np.searchsorted(edges, np.asarray(current, dtype=np.float64), side="right").tolist()
    return label_drift(before, after, sessions=sessions, seed=seed)


def _compare(effects: Callable[[Array, Array], Array], split: int, count: int, rng: np.random.Generator) -> Drift:
    """``effects`` maps two sets of sessions (0/1 rows) to effects; the first ``split`` sessions are the reference."""
    if split < 2 or count - split < 2:
        raise ValueError(f"{split} and {count - split} sessions cannot be compared: each side needs two")
    actual = np.zeros((1, count))
    actual[0, split:] = 1
    effect = float(effects(actual, 1 - actual)[0])
    shuffled = rng.permuted(np.repeat(actual, PERMUTATIONS, axis=0), axis=1)
    p = (1 + int((effects(shuffled, 1 - shuffled) >= effect - 1e-12).sum())) / (PERMUTATIONS + 1)
    half = np.zeros((HALVES, count))
    half[:, : split // 2] = 1
    half[:, :split] = rng.permuted(half[:, :split], axis=1)
    rest = np.zeros((HALVES, count))
    rest[:, :split] = 1 - half[:, :split]
    return Drift(effect, p, float(effects(half, rest).max()), split, count - split)


def _form(left: Array, matrix: Array, right: Array) -> Array:
    return np.asarray(((left @ matrix) * right).sum(axis=1))


def unit_rows(rows: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Each row scaled to length 1; a row of zeros stays one."""
    values = np.atleast_2d(np.asarray(rows, dtype=np.float32))
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _sessions(
    before: int, after: int, sessions: tuple[Sequence[Hashable], Sequence[Hashable]] | None
) -> tuple[npt.NDArray[np.int64], int]:
    """Session number of each row, the reference's first, and how many the reference has."""
    if sessions is None:
        return np.arange(before + after), before
    first, second = cluster_codes(sessions[0]), cluster_codes(sessions[1])
    if len(first) != before or len(second) != after:
        raise ValueError(f"{len(first)} and {len(second)} session keys for {before} and {after} rows")
    split = int(first.max(initial=-1)) + 1
    return np.concatenate([first, second + split]), split


def _thinned(
    rows: npt.NDArray[np.float32], codes: npt.NDArray[np.int64], split: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], int]:
    """At most about ``MOST_ROWS`` rows, whole sessions left out, the same share of both sides."""
    if len(rows) <= MOST_ROWS:
        return rows, codes, split
    count = int(codes.max()) + 1
    keep = rng.random(count) < MOST_ROWS / len(rows)
    numbers = np.cumsum(keep) - 1
    kept = keep[codes]
    return rows[kept], numbers[codes[kept]], int(keep[:split].sum())
