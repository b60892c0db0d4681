"""How a national number is told: by its form, by its check, and where these prove little by a word before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from strop.privacy.spans import Span

_WINDOW = 48  # characters before a number in which a word can say what it is


class Rule(NamedTuple):
    """``valid`` is asked with the number's bare signs, in capitals; without ``words`` the form says enough."""

    pattern: re.Pattern[str]
    valid: Callable[[str], bool]
    words: re.Pattern[str] | None = None


def rule(pattern: str, valid: Callable[[str], bool], words: str | None = None) -> Rule:
    """A rule of a pattern that stands alone, and of words one of which must stand before it. Behind ``#`` stand other
    numbers as often: there a word must say it."""
    before = r"\w.,/-" if words else r"\w.,/#-"
    guarded = re.compile(rf"(?<![{before}])(?:{pattern})(?![\w/]|[.,]\d|-\w)", re.ASCII | re.IGNORECASE)
    return Rule(guarded, valid, re.compile(rf"(?<!\w)(?:{words})", re.IGNORECASE) if words else None)


def numbers(text: str, rules: Iterable[Rule]) -> Iterator[Span]:
    """What the rules find in a text."""
    for each in rules:
        for match in each.pattern.finditer(text):
            if each.words is not None:
                nearby = text[max(0, match.start() - _WINDOW) : match.start()]
                if not each.words.search(nearby):
                    continue
            if each.valid(re.sub(r"[ ./+-]", "", match.group()).upper()):
                yield Span("national_id", match.start(), match.end(), match.group())
