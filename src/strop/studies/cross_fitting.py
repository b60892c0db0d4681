"""How good is this on few rows? Each row is tested once, by a model that saw neither it nor its group.

A held-out fifth of 300 rows leaves 60 items, and an interval that settles nothing; cross-fitting tests all of them.
The folds share training rows, so their scores hang together; yet for learners that change little with a single row, the
mean over all rows is normal around the mean quality of the fold models, with the spread of the items alone (Bayle,
Bayle, Janson and Mackey 2020, Cross-validation confidence intervals for test error, section 2). So the interval is that
of as many separate items, clustered by group, and of what these models differ by beyond chance
(``measure.statistics.spread``): it is about models of this making, not about these few. It speaks of models that had a
part of the rows: the one that is trained on all of them is seldom worse, and is judged separately, on what nobody
trained on.
"""

from __future__ import annotations

from collections.abc import Sequence

from strop.measure import aggregate, display_name, estimate, measured_items, paired
from strop.records import Example, ItemResult, Measured, MeasureSpec, Record, Spec
from strop.studies.bench import Bench
from strop.tune import FOLDS, folds


class CrossFitted(Record):
    """The measure over all rows with its interval, and over each fold; ``against``: paired with another method."""

    measure: str
    rows: int
    value: Measured
    by_fold: tuple[float, ...]
    against: Measured | None = None

    def sentence(self) -> str:
        """What was measured, of what."""
        value = self.value
        told = (
            f"{display_name(self.measure)} {value.value:.3f} [{value.low:.3f}, {value.high:.3f}] "
            f"on {self.rows} rows, each answered by one of {len(self.by_fold)} models that saw neither it nor its "
            "group (what they differ by is part of the interval)"
        )
        if self.against is None:
            return f"{told}."
        gain, low, high = (100 * number for number in (self.against.value, self.against.low, self.against.high))
        return f"{told}; {gain:+.1f} points [{low:.1f}, {high:.1f}] against the other on the same rows."


def cross_fit(bench: Bench, spec: Spec, *, against: Spec | None = None, count: int = FOLDS) -> CrossFitted:
    """Train on all parts but one, answer that one, and so on round; the sealed test items are not among them.

    Args:
        bench: the project's rows and measures, and its memory of finished runs.
        spec: what to train.
        against: another method to train on the same parts; the difference is paired, row by row.
        count: parts, and so many trainings of each.
    Raises:
        InputError: for more parts than groups of rows, or a method that trains nothing.
    """
    parts = folds(bench.rows, count)
    own = [_answered(bench, spec, parts, place) for place in range(count)]
    other = [_answered(bench, against, parts, place) for place in range(count)] if against else []
    return joined(bench.primary, own, other)


def joined(
    measure: MeasureSpec, own: Sequence[Sequence[ItemResult]], other: Sequence[Sequence[ItemResult]] = ()
) -> CrossFitted:
    """One number from the judged answers to each part; ``other``: those of another method to the same parts."""
    items, rivals = (
        [item.model_copy(update={"part": place}) for place, part in enumerate(parts, 1) for item in part]
        for parts in (own, other)
    )
    return CrossFitted(
        measure=measure.name,
        rows=len(measured_items(measure, items)),
        value=estimate(measure, items),
        by_fold=tuple(aggregate(measure, part) for part in own),
        against=paired(measure, items, rivals) if rivals else None,
    )


def _answered(bench: Bench, spec: Spec, parts: Sequence[Sequence[Example]], place: int) -> tuple[ItemResult, ...]:
    seen = [row for number, part in enumerate(parts) for row in part if number != place]
    return bench.judged(spec, seen, parts[place], 0)
