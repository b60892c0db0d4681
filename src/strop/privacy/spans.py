"""A piece of personal data in a text, and which of two overlapping pieces wins."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from operator import attrgetter
from typing import Literal, NamedTuple, TypeAlias, get_args

PersonalKind: TypeAlias = Literal[
    "secret", "email", "iban", "card", "national_id", "birth_date", "ip", "phone", "address", "name"
]
KINDS: tuple[PersonalKind, ...] = get_args(PersonalKind)
"""In order of precedence: where two kinds overlap, the one whose pattern proves more comes first."""

_START = attrgetter("start")
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}


class Span(NamedTuple):
    """``text[start:end]`` is personal data of that kind; ``text`` repeats the piece."""

    kind: PersonalKind
    start: int
    end: int
    text: str


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Left to right; of overlapping spans the kind of higher precedence stays, then the longer one."""
    kept: list[Span] = []  # in order, none overlapping another: beside a new one's place stand the only two to ask
    for span in sorted(spans, key=lambda s: (_RANK[s.kind], s.start - s.end, s.start)):
        at = bisect_left(kept, span.end, key=_START)
        if at == 0 or kept[at - 1].end <= span.start:
            kept.insert(at, span)
    return kept
