"""Measures of what an answer rests on: the sources that it cites, and those that it uses.

A citation is the number of a numbered fact or document, in brackets: ``[2]`` or ``[1, 3]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from strop.evaluate.answers import Answer
from strop.evaluate.kinds.grounding import facts_used
from strop.evaluate.measures import Measure, Score, Scorer
from strop.records import Example

_CITED = re.compile(r"\[\s*(\d+(?:\s*[,;]\s*\d+)*)\s*\]")


def cited(text: str) -> set[int]:
    """The numbers that a text cites."""
    return {int(number) for group in _CITED.findall(text) for number in re.findall(r"\d+", group)}


def _citations(example: Example, answer: Answer) -> tuple[float, float, float] | None:
    gold = example.expect.get("citations")
    if not isinstance(gold, (list, tuple)):
        return None
    wanted, said = {int(number) for number in gold}, cited(answer.text)
    return float(len(wanted & said)), float(len(said - wanted)), float(len(wanted - said))


def _facts(example: Example, answer: Answer) -> tuple[float, float, float] | None:
    counts = facts_used(example, answer)
    return (counts[0], counts[1], counts[2]) if isinstance(counts, tuple) else None


Counts = Callable[[Example, Answer], tuple[float, float, float] | None]


def _f1(counts: Counts, says: str) -> Scorer:
    def score(example: Example, answer: Answer) -> Score | None:
        return counts(example, answer)

    score.__doc__ = says
    return score


def _precision(counts: Counts, says: str) -> Scorer:
    def score(example: Example, answer: Answer) -> float | None:
        found = counts(example, answer)
        return found[0] / (found[0] + found[1]) if found and found[0] + found[1] else None

    score.__doc__ = says
    return score


def _recall(counts: Counts, says: str) -> Scorer:
    def score(example: Example, answer: Answer) -> float | None:
        found = counts(example, answer)
        return found[0] / (found[0] + found[2]) if found and found[0] + found[2] else None

    score.__doc__ = says
    return score


_CITATIONS = ("citations",)
_FACTS = ("gold_facts", "names")
_BY = {"by": "topic words"}
CITATION_F1 = Measure(
    "citation_f1",
    "micro_f1",
    _f1(_citations, "F1 of the numbers cited in brackets against ``expect.citations``, summed over the answers."),
    expect=_CITATIONS,
)
CITATION_PRECISION = Measure(
    "citation_precision",
    "mean",
    _precision(_citations, "Right citations / citations, averaged over the answers that cite anything."),
    expect=_CITATIONS,
)
CITATION_RECALL = Measure(
    "citation_recall",
    "mean",
    _recall(_citations, "Right citations / those of ``expect.citations``, averaged over the answers that need any."),
    expect=_CITATIONS,
)
RETRIEVAL_PRECISION = Measure(
    "retrieval_precision",
    "mean",
    _precision(_facts, "Facts used that are in ``expect.gold_facts`` / facts used, averaged; told as for facts_used."),
    settings=_BY,
    expect=_FACTS,
)
RETRIEVAL_RECALL = Measure(
    "retrieval_recall",
    "mean",
    _recall(_facts, "Facts of ``expect.gold_facts`` that are used / all of them, averaged; told as for facts_used."),
    settings=_BY,
    expect=_FACTS,
)
ALL = (CITATION_F1, CITATION_PRECISION, CITATION_RECALL, RETRIEVAL_PRECISION, RETRIEVAL_RECALL)
