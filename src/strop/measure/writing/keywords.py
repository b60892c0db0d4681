"""Are the search terms there, often enough and not stuffed?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from strop.records import JSON

_WORD = re.compile(r"[A-Za-z0-9.+]+")
_BOUNDS = ("min_count", "max_count", "min_density", "max_density")


class KeywordUse(NamedTuple):
    """How often a text uses a term, the words of the text, and the share of them that belong to the term."""

    term: str
    times: int
    words: int
    density: float


class KeywordCheck(NamedTuple):
    """A term's use against its window; ``stuffing`` says by how much the upper bounds are exceeded (0.5: by half)."""

    use: KeywordUse
    inside: bool
    stuffing: float
    why: str


@lru_cache(maxsize=4096)
def _term(term: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, term.split()))
    if not words:
        raise ValueError("keywords: an empty term")
    return re.compile(rf"(?<!\w){words}s?(?!\w)", re.IGNORECASE)


def keyword_use(text: str, term: str) -> KeywordUse:
    """Count a term (whole words, optional plural s, case ignored) and its density.

    Density is the words of the term's occurrences over all words; a word is a run of letters, digits, dots and pluses.

    Raises:
        ValueError: for an empty term.
    """
    count = sum(1 for _ in _term(term).finditer(text))
    words = sum(1 for _ in _WORD.finditer(text))
    return KeywordUse(term, count, words, count * len(term.split()) / words if words else 0.0)


def keyword_check(text: str, window: Mapping[str, JSON]) -> KeywordCheck:
    """A term's use against ``{"term", "min_count", "max_count", "min_density", "max_density"}``; bounds may be absent.

    Raises:
        ValueError: for a window without a term, or with a bound that is not a number.
    """
    term = window.get("term")
    if not isinstance(term, str):
        raise ValueError(f"keywords: {dict(window)!r} names no term")
    bounds: dict[str, float] = {}
    for name in _BOUNDS:
        value = window.get(name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"keywords: {name} of {term!r} is {value!r}, not a number")
            bounds[name] = float(value)
    use = keyword_use(text, term)
    reasons: list[str] = []
    stuffing = 0.0
    for what, seen in (("count", float(use.times)), ("density", use.density)):
        low, high = bounds.get(f"min_{what}", 0.0), bounds.get(f"max_{what}", float("inf"))
        if seen < low:
            reasons.append(f"{what} {seen:.3g} is below {low:g}")
        if seen > high:
            reasons.append(f"{what} {seen:.3g} is above {high:g}")
            stuffing = max(stuffing, seen / high - 1 if high > 0 else seen)
    return KeywordCheck(use, not reasons, stuffing, "; ".join(reasons))


def keywords_inside(text: str, windows: Sequence[Mapping[str, JSON]]) -> float:
    """Share of the terms whose count and density lie in their window; 1 when there are none."""
    return sum(keyword_check(text, w).inside for w in windows) / len(windows) if windows else 1.0


def keyword_score(text: str, windows: Sequence[Mapping[str, JSON]]) -> float:
    """As :func:`keywords_inside`, but a term used too much earns 1 / (1 + stuffing)² instead of nothing, less the more.

    A term used too little earns nothing.
    """
    if not windows:
        return 1.0
    scores = []
    for window in windows:
        check = keyword_check(text, window)
        scores.append(1.0 if check.inside else (1 + check.stuffing) ** -2 if check.stuffing > 0 else 0.0)
    return sum(scores) / len(scores)
