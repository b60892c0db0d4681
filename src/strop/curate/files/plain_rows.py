"""Rows of a question and an answer that say nothing else, as most are: read in a third of the time that ``shapes``
takes, which reads all others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from strop.curate.drafts import Draft
from strop.curate.files.shapes import guessed, names_people
from strop.records import JSON, Split
from strop.settings import Columns

_TELLING: Final = frozenset(
    {
        "messages", "conversations", "conversation", "prompt", "instruction", "system", "context", "meta", "eval",
        "expect", "id",
    }
)  # fmt: skip
"""Fields by which a row is of another shape, or says more than its question and answer."""


class PlainRows:
    """Reads the plain rows of one source.

    Args:
        columns: what its columns are.
        source: its name.
        fixed: the split that it gives.
    """

    def __init__(self, columns: Columns, source: str, fixed: Split | None) -> None:
        self._columns, self._source, self._fixed = columns, source, fixed
        self._fields = lru_cache(maxsize=256)(self._told)

    def draft(self, value: Mapping[str, JSON], line: int) -> Draft | None:
        """What ``shapes.draft`` makes of a row; None where only that can tell."""
        if (fields := self._fields(tuple(value))) is None:
            return None
        asked, answered = value[fields[0]], value[fields[1]]
        if not (isinstance(asked, str) and isinstance(answered, str) and _is_sound(asked, answered)):
            return None
        return Draft(self._source, line, self._fixed, (("user", asked),), answered)

    def _told(self, names: tuple[str, ...]) -> tuple[str, str] | None:
        """The fields of question and answer, where a row of these fields is plain."""
        columns = self._columns
        if columns != Columns(input=columns.input, output=columns.output):
            return None  # they name more that is read
        if (columns.input is None) != (columns.output is None):
            return None
        if not _TELLING.isdisjoint(names) or any(map(names_people, names)):
            return None
        asked, answered = (columns.input, columns.output) if columns.input else guessed(names)
        if asked is None or answered is None or not {asked, answered} <= set(names):
            return None
        return asked, answered


def _is_sound(asked: str, answered: str) -> bool:
    """Whether something is asked, and no half characters and NUL bytes are among it."""
    both = asked + answered
    if not asked.strip() or "\0" in both or "\\u0000" in both:
        return False
    if both.isascii():
        return True
    try:
        both.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
