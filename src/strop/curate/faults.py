"""The fault table: what can be wrong with a row, how sure one can be, and what follows.

A score lies in [0, 1], lower is worse (as in cleanlab's issue tables). Those above the line are computed here. Those
below it come from models, as a mapping from fault to example id to score, and are compared with a threshold that can be
moved afterwards (``data.faults``) without computing them again.

| fault | score | leaves when | action |
|---|---|---|---|
| malformed, empty, no_answer | 0 | always | quarantined |
| too_long | limit / length | longer than data.max_tokens | quarantined |
| exact_duplicate | 0 | always | dropped |
| near_duplicate | 1 - similarity | alike up to noise | dropped |
| conflicting_answers | 0 | always (closed answers) | quarantined |
| leaks_evaluation | 1 - similarity | asks what a held-out row asks | dropped |
| personal_data | 0 | only where data.personal_data is refuse | quarantined |
| label_suspect (unknown label) | 0 | always | quarantined |
|---|---|---|---|
| paraphrase_duplicate | 1 - cosine | below its threshold | dropped |
| label_suspect | probability of the given label | below its threshold | quarantined |
| truncated, garbage, off_topic, wrong_language | how whole, readable, near, likely | below its threshold | quarantine |
| unsupported_answer, style_break | share supported, share of rules kept | below its threshold | quarantined |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from strop.records import Reason

Scores: TypeAlias = Mapping[Reason, Mapping[str, float]]
"""Fault → example id → score in [0, 1], lower is worse."""

THRESHOLDS: Final[Mapping[Reason, float]] = {
    "paraphrase_duplicate": 0.1,
    "label_suspect": 0.1,
    "truncated": 0.2,
    "garbage": 0.2,
    "off_topic": 0.2,
    "wrong_language": 0.2,
    "unsupported_answer": 0.5,
    "style_break": 0.5,
}
"""Score below which a row leaves, for faults that a model scores."""
DROPPED: Final[frozenset[Reason]] = frozenset({"paraphrase_duplicate"})
"""Of these, the ones that need no person to look."""


def below(scores: Scores, thresholds: Mapping[Reason, float]) -> dict[str, list[tuple[Reason, float]]]:
    """For each example the faults whose score lies below the threshold, the worst first.

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
    return {example: sorted(listed, key=lambda item: item[1]) for example, listed in found.items()}
