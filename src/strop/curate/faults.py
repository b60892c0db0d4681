"""The fault table: what can be wrong with a row, how sure one can be, and what follows.

A score lies in [0, 1], lower is worse (as in cleanlab's issue tables). Rows leave below a fault's threshold, which can
be moved afterwards (``data.faults``) without computing anything again. Their scores come from the surface of the texts
(``surface``) or from models, as a mapping from fault to example id to score; a model's word goes before the surface's.

| fault | score | leaves when | action |
|---|---|---|---|
| malformed, empty, no_answer | 0 | always | quarantined |
| too_long | limit / length | longer than data.max_tokens | quarantined |
| exact_duplicate | 0 | always | dropped |
| near_duplicate | 1 - similarity | alike up to noise | dropped |
| conflicting_answers | 0 | closed answers; numbers that contradict the attributes | quarantined |
| leaks_evaluation | 1 - similarity | asks what a held-out row asks | dropped |
| personal_data | 0 | only where data.personal_data is refuse | quarantined |
| label_suspect | 0 for an unknown label; a model's probability of the label | below its threshold | quarantined |
| garbage | 1 - share of markup, broken characters, mashed keys | below its threshold | quarantined |
| truncated | how usual it is to end like this | below its threshold | quarantined |
| wrong_language | common words of the usual language among those found | below its threshold | quarantined |
| off_topic | share of rows of that form; a model's nearness | below its threshold | quarantined |
| unsupported_answer | share of an answer's numbers that its attributes hold | below its threshold | quarantined |
| style_break | share of the guide's rules that are kept | below its threshold | quarantined |
| paraphrase_duplicate | a model's 1 - cosine | below its threshold | dropped |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from strop.records import Reason

Scores: TypeAlias = Mapping[Reason, Mapping[str, float]]
"""Fault → example id → score in [0, 1], lower is worse."""

THRESHOLDS: Final[Mapping[Reason, float]] = {
    "garbage": 0.2,
    "wrong_language": 0.2,
    "off_topic": 0.2,
    "truncated": 0.2,
    "label_suspect": 0.1,
    "paraphrase_duplicate": 0.1,
    "unsupported_answer": 0.0,
    "style_break": 1.0,
}
"""Score below which a row leaves, the fault that explains most first. 0: it is shown only, and a person decides."""
USUAL = 0.05
"""Share of rows from which a sign on the surface is no fault but how the data is: it is told, and the rows stay."""
FEW = 3
"""Rows up to which it always is a fault."""
DROPPED: Final[frozenset[Reason]] = frozenset({"paraphrase_duplicate"})
"""Of these, the ones that need no person to look."""


def below(scores: Scores, thresholds: Mapping[Reason, float]) -> dict[str, list[tuple[Reason, float]]]:
    """For each example the faults whose score lies below the threshold, in the order of :data:`THRESHOLDS`.

    Args:
        scores: what models said.
        thresholds: moved thresholds by fault; the others are :data:`THRESHOLDS`.
    Raises:
        ValueError: for a fault without a threshold, or a score outside [0, 1].
    """
    found: dict[str, list[tuple[Reason, float]]] = {}
    for fault, by_example in scores.items():
        if fault not in THRESHOLDS:
            raise ValueError(f"no model scores the fault {fault!r}; known: {', '.join(sorted(THRESHOLDS))}")
        limit = thresholds.get(fault, THRESHOLDS[fault])
        for example, score in by_example.items():
            if not 0 <= score <= 1:
                raise ValueError(f"{fault} of {example}: a score lies in [0, 1], not at {score}")
            if score < limit:
                found.setdefault(example, []).append((fault, score))
    rank = list(THRESHOLDS).index
    return {example: sorted(listed, key=lambda item: rank(item[0])) for example, listed in found.items()}
