"""Progress as typed events: a verb yields facts, the command line draws bars, the page draws live progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from strop.records.base import Record


class Progress(Record):
    """``done`` of ``total`` units of ``task``; the first has done = 0, the last done = total."""

    task: str
    done: int
    total: int
    unit: str = "items"


class Said(Record):
    """A sentence for people: a step taken, a warning, a check's result."""

    text: str
    warning: bool = False


class LossSeen(Record):
    """The loss of one optimizer step."""

    step: int
    steps: int
    loss: float
    learning_rate: float
    examples_per_second: float


Event: TypeAlias = Progress | Said | LossSeen
Listener: TypeAlias = Callable[[Event], None]


def without_sentences(listener: Listener) -> Listener:
    """Passes on all but plain sentences: what each of many runs was to cost, and took, would bury the result."""

    def heard(event: Event) -> None:
        if not isinstance(event, Said) or event.warning:
            listener(event)

    return heard


def silent(event: Event) -> None:
    """A listener that does nothing."""
