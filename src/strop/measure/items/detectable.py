"""The smallest gain that a number of items is likely to show, by the interval that decides and items like those seen.

A t test's power promises too much where scores are bounded and few differ: the score interval (:mod:`.bounded`) allows
for losses that nobody saw yet, and asks for more. So its power is not computed from a formula but from itself: samples
are drawn, and the share is counted in which the interval clears the line. Of right/wrong scores it is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from strop.measure.items.results import matched, paired_sums, statistic_of
from strop.measure.items.sums import largest, summands
from strop.measure.statistics.bounded import as_left_out, clears, is_share, sums_clear
from strop.measure.statistics.influence import influence_clears
from strop.measure.statistics.intervals import Array, cluster_codes, cluster_sums, standard_error
from strop.measure.statistics.power import detectable_effect, pairs_power
from strop.records import ItemResult, MeasureSpec

_ROUNDS = (200, 400, 2000)
"""Samples drawn at each guess; the last ones are the figure."""
_MANY = 1e6
"""A pilot's shares as so many items: what counts single items (a label nobody says) does not see the shares."""

Shown = Callable[[float, np.random.Generator, int], float]
"""The share of so many drawn samples that clear the line, were the gain that much."""


def detectable_difference(
    spec: MeasureSpec, a: Sequence[ItemResult], b: Sequence[ItemResult], n: int, *, alpha: float, power: float = 0.8
) -> float | None:
    """By how much ``a`` has to be better than ``b`` so that ``n`` independent items show it; None if none would do.

    The items seen are drawn again, won and lost ones as often as a gain needs them (exponential tilting by their
    influence on the difference), and each sample is asked by the interval of :func:`strop.measure.paired`.

    Args:
        spec: the measure.
        a, b: both candidates' results on the items seen so far, matched by example id.
        n: independent items (clusters of those like the ones seen) that are to decide, at least 2.
        alpha: one-sided error rate.
        power: chance to show it.
    Raises:
        ValueError: as :func:`strop.measure.paired`, or for fewer than two items or an impossible rate.
    """
    firsts, seconds = matched(spec, a, b)
    sign, codes = 1.0 if spec.higher_is_better else -1.0, cluster_codes([item.cluster for item in firsts])
    rows = summands(spec, firsts), summands(spec, seconds)
    if spec.how != "mean":
        return _by_drawing(_of_sums(spec, rows, sign, codes, alpha), n, alpha=alpha, power=power)
    differences = sign * (rows[0][:, 0] - rows[1][:, 0])
    clusters = int(codes.max()) + 1
    if largest(spec) != 1 or not (is_share(np.abs(rows[0][:, 0])) and is_share(np.abs(rows[1][:, 0]))):
        spread = standard_error(differences, codes)[0] * clusters**0.5
        return detectable_effect(n, spread, alpha=alpha, power=power) if 0 < spread < math.inf else None
    if clusters == len(differences):
        return detectable_gain(differences, n, alpha=alpha, power=power)
    return _by_drawing(_of_means(differences, codes, alpha), n, alpha=alpha, power=power)


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
    _check(n, alpha, power)
    support, shares = _support(pilot, low, high)
    best = float(support[-1]) - 1e-3 * (high - low)
    if best <= -margin:
        return None
    if set(support.tolist()) <= {-1.0, 0.0, 1.0} and (low, high) == (-1.0, 1.0):
        return _of_pairs(support, shares, n, margin=margin, alpha=alpha, power=power)

    def shown(mean: float, rng: np.random.Generator, draws: int) -> float:
        samples = rng.choice(support, size=(draws, n), p=_tilted(support, shares, mean))
        return float(np.mean([clears(sample, -margin, low=low, high=high, alpha=alpha) for sample in samples]))

    spread = float((shares @ (support - shares @ support) ** 2) ** 0.5)
    return _solved(shown, (-margin, best), detectable_effect(n, spread, alpha=alpha, power=power, margin=margin), power)


def _of_pairs(support: Array, shares: Array, n: int, *, margin: float, alpha: float, power: float) -> float | None:
    """Of right/wrong scores, with the exact power."""

    def missing(mean: float) -> float:
        known = dict(zip(support.tolist(), _tilted(support, shares, mean).tolist(), strict=True))
        return pairs_power(n, known.get(1.0, 0.0), known.get(-1.0, 0.0), margin=margin, alpha=alpha) - power

    least, most = -margin + 1e-6, 1.0 - 1e-6
    return float(scipy.optimize.brentq(missing, least, most, xtol=1e-5)) if missing(most) > 0 else None


class _Pilot(NamedTuple):
    """Items seen so far, each also with the two candidates' results exchanged, in clusters that can be drawn."""

    rows: Array
    members: list[npt.NDArray[np.int64]]
    statistic: Callable[[Array], Array]
    clears: Callable[[Array, npt.NDArray[np.int64]], bool]
    """Whether rows, with the clusters that they are in, are shown to be better."""


