"""Measures of classification. The label comes from log probabilities, see :mod:`strop.evaluate.answers`."""

from __future__ import annotations

from strop.evaluate.answers import Answer
from strop.evaluate.measures import Measure
from strop.measure import brier_item
from strop.records import Example


def by_label(example: Example, answer: Answer) -> None:
    """macro_f1: F1 of each gold label, averaged: reads ``gold`` and ``label`` of the items (van Rijsbergen 1979)."""
    return


def accuracy(example: Example, answer: Answer) -> float | None:
    """1 when the picked label is the reference, else 0."""
    return None if example.reference is None else float(answer.label == example.reference)


def brier(example: Example, answer: Answer) -> float | None:
    """Σ over labels of (probability - 1 if it is the reference else 0)², between 0 and 2 (Brier 1950).

    A reference that is none of the labels had no probability, so it adds 1.
    """
    if example.reference is None or not answer.probabilities:
        return None
    return brier_item(example.reference, answer.probabilities)


MACRO_F1 = Measure("macro_f1", "macro_f1", by_label, settings={"labels": "gold", "pick": "logprob"})
ACCURACY = Measure("accuracy", "mean", accuracy, settings={"pick": "logprob"})
BRIER = Measure("brier", "mean", brier, higher_is_better=False, settings={"range": "0-2"})
