"""What the n-grams of a text say of its label: naive Bayes, each row left out.

Multinomial over the n-grams that a text has, each counted once (McCallum and Nigam 1998; presence in place of counts as
Wang and Manning 2012 advise for short texts). Taking a row out of its label's counts is a subtraction, so that one pass
over the texts does the work of n fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    count = int(own.max()) + 1
    return [_said(texts, view, own, votes, count) for view in range(VIEWS)]


def _said(texts: Ngrams, view: int, own: npt.NDArray[np.int64], votes: npt.NDArray[np.bool_], count: int) -> Floats:
    holders: Floats | None = None
    start = 0
    for views in texts.chunks():
        there = _presence(views[view])
        part = slice(start, start + there.shape[0])
        start = part.stop
        votes_of = np.zeros((there.shape[0], count))
        votes_of[np.arange(there.shape[0]), own[part]] = votes[part]
        held = np.asarray(there.T @ votes_of)
        holders = held if holders is None else holders + held
    assert holders is not None
    all_of = holders.sum(axis=0)
    width = _SMOOTHING * holders.shape[0]
    logs, logs_of_all = np.log(holders + _SMOOTHING), np.log(all_of + width)
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
