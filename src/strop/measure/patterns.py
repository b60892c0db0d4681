"""Regular expressions written by users: a mistake names its rule, and none of them can hang the program."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import regex  # type: ignore[import-untyped]

SECONDS = 2.0
"""Longest time one search may take: catastrophic patterns are user mistakes too."""


class Match(NamedTuple):
    """Where a pattern matched, the text there, that of its last group (without any: all of it), and of each group."""

    start: int
    end: int
    text: str
    inner: str
    groups: tuple[str, ...] = ()


class BadPattern(ValueError):
    """A pattern does not compile or takes too long; the message names the rule."""


@lru_cache(maxsize=4096)
def _compiled(source: str, flags: int) -> Any:
    return regex.compile(source, flags)


class Pattern:
    """A compiled pattern that knows which rule it belongs to.

    Args:
        source: a Python regular expression.
        rule: name shown when something is wrong with it.
        ignore_case: match both cases.
        whole: the dot matches line ends too, for patterns that look at the whole text.
        lines: ``^`` and ``$`` match at the ends of each line.
    Raises:
        BadPattern: when it does not compile.
    """

    def __init__(
        self, source: str, *, rule: str, ignore_case: bool = False, whole: bool = False, lines: bool = False
    ) -> None:
        self.source = source
        self.rule = rule
        flags = (regex.IGNORECASE if ignore_case else 0) | (regex.DOTALL if whole else 0)
        flags |= regex.MULTILINE if lines else 0
        try:
            self._regex = _compiled(source, int(flags))
        except (regex.error, TypeError, OverflowError) as error:
            raise BadPattern(f"rule {rule}: the pattern {source!r} is not a regular expression: {error}") from error

    def _slow(self, text: str) -> BadPattern:
        return BadPattern(
            f"rule {self.rule}: the pattern {self.source!r} takes more than {SECONDS:g} s on a text of {len(text)} "
            "characters; avoid repeats inside repeats"
        )

    def found(self, text: str) -> bool:
        """Whether the pattern matches anywhere."""
        try:
            return self._regex.search(text, timeout=SECONDS) is not None
        except TimeoutError as error:
            raise self._slow(text) from error

    def matches(self, text: str) -> Iterator[Match]:
        """All matches, left to right, not overlapping."""
        try:
            for found in self._regex.finditer(text, timeout=SECONDS):
                inner = found.group(found.lastindex or 0)
                yield Match(found.start(), found.end(), found.group(), inner, found.groups(""))
        except TimeoutError as error:
            raise self._slow(text) from error

    def split(self, text: str) -> list[str]:
        """The text between the matches."""
        try:
            return [part for part in self._regex.split(text, timeout=SECONDS) if part]
        except TimeoutError as error:
            raise self._slow(text) from error
