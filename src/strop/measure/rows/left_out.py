"""What the other rows say of a row: ridge regression of answers on points, each row left out in closed form.

With H = Z (ZᵀZ + λI)⁻¹ Zᵀ, what the fit without row i says of row i is y_i - (y_i - ŷ_i) / (1 - H_ii): the PRESS
residual (Allen 1974), so that one fit does the work of n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_PENALTY = 3.0
_SHARPNESS = 8.0
"""How fast a response that is ahead takes the whole share. With these two confident learning was matched or beaten on
flipped labels of five data sets (docs/log.md)."""
_ALMOST_ONE = 1 - 1e-9


def left_out(
    points: Floats, answers: Floats, penalty: float = _PENALTY, voting: npt.NDArray[np.bool_] | None = None
) -> Floats:
    """For each row the answers that all other rows foretell (rows × answers).

    Args:
        points: rows × directions; a constant is added, which is not shrunk.
        answers: rows × answers, each column a number to foretell.
        penalty: λ, on the squared coefficients.
        voting: the rows that count; all by default. Of the others is only foretold.
    """
    return left_out_by(points, answers, penalty, voting)[0]


def left_out_by(
    points: Floats, answers: Floats, penalty: float = _PENALTY, voting: npt.NDArray[np.bool_] | None = None
) -> tuple[Floats, Floats]:
    """As :func:`left_out`, and the coefficients (directions and the constant × answers) that all rows together give:
    by them a further row is foretold."""
    known = np.column_stack([points, np.ones(len(points))])
    shrink = np.diag([penalty] * points.shape[1] + [0.0])
    votes = known if voting is None else known[voting]
    inverse = np.linalg.pinv(votes.T @ votes + shrink, hermitian=True)
    coefficients = inverse @ (votes.T @ (answers if voting is None else answers[voting]))
    fitted = known @ coefficients
    leverage = np.minimum(np.einsum("ij,ij->i", known @ inverse, known), _ALMOST_ONE)
    if voting is not None:
        leverage[~voting] = 0.0
    foretold: Floats = answers - (answers - fitted) / (1 - leverage)[:, None]
    return foretold, coefficients


class LabelDoubt(NamedTuple):
    """By row: the share of its own label (``own``, in [0, 1], low is doubtful), the label that the others foretell
    (``likely``, an index) and its share, and the largest response of any label (``nearness``, small: like none)."""

    own: Floats
    likely: npt.NDArray[np.int64]
    likely_share: Floats
    nearness: Floats


def label_doubt(points: Floats, labels: Sequence[int]) -> LabelDoubt:
    """How the labels of the other rows speak for each row's own.

    Args:
        points: rows × directions.
        labels: one index a row, from 0 on.
    """
    own = np.asarray(labels, dtype=np.int64)
    responses = left_out(points, np.eye(int(own.max()) + 1)[own])
    shares = np.exp(_SHARPNESS * (responses - responses.max(axis=1, keepdims=True)))
    shares /= shares.sum(axis=1, keepdims=True)
    likely = responses.argmax(axis=1)
    every = np.arange(len(own))
    return LabelDoubt(shares[every, own], likely, shares[every, likely], responses.max(axis=1))
