"""How probable is it that a row's label is wrong? Several foretellings of it, weighed by how well they foretell.

A label is taken to be what the text says, or, with a probability that is the same for all rows, any label at all. What
the text says is a softmax over weighed responses of several views, each made without the row itself. The weights and
that probability are those under which the given labels are likeliest; so a set whose labels are hard to foretell has
flat shares and few suspects, and one that holds many odd labels among clear ones has many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

Floats = npt.NDArray[np.float64]

_SAMPLE = 20_000
"""Rows, evenly spaced, from which the weights are found."""
_LEAST = 0.08
"""Share of odd labels that is supposed at least: some hundred rows cannot tell odd labels from hard ones, and
likelihood then takes all for hard. With it planted ones are found and few of hard sets are doubted (docs/log.md)."""
_MOST = 0.5
_SHARPEST = 30.0


class Mislabelled(NamedTuple):
    """By row: how probable its own label is right (``right``), the label that the others foretell (``likely``, an
    index) and its share; of all rows the share of odd labels (``odd``, some of them right by chance), and of each view
    its weight and its scale (mean and standard deviation)."""

    right: Floats
    likely: npt.NDArray[np.int64]
    likely_share: Floats
    odd: float
    weights: Floats
    scales: Floats


def mislabelled(
    views: Sequence[Floats], labels: Sequence[int], voting: npt.NDArray[np.bool_] | None = None
) -> Mislabelled:
    """What several foretellings together say of each row's label.

    Args:
        views: rows × labels each, higher for a likelier label, made without the row itself.
        labels: one index a row, from 0 on.
        voting: the rows that the weights are found from; all by default.
    """
    own = np.asarray(labels, dtype=np.int64)
    scales = np.array([(view.mean(), max(float(view.std()), 1e-9)) for view in views])
    from_which = np.arange(len(own)) if voting is None else np.flatnonzero(voting)
    sample = from_which[:: max(1, -(-len(from_which) // _SAMPLE))]
    weights, odd = _weighed(_alike([view[sample] for view in views], scales), own[sample])
    return mislabelled_by(views, own, odd, weights, scales)


def mislabelled_by(
    views: Sequence[Floats], labels: npt.NDArray[np.int64], odd: float, weights: Floats, scales: Floats
) -> Mislabelled:
    """The same with weights, share of odd labels and scales that other rows gave; a label of -1 is none of theirs."""
    shares = _shares(_alike(views, scales), weights)
    every = np.arange(len(labels))
    stray = odd / views[0].shape[1]
    said = (1 - odd) * np.where(labels >= 0, shares[every, labels], 0.0)
    likely = shares.argmax(axis=1)
    return Mislabelled(said / (said + stray), likely, shares[every, likely], odd, weights, scales)


def _alike(views: Sequence[Floats], scales: Floats) -> list[Floats]:
    return [(view - mean) / spread for view, (mean, spread) in zip(views, scales, strict=True)]


def _shares(views: Sequence[Floats], weights: Floats) -> Floats:
    logs = sum((weight * view for weight, view in zip(weights, views, strict=True)), np.zeros(views[0].shape))
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return np.asarray(shares, dtype=np.float64)


def _weighed(views: Sequence[Floats], own: npt.NDArray[np.int64]) -> tuple[Floats, float]:
    """The likeliest weights (none below 0) and share of odd labels."""
    start = np.array([1.0] * len(views) + [_LEAST])
    bounds = [(0.0, _SHARPEST)] * len(views) + [(_LEAST, _MOST)]
    found = scipy.optimize.minimize(_unlikely, start, args=(views, own), jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[:-1], float(found[-1])


def _unlikely(parameters: Floats, views: Sequence[Floats], own: npt.NDArray[np.int64]) -> tuple[float, Floats]:
    """How unlikely the labels are under weights and a share of odd labels (the last), a row; and its slope."""
    odd, every, count = float(parameters[-1]), np.arange(len(own)), views[0].shape[1]
    shares = _shares(views, parameters[:-1])
    mine = shares[every, own]
    given = np.maximum((1 - odd) * mine + odd / count, 1e-300)
    by_weight = [((view[every, own] - (shares * view).sum(axis=1)) * mine * (1 - odd) / given).sum() for view in views]
    by_odd = ((1 / count - mine) / given).sum()
    return float(-np.log(given).mean()), -np.array([*by_weight, by_odd]) / len(own)
