"""Learn from texts that nobody labelled, beside those with labels, where that does no harm to known labels.

Self-training (Scudder 1965, "Probability of error of some adaptive pattern-recognition machines"; Yarowsky 1995): the
model names the labels of what it is sure enough of, and learns again from both. What changes with the times is seen in
requests long before people have labelled many of them. It is not always of use (docs/log.md), so known labels are
foretold both ways first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

SURE = 0.5
"""Least probability of a label that is taken for true."""
MARGIN = 0.005
"""Share of known labels that may be foretold less well: below what so few rows can tell apart."""
FOLDS = 3

Fit = Callable[[Any, npt.NDArray[np.str_]], Any]
"""Features and labels to a fitted scikit-learn classifier."""


class Learned(NamedTuple):
    """The classifier, how many unlabelled texts it learned from, and shares of known labels foretold without and with.

    ``taken`` is 0 where they did harm, or none was sure enough.
    """

    model: Any
    taken: int
    without: float
    with_them: float


def learn(features: Any, labels: npt.NDArray[np.str_], unlabelled: Any, fit: Fit) -> Learned:
    """Fit on labelled rows, and on the unlabelled ones too unless cross-validation on the labelled ones speaks against.

    Args:
        features, labels: what is known [n, d], [n].
        unlabelled: features of texts without a label [m, d].
        fit: called about eight times.
    """
    folds = dealt(labels)
    right = np.zeros((2, len(labels)), dtype=bool)
    for fold in range(FOLDS):
        held = folds == fold
        if not held.any() or len(set(labels[~held])) < 2:
            continue
        alone, both, _ = _twice(features[~held], labels[~held], unlabelled, fit)
        right[0, held] = alone.predict(features[held]) == labels[held]
        right[1, held] = both.predict(features[held]) == labels[held]
    alone, both, taken = _twice(features, labels, unlabelled, fit)
    without, with_them = (float(share) for share in right.mean(axis=1))
    harmless = with_them >= without - MARGIN
    return Learned(both if harmless else alone, taken if harmless else 0, without, with_them)


def _twice(features: Any, labels: npt.NDArray[np.str_], unlabelled: Any, fit: Fit) -> tuple[Any, Any, int]:
    """Fitted on what is known; fitted on that and on what the first one is sure of; how many those are."""
    alone = fit(features, labels)
    foretold = alone.predict_proba(unlabelled)
    sure = foretold.max(axis=1) > SURE
    if not sure.any():
        return alone, alone, 0
    named = alone.classes_[foretold[sure].argmax(axis=1)]
    both = fit(sparse.vstack([features, unlabelled[sure]], format="csr"), np.concatenate([labels, named]))
    return alone, both, int(sure.sum())


def dealt(labels: npt.NDArray[np.str_]) -> npt.NDArray[np.int_]:
    """A fold for each row, those of one label dealt out in turn."""
    seen: Counter[str] = Counter()
    folds = np.zeros(len(labels), dtype=int)
    for place, label in enumerate(labels):
        folds[place] = seen[label] % FOLDS
        seen[label] += 1
    return folds
