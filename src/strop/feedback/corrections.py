"""Reviewed corrections to rows of the task: each goes into one dataset version, once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from strop.feedback.intake import standing
from strop.records import JSON, Interaction, Judgement

SEALED_SHARE = 3
"""One of so many corrections is hashed away into the sealed test set, before anything is trained on it."""


def correction_of(judgement: Judgement) -> str | None:
    """The text that should have been the answer, if a person with a role said so."""
    if judgement.kind == "review" and judgement.trusted and isinstance(judgement.value, dict):
        text = judgement.value.get("correction")
        return text if isinstance(text, str) and text.strip() else None
    return None


def usable(judgements: Sequence[Judgement], used: Iterable[str]) -> list[Judgement]:
    """Reviewed corrections that no dataset version holds yet, oldest first."""
    known = set(used)
    found = [j for j in standing(judgements) if j.id not in known and correction_of(j) is not None]
    return sorted(found, key=lambda judgement: judgement.created)


def is_sealed(judgement: Judgement, key: bytes) -> bool:
    """Whether this correction goes to the sealed test set: by a hash of subject and project key, never by choice."""
    digest = hashlib.sha256(key + judgement.subject.encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "big") % SEALED_SHARE == 0


def row(judgement: Judgement, interaction: Interaction) -> dict[str, JSON]:
    """The correction as a raw row; its id is the judgement's, so that the row can be followed back."""
    turns = [{"role": message.role, "content": message.content} for message in interaction.messages]
    answer = {"role": "assistant", "content": correction_of(judgement)}
    return {"messages": [*turns, answer], "meta": {"id": judgement.id, "time": interaction.created}}


def rows(
    judgements: Sequence[Judgement], interactions: Mapping[str, Interaction], key: bytes
) -> tuple[list[dict[str, JSON]], list[dict[str, JSON]]]:
    """Training rows, and rows of the new sealed slice."""
    train: list[dict[str, JSON]] = []
    sealed: list[dict[str, JSON]] = []
    for judgement in judgements:
        interaction = interactions.get(judgement.subject)
        if interaction is not None:
            (sealed if is_sealed(judgement, key) else train).append(row(judgement, interaction))
    return train, sealed
