"""Reviewed answers to rows of the task: each goes into one dataset version, once."""

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


def reference_of(judgement: Judgement, interaction: Interaction) -> str | None:
    """The right answer to a request as a person with a role said: the correction, or the label that was called good.

    A label that was confirmed is as good a row as one that was corrected, and without it the sealed slice would hold
    nothing but the old model's mistakes. A text that was called good is not the only good one: it is no row.
    """
    corrected = correction_of(judgement)
    if corrected is not None or interaction.label is None or not judgement.trusted or judgement.kind != "review":
        return corrected
    good = isinstance(judgement.value, dict) and judgement.value.get("opinion") == "good"
    return interaction.label if good else None


def usable(
    judgements: Sequence[Judgement], interactions: Mapping[str, Interaction], used: Iterable[str]
) -> list[Judgement]:
    """Reviews that give a row and that no dataset version holds yet, oldest first; one for each answer, the newest."""
    known = set(used)
    done = {judgement.subject for judgement in judgements if judgement.id in known}
    newest: dict[str, Judgement] = {}
    for judgement in sorted(standing(judgements), key=lambda one: (one.created, one.id)):
        interaction = interactions.get(judgement.subject)
        if interaction is not None and judgement.subject not in done and reference_of(judgement, interaction):
            newest[judgement.subject] = judgement
    return sorted(newest.values(), key=lambda judgement: (judgement.created, judgement.id))


def as_now(
    taken: Iterable[Judgement], reviews: Sequence[Judgement], interactions: Mapping[str, Interaction]
) -> list[Judgement]:
    """What became of reviews that dataset versions hold as rows: the newest word that edits each; without those that
    were taken back, or give no row any more. One for each answer.

    Args:
        taken: these reviews.
        reviews: all that there are.
        interactions: what they are about, by id.
    """
    later = {one.edits: one for one in sorted(reviews, key=lambda one: (one.created, one.id)) if one.edits}
    found: dict[str, Judgement] = {}
    for one in taken:
        while (edited := later.get(one.id)) is not None:
            one = edited
        interaction = interactions.get(one.subject)
        if interaction is None or reference_of(one, interaction):
            found[one.subject] = one
    return sorted(found.values(), key=lambda one: one.id)


def is_sealed(judgement: Judgement, key: bytes) -> bool:
    """Whether this correction goes to the sealed test set: by a hash of subject and project key, never by choice."""
    digest = hashlib.sha256(key + judgement.subject.encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "big") % SEALED_SHARE == 0


def row(judgement: Judgement, interaction: Interaction) -> dict[str, JSON]:
    """The reviewed answer as a raw row; its id is the judgement's, so that the row can be followed back."""
    turns = [{"role": message.role, "content": _readable(message.content)} for message in interaction.messages]
    answer = {"role": "assistant", "content": _readable(reference_of(judgement, interaction) or "")}
    return {"messages": [*turns, answer], "meta": {"id": judgement.id, "time": interaction.created, "reviewed": True}}


def _readable(text: str) -> str:
    """Without the control characters that clients send and curation takes for damage."""
    return "".join(character for character in text if character >= " " or character in "\n\t")


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
