"""Look for personal data again, in finished rows: nothing leaves, and nothing goes live, before this found nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from strop import privacy
from strop.records import JSON, Example, Kind


class Left(NamedTuple):
    """A piece of personal data that is still there: the row's place, the part of the row, and the piece's kind."""

    place: str
    part: str
    kind: str

    def __str__(self) -> str:
        return f"{self.place} ({self.part}: {self.kind})" if self.part else f"{self.place}: {self.kind}"


def personal_data_left(rows: Iterable[Example], kind: Kind) -> list[Left]:
    """What all parts of the rows still hold: every turn, answers, documents, checks, names, groups, slices.

    Args:
        rows: finished rows, of any split.
        kind: labels of a classification task stay as they are, so they are not looked at.
    """
    found = []
    for row in rows:
        place = f"{row.origin.source}:{row.origin.line}"
        for part, text in parts(row, kind):
            found += [Left(place, part, span.kind) for span in privacy.find(text)]
    return found


def personal_data_in(texts: Iterable[tuple[str, str]]) -> list[Left]:
    """What plain texts still hold; each comes with its place."""
    return [Left(place, "", span.kind) for place, text in texts for span in privacy.find(text)]


def parts(row: Example, kind: Kind) -> Iterator[tuple[str, str]]:
    """The texts of a row, each with what it is called."""
    for number, message in enumerate(row.messages, 1):
        yield f"turn {number}", message.content
    if row.reference is not None and kind != "classification":
        yield "answer", row.reference
    for number, text in enumerate(row.context, 1):
        yield f"context {number}", text
    for text in _strings(row.expect):
        yield "expect", text
    for name, value in (("id", row.name), ("group", row.group), *row.slices.items()):
        if value:
            yield name, value


def _strings(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
