"""What a test set of some size is likely to show, foreseen from the validation items before it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from strop.decide import words
from strop.decide.trials import grown
from strop.measure import detectable_difference, estimate, measured_items, paired, times_the_items
from strop.records import ItemResult, MeasureSpec

MOST = 20_000
"""More items than this nobody is asked for."""


class Foreseen(NamedTuple):
    """The gain that items are likely to show (None: hardly any), and a sentence that says so, without its full stop."""

    gain: float | None
    sentence: str


def foreseen(
    spec: MeasureSpec, own: Sequence[ItemResult], rival: Sequence[ItemResult], *, n: int, alpha: float, models: int = 1
) -> Foreseen | None:
    """The gain over a rival that ``n`` items show with a chance of 80 %; None where it cannot be told.

    Args:
        spec: the primary measure.
        own: the candidate's results on the validation items.
        rival: those of what it has to beat, on the same items.
        n: items that the verdict will rest on.
        alpha: one-sided error of this opening.
        models: of one making, of which each answers a part of them.
    """
    try:
        seen = measured_items(spec, own)
        count, groups = len(seen), len({item.cluster or item.example for item in seen})
        # Of those, as many are of one group as of these; groups are what decides.
        worth = n / times_the_items(models, alpha=alpha)
        gain = detectable_difference(spec, own, rival, max(2, int(worth * groups / count)), alpha=alpha)
    except ValueError:
        return None
    like = f"if the two differ as on the {words.in_groups(count, groups, 'validation item')}"
    if gain is None:
        return Foreseen(None, f"{words.count(n, 'item')} would show hardly any gain over the best cheaper rung, {like}")
    least = f"{100 * gain:.1f} points" if abs(gain) <= 1 else words.number(gain)
    return Foreseen(gain, f"{words.count(n, 'item')} show a gain of {least} or more with a chance of 80 %, {like}")


def unshowable(
    spec: MeasureSpec, right: Sequence[ItemResult], wrong: Sequence[ItemResult], *, alpha: float
) -> str | None:
    """Why not even the best answers could be shown to be better than the worst ones; None where they could.

    Args:
        spec: the primary measure.
        right: the items, all answered right.
        wrong: the same items, answered as badly as can be.
        alpha: one-sided error of this opening.
    """
    behind = words.together(measured_items(spec, right), "item")
    try:
        gain = paired(spec, right, wrong, level=1 - 2 * alpha)
    except ValueError as error:
        return f"{behind} with it say nothing ({error})"
    if gain.low > 0:
        return None
    return (
        f"it speaks of {behind}: even a candidate that gets all of them right, beside one that "
        f"gets none, would be better by an interval of [{gain.low:.3f}, {gain.high:.3f}], which holds 0"
    )


class Unshown(NamedTuple):
    """What a target asks of items that cannot show it: how far the best answers to them reach, and how many could."""

    reached: float
    needed: int | None


def unshown_target(spec: MeasureSpec, best: Sequence[ItemResult], target: float, *, alpha: float) -> Unshown | None:
    """Whether not even the best answers to these items would be shown to reach a target; None where they would.

    ``needed``: so many items like these would do; None where more than :data:`MOST` would be needed (of a target of 1,
    which no number of items shows).

    Args:
        spec: the primary measure.
        best: the items, all answered as well as can be.
        target: what its whole interval has to reach.
        alpha: one-sided error of this opening.
    """

    def reached(count: int) -> float:
        found = estimate(spec, grown(best, count), level=1 - 2 * alpha)
        return found.low if spec.higher_is_better else found.high

    def shown(count: int) -> bool:
        return reached(count) >= target if spec.higher_is_better else reached(count) <= target

    few = len(best)
    if shown(few):
        return None
    many = 2 * few
    while many < MOST and not shown(many):
        many *= 2
    if not shown(many):
        return Unshown(reached(few), None)
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if shown(middle) else (middle, many)
    return Unshown(reached(len(best)), many)