def _of_means(differences: Array, codes: npt.NDArray[np.int64], alpha: float) -> _Pilot:
    def clear(rows: Array, drawn: npt.NDArray[np.int64]) -> bool:
        return sums_clear(as_left_out(cluster_sums(rows, drawn)), 0.0, low=-1.0, high=1.0, alpha=alpha)

    ones = np.ones(2 * len(differences))
    rows = np.column_stack([np.concatenate([differences, -differences]), ones])
    return _Pilot(rows, _members(codes), lambda sums: np.asarray(sums[:, 0] / sums[:, 1]), clear)


def _of_sums(
    spec: MeasureSpec, rows: tuple[Array, Array], sign: float, codes: npt.NDArray[np.int64], alpha: float
) -> _Pilot:
    width = rows[0].shape[1]
    statistic = statistic_of(spec, width, sign)

    def clear(drawn: Array, clusters: npt.NDArray[np.int64]) -> bool:
        sums, worst, best = paired_sums(spec, (drawn[:, :width], drawn[:, width:]), sign, clusters)
        sizes = np.bincount(clusters).astype(np.float64)
        return influence_clears(sums, statistic, worst=worst, best=best, sizes=sizes, line=0.0, alpha=alpha)

    both = np.vstack([np.hstack(rows), np.hstack(rows[::-1])])
    return _Pilot(both, _members(codes), statistic, clear)


def _members(codes: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """The rows of each cluster, and of each with the results exchanged."""
    order = np.argsort(codes, kind="stable")
    found = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return [*found, *(each + len(codes) for each in found)]


def _by_drawing(pilot: _Pilot, n: int, *, alpha: float, power: float) -> float | None:
    """The gain of a pilot of clusters; those with exchanged results weigh as much as one cluster in all."""
    _check(n, alpha, power)
    clusters = len(pilot.members) // 2
    sums = np.array([pilot.rows[each].sum(axis=0) for each in pilot.members])
    weights = np.repeat([1 / (clusters + 1), 1 / (clusters * (clusters + 1))], clusters)
    mean = weights @ sums
    step = 1e-4
    influence = (
        pilot.statistic(_MANY * ((1 - step) * mean + step * sums)) - pilot.statistic(_MANY * mean[None, :])
    ) / step
    spread = float((weights @ (influence - weights @ influence) ** 2) ** 0.5)
    if spread <= 1e-9:
        return None

    def tilted(tilt: float) -> Array:
        exponents = np.log(weights) + tilt * influence / spread
        found = np.exp(exponents - exponents.max())
        return np.asarray(found / found.sum())

    def gain(tilt: float) -> float:
        return float(pilot.statistic(_MANY * (tilted(tilt) @ sums)[None, :])[0])

    def shown(value: float, rng: np.random.Generator, draws: int) -> float:
        shares = tilted(float(scipy.optimize.brentq(lambda tilt: gain(tilt) - value, -_FAR, _FAR, xtol=1e-6)))
        chosen = rng.choice(len(shares), size=(draws, n), p=shares)
        return float(np.mean([_clear(pilot, sample) for sample in chosen]))

    return _solved(
        shown, (max(0.0, gain(-_FAR)), gain(_FAR)), detectable_effect(n, spread, alpha=alpha, power=power), power
    )


_FAR = 12.0
"""Standard deviations of influence by which a pilot is tilted at most."""


def _clear(pilot: _Pilot, sample: npt.NDArray[np.int64]) -> bool:
    chosen = [pilot.members[cluster] for cluster in sample]
    drawn = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
    return pilot.clears(pilot.rows[np.concatenate(chosen)], drawn)


def _solved(shown: Shown, between: tuple[float, float], guess: float, power: float) -> float | None:
    """Where the share shown is ``power``: a share falls in with a gain as a normal distribution does, nearly.

    ``guess``: by a t test, which also tells how steep it is.
    """
    rng = np.random.default_rng(0)
    least, most = between[0] + 1e-4, between[1] - 1e-4
    if most <= least:
        return None
    wanted = float(scipy.special.ndtri(power))
    steep = (wanted + 2) / max(guess - between[0], 1e-6)
    gain = min(max(guess, least), most)
    for draws in _ROUNDS:
        share = shown(gain, rng, draws)
        if gain == most and share < power:
            return None
        missed = wanted - float(scipy.special.ndtri(min(max(share, 0.01), 0.99)))
        gain = min(max(gain + missed / steep, least), most)
    return gain


def _check(n: int, alpha: float, power: float) -> None:
    if n < 2 or not 0 < alpha < power < 1:
        raise ValueError(f"{n} items, alpha {alpha} and power {power}")


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
