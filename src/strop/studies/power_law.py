"""How quality grows with rows: a power law through means, without an optimizer that could get stuck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from strop.records import Record

Floats = npt.NDArray[np.float64]

EXPONENTS: Floats = np.geomspace(0.05, 2.0, 60)
"""Exponents that are tried; published curves of error against rows lie well inside (Hestness et al. 2017)."""


class PowerLaw(Record):
    """``value(n) = top - scale * n ** -exponent``: quality rises towards ``top``."""

    top: float
    scale: float
    exponent: float

    def at(self, rows: float) -> float:
        """The quality at a number of rows."""
        return float(self.top - self.scale * float(rows) ** -self.exponent)


def fit(sizes: Sequence[int], values: Sequence[float] | Floats, *, ceiling: float = 1.0) -> PowerLaw:
    """The least-squares power law that rises and stays below ``ceiling``.

    For a fixed exponent the law is linear in the two others, so the exponent is searched on a grid and the rest solved;
    the same numbers always give the same law.

    Args:
        sizes: numbers of rows, at least two different ones.
        values: the quality at each size; more is better.
        ceiling: the best possible value.
    Raises:
        ValueError: with fewer than two different sizes.
    """
    if len(set(sizes)) < 2:
        raise ValueError("a curve needs at least two sizes")
    target = np.asarray(values, dtype=np.float64)
    falls = np.asarray(sizes, dtype=np.float64)[None, :] ** -EXPONENTS[:, None]
    centred = falls - falls.mean(axis=1, keepdims=True)
    scale = np.maximum(-(centred @ (target - target.mean())) / (centred**2).sum(axis=1), 0.0)
    top = target.mean() + scale * falls.mean(axis=1)
    over = top > ceiling
    below = np.maximum(((ceiling - target) * falls).sum(axis=1) / (falls**2).sum(axis=1), 0.0)
    scale, top = np.where(over, below, scale), np.where(over, ceiling, top)
    errors = ((top[:, None] - scale[:, None] * falls - target) ** 2).sum(axis=1)
    best = int(errors.argmin())
    return PowerLaw(top=float(top[best]), scale=float(scale[best]), exponent=float(EXPONENTS[best]))
