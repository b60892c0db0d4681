"""The fault table: what can be wrong with a row, how sure one can be, and what follows.

A score lies in [0, 1], lower is worse (as in cleanlab's issue tables). A row has a fault below its threshold, which can
be moved afterwards (``data.faults``) without computing the scores again: the fault table of a version holds them. They
come from the surface of the texts (``surface``), from what the other rows say (``doubts``), or from models, as a
mapping from fault to example id to score; a model's word goes before the others'.

What a text shows plainly sets its row aside. What is a judgement stays, and waits for a person: such a row leaves only
where ``data.faults`` names the fault.

| fault | score | leaves when | action |
|---|---|---|---|
| malformed, empty, no_answer | 0 | always | quarantined |
| no_answer | 0: a template, the question or instruction again; .1: a refusal | below its threshold | quarantined |
| too_long | limit / length | longer than data.max_tokens | quarantined |
| exact_duplicate | 0 | always | dropped |
| near_duplicate | 1 - similarity | alike up to noise | dropped |
| conflicting_answers | 0 | closed answers; numbers that contradict the attributes | quarantined |
| leaks_evaluation | 1 - similarity | asks what a held-out row asks | dropped |
| personal_data | 0 | only where data.personal_data is refuse | quarantined |
| label_suspect | 0 for an unknown label | always | quarantined |
| label_suspect | how probable its label is right, by what the other rows foretell | judged | stays, or waits outside |
| label_suspect | free answers, on request: 1.75 over how far its loss lies above the usual one | judged | stays |
| garbage | 1 - share of markup, broken characters, mashed keys | below its threshold | quarantined |
| truncated | how usual it is to end like this | below its threshold | quarantined |
| wrong_language | common words or letters of the usual language, of those found | below its threshold | quarantined |
| off_topic | share of rows of that form | below its threshold | quarantined |
| off_topic | how near to any label, against the usual; of other kinds, to the nearest questions | judged | stays |
| outlier | 3.5 over the distance of its oddest number from the median, in standard deviations | judged | stays |
| imbalance | rows of its label or slice, against an even share | never | stays, and it is told |
| unsupported_answer | how far such answers have such attributes; below .04: a number from nowhere; of extraction,
summaries and chat with documents: of what it states, the share that its input holds, below .04 | judged | stays |
| style_break | share of the guide's rules that are kept | below its threshold | quarantined |
| paraphrase_duplicate | 1 - cosine to an earlier row, where data.embedder is named | judged | stays |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from strop.records import Kind, Reason


@dataclass(slots=True)
class Sign:
    """A score in [0, 1], lower is worse; what it rests on, and rows (``source:line``) that have to do with it."""

    score: float
    evidence: str
    related: tuple[str, ...] = ()


Shown: TypeAlias = dict[Reason, dict[str, Sign]]
DIGITS: Final = 4
"""Digits of a score in the fault table."""
"""Fault → example id → sign."""
Scores: TypeAlias = Mapping[Reason, Mapping[str, float | Sign]]
"""What is known of rows already: fault → example id → score."""

THRESHOLDS: Final[Mapping[Reason, float]] = {
    "garbage": 0.2,
    "no_answer": 0.2,
    "wrong_language": 0.2,
    "off_topic": 0.3,
    "outlier": 0.5,
    "truncated": 0.2,
    "label_suspect": 0.5,
    "paraphrase_duplicate": 0.15,
    "unsupported_answer": 0.05,
    "style_break": 1.0,
    "imbalance": 0.1,
}
"""Score below which a row has the fault, the one that explains most first."""
USUAL: Final[Mapping[Reason, float]] = {"garbage": 0.1, "no_answer": 0.1, "wrong_language": 0.1}
"""Share of rows from which a sign on the surface is no fault but how the data is: it is told, and the rows stay."""
USUAL_OF_OTHERS: Final = 0.05
FEW = 3
"""Rows up to which it always is a fault."""
DROPPED: Final[frozenset[Reason]] = frozenset({"paraphrase_duplicate"})
"""Of these, the ones that need no person to look."""
_JUDGED: Final[frozenset[Reason]] = frozenset(
    {"label_suspect", "unsupported_answer", "paraphrase_duplicate", "outlier"}
)


def is_judged(fault: str, kind: Kind) -> bool:
    """Whether only a person can say so. Off the topic shows plainly in the form of attributes, not in other texts."""
    return fault in _JUDGED or (fault == "off_topic" and kind != "generation")


def worse_of(one: Shown, other: Shown) -> Shown:
    """The signs of both; of two for one row and fault the lower score."""
    found = {fault: dict(signs) for fault, signs in one.items()}
    for fault, signs in other.items():
        if not (mine := found.setdefault(fault, {})):
            mine.update(signs)
            continue
        for example, sign in signs.items():
            mine[example] = min(sign, mine.get(example, sign), key=lambda given: given.score)
    return found


def signs_of(scores: Scores) -> Shown:
    """Scores with what they rest on."""
    return {
        fault: {
            example: given if isinstance(given, Sign) else Sign(given, f"score {given:.2f}")
            for example, given in by_example.items()
        }
        for fault, by_example in scores.items()
    }


def below(shown: Shown, thresholds: Mapping[Reason, float]) -> dict[str, list[Reason]]:
    """For each example the faults whose score lies below the threshold, in the order of :data:`THRESHOLDS`.

    Args:
        shown: the signs.
        thresholds: moved thresholds by fault; the others are :data:`THRESHOLDS`.
    Raises:
        ValueError: for a fault without a threshold, or a score outside [0, 1].
    """
    found: dict[str, list[Reason]] = {}
    for fault, by_example in shown.items():
        if fault not in THRESHOLDS:
            raise ValueError(f"no model scores the fault {fault!r}; known: {', '.join(sorted(THRESHOLDS))}")
        limit = thresholds.get(fault, THRESHOLDS[fault])
        for example, sign in by_example.items():
            if not 0 <= sign.score <= 1:
                raise ValueError(f"{fault} of {example}: a score lies in [0, 1], not at {sign.score}")
            if sign.score < limit:
                found.setdefault(example, []).append(fault)
    rank = list(THRESHOLDS).index
    return {example: sorted(listed, key=rank) for example, listed in found.items()}
