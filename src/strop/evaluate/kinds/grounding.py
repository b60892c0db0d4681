"""Measures of answers that must rest on something given: names and numbers of a source, numbered facts, escalation.

All of them look at words. They see what is copied and miss what is rephrased: read ``facts_used`` as a lower bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from strop.evaluate.answers import Answer
from strop.evaluate.measures import Measure, Score
from strop.measure.answers.numerals import readings
from strop.measure.answers.overlap import rouge_l
from strop.measure.answers.stated import claims, numbers_of
from strop.records import Example

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_FACT = re.compile(r"^\s*\[(\d+)\]\s*(?:([^:\n]{1,60}):\s)?(.+)$", re.MULTILINE)
_ENDINGS = ("ing", "ed", "es", "ly", "s")
_STEM = 6  # letters kept: "spacious" and "spaciousness" meet, at the price of a few false friends
_SAME_ANSWER = 0.6  # ROUGE-L from which an answer is the guide's escalation answer
_HANDS_OVER = re.compile(
    r"\b(?:pass|transfer|connect|forward|hand|put|refer|escalate)\b[^.?!]{0,40}"
    r"\b(?:(?:colleague|agent|human|specialist|supervisor|manager|representative)s?|person|team|staff)\b"
    r"|\bescalat(?:e|ed|ing)\b",
    re.IGNORECASE,
)
# Words that say nothing about a topic.
_FILLERS = """
a about all also an and any are as at be been but by can could did do does for from had has have he her his how
i if in is it its just may me more most much my no not of on or our out really she should so some than that the
their them then there they this to too up us very was we were what when which who will with would yes you your
"""
_STOP_WORDS = frozenset(_FILLERS.split())


def source_of(example: Example) -> str:
    """All that the model was given for this row: every turn and the context documents."""
    return "\n".join([*(message.content for message in example.messages), *example.context])


def grounded(example: Example, answer: Answer) -> float:
    """Numbers and names of the answer that stand in the source / all of them; 1 when the answer has none.

    Numbers compare without thousands separators and as words ("three", "3"), names without case. After the entity
    precision of Nan et al. 2021.
    """
    pieces = claims(answer.text)
    if not pieces:
        return 1.0
    source = source_of(example)
    numbers = {
        number
        for read in (source, *readings(source))
        for match in _NUMBER.finditer(read)
        for number in numbers_of(match.group())
    }
    words = {match.group().casefold().removesuffix("'s").removesuffix("’s") for match in _WORD.finditer(source)}
    supported = sum(
        not numbers.isdisjoint(numbers_of(piece))
        if _NUMBER.fullmatch(piece)
        else piece.casefold().removesuffix("'s").removesuffix("’s") in words
        for piece in pieces
    )
    return supported / len(pieces)


def facts_of(example: Example) -> dict[int, str]:
    """The numbered facts, ``[1] Name: text``, of the system message and the context; names are left out."""
    given = "\n".join([example.system or "", *example.context])
    return {int(number): text for number, _name, text in _FACT.findall(given)}


def facts_used(example: Example, answer: Answer) -> Score | None:
    """F1 of the facts used against ``expect.gold_facts``; a fact is used when it shares a topic word.

    Topic words are word stems that are no stop words and no part of the places' names. Rephrased facts are missed, and
    a fact that merely shares the topic is counted: compare candidates by it; it is no share of right answers.
    """
    gold, facts = example.expect.get("gold_facts"), facts_of(example)
    if gold is None or not facts or example.expect.get("should_escalate"):
        return None
    names = _stems(" ".join([*_fact_names(example), *map(str, example.expect.get("names") or ())]))
    said = _stems(answer.text) - names
    used = {number for number, text in facts.items() if said & _stems(text)}
    wanted = {int(number) for number in gold}
    return float(len(used & wanted)), float(len(used - wanted)), float(len(wanted - used))


def _fact_names(example: Example) -> list[str]:
    given = "\n".join([example.system or "", *example.context])
    return [name for _number, name, _text in _FACT.findall(given) if name]


def hands_over(text: str, known: Sequence[str] = ()) -> bool:
    """Whether an answer offers to hand over to a person; ``known`` are answers that do."""
    return bool(_HANDS_OVER.search(text)) or (bool(known) and rouge_l(text, known) >= _SAME_ANSWER)


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in re.findall(r"[^\W_]+", text.casefold()) if word not in _STOP_WORDS}


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)[:_STEM]
    return word[:_STEM]


GROUNDED = Measure("grounded", "mean", grounded, settings={"of": "numbers,names", "numbers": "any form"})
FACTS_USED = Measure(
    "facts_used",
    "micro_f1",
    facts_used,
    settings={"by": "topic words", "stem": str(_STEM)},
    expect=("gold_facts", "names"),
)
