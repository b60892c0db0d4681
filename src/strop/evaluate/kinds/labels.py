"""Measures of classification. The label comes from log probabilities, see :mod:`strop.evaluate.answers`."""

from __future__ import annotations

from strop.evaluate.answers import Answer
from strop.evaluate.measures import Measure, Score
from strop.measure import brier_item
from strop.measure.items.gathered import BINS, LEVELS
from strop.records import Example


def by_label(example: Example, answer: Answer) -> None:
    """F1 = 2·tp / (2·tp + fp + fn) of each gold label, averaged, each with the same weight (van Rijsbergen 1979)."""
    return


def correlation(example: Example, answer: Answer) -> None:
    """Matthews correlation of gold and picked labels, -1 to 1; 0 when either is constant (Gorodkin 2004)."""
    return


def calibration(example: Example, answer: Answer) -> None:
    """|accuracy - confidence| in 15 bins of equal width, averaged by their items (Naeini et al. 2015)."""
    return


def selective(example: Example, answer: Answer) -> None:
    """Error among the k surest answers, averaged over k = 1 to n: the area under risk and coverage.

    Low when wrong answers are the unsure ones, so that an abstain threshold helps (Geifman, Uziel and El-Yaniv 2019).
    """
    return


def counted(example: Example, answer: Answer) -> Score | None:
    """F1 of (tp, fp, fn) summed over all labels. It equals accuracy where every item gets one label, as here."""
    if example.reference is None:
        return None
    right, said = answer.label == example.reference, answer.label is not None
    return float(right), float(said and not right), float(not right)


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


_PICK = {"pick": "logprob"}
MACRO_F1 = Measure("macro_f1", "macro_f1", by_label, settings={"labels": "gold", **_PICK})
MICRO_F1 = Measure("micro_f1", "micro_f1", counted, settings=_PICK)
ACCURACY = Measure("accuracy", "mean", accuracy, settings=_PICK)
MATTHEWS = Measure("matthews", "matthews", correlation, settings=_PICK, limits=(-1.0, 1.0))
BRIER = Measure("brier", "mean", brier, higher_is_better=False, settings={"range": "0-2"}, limits=(0.0, 2.0))
ECE = Measure(
    "ece",
    "ece",
    calibration,
    higher_is_better=False,
    settings={"bins": str(BINS)},
    never_primary="few items make it look too large; brier is right on average",
)
AURC = Measure("aurc", "aurc", selective, higher_is_better=False, settings={"levels": str(LEVELS)})
ALL = (MACRO_F1, MICRO_F1, ACCURACY, MATTHEWS, BRIER, ECE, AURC)
