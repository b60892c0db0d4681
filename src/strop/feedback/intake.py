"""What people and applications say, checked and masked before it is written. Untrusted until somebody reviewed it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import get_args

from strop.errors import InputError
from strop.privacy import Masker
from strop.records import JSON, Judgement, JudgementKind, new_id, now

KINDS: tuple[str, ...] = ("rating", "comment", "correction", "preference", "outcome")
"""What may come from outside; reviews and approvals come from people with a role."""
LONGEST = 20_000
MOST_FROM_ONE = 0.2
"""Share of a turn's corrections that one reviewer may have made, and that one sender may have brought (or an even
share, where there are few of them), so that no single source steers the model."""
MOST_WAITING = 50
"""Complaints of one sender that wait for an expert at a time: the rest comes up as they are judged."""
MOST_SHOWN = 5
"""What an expert is shown of one sender about one answer."""
NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
"""How the measure of an outcome may be called (a pattern)."""


def judgement(
    subject: str,
    kind: str,
    value: JSON,
    *,
    by: str,
    comment: str = "",
    key: str | None = None,
    masker: Masker | None = None,
) -> Judgement:
    """A judgement ready to be stored; its texts are masked.

    Args:
        subject: the interaction's id.
        kind: rating, comment, correction, preference, or ``outcome:<measure>``.
        value: a number between -1 and 1 or a boolean for ratings, a text for comments and corrections, "a", "b" or
            "tie" for preferences, a number or boolean for outcomes.
        by: who says so.
        comment: why.
        key: the sender's idempotency key.
        masker: replaces personal data; None keeps the texts as they are.
    Raises:
        InputError: for an unknown kind, a value that does not fit it, or a text that is too long.
    """
    plain, _, name = kind.partition(":")
    if plain not in KINDS or plain not in get_args(JudgementKind):
        raise InputError(f"no kind of feedback is called {kind[:80]!r}", remedy=f"one of {', '.join(KINDS)}")
    if (plain == "outcome") != bool(name) or (name and not re.fullmatch(NAME, name)):
        raise InputError(
            "an outcome names its measure, with letters, digits and . _ -", remedy="for example outcome:resolved"
        )
    checked = _value(plain, value)
    if len(comment) > LONGEST:
        raise InputError(f"the comment has {len(comment):,} characters", remedy=f"at most {LONGEST:,}")
    for text in (checked, comment, key, by):
        if isinstance(text, str) and any("\ud800" <= character <= "\udfff" for character in text):
            raise InputError("the text holds half a character", remedy="send UTF-8")
    if masker is not None:
        checked = masker.mask(checked).text if isinstance(checked, str) else checked
        comment = masker.mask(comment).text
        key = masker.mask(key).text if key is not None else None
    return Judgement(
        id=new_id("jdg"),
        subject=subject,
        kind=plain,
        name=name,
        value=checked,
        comment=comment,
        by=by,
        key=key,
        created=now(),
    )


def _value(kind: str, value: JSON) -> JSON:
    if kind in ("comment", "correction"):
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"the value of a {kind} is a text")
        if len(value) > LONGEST:
            raise InputError(f"the text has {len(value):,} characters", remedy=f"at most {LONGEST:,}")
        return value.strip()
    if kind == "preference":
        if value not in ("a", "b", "tie"):
            raise InputError("the value of a preference is a, b or tie")
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value == value and abs(value) <= (1 if kind == "rating" else 1e12):
        return value
    told = "between -1 and 1, or true or false" if kind == "rating" else "or true or false"
    raise InputError(f"the value of {'a rating' if kind == 'rating' else 'an outcome'} is a number {told}")


def standing(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Without those that a later one edits; order is kept."""
    edited = {judgement.edits for judgement in judgements if judgement.edits}
    return [judgement for judgement in judgements if judgement.id not in edited]


def said_first(judgements: Sequence[Judgement]) -> list[Judgement]:
    """What an expert reads of all that was said of one answer (oldest first): corrections, then the rest, newest first.

    Of each sender the newest ``MOST_SHOWN``, so that none talks the others down; what a later one edits, or what was
    forgotten, is left out.
    """
    shown: dict[str, int] = {}
    found: list[Judgement] = []
    there = [one for one in standing(judgements) if one.value is not None]
    there.reverse()
    for one in sorted(there, key=lambda one: one.kind != "correction"):
        shown[one.by] = shown.get(one.by, 0) + 1
        found += [one] if shown[one.by] <= MOST_SHOWN else []
    return found


def suggested(said: Sequence[Judgement]) -> Judgement | None:
    """The newest correction of what :func:`said_first` gives: untrusted, until somebody with a role says the same."""
    return next((one for one in said if one.kind == "correction"), None)


def within_caps(
    judgements: Sequence[Judgement],
    share: float = MOST_FROM_ONE,
    source: Callable[[Judgement], str | None] = lambda one: one.by,
) -> tuple[list[Judgement], list[Judgement]]:
    """Those that the cap of each source lets through, and those that it holds back for a later turn (oldest first).

    ``source``: whose a judgement is, by default its author's; None is nobody's, and not capped.
    """
    theirs = [one for one in map(source, judgements) if one is not None]
    cap = math.ceil(max(share, 1 / max(1, len(set(theirs)))) * len(theirs))
    counts: dict[str, int] = {}
    through: list[Judgement] = []
    held: list[Judgement] = []
    for one in sorted(judgements, key=lambda judgement: judgement.created):
        whose = source(one)
        if whose is not None:
            counts[whose] = counts.get(whose, 0) + 1
        (through if whose is None or counts[whose] <= cap else held).append(one)
    return through, held
