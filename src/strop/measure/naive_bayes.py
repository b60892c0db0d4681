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

from strop.measure.ngrams import VIEWS, Ngrams

Floats = npt.NDArray[np.float64]
_SMOOTHING = 0.1


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
    return [_said(texts, view, own, votes, _holders(texts, view, own, votes)) for view in range(VIEWS)]


class Speakers(NamedTuple):
    """What the n-grams of one view say of each label: their log probability (n-grams × labels), and the part of each
    label that all n-grams have in common."""

    logs: Floats
    logs_of_all: Floats


def speakers(texts: Ngrams, labels: Sequence[int]) -> list[Speakers]:
    """By view what the n-grams of all rows say: with it :func:`spoken_of` tells of a further row."""
    own = np.asarray(labels, dtype=np.int64)
    return [_logs(_holders(texts, view, own, np.ones(len(own), dtype=bool))) for view in range(VIEWS)]


def spoken_of(ngrams: npt.NDArray[np.integer[Any]], told: Speakers) -> Floats:
    """As :func:`spoken_for`, of one row that is none of those (labels).

    Args:
        ngrams: the row's n-grams in this view, each once.
        told: what they say.
    """
    log: Floats = told.logs[ngrams].astype(np.float64).sum(axis=0) - len(ngrams) * told.logs_of_all
    return np.asarray(log / np.sqrt(max(len(ngrams), 1)))


def _holders(texts: Ngrams, view: int, own: npt.NDArray[np.int64], votes: npt.NDArray[np.bool_]) -> Floats:
    """How many voting rows of each label hold each n-gram."""
    holders: Floats | None = None
    start = 0
    for views in texts.chunks():
        there = _presence(views[view])
        part = slice(start, start + there.shape[0])
        start = part.stop
        votes_of = np.zeros((there.shape[0], int(own.max()) + 1))
        votes_of[np.arange(there.shape[0]), own[part]] = votes[part]
        held = np.asarray(there.T @ votes_of)
        holders = held if holders is None else holders + held
    assert holders is not None
    return holders


def _logs(holders: Floats) -> Speakers:
    return Speakers(np.log(holders + _SMOOTHING), np.log(holders.sum(axis=0) + _SMOOTHING * holders.shape[0]))


def _said(
    texts: Ngrams, view: int, own: npt.NDArray[np.int64], votes: npt.NDArray[np.bool_], holders: Floats
) -> Floats:
    logs, logs_of_all = _logs(holders)
    all_of, width = holders.sum(axis=0), _SMOOTHING * holders.shape[0]
    said, start = [], 0
    for views in texts.chunks():
        there = _presence(views[view])
        part = slice(start, start + there.shape[0])
        start = part.stop
        sizes = np.diff(there.indptr)
        log = np.asarray(there @ logs) - sizes[:, None] * logs_of_all
        mine, every = own[part], np.arange(there.shape[0])
        label_of = np.repeat(mine, sizes)
        mine_held = holders[there.indices, label_of]
        without = np.log(np.maximum(mine_held - 1, 0) + _SMOOTHING)
        left = np.bincount(np.repeat(every, sizes), weights=without, minlength=len(every))
        left -= sizes * np.log(all_of[mine] - sizes + width)
        log[every, mine] = np.where(votes[part], left, log[every, mine])
        said.append(log / np.sqrt(np.maximum(sizes, 1))[:, None])
    return np.concatenate(said)


def _presence(weighed: Any) -> Any:
    there = weighed.copy()
    there.data = np.ones_like(there.data)
    return there
