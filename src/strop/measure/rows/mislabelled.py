"""How probable is it that a row's label is wrong? Several foretellings of it, weighed by how well they foretell.

A label is taken to be what the text says, or, with a probability that is the same for all rows, any label at all. What
the text says is a softmax over weighed responses of several views, each made without the row itself. The weights and
that probability are those under which the given labels are likeliest; so a set whose labels are hard to foretell has
flat shares and few suspects, and one that holds many odd labels among clear ones has many.

People mistake one label for another more often than for any: how often each is given where the text says which other is
found by expectation-maximisation over all rows (Dawid and Skene 1979, with the shares as what the texts say), with odd
labels spread evenly as what is supposed.
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
_ROUNDS = 20
_AS_MANY = 4
"""How many times a label's even share of the rows is supposed to have odd labels spread evenly."""
_SURE, _CLEAR = 0.7, 3.0
"""Share from which a text is surely of a label; standard deviations (Poisson) beyond what is expected of such rows."""
_MOST_LABELS = 200
"""Labels up to which it is found which are taken for which."""
_SHARPEST = 30.0


class Mislabelled(NamedTuple):
    """By row: how probable its own label is right (``right``), the label that the others foretell (``likely``, an
    index) and its share; of all rows the share of odd labels (``odd``, some of them right by chance), how often each
    label (columns) is given where the text says which (lines, ``taken``), and of each view its weight and its scale
    (mean and standard deviation)."""

    right: Floats
    likely: npt.NDArray[np.int64]
    likely_share: Floats
    odd: float
    taken: Floats
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
    alike = _alike([view[sample] for view in views], scales)
    weights, odd = _weighed(alike, own[sample])
    taken = _taken(_shares(alike, weights), own[sample], odd)
    return mislabelled_by(views, own, taken, weights=weights, odd=odd, scales=scales)


def mislabelled_by(
    views: Sequence[Floats],
    labels: npt.NDArray[np.int64],
    taken: Floats,
    *,
    weights: Floats,
    odd: float,
    scales: Floats,
) -> Mislabelled:
    """The same with what other rows gave (see :class:`Mislabelled`); a label of -1 is none of theirs."""
    shares = _shares(_alike(views, scales), weights)
    every = np.arange(len(labels))
    meant = np.where(labels >= 0, shares[every, labels], 0.0)
    by_chance = odd / views[0].shape[1]
    said = meant * (taken[labels, labels] - by_chance)
    other = (shares * taken[:, labels].T).sum(axis=1) - meant * taken[labels, labels]
    likely = shares.argmax(axis=1)
    right = np.where(labels >= 0, said / (said + other + meant * by_chance), 0.0)
    return Mislabelled(right, likely, shares[every, likely], odd, taken, weights, scales)


def _taken(shares: Floats, own: npt.NDArray[np.int64], odd: float) -> Floats:
    """How often each label (columns) is given where the text says which (lines).

    A pair counts as taken for each other only if it also stands out among rows whose texts are surely of one label:
    where labels are hard to foretell, what looks like a mistake is often none.
    """
    count = shares.shape[1]
    supposed = np.full((count, count), odd / count) + (1 - odd) * np.eye(count)
    if count > _MOST_LABELS:
        return supposed
    taken, given = supposed, np.eye(count)[own]
    for _ in range(_ROUNDS):
        meant = shares * taken[:, own].T
        counted = (meant / meant.sum(axis=1, keepdims=True)).T @ given + supposed * (_AS_MANY * len(own) / count)
        taken = counted / counted.sum(axis=1, keepdims=True)
    sure = (shares >= _SURE).astype(np.float64)
    seen = sure.T @ given
    expected = (1 - odd) * (sure.T @ shares) + odd / count * sure.sum(axis=0)[:, None]
    clear = seen - expected > _CLEAR * np.sqrt(np.maximum(expected, 0.25))
    taken = np.where(clear, np.maximum(taken, supposed), supposed)
    np.fill_diagonal(taken, 0.0)
    np.fill_diagonal(taken, 1 - taken.sum(axis=1))
    return np.asarray(taken, dtype=np.float64)


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
