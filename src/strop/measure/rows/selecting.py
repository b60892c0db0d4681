"""Which rows, when not all can be taken: those that stand for all others, on points as ``directions`` gives them.

Facility location (Nemhauser, Wolsey and Fisher 1978): the worth of a choice is how near every row lies to the nearest
chosen one, by cosine. Taking the row that adds most each time reaches 63 % of the best worth at least.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_BLOCK = 1_000


def facility_location(points: Floats, count: int, *, given: Sequence[int] = ()) -> list[int]:
    """The rows that a greedy choice takes, in its order; of rows that add the same the first. Without ``given``.

    What a row adds only falls as others are taken, so most rows are never looked at twice (Minoux 1978): 300 of 10,000
    rows with 100 directions take some seconds. A row without any direction stands for none and is taken last.

    Args:
        points: rows × directions.
        count: how many to take; all that there are, when they are fewer.
        given: rows that are taken already.
    """
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    turned = np.where(lengths > 0, points / np.maximum(lengths, 1e-12), 0.0).astype(np.float32)
    near = np.zeros(len(turned), dtype=np.float32)
    for row in given:
        near = np.maximum(near, turned @ turned[row])
    gains = np.empty(len(turned))
    for start in range(0, len(turned), _BLOCK):
        alike = turned[start : start + _BLOCK] @ turned.T
        gains[start : start + _BLOCK] = np.maximum(alike - near, 0).sum(axis=1, dtype=np.float64)
    taken = set(given)
    heap = [(-gain, row) for row, gain in enumerate(gains.tolist()) if row not in taken]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < count:
        _, row = heapq.heappop(heap)
        alike = turned @ turned[row]
        gain = float(np.maximum(alike - near, 0).sum(dtype=np.float64))
        if heap and (-gain, row) > heap[0]:
            heapq.heappush(heap, (-gain, row))
            continue
        chosen.append(row)
        near = np.maximum(near, alike)
    return chosen


def nearest_to(
    points: Floats, targets: Floats, weights: Sequence[float], count: int, *, given: Sequence[int] = ()
) -> list[int]:
    """The rows that a greedy choice takes so that weighted targets have a row near by, in its order.

    Facility location with the targets as what is to be covered. Once each has its nearest row, each gets a second one,
    and so on. Fewer than ``count`` where no further row is at all like a target. Of rows that add the same the first.

    Args:
        points: rows × directions.
        targets: targets × directions.
        weights: how much each target counts, above 0.
        count: how many rows to take.
        given: rows that are not to be taken.
    """
    own, others = (np.linalg.norm(one, axis=1, keepdims=True) for one in (points, targets))
    alike = (points / np.maximum(own, 1e-12)) @ (targets / np.maximum(others, 1e-12)).T
    alike[list(given)] = 0
    near, chosen = np.zeros(len(targets)), list[int]()
    while len(chosen) < min(count, len(points)):
        gains = np.maximum(alike - near, 0) @ np.asarray(weights, dtype=np.float64)
        best = int(gains.argmax())
        if gains[best] > 1e-9:
            chosen.append(best)
            near = np.maximum(near, alike[best])
            alike[best] = 0
        elif near.any():
            near = np.zeros(len(targets))
        else:
            break
    return chosen


def nearest(points: Floats, chosen: Sequence[int]) -> list[int]:
    """For each row the chosen one that lies nearest by cosine."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    turned = points / np.maximum(lengths, 1e-12)
    own = turned[list(chosen)].T
    found: list[int] = []
    for start in range(0, len(turned), _BLOCK):
        found += [chosen[place] for place in (turned[start : start + _BLOCK] @ own).argmax(axis=1).tolist()]
    return found
