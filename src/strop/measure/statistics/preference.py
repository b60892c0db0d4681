"""Which is better, from comparisons of two: strengths of all compared, with ties and a covariate regressed out."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import scipy

from strop.measure.statistics.intervals import SEED, Array, Interval, check_finite, check_level, cluster_codes

_RIDGE = 1e-3  # keeps one who won or lost every game at a finite strength
_ALIKE = 1e-6
"""Strengths of resamples that differ by less are one."""


class Game(NamedTuple):
    """One comparison. ``covariate`` is something of the first less the same of the second, such as relative length."""

    first: str
    second: str
    winner: Literal["first", "second", "tie"]
    prompt: Hashable = None
    covariate: float = 0.0


class Strengths(NamedTuple):
    """Log strengths (mean 0), the log tie parameter (None without ties), what one unit of the covariate is worth."""

    strengths: dict[str, float]
    ties: float | None
    covariate: float

    def chance(self, first: str, second: str) -> float:
        """Chance that the first wins against the second, ties aside, covariates equal."""
        return 1 / (1 + math.exp(self.strengths[second] - self.strengths[first]))


def bradley_terry(games: Sequence[Game]) -> Strengths:
    """Strengths by maximum likelihood (Bradley and Terry 1952), ties as Davidson (1970).

    P(first wins) : P(second wins) : P(tie) = a : b : v·sqrt(a·b), and log a - log b is the difference of the strengths
    plus the covariate's share. The likelihood is concave in the logs; a very small ridge keeps it finite.

    Args:
        games: the comparisons; both orders of a pair should be played.
    Raises:
        ValueError: for no games, a game of one against itself, or games that link some players with the others by none.
    """
    _refuse_islands(games)
    problem = _Problem(games)
    return problem.read(problem.solve(np.ones(len(games))))


def strength_interval(
    games: Sequence[Game], first: str, second: str, *, level: float = 0.95, resamples: int = 200, seed: int = SEED
) -> Interval:
    """Percentile bootstrap interval of the difference of two log strengths, prompts resampled.

    One prompt bounds nothing. Where all prompts agree, no resample differs: then the chance of winning is at least what
    so many wins in a row leave (Clopper and Pearson), and has no upper bound.

    Raises:
        ValueError: as :func:`bradley_terry`, or for a name that played no game.
    """
    check_level(level)
    _refuse_islands(games)
    problem = _Problem(games)
    for name in (first, second):
        if name not in problem.names:
            raise ValueError(f"{name!r} played no game")
    i, j = problem.names.index(first), problem.names.index(second)
    codes = cluster_codes([game.prompt for game in games])
    count = int(codes.max()) + 1
    if count < 2:
        return Interval(-math.inf, math.inf)
    rng = np.random.default_rng(seed)
    start = problem.solve(np.ones(len(games)))
    draws = []
    for _ in range(resamples):
        weights = np.bincount(rng.integers(0, count, count), minlength=count)[codes].astype(np.float64)
        found = problem.solve(weights, start)
        draws.append(float(found[i] - found[j]))
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    if high - low > _ALIKE:
        return Interval(float(low), float(high))
    least = float(scipy.special.logit(((1 - level) / 2) ** (1 / count)))
    return Interval(least, math.inf) if low > 0 else Interval(-math.inf, -least if low < 0 else math.inf)


def _refuse_islands(games: Sequence[Game]) -> None:
    """Strengths are differences: between players whom no chain of games links there is none."""
    linked = {name: {name} for game in games for name in (game.first, game.second)}
    for game in games:
        joined = linked[game.first] | linked[game.second]
        linked |= dict.fromkeys(joined, joined)
    apart = set(linked) - (linked[games[0].first] if games else set())
    if apart:
        raise ValueError(f"no game links {games[0].first!r} with {min(apart)!r}: their strengths cannot be compared")


class _Problem:
    """The likelihood: every game is a choice of one of three outcomes whose utilities are linear in the parameters."""

    def __init__(self, games: Sequence[Game]) -> None:
        if not games:
            raise ValueError("no games: no strengths")
        check_finite(np.array([game.covariate for game in games]), "covariate")
        self.names = sorted({game.first for game in games} | {game.second for game in games})
        self.has_ties = any(game.winner == "tie" for game in games)
        self.has_covariate = any(game.covariate for game in games)
        size = len(self.names)
        self.design = np.zeros((len(games), 3, size + 2))
        self.outcome = np.array([("first", "second", "tie").index(game.winner) for game in games])
        for row, game in zip(self.design, games, strict=True):
            if game.first == game.second:
                raise ValueError(f"{game.first!r} was compared with itself")
            i, j = self.names.index(game.first), self.names.index(game.second)
            row[0, i] = row[1, j] = 1
            row[2, [i, j]] = 0.5
            row[2, size] = 1
            row[0, size + 1], row[1, size + 1] = game.covariate / 2, -game.covariate / 2

    def solve(self, weights: Array, start: Array | None = None) -> Array:
        found = scipy.optimize.minimize(
            self._loss,
            np.zeros(self.design.shape[2]) if start is None else start,
            args=(weights,),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 1000, "ftol": 1e-13, "gtol": 1e-8},
        )
        return np.asarray(found.x, dtype=np.float64)

    def _loss(self, parameters: Array, weights: Array) -> tuple[float, Array]:
        utilities = self.design @ parameters
        if not self.has_ties:
            utilities[:, 2] = -np.inf
        logs = utilities - scipy.special.logsumexp(utilities, axis=1, keepdims=True)
        rows = np.arange(len(logs))
        excess = np.exp(logs)
        excess[rows, self.outcome] -= 1
        gradient = np.einsum("g,go,gop->p", weights, excess, self.design) + 2 * _RIDGE * parameters
        loss = -float(weights @ logs[rows, self.outcome]) + _RIDGE * float(parameters @ parameters)
        return loss, gradient

    def read(self, parameters: Array) -> Strengths:
        size = len(self.names)
        centred = parameters[:size] - parameters[:size].mean()
        return Strengths(
            dict(zip(self.names, map(float, centred), strict=True)),
            float(parameters[size]) if self.has_ties else None,
            float(parameters[size + 1]) if self.has_covariate else 0.0,
        )
