"""What a test set of some size is likely to show, foreseen from the validation items before it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

from strop.decide import words
from strop.measure import detectable_effect, detectable_gain, measured_items, paired
from strop.records import ItemResult, MeasureSpec


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
