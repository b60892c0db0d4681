"""Which kind of task the rows are, and why."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Sequence

from strop.curate.attributes import attributes
from strop.curate.drafts import Draft
from strop.records import Kind

PRIMARY: dict[Kind, str] = {
    "classification": "macro_f1",
    "extraction": "entity_f1",
    "summarisation": "rouge_l",
    "generation": "attribute_inclusion",
    "chat": "facts_used",
    "code": "tests_passed",
}
"""What each kind is usually judged by (the report says which measure was used)."""
_LABEL_WORDS = 8
_LABEL_CHARACTERS = 60


def detect(rows: Sequence[Draft]) -> tuple[Kind, str]:
    """The kind, and the observation that decided it.

    Args:
        rows: at least one.
    """
    answers = [row.answer.strip() for row in rows if row.answer.strip()]
    labels = Counter(answers)
    keys = {key for row in rows for key in row.expect}
    if keys & {"tests", "test_code", "unit_tests"}:
        return "code", "rows carry tests"
    if _closed(labels):
        return "classification", f"{len(labels)} short answers come again and again"
    if answers and sum(_is_json(answer) for answer in answers) >= 0.9 * len(answers):
        return "extraction", "the answers are JSON"
    if keys & {"gold_facts", "should_escalate"}:
        return "chat", "rows carry the facts that an answer must use"
    if keys & {"must_include", "keywords", "attributes"}:
        return "generation", "rows say what an answer must include"
    if sum(bool(attributes(row.input)) for row in rows) * 2 >= len(rows):
        return "generation", "the inputs are `key: value` lines"
    if sum(sum(role == "user" for role, _ in row.turns) > 1 for row in rows) * 5 >= len(rows):
        return "chat", "conversations of several turns"
    asked = statistics.median(len(row.input.split()) for row in rows)
    answered = statistics.median(len(answer.split()) for answer in answers) if answers else 0
    if asked >= 25 and asked >= 1.5 * answered:
        return "summarisation", f"long inputs ({asked:.0f} words), shorter answers ({answered:.0f})"
    return "generation", "free answers"


def _closed(labels: Counter[str]) -> bool:
    """A closed set of short answers: few of them, each repeated (a rare label may be there)."""
    total = labels.total()
    if not 2 <= len(labels) <= 200 or total < 4:
        return False
    short = all(len(a) <= _LABEL_CHARACTERS and len(a.split()) <= _LABEL_WORDS and not _is_json(a) for a in labels)
    repeated = sum(count for count in labels.values() if count > 1)
    return short and len(labels) * 3 <= total and repeated >= 0.8 * total


def _is_json(text: str) -> bool:
    if text[:1] not in ("{", "["):
        return False
    try:
        return isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False
