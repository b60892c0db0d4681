"""How near a row lies to what is usual, less near when it resembles those that are far.

Strangers often come from one other source: so what is far after the first look is foretold from the points in turn.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from strop.curate.faults import THRESHOLDS
from strop.measure import Placed
from strop.measure.rows.directions import Floats
from strop.measure.rows.left_out import left_out_by

_TAIL: Final = 2.75
"""How often the distance from the median to the lowest tenth fits between the median and what is a stranger, where all
other rows lie near each other: a stranger among few rows of one kind is nearer than one among many of all kinds."""
_NEAREST: Final = 0.5
"""What lies nearer than this is no stranger in any case."""
_LOOKS: Final = 2
"""Looks at which rows resemble those that are far from any label."""


class Nearness(NamedTuple):
    """Of each row how near it is, in [0, 1]; what was usual (0: nothing can be told), and the coefficients by which a
    row resembles those that are far: with both :func:`nearness_of` tells of a further row."""

    scores: Floats
    usual: float
    strange: Floats


def nearness(placed: Placed, near: Floats) -> Nearness:
    """How near rows are, against what is usual.

    Args:
        placed: where they lie.
        near: how near each is to any label (or to what takes its place).
    """
    felt = np.maximum(near, 0) * placed.explained
    usual = float(np.median(felt))
    if usual <= 0:
        return Nearness(np.ones(len(felt)), 0.0, np.zeros((placed.points.shape[1] + 1, 1)))
    ratio = np.minimum(felt / usual, 1)
    turned = placed.points / np.maximum(np.linalg.norm(placed.points, axis=1, keepdims=True), 1e-9)
    far = ratio
    for _ in range(_LOOKS):
        told, strange = left_out_by(turned, (far < THRESHOLDS["off_topic"]).astype(np.float64)[:, None])
        far = ratio * (1 - np.clip(told[:, 0], 0, 1))
    return Nearness(far, usual, strange)


def nearness_of(point: Floats, explained: float, near: float, usual: float, strange: Floats) -> float:
    """The same of one row that is none of those: where it lies, and how near it is to any label."""
    ratio = min(max(near, 0.0) * explained / usual, 1.0)
    turned = point / max(float(np.linalg.norm(point)), 1e-9)
    told = float((np.append(turned, 1.0) @ strange)[0])
    return ratio * (1 - min(max(told, 0.0), 1.0))


def stricter(scores: Floats) -> float:
    """The power to which scores of nearness are raised, so that the threshold lies below what these rows show, at least
    1; scores lie in [0, 1]."""
    middle, low = np.quantile(scores, [0.5, 0.1])
    threshold = THRESHOLDS["off_topic"]
    beyond = min(max(float(middle - _TAIL * (middle - low)), threshold), _NEAREST)
    return float(np.log(threshold) / np.log(beyond))
