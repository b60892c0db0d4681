"""Measures of free text: does it say what it must, in the house style, near a reference, at a fitting length?"""

from __future__ import annotations

import re
from collections.abc import Mapping

from strop.errors import InputError
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.guide import Guide
from strop.evaluate.measures import Measure
from strop.measure.answers.inclusion import inclusion
from strop.measure.answers.overlap import rouge_l
from strop.measure.text import exact_match
from strop.measure.writing.keywords import keyword_score, keywords_inside
from strop.measure.writing.style import style_share
from strop.records import JSON, Example

_PAIR = re.compile(r"^\s*(?P<key>[^:\n]{1,40}?)\s*:\s*(?P<value>\S.*?)\s*$")
_LONGEST_VALUE = 6  # words; longer values are prose, which a good answer rephrases


def references(example: Example) -> tuple[str, ...]:
    """All texts that count as a right answer: the reference and ``expect.references``."""
    others = example.expect.get("references") or ()
    return tuple(dict.fromkeys([*([example.reference] if example.reference else []), *map(str, others)]))


def wanted_attributes(example: Example) -> list[JSON]:
    """What the answer must say: ``expect.must_include``, ``expect.attributes``, else the input's ``key: value`` lines.

    Lines count only when the whole input is made of at least two of them; values over six words are left out.
    """
    if example.expect.get("must_include"):
        return list(example.expect["must_include"])
    if isinstance(example.expect.get("attributes"), Mapping):
        return [{"attribute": key, "value": str(value)} for key, value in example.expect["attributes"].items()]
    lines = [line for line in example.input.splitlines() if line.strip()]
    pairs = [_PAIR.match(line) for line in lines]
    if len(pairs) < 2 or not all(pairs):
        return []
    return [
        {"attribute": pair["key"], "value": pair["value"]}
        for pair in pairs
        if pair and len(pair["value"].split()) <= _LONGEST_VALUE
    ]


def attribute_inclusion(example: Example, answer: Answer) -> float | None:
    """Attributes said / attributes asked for. Patterns as given; values as whole words, not where negated."""
    wanted = wanted_attributes(example)
    if not wanted:
        return None
    try:
        return inclusion(answer.text, wanted).share
    except ValueError as error:
        raise _bad_row(example, error) from None


def keywords_in_window(example: Example, answer: Answer) -> float | None:
    """Share of ``expect.keywords`` whose count and density (words of the term / all words) lie in their window."""
    if not example.expect.get("keywords"):
        return None
    try:
        return keywords_inside(answer.text, example.expect["keywords"])
    except ValueError as error:
        raise _bad_row(example, error) from None


def unstuffed_keywords(example: Example, answer: Answer) -> float | None:
    """As ``keywords_in_window``, but a term used too much earns 1 / (1 + excess)² instead of nothing.

    The excess is by how much the upper bound is passed (0.5: by half).
    """
    if not example.expect.get("keywords"):
        return None
    try:
        return keyword_score(answer.text, example.expect["keywords"])
    except ValueError as error:
        raise _bad_row(example, error) from None


def nearest_overlap(example: Example, answer: Answer) -> float | None:
    """ROUGE-L: F1 of the longest common subsequence of words, best over the references (Lin 2004)."""
    known = references(example)
    return rouge_l(answer.text, known) if known else None


def exact(example: Example, answer: Answer) -> float | None:
    """1 when the answer is a reference, case, white space and a final full stop aside, else 0."""
    known = references(example)
    return exact_match(answer.text, known) if known else None


def length_ratio(example: Example, answer: Answer) -> float | None:
    """Words of the shorter over words of the longer of answer and reference: 1 at equal length, towards 0 otherwise."""
    if not example.reference:
        return None
    said, expected = len(answer.text.split()), len(example.reference.split())
    return min(said, expected) / max(said, expected) if said or expected else 1.0


def stopped(example: Example, answer: Answer) -> float:
    """1 when the model ended the answer by itself, 0 when the token limit did."""
    return float(answer.stopped)


def style(guide: Guide) -> Measure:
    """The measure of a style guide."""

    def score(example: Example, answer: Answer) -> float:
        """Rules of the style guide (``task.style``) that the answer obeys / rules that apply to the row; 1 without any.

        Levels count alike. Rules are strop's own or Vale's.
        """
        try:
            return style_share(answer.text, guide.rules, example.expect)
        except ValueError as error:
            raise InputError(f"style guide: {error}", source=guide.source, remedy="mend that rule") from None

    return Measure("style", "mean", score, settings={"guide": guide.digest})


def _bad_row(example: Example, error: ValueError) -> InputError:
    return InputError(
        str(error), source=example.origin.source, line=example.origin.line, remedy="mend this row's `expect`"
    )


ATTRIBUTE_INCLUSION = Measure(
    "attribute_inclusion",
    "mean",
    attribute_inclusion,
    settings={"case": "ignored", "numbers": "any form"},
    expect=("must_include", "attributes"),
)
_KEYWORDS = ("keywords",)
KEYWORDS_IN_WINDOW = Measure(
    "keywords_in_window", "mean", keywords_in_window, settings={"plural": "s"}, expect=_KEYWORDS
)
KEYWORD_SCORE = Measure("keyword_score", "mean", unstuffed_keywords, settings={"plural": "s"}, expect=_KEYWORDS)
_REFERENCES = ("references",)
ROUGE_L = Measure("rouge_l", "mean", nearest_overlap, settings={"stem": "no", "refs": "best"}, expect=_REFERENCES)
EXACT_MATCH = Measure("exact_match", "mean", exact, settings={"text": "normalised"}, expect=_REFERENCES)
LENGTH_RATIO = Measure("length_ratio", "mean", length_ratio, settings={"of": "words"})
STOPPED = Measure("stopped", "mean", stopped)
ALL = (ATTRIBUTE_INCLUSION, KEYWORDS_IN_WINDOW, KEYWORD_SCORE, ROUGE_L, EXACT_MATCH, LENGTH_RATIO, STOPPED)
