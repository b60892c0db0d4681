"""Groups of items that do worse than the rest: found by looking at many, reported so that few of them are chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from strop.measure.intervals import Array
from strop.measure.significance import benjamini_hochberg

FEWEST = 10
"""Items that a group and its rest must have at least."""
SAME = 0.8
"""Share of common items (Jaccard) from which two groups are one finding."""


class Weak(NamedTuple):
    """A group and how it does: mean score inside and in the rest, items inside, and the adjusted p value.

    ``low``, ``high``: two-sided 95 % interval of inside minus rest, of this group alone (Welch 1947).
    """

    name: str
    value: float
    rest: float
    low: float
    high: float
    n: int
    p: float


def weak_groups(
    scores: Sequence[float], groups: Mapping[str, npt.NDArray[np.bool_]], *, level: float = 0.1
) -> list[Weak]:
    """The groups whose mean score is certainly below that of all other items, the surest first.

    Among what is returned the expected share of chance findings is at most ``level``, over all groups that were looked
    at (Benjamini and Hochberg 1995; scores 0 and 1 by Fisher's exact test, others by Welch's t). Of groups that hold
    nearly the same items only the surest is named.

    Args:
        scores: one number an item, higher is better.
        groups: by name, which items belong to the group [n]. Those with too few items on either side are left out.
        level: expected share of chance among the findings.
    Raises:
        ValueError: when a group is not as long as the scores.
    """
    values = np.asarray(scores, dtype=np.float64)
    if any(len(inside) != len(values) for inside in groups.values()):
        raise ValueError("every group needs one entry an item")
    large = {name: g for name, g in groups.items() if min(int(g.sum()), len(g) - int(g.sum())) >= FEWEST}
    binary = bool(np.isin(values, (0.0, 1.0)).all())
    raw = {name: _p(values[g], values[~g], binary=binary) for name, g in large.items()}
    adjusted = dict(zip(raw, benjamini_hochberg(list(raw.values())), strict=True)) if raw else {}
    found: list[Weak] = []
    for name in sorted(raw, key=lambda name: (raw[name], -int(large[name].sum()), name)):
        if adjusted[name] <= level and not any(_alike(large[name], large[other.name]) for other in found):
            found.append(_described(name, values[large[name]], values[~large[name]], adjusted[name]))
    return found


def _p(inside: Array, rest: Array, *, binary: bool) -> float:
    """One-sided: is the mean inside below that of the rest?"""
    if inside.mean() >= rest.mean():
        return 1.0
    if binary:
        right, others = inside.sum(), rest.sum()
        table = np.array([[right, len(inside) - right], [others, len(rest) - others]], dtype=np.int64)
        return float(stats.fisher_exact(table, alternative="less").pvalue)
    difference, error, freedom = _welch(inside, rest)
    return float(stats.t.cdf(difference / error, freedom)) if error > 0 else 0.0


def _welch(inside: Array, rest: Array) -> tuple[float, float, float]:
    """The difference of the means, its standard error and degrees of freedom (Welch 1947)."""
    one, other = inside.var(ddof=1) / len(inside), rest.var(ddof=1) / len(rest)
    both = one + other
    parts = one**2 / (len(inside) - 1) + other**2 / (len(rest) - 1)
    freedom = both**2 / parts if parts > 0 else np.inf
    return float(inside.mean() - rest.mean()), float(np.sqrt(both)), float(freedom)


def _described(name: str, inside: Array, rest: Array, p: float) -> Weak:
    difference, error, freedom = _welch(inside, rest)
    half = float(stats.t.ppf(0.975, freedom)) * error
    return Weak(name, float(inside.mean()), float(rest.mean()), difference - half, difference + half, len(inside), p)


def _alike(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> bool:
    return bool((one & other).sum() >= SAME * (one | other).sum())
