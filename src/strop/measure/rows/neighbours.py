"""The nearest other texts, and what they say: exact search by blocks, since below some 20,000 texts no index pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_BLOCK = 1_000
_VOTERS = 5_000
"""Texts whose labels speak for others', evenly spaced: more of them cost more and say the same."""
_PIECE = 64
_TEMPERATURE = 0.2
"""Cosine by which a neighbour has to be nearer to weigh e times as much."""
MOST: int = 20_000
"""Texts among which neighbours are looked for; of more, evenly spaced ones, so that time stays linear."""


class Near(NamedTuple):
    """Of each text its nearest others: their positions and cosines (texts × k), the order among them is none."""

    positions: npt.NDArray[np.int64]
    cosines: Floats


def neighbours(points: Floats, k: int, among: npt.NDArray[np.int64] | None = None) -> Near:
    """The ``k`` texts most like each one, itself apart; fewer where there are fewer.

    Args:
        points: texts × directions; their length does not count.
        k: how many.
        among: positions of the texts that are looked among; all by default, but for :data:`MOST`.
    """
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    alike = (points / np.maximum(lengths, 1e-9)).astype(np.float32)
    chosen = np.arange(len(points)) if among is None else among
    chosen = chosen[:: max(1, -(-len(chosen) // MOST))]
    k = min(k, len(chosen) - 1)
    positions = np.zeros((len(points), max(k, 0)), dtype=np.int64)
    cosines = np.zeros(positions.shape)
    if k < 1:
        return Near(positions, cosines)
    at = np.full(len(points), -1)
    at[chosen] = np.arange(len(chosen))
    others = alike[chosen].T
    for start in range(0, len(points), _BLOCK):
        block = alike[start : start + _BLOCK] @ others
        own = at[start : start + len(block)]
        block[np.flatnonzero(own >= 0), own[own >= 0]] = -2
        top = np.argpartition(block, -k, axis=1)[:, -k:]
        positions[start : start + len(block)] = chosen[top]
        cosines[start : start + len(block)] = np.take_along_axis(block, top, axis=1)
    return Near(positions, cosines)


def said_by_neighbours(
    points: Floats, labels: Sequence[int], voting: npt.NDArray[np.bool_] | None = None, *, k: int = 25
) -> Floats:
    """The share of each label among the texts most like each one, the nearer the heavier (rows × labels).

    Args:
        points: rows × directions.
        labels: one index a row, from 0 on.
        voting: the rows that are looked among; all by default.
        k: how many.
    """
    own = np.asarray(labels, dtype=np.int64)
    among = np.arange(len(own)) if voting is None else np.flatnonzero(voting)
    near = neighbours(points, k, voters(among))
    return _said(near.cosines, own[near.positions], int(own.max()) + 1)


def voters(among: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Those of these texts whose labels speak for others'."""
    return among[:: max(1, -(-len(among) // _VOTERS))]


def said_of(
    point: Floats, among: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], count: int, *, k: int = 25
) -> Floats:
    """As :func:`said_by_neighbours`, of one text that is none of the others (labels).

    Args:
        point: where it lies.
        among: where the others lie, each at length one (texts × directions).
        labels: theirs.
        count: how many labels there are.
        k: how many of them are asked.
    """
    cosines = among @ (point / max(float(np.linalg.norm(point)), 1e-9)).astype(np.float32)
    k = min(k, len(cosines))
    near = _few_nearest(cosines, k)
    held = cosines[near]
    least = np.partition(held, -k)[-k]  # where it is, and not what stands before and after it: a third of the time
    top = np.concatenate([near[held > least], near[held == least]])[:k]
    weights = _weights(cosines[None, top].astype(np.float64))[0]
    return np.asarray(np.bincount(labels[top], weights, minlength=count), dtype=np.float64)


def _few_nearest(cosines: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
    """The positions of the ``k`` nearest, and of few others: none of them is less near than the ``k`` nearest of the
    nearest ones of each piece."""
    pieces = len(cosines) // _PIECE
    if pieces < k:
        return np.arange(len(cosines))
    best = cosines[: pieces * _PIECE].reshape(pieces, _PIECE).max(axis=1)
    return np.flatnonzero(cosines >= np.partition(best, -k)[-k])


def _said(cosines: Floats, labels: npt.NDArray[np.int64], count: int) -> Floats:
    """The share of each label among neighbours (texts × neighbours)."""
    weights = _weights(cosines)
    said = np.zeros((len(weights), count))
    every = np.arange(len(weights))
    for column in range(weights.shape[1]):
        said[every, labels[:, column]] += weights[:, column]
    return said


def _weights(cosines: Floats) -> Floats:
    """How much each neighbour counts (texts × neighbours); of each text they sum to one."""
    weights = np.exp((cosines - 1) / _TEMPERATURE)
    found: Floats = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    return found
