"""Texts as points: TF-IDF of words and characters, seen along the directions in which the texts vary most.

Latent semantic analysis (Deerwester et al. 1990); the directions come from a randomized range finder (Halko, Martinsson
and Tropp 2011, algorithm 4.4), of a sample of the texts where they are many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from strop.measure.rows.ngrams import VIEWS, Ngrams

Floats = npt.NDArray[np.float64]
_SPARE = 10
"""Directions that are looked for beyond those that are wanted: the last ones of a randomized search are poor."""
_ROUNDS = 1
_MOST_EVENED, _FEWEST_EVENED, _ROWS_A_DIRECTION = 50, 10, 6


class Placed(NamedTuple):
    """``points``: texts × directions. ``explained``: share of each text's n-grams that the directions hold, in [0, 1];
    0 for a text of which no n-gram stands in another."""

    points: Floats
    explained: Floats

    def along(self, width: int) -> Placed:
        """The same along the first ``width`` directions only."""
        points = self.points[:, :width]
        return Placed(points, _explained(points))


def points_of(texts: Sequence[str] | Ngrams, width: int) -> Placed:
    """Where each text lies along the ``width`` directions (fewer, for few texts) in which the texts differ most.

    The same texts in the same order give the same points; the sign of a direction means nothing.
    """
    if len(texts) < 2:
        return Placed(np.zeros((len(texts), 0)), np.zeros(len(texts)))
    return points_and_axes(texts if isinstance(texts, Ngrams) else Ngrams(texts), width)[0]


def points_and_axes(texts: Ngrams, width: int) -> tuple[Placed, Floats]:
    """As :func:`points_of`, of two texts or more, and the directions (n-grams of both views, one after the other, ×
    directions): along them :func:`placed_along` sees further texts."""
    axes = _axes(scipy.sparse.hstack(texts.sample, format="csr"), width)
    points = np.concatenate([scipy.sparse.hstack(views, format="csr") @ axes for views in texts.chunks()])
    return Placed(points, _explained(points)), axes


def placed_along(views: Sequence[Any], axes: npt.NDArray[np.floating[Any]]) -> Placed:
    """Where texts lie along directions that others gave; of the axes only the lines of their n-grams are read.

    Args:
        views: of the texts, as :func:`~strop.measure.rows.ngrams.weighed` gives them.
        axes: n-grams × directions.
    """
    seen = scipy.sparse.hstack(views, format="csr")
    there, columns = np.unique(seen.indices, return_inverse=True)
    data = seen.data.astype(np.float32)  # more digits than the axes are kept with
    held = scipy.sparse.csr_matrix((data, columns, seen.indptr), shape=(seen.shape[0], len(there)))
    points: Floats = (held @ np.asarray(axes[there], dtype=np.float32)).astype(np.float64)
    return Placed(points, _explained(points))


def whitening(sample: npt.ArrayLike) -> Callable[[npt.ArrayLike], Floats]:
    """How to see vectors so that every direction in which the sample varies counts alike.

    Hidden states of language models vary mostly along a few directions that say little of the meaning; without them
    even texts of another kind seem close (Su et al. 2021, Whitening sentence representations). The sample's most
    varied directions are kept: one for each 6 rows, at most 50; a sample of fewer than 60 rows is only centred.

    Args:
        sample: vectors of what is usual (rows × dimensions); at least one.
    """
    usual = np.atleast_2d(np.asarray(sample, dtype=np.float64))
    centre = usual.mean(axis=0)
    width = min(_MOST_EVENED, len(usual) // _ROWS_A_DIRECTION)
    if width < _FEWEST_EVENED:
        return lambda rows: np.asarray(np.asarray(rows, dtype=np.float64) - centre)
    _, spread, axes = np.linalg.svd(usual - centre, full_matrices=False)
    there = spread[:width] > max(spread[0] * 1e-6, 1e-12)
    turned = (axes[: len(there)][there] / spread[: len(there)][there, None]).T
    return lambda rows: np.asarray((np.asarray(rows, dtype=np.float64) - centre) @ turned)


def _explained(points: Floats) -> Floats:
    # Every view has length one, or none where no n-gram of the text is known.
    return np.asarray(np.minimum(1.0, (points**2).sum(axis=1) / VIEWS), dtype=np.float64)


def _axes(weighed: Any, width: int) -> Floats:
    """The first right singular vectors, one a column."""
    wanted = min(width, *(side - 1 for side in weighed.shape))
    if wanted < 1:
        return np.zeros((weighed.shape[1], 0))
    start = np.random.default_rng(0).standard_normal((weighed.shape[1], min(wanted + _SPARE, min(weighed.shape))))
    across = weighed.T.tocsr()
    held, _ = np.linalg.qr(weighed @ start)
    for _ in range(_ROUNDS):
        held, _ = np.linalg.qr(weighed @ (across @ held))
    # The small side of the problem, held.T @ weighed, through its Gram matrix: n-grams are many more than directions.
    small = across @ held
    values, turns = np.linalg.eigh(small.T @ small)
    values, turns = values[::-1][:wanted], turns[:, ::-1][:, :wanted]
    there = values > values[0] * 1e-10 if len(values) else values > 0
    axes: Floats = small @ (turns[:, there] / np.sqrt(values[there]))
    return axes
