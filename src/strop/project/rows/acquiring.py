"""Which rows to ask people for, or to select, from the slices on which a candidate does worse than elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from strop.curate import Failing
from strop.evaluate import WeakSlice
from strop.evaluate.weak import Row
from strop.measure import item_score
from strop.project.clean import hiding
from strop.project.making import judging
from strop.project.opened import Opened
from strop.records import Candidate, Ladder, Record, Report

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

    What is shown of a kind are training rows, masked: validation items that people imitate would be known to the next
    model.
    """
    hide = hiding(project)
    candidate = project.store.get(report.candidate, Candidate)
    trained = [
        (row, Row(row.input, row.reference, row.slices)) for row in project.store.examples(candidate.dataset, "train")
    ]
    return [
        Wish(
            ask_for=one.ask_for, where=one.found.name, value=one.found.value, elsewhere=one.found.rest,
            low=one.found.low, high=one.found.high, n=one.found.n, training_has=one.trained,
            like=tuple(hide(text) for text in [row.input for row, seen in trained if one.trait.holds(seen)][:LIKE]),
        )
        for one in slices
        if one.trained is not None
    ]  # fmt: skip


def failing(project: Opened, report: Report | None = None) -> Failing | None:
    """Where a model fails, by a report (default: the pick's, or before any ladder the newest on validation items).

    Of each weak slice the items that do worse than the others on average; an item counts by how much worse its
    slice does, by the worst where it is in several. Where no slice is certainly worse, all items that went wrong count
    alike. None where there is no report.
    """
    report = report or _newest(project)
    if report is None:
        return None
    spec = next(spec for spec in report.specs if spec.primary)
    items = {item.example: item for item in judging.items_of(project, report)}
    examples = project.store.examples_by_id(items)
    scores = {i: score for i in examples if (score := item_score(spec, items[i])) is not None}
    weights: dict[str, float] = {}
    sign = 1 if spec.higher_is_better else -1
    weak = judging.weak_slices(project, report)
    for one in weak:
        gap = abs(one.found.rest - one.found.value)
        for identity, score in scores.items():
            row = Row(examples[identity].input, items[identity].gold, items[identity].slices)
            if sign * score < sign * one.found.rest and one.trait.holds(row):
                weights[identity] = max(weights.get(identity, 0.0), gap)
    if not weak and scores:
        usual = sum(scores.values()) / len(scores)
        weights = {identity: 1.0 for identity, score in scores.items() if sign * score < sign * usual}
        project.say(
            f"No slice is certainly worse than the rest: data.selection takes rows near all {len(weights)} validation "
            "items that went wrong."
        )
    held = sorted(weights)
    return Failing(report.id, tuple(examples[i].input for i in held), tuple(weights[i] for i in held))


def _newest(project: Opened) -> Report | None:
    ladder = project.store.latest(Ladder)
    pick = next((step.report for step in ladder.steps if step.candidate == ladder.pick), None) if ladder else None
    if pick is not None:
        return project.store.get(pick, Report)
    reports = project.store.all(Report)
    return next((one for one in reports if one.suite_name == "domain" and one.split == "validation"), None)
