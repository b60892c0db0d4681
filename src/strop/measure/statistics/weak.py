"""Groups of items that do worse than the rest: found by looking at many, reported so that few of them are chance."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from strop.measure.statistics.intervals import Array, cluster_codes, cluster_sums
from strop.measure.statistics.significance import benjamini_hochberg

FEWEST = 10
"""Items that a group and its rest must have at least."""
SAME = 0.8
"""Share of common items (Jaccard) from which two groups are one finding."""


class Weak(NamedTuple):
    """A group and how it does: mean score inside and in the rest, items inside, and the adjusted p value.

    ``clusters``: in how many clusters its items are, as many as ``n`` where each is for itself.

    ``low``, ``high``: two-sided 95 % interval of inside minus rest, of this group alone (Welch 1947, or by clusters).
    """

    name: str
    value: float
    rest: float
    low: float
    high: float
    n: int
    clusters: int
    p: float


Group = npt.NDArray[np.bool_]


def weak_groups(
    scores: Sequence[float],
    groups: Mapping[str, Group],
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.1,
) -> list[Weak]:
    """The groups whose mean score is certainly below that of all other items, the surest first.

    Among what is returned the expected share of chance findings is at most ``level``, over all groups that were looked
    at (Benjamini and Hochberg 1995; scores 0 and 1 by Fisher's exact test, others by Welch's t). Where items share
    clusters, both give way to the error of a difference of means by clusters. Of groups that hold nearly the same items
    only the surest is named.

    Args:
        scores: one number an item, higher is better.
        groups: by name, which items belong to the group [n]. Those with too few items on either side are left out.
        clusters: one key an item; items of one document or user are one observation. None: each for itself.
        level: expected share of chance among the findings.
    Raises:
        ValueError: when a group is not as long as the scores.
    """
    values = np.asarray(scores, dtype=np.float64)
    if any(len(inside) != len(values) for inside in groups.values()):
        raise ValueError("every group needs one entry an item")
    large = {name: g for name, g in groups.items() if min(int(g.sum()), len(g) - int(g.sum())) >= FEWEST}
    codes = None if clusters is None else cluster_codes(clusters)
    if codes is not None and int(codes.max(initial=-1)) + 1 == len(values):
        codes = None
    binary = codes is None and bool(np.isin(values, (0.0, 1.0)).all())
    raw = {name: _p(values, g, codes, binary=binary) for name, g in large.items()}
    adjusted = dict(zip(raw, benjamini_hochberg(list(raw.values())), strict=True)) if raw else {}
    found: list[Weak] = []
    for name in sorted(raw, key=lambda name: (raw[name], -int(large[name].sum()), name)):
        if adjusted[name] <= level and not any(_alike(large[name], large[other.name]) for other in found):
            found.append(_described(name, values, large[name], codes, adjusted[name]))
    return found


Codes = npt.NDArray[np.int64] | None


def _p(values: Array, group: Group, codes: Codes, *, binary: bool) -> float:
    """One-sided: is the mean inside below that of the rest?"""
    inside, rest = values[group], values[~group]
    if inside.mean() >= rest.mean():
        return 1.0
    if binary:
        right, others = inside.sum(), rest.sum()
        table = np.array([[right, len(inside) - right], [others, len(rest) - others]], dtype=np.int64)
        return float(scipy.stats.fisher_exact(table, alternative="less").pvalue)
    difference, error, freedom = _difference(values, group, codes)
    if freedom < 1:
        return 1.0
    return float(scipy.stats.t.cdf(difference / error, freedom)) if error > 0 else 0.0


def _difference(values: Array, group: Group, codes: Codes) -> tuple[float, float, float]:
    """The difference of the means, its standard error and degrees of freedom.

    Without clusters Welch's (1947). With them the linearised error: every cluster's share in the difference is one
    observation, whichever side its items are on (Cochran 1977, section 2.11); one degree less than the clusters on the
    side that has fewer.
    """
    inside, rest = values[group], values[~group]
    difference = float(inside.mean() - rest.mean())
    if codes is None:
        one, other = inside.var(ddof=1) / len(inside), rest.var(ddof=1) / len(rest)
        both = one + other
        parts = one**2 / (len(inside) - 1) + other**2 / (len(rest) - 1)
        return difference, float(np.sqrt(both)), float(both**2 / parts if parts > 0 else np.inf)
    shares = np.where(group, (values - inside.mean()) / len(inside), (rest.mean() - values) / len(rest))
    sums = cluster_sums(shares, codes)
    fewest = min(len(np.unique(codes[group])), len(np.unique(codes[~group])))
    variance = float(sums @ sums) * fewest / max(fewest - 1, 1)
    return difference, float(np.sqrt(variance)), float(fewest - 1)


def _described(name: str, values: Array, group: Group, codes: Codes, p: float) -> Weak:
    difference, error, freedom = _difference(values, group, codes)
    half = float(scipy.stats.t.ppf(0.975, freedom)) * error
    inside, rest = values[group], values[~group]
    apart = len(inside) if codes is None else len(np.unique(codes[group]))
    low, high = difference - half, difference + half
    return Weak(name, float(inside.mean()), float(rest.mean()), low, high, len(inside), apart, p)


def _alike(one: Group, other: Group) -> bool:
    return bool((one & other).sum() >= SAME * (one | other).sum())
