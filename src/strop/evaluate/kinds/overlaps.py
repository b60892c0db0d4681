"""Measures of likeness to a reference: n-grams of words and letters, and the number at the end. Rough signals."""

from __future__ import annotations

from collections.abc import Callable

from strop.evaluate.answers import Answer
from strop.evaluate.kinds.texts import references
from strop.evaluate.measures import Measure, Score, Scorer
from strop.measure import bleu_counts, chrf, numeric_match, rouge_n
from strop.records import Example


def _best(function: Callable[[str, tuple[str, ...]], float], says: str) -> Scorer:
    def score(example: Example, answer: Answer) -> float | None:
        known = references(example)
        return function(answer.text, known) if known else None

    score.__doc__ = says
    return score


def counts(example: Example, answer: Answer) -> Score | None:
    """Corpus BLEU: geometric mean of n-gram precisions (n to 4), cut where answers are short (Papineni et al. 2002).

    As sacrebleu counts: 13a words, exponential smoothing. It is no mean of the items' own BLEU.
    """
    known = references(example)
    return bleu_counts(answer.text, known) if known else None


def last_number(example: Example, answer: Answer) -> float | None:
    """1 when the last number of the answer equals the last of a reference within a millionth, else 0."""
    found = []
    for reference in references(example):
        try:
            found.append(numeric_match(answer.text, reference))
        except ValueError:  # a reference without a number asks for none
            continue
    return max(found) if found else None


_EXPECT = ("references",)
_ROUGE = {"stem": "no", "refs": "best"}
ROUGE_1 = Measure(
    "rouge1",
    "mean",
    _best(
        lambda answer, known: rouge_n(answer, known, n=1), "F1 of single words, best over the references (Lin 2004)."
    ),
    settings=_ROUGE,
    expect=_EXPECT,
)
ROUGE_2 = Measure(
    "rouge2",
    "mean",
    _best(rouge_n, "F1 of pairs of neighbouring words, best over the references (Lin 2004)."),
    settings=_ROUGE,
    expect=_EXPECT,
)
CHRF = Measure(
    "chrf",
    "mean",
    _best(chrf, "F2 of runs of one to six characters, white space aside, best over the references (Popović 2015)."),
    settings={"order": "6", "beta": "2", "words": "0"},
    expect=_EXPECT,
)
BLEU = Measure("bleu", "bleu", counts, settings={"tok": "13a", "smooth": "exp"}, expect=_EXPECT)
NUMERIC_MATCH = Measure("numeric_match", "mean", last_number, settings={"tolerance": "1e-6"}, expect=_EXPECT)
ALL = (ROUGE_1, ROUGE_2, CHRF, BLEU, NUMERIC_MATCH)
