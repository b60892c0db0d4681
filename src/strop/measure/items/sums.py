"""What a measure sums over items, and how the sums become the measure: per-item scores as rows of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from strop.measure.answers.overlap import BLEU_COUNTS, bleu_of_counts
from strop.measure.items.gathered import GATHERED
from strop.measure.statistics.intervals import Array, cluster_sums
from strop.records import How, ItemResult, MeasureSpec

BY_LABEL: frozenset[How] = frozenset({"macro_f1", "matthews", "ece", "aurc"})
"""What reads gold and picked labels, and no scores; the last two read probabilities, too."""
_WIDTHS: dict[How, int] = {"micro_f1": 3, "bleu": BLEU_COUNTS}


def applies(spec: MeasureSpec, item: ItemResult) -> bool:
    """Whether an item has the measure."""
    if spec.how not in BY_LABEL:
        return spec.name in item.scores
    return item.gold is not None and (spec.how not in ("ece", "aurc") or bool(item.probabilities))


def least(spec: MeasureSpec) -> float:
    """The least value that a measure gathered from sums can have; the largest is 1."""
    return GATHERED[spec.how].low if spec.how in GATHERED else 0.0


def largest(spec: MeasureSpec) -> float:
    """The largest score that an item can have, of means whose least is 0: 1, of Brier's 2."""
    return 2.0 if spec.name == "brier" else 1.0


def summands(spec: MeasureSpec, items: Sequence[ItemResult]) -> Array:
    """What the measure sums, one row an item: (score, 1), (tp, fp, fn), (tp, predicted, gold) of every label, or
    what :mod:`strop.measure.items.gathered` says.

    Raises:
        ValueError: when a score is of the wrong shape or not finite; names the example.
    """
    if spec.how == "macro_f1":
        names = sorted({item.gold or "" for item in items})
        code: dict[str | None, int] = {name: position for position, name in enumerate(names)}
        rows = np.zeros((len(items), 3, len(names)))
        for position, item in enumerate(items):
            said = code.get(item.label)
            rows[position, 2, code[item.gold or ""]] = 1
            if said is not None:
                rows[position, 1, said] = 1
                rows[position, 0, said] = item.label == item.gold
        return rows.reshape(len(items), -1)
    gathered = GATHERED.get(spec.how)
    if gathered is not None and gathered.rows is not None:
        return gathered.rows(items)
    width = _WIDTHS.get(spec.how, 1)
    rows = np.empty((len(items), width))
    for position, item in enumerate(items):
        score = item.scores[spec.name]
        numbers = score if isinstance(score, tuple) else (score,)
        if len(numbers) != width:
            raise ValueError(f"{spec.name} of example {item.example} is {score!r}: {spec.how} needs {width} number(s)")
        rows[position] = numbers
    if not np.isfinite(rows).all():
        bad = items[int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])]
        raise ValueError(f"{spec.name} of example {bad.example} is not a finite number")
    if width == 1:  # a mean is a ratio of sums too: of the scores and of ones
        rows = np.hstack([rows, np.ones_like(rows)])
    return rows


def from_sums(spec: MeasureSpec, sums: Array) -> Array:
    """The measure from sums over items, one row a sample."""
    if spec.how == "mean":
        return np.asarray(sums[:, 0] / sums[:, 1])
    if spec.how in GATHERED:
        return GATHERED[spec.how].value(sums)
    if spec.how == "micro_f1":
        hits, total = 2 * sums[:, 0], 2 * sums[:, 0] + sums[:, 1] + sums[:, 2]
        return np.where(total > 0, hits / np.where(total > 0, total, 1), 1.0)
    hits, said, gold = np.moveaxis(sums.reshape(len(sums), 3, -1), 1, 0)
    scores = np.where(gold > 0, 2 * hits / np.maximum(said + gold, 1), 0.0)
    return np.asarray(scores.sum(axis=1) / np.maximum((gold > 0).sum(axis=1), 1))


def extremes(spec: MeasureSpec, rows: Array, codes: npt.NDArray[np.int64], *, best: bool) -> Array:
    """What an unseen cluster could hold: of an F1, all found and nothing else said (``best``), or all missed.

    For micro F1 the average cluster stands for all: the largest document gone wrong would say more about its length
    than about the candidate. For macro F1 one row an item, since an item of a rare label weighs most: as many of its
    label as clusters with that label hold on average. A whole cluster of the rarest label, where no cluster holds more
    than one of it, would say that everything is possible.
    """
    clusters = int(codes.max()) + 1
    if spec.how in GATHERED:
        return GATHERED[spec.how].extremes(rows, best) * (len(rows) / clusters)
    if spec.how == "micro_f1":
        hits, wrong, missed = rows.T
        there, none = hits + missed, np.zeros(len(rows))
        rows = np.column_stack([there, none, none] if best else [none, hits + wrong, there])
        return np.asarray(rows.sum(axis=0, keepdims=True) / clusters)
    gold = rows.reshape(len(rows), 3, -1)[:, 2]
    holding = (cluster_sums(gold, codes) > 0).sum(axis=0)
    together = (gold @ (gold.sum(axis=0) / np.maximum(holding, 1)))[:, None]
    if best:
        return np.asarray(np.hstack([gold, gold, gold]) * together)
    common = np.argsort(-gold.sum(axis=0), kind="stable")
    said = np.zeros_like(gold)
    said[:, common[0]] = 1
    if len(common) > 1:  # an item of the commonest label is mistaken for the second
        said[gold[:, common[0]] == 1] = np.eye(len(common))[common[1]]
    said[gold == 1] = 0
    return np.asarray(np.hstack([np.zeros_like(gold), said, gold]) * together)


def item_score(spec: MeasureSpec, item: ItemResult) -> float | None:
    """An item's own share of a measure: its score, the F1 of its counts, or whether the label is right.

    1 where nothing was to be found and nothing was said: who then invents something has lost an item that was right.
    None where the measure does not apply to it. Of a measure of probabilities: whether the label is wrong, or how far
    the confidence is from that; of BLEU, the item's own.
    """
    if spec.how in BY_LABEL:
        return _by_label(spec, item) if applies(spec, item) else None
    score = item.scores.get(spec.name)
    if isinstance(score, tuple):
        if spec.how == "bleu":
            return float(bleu_of_counts(np.array([score]))[0])
        right, invented, missed = score
        return 2 * right / (2 * right + invented + missed) if right + invented + missed else 1.0
    return score


def to_be_found(spec: MeasureSpec, items: Sequence[ItemResult]) -> bool:
    """Whether an F1 of counts says anything of these items.

    Where none holds what is to be found (texts without entities), it is 0 or 1, by a single answer: a model that says
    nothing at all is perfect there.
    """
    counts = [item.scores.get(spec.name) for item in items]
    return spec.how != "micro_f1" or any(isinstance(one, tuple) and one[0] + one[2] > 0 for one in counts)


def _by_label(spec: MeasureSpec, item: ItemResult) -> float:
    right = float(item.label == item.gold)
    if spec.how == "ece":
        return abs(right - max(item.probabilities.values()))
    return 1 - right if spec.how == "aurc" else right
