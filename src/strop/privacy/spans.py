"""A piece of personal data in a text, and which of two overlapping pieces wins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias, get_args

PersonalKind: TypeAlias = Literal[
    "secret", "email", "iban", "card", "national_id", "birth_date", "ip", "phone", "address", "name"
]
KINDS: tuple[PersonalKind, ...] = get_args(PersonalKind)
"""In order of precedence: where two kinds overlap, the one whose pattern proves more comes first."""

_RANK = {kind: rank for rank, kind in enumerate(KINDS)}


class Span(NamedTuple):
    """``text[start:end]`` is personal data of that kind; ``text`` repeats the piece."""

    kind: PersonalKind
    start: int
    end: int
    text: str


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Left to right; of overlapping spans the kind of higher precedence stays, then the longer one."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (_RANK[s.kind], s.start - s.end, s.start)):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s.start)
