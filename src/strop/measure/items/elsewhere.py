"""How a part of the items does beside the rest, and by which measure that is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from strop.measure.items.results import aggregate
from strop.measure.items.sums import BY_LABEL, item_score, to_be_found
from strop.measure.names import display_name
from strop.records import How, ItemResult, MeasureSpec

_STANDS_IN: dict[How, str] = {
    "macro_f1": "accuracy",
    "matthews": "accuracy",
    "ece": "distance of confidence and truth",
    "aurc": "error",
}


class Beside(NamedTuple):
    """The measure's name as people read it, its value on the part, and on the rest."""

    name: str
    value: float
    rest: float


def stands_in(spec: MeasureSpec) -> str:
    """What an item's own share of a measure is called: ``accuracy`` for macro F1, the measure itself for a mean."""
    if spec.how == "mean":
        return display_name(spec.name)
    return _STANDS_IN.get(spec.how) or f"{display_name(spec.name)} of an item"


def beside(spec: MeasureSpec, part: Sequence[ItemResult], rest: Sequence[ItemResult]) -> Beside:
    """A part that does worse item by item, beside the rest: by the measure itself, or by what stands in for it.

    What stands in (the mean of :func:`.sums.item_score`, named by :func:`stands_in`) is told where the measure cannot
    be computed on both, where it does not call the part worse, where nothing is to be found in the part,
    and where a measure of labels finds one label only: its F1 there knows nothing of what was called so elsewhere.
    """
    labels = spec.how in BY_LABEL
    if to_be_found(spec, part) and (not labels or min(len({item.gold for item in side}) for side in (part, rest)) > 1):
        try:
            value, other = aggregate(spec, part), aggregate(spec, rest)
        except ValueError:
            pass
        else:
            if value != other and (value < other) == spec.higher_is_better:
                return Beside(display_name(spec.name), value, other)
    means = []
    for side in (part, rest):
        known = [score for item in side if (score := item_score(spec, item)) is not None]
        means.append(sum(known) / len(known))
    return Beside(stands_in(spec), *means)
