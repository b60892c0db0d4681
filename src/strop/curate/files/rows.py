"""A raw row as read from a file, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strop.records import JSON


@dataclass(slots=True)
class RawRow:
    """``value`` is None where the row could not be read; then ``problem`` says why.

    ``column`` is where (a field's name, or the number of a character from 1; "" for the whole row), ``remedy`` what to
    do.
    """

    line: int
    value: Mapping[str, JSON] | None
    problem: str = ""
    column: str = ""
    remedy: str = ""


def shortened(text: str, length: int = 60) -> str:
    """A value for a message, at most ``length`` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"
