"""Measures of how hard an answer is to read: three formulas on words, sentences and syllables."""

from __future__ import annotations

from collections.abc import Callable

from strop.evaluate.answers import Answer
from strop.evaluate.measures import ANY, COUNTED, Measure, Scorer
from strop.measure import flesch_kincaid_grade, flesch_reading_ease, lix
from strop.records import Example


def _of(formula: Callable[[str], float], says: str) -> Scorer:
    def score(example: Example, answer: Answer) -> float | None:
        return formula(answer.text) if any(map(str.isalpha, answer.text)) else None

    score.__doc__ = says
    return score


READING_EASE = Measure(
    "flesch_reading_ease",
    "mean",
    _of(
        flesch_reading_ease,
        "206.835 - 1.015 · words/sentences - 84.6 · syllables/words (Flesch 1948): 100 easy, 0 hard; English.",
    ),
    settings={"syllables": "vowels"},
    limits=ANY,
)
GRADE = Measure(
    "flesch_kincaid_grade",
    "mean",
    _of(
        flesch_kincaid_grade,
        "0.39 · words/sentences + 11.8 · syllables/words - 15.59 (Kincaid et al. 1975): US school grade; English.",
    ),
    higher_is_better=False,
    settings={"syllables": "vowels"},
    limits=ANY,
)
LIX = Measure(
    "lix",
    "mean",
    _of(lix, "words/sentences + 100 · words over six letters/words (Björnsson 1968): 30 easy, 60 hard."),
    higher_is_better=False,
    limits=COUNTED,
)
ALL = (READING_EASE, GRADE, LIX)
