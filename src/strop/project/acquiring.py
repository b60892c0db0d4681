"""Which rows to ask people for: a list, from the slices on which a candidate does worse than elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from strop.evaluate import WeakSlice
from strop.evaluate.weak import Row
from strop.project.opened import Opened
from strop.records import Candidate, Record, Report

LIKE = 3
"""Training rows that are shown with each wish."""


class Wish(Record):
    """So many rows of a kind. ``value`` and ``elsewhere``: the primary measure on that slice of the validation items
    and on all others; ``training_has``: rows of the kind that were trained on, of which ``like`` are the first."""

    ask_for: int
    where: str
    value: float
    elsewhere: float
    low: float
    high: float
    n: int
    training_has: int
    like: tuple[str, ...] = ()


def wishes(project: Opened, report: Report, slices: Sequence[WeakSlice]) -> list[Wish]:
    """A wish for each weak slice of a report on the task's own items, the surest first.

    What is shown of a kind are training rows: validation items that people imitate would be known to the next model.
    """
    candidate = project.store.get(report.candidate, Candidate)
    trained = [
        (row, Row(row.input, row.reference, row.slices)) for row in project.store.examples(candidate.dataset, "train")
    ]
    return [
        Wish(
            ask_for=one.ask_for, where=one.found.name, value=one.found.value, elsewhere=one.found.rest,
            low=one.found.low, high=one.found.high, n=one.found.n, training_has=one.trained,
            like=tuple([row.input for row, seen in trained if one.trait.holds(seen)][:LIKE]),
        )
        for one in slices
        if one.trained is not None
    ]  # fmt: skip
