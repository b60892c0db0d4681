"""How well labels were predicted. ``None`` as a prediction means: no valid label was given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Label: TypeAlias = str | None


def _paired(gold: Sequence[str], predicted: Sequence[Label]) -> None:
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold labels, {len(predicted)} predictions")
    if not gold:
        raise ValueError("no labels: no score")


def accuracy(gold: Sequence[str], predicted: Sequence[Label]) -> float:
    """Share of predictions that equal the gold label."""
    _paired(gold, predicted)
    return sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold)


def confusion(
    gold: Sequence[str], predicted: Sequence[Label], labels: Sequence[str] | None = None
) -> npt.NDArray[np.int64]:
    """Counts by gold label (rows) and predicted label (columns); the last column holds everything outside ``labels``.

    Args:
        labels: order of rows and columns; by default the sorted gold labels.
    Raises:
        ValueError: when lengths differ or a gold label is not in ``labels``.
    """
    _paired(gold, predicted)
    names = sorted(set(gold)) if labels is None else list(labels)
    code: dict[Label, int] = {name: position for position, name in enumerate(names)}
    unknown = set(gold) - set(names)
    if unknown:
        raise ValueError(f"gold labels outside the given ones: {sorted(unknown)}")
    rows = np.array([code[g] for g in gold], dtype=np.int64)
    columns = np.array([code.get(p, len(names)) for p in predicted], dtype=np.int64)
    width = len(names) + 1
    return np.bincount(rows * width + columns, minlength=len(names) * width).reshape(len(names), width)


def f1_by_label(
    gold: Sequence[str], predicted: Sequence[Label], labels: Sequence[str] | None = None
) -> dict[str, float]:
    """2·tp / (2·tp + fp + fn) of every label; 0 for a label that occurs nowhere (van Rijsbergen 1979, chapter 7)."""
    names = sorted(set(gold)) if labels is None else list(labels)
    counts = confusion(gold, predicted, names)
    hits = np.diag(counts)
    total = counts.sum(axis=1) + counts[:, : len(names)].sum(axis=0)
    return {name: float(2 * hit / all_) if all_ else 0.0 for name, hit, all_ in zip(names, hits, total, strict=True)}


def macro_f1(gold: Sequence[str], predicted: Sequence[Label]) -> float:
    """F1 averaged over the labels that occur in ``gold``, each with the same weight."""
    scores = f1_by_label(gold, predicted)
    return sum(scores.values()) / len(scores)


def matthews(gold: Sequence[str], predicted: Sequence[Label]) -> float:
    """Matthews correlation for several labels (Gorodkin 2004); 0 when either side is constant.

    "No valid label" counts as one more predicted class.
    """
    _paired(gold, predicted)
    names = sorted({*gold, *(p for p in predicted if p is not None)})
    code: dict[Label, int] = {name: position for position, name in enumerate(names)}
    counts = np.zeros((len(names) + 1, len(names) + 1))
    np.add.at(counts, ([code[g] for g in gold], [code.get(p, len(names)) for p in predicted]), 1)
    n, right = counts.sum(), np.trace(counts)
    truth, said = counts.sum(axis=1), counts.sum(axis=0)
    spread = (n * n - said @ said) * (n * n - truth @ truth)
    return float((right * n - said @ truth) / np.sqrt(spread)) if spread > 0 else 0.0
