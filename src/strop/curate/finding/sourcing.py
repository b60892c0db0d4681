"""Answers that must rest on what the row holds: entities that stand nowhere in the text, numbers, units and names that
no source gives. Only of tasks where a right answer says nothing new: extraction, summaries, chat with documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from strop.curate.drafts import Draft
from strop.curate.faults import FEW, THRESHOLDS, Sign
from strop.measure.alike.near import canonical_text
from strop.measure.answers.stated import amounts, claims, invented
from strop.records import Kind, Reason

_FAULT: Final = "unsupported_answer"
_USUAL: Final = 0.2
"""Share of rows from which answers that say more than their source are how the data is. A person judges those rows, so
it is no loss to ask about more of them than a text's surface may set aside."""
_NAMED = 3
_UNLIKE = 0.05


def unsourced(rows: Sequence[Draft], kind: Kind) -> dict[str, Sign]:
    """By identity how much of what an answer states stands in its source; rows that state nothing new are not listed.

    Where more rows than one in five do, that is how the answers are, and the scores lie above the threshold.
    """
    found: dict[str, tuple[float, list[str]]] = {}
    for row in rows:
        stated, strange = _of(row, kind)
        if strange:
            found[row.identity] = 1 - len(strange) / max(stated, len(strange)), strange
    limit = THRESHOLDS[_FAULT]
    usual = len(found) > max(FEW, _USUAL * len(rows))
    return {
        identity: Sign(
            limit + (1 - limit) * share if usual else 0.8 * limit * share,
            f"not in its input: {', '.join(strange[:_NAMED])}",
        )
        for identity, (share, strange) in found.items()
    }


def unlike_lists(rows: Sequence[Draft]) -> dict[Reason, dict[str, Sign]]:
    """Where nearly all answers of an extraction are JSON, those that are not: cut off, or no answer at all."""
    found: dict[Reason, dict[str, Sign]] = {"truncated": {}, "no_answer": {}}
    for row in rows:
        answer = row.answer.strip()
        if answer and not _is_json(answer):
            fault: Reason = "truncated" if answer[0] in "[{" else "no_answer"
            what = "stops in the middle of its JSON" if fault == "truncated" else "no JSON, as the others are"
            found[fault][row.identity] = Sign(_UNLIKE, f"{what}: {answer[:40]!r}")
    others = sum(map(len, found.values()))
    return found if others <= _USUAL * len(rows) else {}


def _is_json(answer: str) -> bool:
    try:
        return isinstance(json.loads(answer), dict | list)
    except (ValueError, RecursionError):
        return False


def _of(row: Draft, kind: Kind) -> tuple[int, list[str]]:
    """How many things an answer states, and those that its source does not hold."""
    if kind == "extraction":
        entities = _entities(row.answer)
        held = canonical_text(row.asked)
        return len(entities), [text for text in entities if canonical_text(text) not in held]
    if kind == "chat" and not row.context and row.system is None:
        return 0, []  # nothing was given that the answer could rest on
    source = "\n".join([*(text for _, text in row.turns), *row.context])
    strange = invented(row.answer, source)
    return len(claims(row.answer)) + len(amounts(row.answer)), strange


def _entities(answer: str) -> list[str]:
    """The texts of a list of entities; of other JSON nothing is known."""
    try:
        listed = json.loads(answer)
    except (ValueError, RecursionError):
        return []
    if isinstance(listed, dict):
        listed = listed.get("entities", [])
    texts = [one.get("text") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [text for text in texts if isinstance(text, str) and text.strip()]
