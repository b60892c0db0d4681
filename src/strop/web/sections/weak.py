"""Where a candidate does worse than elsewhere, ready to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strop.decide.words import in_groups
from strop.evaluate import weak_slices
from strop.measure import stands_in
from strop.records import Example, ItemResult, MeasureSpec
from strop.web import words

Row = tuple[str, str, str, str, str, str]


def rows(spec: MeasureSpec, items: Sequence[ItemResult], examples: Mapping[str, Example]) -> list[Row]:
    """A line for every slice that nobody named and that does worse, the surest first.

    By what each item has of the measure, which the line names: its interval is that of their means.
    """
    return [
        (
            found.name,
            stands_in(spec),
            words.number(found.value, spec.name),
            words.number(found.rest, spec.name),
            f"{words.number(found.value - found.rest, spec.name)} {words.interval(found.low, found.high, spec.name)}",
            in_groups(found.n, found.clusters, "item"),
        )
        for found in (one.found for one in weak_slices(spec, items, examples))
    ]
