"""What the n-grams of a text say of its label: naive Bayes, each row left out.

Multinomial over the n-grams that a text has, each counted once (McCallum and Nigam 1998; presence in place of counts as
Wang and Manning 2012 advise for short texts). Taking a row out of its label's counts is a subtraction, so that one pass
over the texts does the work of n fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from strop.measure.rows.ngrams import VIEWS, Ngrams

Floats = npt.NDArray[np.float64]
_SMOOTHING = 0.1
_AT_ONCE = 64
"""Further rows that are told of together: what their n-grams say of each label is held."""


def spoken_for(texts: Ngrams, labels: Sequence[int], voting: npt.NDArray[np.bool_] | None = None) -> list[Floats]:
    """By view of the texts, what all other rows' n-grams say of each row and label (rows × labels): log probability of
    its n-grams under the label, over the root of their number, so that long texts are not surer than they should be.

    Args:
        texts: the rows.
        labels: one index a row, from 0 on.
        voting: the rows that count; all by default. The others are only spoken of.
    """
    own = np.asarray(labels, dtype=np.int64)
    votes = np.ones(len(own), dtype=bool) if voting is None else voting
    return _said(texts, own, votes, _holders(texts, own, votes))


class Speakers(NamedTuple):
    """What the n-grams of one view say of each label: their log probability (n-grams × labels), and the part of each
    label that all n-grams have in common."""

    logs: Floats
    logs_of_all: Floats


def spoken_for_and_by(texts: Ngrams, labels: Sequence[int]) -> tuple[list[Floats], list[Speakers]]:
    """:func:`spoken_for`, and by view what the n-grams of all rows say: with it :func:`spoken_of` tells of a further
    row. Both in two passes over the texts, since to see many of them is what takes long."""
    own = np.asarray(labels, dtype=np.int64)
    votes = np.ones(len(own), dtype=bool)
    holders = _holders(texts, own, votes)
    return _said(texts, own, votes, holders), [_logs(held) for held in holders]


def spoken_of(view: Any, told: Speakers) -> Floats:
    """As :func:`spoken_for`, of rows that are none of those (rows × labels); what is said of one hangs on it alone.

    Args:
        view: the n-grams of each row in this view, as :func:`~strop.measure.rows.ngrams.weighed` gives them.
        told: what they say.
    """
    sizes = np.diff(view.indptr).astype(np.int64)
    log = -sizes[:, None] * told.logs_of_all
    there = np.flatnonzero(sizes)
    for start in range(0, len(there), _AT_ONCE):
        some = there[start : start + _AT_ONCE]
        first, end = view.indptr[some[0]], view.indptr[some[-1] + 1]
        said = told.logs[view.indices[first:end]].astype(np.float64)
        log[some] += np.add.reduceat(said, view.indptr[some] - first, axis=0)
    return np.asarray(log / np.sqrt(np.maximum(sizes, 1))[:, None])


def _holders(texts: Ngrams, own: npt.NDArray[np.int64], votes: npt.NDArray[np.bool_]) -> list[Floats]:
    """By view, how many voting rows of each label hold each n-gram."""
    holders: list[Floats] = []
    start = 0
    for views in texts.chunks():
        part = slice(start, start + views[0].shape[0])
        start = part.stop
        votes_of = np.zeros((part.stop - part.start, int(own.max()) + 1))
        votes_of[np.arange(len(votes_of)), own[part]] = votes[part]
        held = [np.asarray(_presence(view).T @ votes_of) for view in views]
        holders = [before + more for before, more in zip(holders, held, strict=True)] if holders else held
    return holders


def _logs(holders: Floats) -> Speakers:
    return Speakers(np.log(holders + _SMOOTHING), np.log(holders.sum(axis=0) + _SMOOTHING * max(1, holders.shape[0])))


def _said(
    texts: Ngrams, own: npt.NDArray[np.int64], votes: npt.NDArray[np.bool_], holders: Sequence[Floats]
) -> list[Floats]:
    """By view, what the others say of each row and label."""
    told = [_logs(held) for held in holders]
    said: list[list[Floats]] = [[] for _ in range(VIEWS)]
    start = 0
    for views in texts.chunks():
        part = slice(start, start + views[0].shape[0])
        start = part.stop
        for found, view, held, logs in zip(said, views, holders, told, strict=True):
            found.append(_said_of(_presence(view), own[part], votes[part], held, logs))
    return [np.concatenate(parts) for parts in said]


def _said_of(
    there: Any, mine: npt.NDArray[np.int64], votes: npt.NDArray[np.bool_], holders: Floats, told: Speakers
) -> Floats:
    all_of, width = holders.sum(axis=0), _SMOOTHING * max(1, holders.shape[0])
    sizes, every = np.diff(there.indptr), np.arange(there.shape[0])
    log = np.asarray(there @ told.logs) - sizes[:, None] * told.logs_of_all
    mine_held = holders[there.indices, np.repeat(mine, sizes)]
    without = np.log(np.maximum(mine_held - 1, 0) + _SMOOTHING)
    # Of rows without a word that others use, too, numpy counts in whole numbers, weights or not.
    left = np.bincount(np.repeat(every, sizes), weights=without, minlength=len(every)).astype(np.float64)
    left -= sizes * np.log(all_of[mine] - sizes + width)
    log[every, mine] = np.where(votes, left, log[every, mine])
    return np.asarray(log / np.sqrt(np.maximum(sizes, 1))[:, None])


def _presence(weighed: Any) -> Any:
    there = weighed.copy()
    there.data = np.ones_like(there.data)
    return there
