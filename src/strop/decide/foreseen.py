"""What a test set of some size is likely to show, foreseen from the validation items before it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

from strop.decide import words
from strop.measure import detectable_effect, detectable_gain, estimate, measured_items, paired
from strop.records import ItemResult, MeasureSpec

MOST = 20_000
"""More items than this nobody is asked for."""


def foreseen(
    spec: MeasureSpec, own: Sequence[ItemResult], rival: Sequence[ItemResult], *, n: int, alpha: float
) -> str | None:
    """A sentence: the gain over a rival that ``n`` test items show with a chance of 80 %; None where it cannot be told.

    Args:
        spec: the primary measure.
        own: the candidate's results on the validation items.
        rival: those of what it has to beat, on the same items.
        n: test items.
        alpha: one-sided error of this opening.
    """
    try:
        gain = _gain(spec, own, rival, n, alpha)
        count = len(measured_items(spec, own))
    except ValueError:
        return None
    seen = f"if the two differ as on the {words.count(count, 'validation item')}"
    if gain is None:
        return f"{words.count(n, 'test item')} would show hardly any gain over the best cheaper rung, {seen}"
    least = f"{100 * gain:.1f} points" if abs(gain) <= 1 else words.number(gain)
    return f"{words.count(n, 'item')} show a gain of {least} or more with a chance of 80 %, {seen}"


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
    count = len(measured_items(spec, right))
    try:
        gain = paired(spec, right, wrong, level=1 - 2 * alpha)
    except ValueError as error:
        return f"{words.count(count, 'item')} with it say nothing ({error})"
    if gain.low > 0:
        return None
    return (
        f"it speaks of {words.count(count, 'item')}: even a candidate that gets all of them right, beside one that "
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
        found = estimate(spec, _grown(best, count), level=1 - 2 * alpha)
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


def _grown(items: Sequence[ItemResult], count: int) -> list[ItemResult]:
    """So many items: these, and then others like them, in groups of their own."""
    return [
        item.model_copy(
            update={"example": f"{item.example} {turn}", "cluster": f"{item.cluster or item.example} {turn}"}
        )
        for turn, item in ((place // len(items), items[place % len(items)]) for place in range(count))
    ]


def _gain(
    spec: MeasureSpec, own: Sequence[ItemResult], rival: Sequence[ItemResult], n: int, alpha: float
) -> float | None:
    found = paired(spec, own, rival, level=1 - 2 * alpha)
    if found.method.startswith("score"):
        return detectable_gain(_differences(spec, own, rival), n, alpha=alpha)
    # The spread of an item is read off the interval, so that one rule serves whatever the items are gathered into.
    spread = (found.high - found.low) / 2 / NormalDist().inv_cdf(1 - alpha) * found.n**0.5
    return detectable_effect(n, spread, alpha=alpha) if spread > 0 else None


def _differences(spec: MeasureSpec, own: Sequence[ItemResult], rival: Sequence[ItemResult]) -> list[float]:
    """Of each item that both answered, by how much the first is better."""
    known = {item.example: item.scores[spec.name] for item in measured_items(spec, rival)}
    sign = 1.0 if spec.higher_is_better else -1.0
    found = []
    for item in measured_items(spec, own):
        first, second = item.scores[spec.name], known.get(item.example)
        if isinstance(first, float | int) and isinstance(second, float | int):
            found.append(sign * (first - second))
    return found
