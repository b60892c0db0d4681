"""Tests that give a p value, and what to do with many of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
import scipy

from strop.measure.statistics.intervals import SEED, Array, check_finite, cluster_codes, cluster_sums

_EXACT_UP_TO = 14  # 2^14 sign patterns are still listed one by one
_BLOCK = 2_000_000


def mcnemar_exact(gained: int, lost: int) -> float:
    """Two-sided p of "both candidates are right equally often", from the discordant pairs (McNemar 1947, exact).

    No discordant pair is no evidence: p = 1.

    Args:
        gained: pairs that only the first candidate got right.
        lost: pairs that only the second got right.
    Raises:
        ValueError: for negative counts.
    """
    if not (gained >= 0 and lost >= 0):
        raise ValueError(f"{gained} gained and {lost} lost pairs are not possible")
    return min(1.0, 2 * float(scipy.special.bdtr(min(gained, lost), gained + lost, 0.5)))


def sign_flip(
    differences: Sequence[float],
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = 9_999,
    seed: int = SEED,
) -> float:
    """Two-sided permutation p of "the paired differences are symmetric about 0", whole clusters flipped together.

    All sign patterns up to 14 observations, random ones beyond; then the observed pattern counts as one of them, so
    that p is never 0 (Phipson and Smyth 2010).

    Args:
        differences: one paired difference an item.
        clusters: one key an item.
        resamples: random patterns.
    Raises:
        ValueError: for no differences, or one that is no finite number.
    """
    if len(differences) == 0:
        raise ValueError("no differences: no test")
    check_finite(np.asarray(differences, dtype=np.float64), "difference")
    codes = np.arange(len(differences)) if clusters is None else cluster_codes(clusters)
    sums = cluster_sums(np.asarray(differences, dtype=np.float64), codes)
    observed = abs(float(sums.sum())) * (1 - 1e-12)
    count = len(sums)
    if count <= _EXACT_UP_TO:
        patterns = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
        return float((np.abs((1 - 2 * patterns) @ sums) >= observed).mean())
    rng = np.random.default_rng(seed)
    extreme = 0
    block = max(1, _BLOCK // count)
    for start in range(0, resamples, block):
        signs = rng.integers(0, 2, size=(min(block, resamples - start), count), dtype=np.int8)
        extreme += int((np.abs((1 - 2 * signs) @ sums) >= observed).sum())
    return (extreme + 1) / (resamples + 1)


def as_low_by_chance(
    scores: Sequence[float], chosen: Sequence[bool], *, resamples: int = 9_999, seed: int = SEED
) -> float:
    """Chance that as many items, drawn blindly, score as low as the chosen ones do (permutation test, one-sided).

    The observed draw counts as one of them, so that it is never 0 (Phipson and Smyth 2010); 1 where all or none are
    chosen.

    Args:
        scores: one an item.
        chosen: which items.
        resamples: random draws.
    Raises:
        ValueError: for a score that is no finite number.
    """
    values, inside = np.asarray(scores, dtype=np.float64), np.asarray(chosen, dtype=np.bool_)
    check_finite(values, "score")
    count = int(inside.sum())
    if not 0 < count < len(values):
        return 1.0
    rng, observed = np.random.default_rng(seed), float(values[inside].sum()) + 1e-9
    low = sum(rng.choice(values, count, replace=False, shuffle=False).sum() <= observed for _ in range(resamples))
    return float((low + 1) / (resamples + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values that hold the chance of any false finding (Holm 1979); for what gates.

    Raises:
        ValueError: for a p value outside [0, 1].
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    return _restored(stepped, order)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values that hold the expected share of false findings (Benjamini and Hochberg 1995); for exploring.

    Raises:
        ValueError: for a p value outside [0, 1].
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum.accumulate((p[order] * len(p) / (np.arange(len(p)) + 1))[::-1])[::-1]
    return _restored(stepped, order)


def _checked(p_values: Sequence[float]) -> Array:
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("a p value lies outside [0, 1]")
    return p


def _restored(stepped: Array, order: npt.NDArray[np.intp]) -> list[float]:
    result = np.empty_like(stepped)
    result[order] = np.minimum(stepped, 1.0)
    return [float(p) for p in result]
