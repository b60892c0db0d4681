"""The smallest gain that a number of items is likely to show, by the interval that decides and scores like those seen.

A t test's power promises too much where scores are bounded and few differ: the score interval (:mod:`.bounded`) allows
for losses that nobody saw yet, and asks for more. So its power is not computed from a formula but from itself: samples
are drawn, and the share is counted in which the interval clears the line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy

from strop.measure.bounded import clears
from strop.measure.intervals import Array

_DRAWS = 1000
_STEPS = 12
"""Halvings of the range in which the gain is looked for."""


def detectable_gain(
    differences: Sequence[float] | Array,
    n: int,
    *,
    alpha: float,
    power: float = 0.8,
    margin: float = 0.0,
    low: float = -1.0,
    high: float = 1.0,
) -> float | None:
    """The mean difference that ``n`` items show to lie above ``-margin`` with chance ``power``; None if none would.

    The differences of the pilot are what a difference can be; other means come from the same values in other shares
    (exponential tilting: the closest distribution with that mean). One further item each of the usual size, won and
    lost, stands for what the pilot had too few items to hold.

    Args:
        differences: paired differences of items seen so far, within the bounds.
        n: independent items that are to decide, at least 2.
        alpha: one-sided error rate.
        power: chance to show it.
        margin: how much worse is tolerated; 0 asks for "better".
        low, high: the least and the largest possible difference.
    Raises:
        ValueError: for no differences, one outside the bounds, fewer than two items or an impossible rate.
    """
    pilot = np.asarray(differences, dtype=np.float64)
    if pilot.size == 0 or pilot.min() < low or pilot.max() > high:
        raise ValueError(f"{pilot.size} differences, within [{low}, {high}]")
    if n < 2 or not 0 < alpha < power < 1:
        raise ValueError(f"{n} items, alpha {alpha} and power {power}")
    support, shares = _support(pilot, low, high)
    uniform = np.random.default_rng(0).random((_DRAWS, n))

    def shown(mean: float) -> float:
        edges = np.cumsum(_tilted(support, shares, mean))[:-1]
        samples = support[np.searchsorted(edges, uniform)]
        return float(np.mean([clears(sample, -margin, low=low, high=high, alpha=alpha) for sample in samples]))

    worst, best = -margin, float(support[-1]) - 1e-3 * (high - low)
    if best <= worst or shown(best) < power:
        return None
    for _ in range(_STEPS):
        middle = (worst + best) / 2
        worst, best = (worst, middle) if shown(middle) >= power else (middle, best)
    return best


def _support(pilot: Array, low: float, high: float) -> tuple[Array, Array]:
    """What a difference can be, in order, and how often it was."""
    unequal = np.abs(pilot[pilot != 0])
    usual = float(unequal.mean()) if len(unequal) else high
    values = np.concatenate([pilot, [max(-usual, low), min(usual, high)]])
    support, counts = np.unique(np.round(values, 12), return_counts=True)
    return support, counts / counts.sum()


def _tilted(support: Array, shares: Array, mean: float) -> Array:
    """The shares, tilted so that the mean is ``mean``: shares · exp(tilt · value), as little changed as can be."""

    def tilted(tilt: float) -> Array:
        weights = np.log(shares) + tilt * support
        weights = np.exp(weights - weights.max())
        return np.asarray(weights / weights.sum())

    reach = 1.0
    while not tilted(-reach) @ support < mean < tilted(reach) @ support:
        reach *= 2
        if not math.isfinite(reach) or reach > 1e12:
            raise ValueError(f"no shares of these values have the mean {mean}")
    return tilted(float(scipy.optimize.brentq(lambda tilt: float(tilted(tilt) @ support) - mean, -reach, reach)))
