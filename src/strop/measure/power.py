"""How many items a question needs, and what chance a number of items gives."""

from __future__ import annotations

import math

import scipy


def items_needed(difference_sd: float, *, effect: float, margin: float, alpha: float, power: float = 0.8) -> int:
    """Items needed to show, one-sided at ``alpha``, that a mean difference lies above ``-margin``.

    Args:
        difference_sd: standard deviation of the paired difference of one item, above 0.
        effect: the true difference that one hopes for, positive when better.
        margin: how much worse is tolerated; 0 asks for "better".
        alpha: one-sided error rate.
        power: chance to show it when the true difference is ``effect``.
    Raises:
        ValueError: when ``effect`` does not lie above ``-margin`` (no number of items would do), or for rates outside
            (0, 1) or a spread that is not positive.
    """
    _check(difference_sd, alpha)
    if not alpha < power < 1:
        raise ValueError(f"power lies between alpha and 1, not at {power}")
    gap = effect + margin
    if gap <= 0:
        raise ValueError(f"a true difference of {effect} is not above -{margin}: no number of items shows that it is")
    normal = ((scipy.special.ndtri(1 - alpha) + scipy.special.ndtri(power)) * difference_sd / gap) ** 2
    count = max(2, math.ceil(normal))
    while power_of(count, difference_sd, effect=effect, margin=margin, alpha=alpha) < power:
        count += 1
    return count


def power_of(n: int, difference_sd: float, *, effect: float, margin: float, alpha: float) -> float:
    """Chance that a one-sided t test of ``n`` paired differences shows a mean above ``-margin`` (noncentral t).

    Args:
        n: items, at least 2.
        difference_sd, effect, margin, alpha: as in :func:`items_needed`.
    Raises:
        ValueError: for fewer than two items, a rate outside (0, 1) or a spread that is not positive.
    """
    _check(difference_sd, alpha)
    if n < 2:
        raise ValueError("one item has no spread: power needs at least two")
    critical = float(scipy.special.stdtrit(n - 1, 1 - alpha))
    return 1 - float(scipy.special.nctdtr(n - 1, (effect + margin) / difference_sd * math.sqrt(n), critical))


def pairs_needed(gained: float, lost: float, *, margin: float, alpha: float, power: float = 0.8) -> int:
    """As :func:`items_needed` for right/wrong scores, whose spread is another one at the margin than at the truth.

    Args:
        gained: true share of items that only the first candidate gets right.
        lost: true share that only the second gets right.
        margin, alpha, power: as in :func:`items_needed`.
    Raises:
        ValueError: when the difference does not lie above ``-margin``, or shares or rates are impossible.
    """
    if min(gained, lost) < 0 or gained + lost > 1 or gained + lost == 0:
        raise ValueError(f"shares of {gained} gained and {lost} lost are not possible, or show nothing")
    effect = gained - lost
    count = items_needed(
        (gained + lost - effect**2) ** 0.5 or 1e-9, effect=effect, margin=margin, alpha=alpha, power=power
    )
    while pairs_power(count, gained, lost, margin=margin, alpha=alpha) < power:
        count += 1 + count // 1000
    return count


def pairs_power(n: int, gained: float, lost: float, *, margin: float, alpha: float) -> float:
    """Chance that ``n`` pairs of right/wrong scores show a difference above ``-margin`` by the score interval.

    Normal approximation with the spread at the margin (Tango 1998, section 4) and the interval's continuity correction.
    """
    effect = gained - lost
    linear = -gained - lost - (2 - gained + lost) * margin
    only_second = (max(0.0, linear**2 - 8 * lost * margin * (1 + margin)) ** 0.5 - linear) / 4
    at_margin = max(0.0, 2 * only_second - margin * (1 + margin)) ** 0.5
    at_truth = (gained + lost - effect**2) ** 0.5
    reach = float(scipy.special.stdtrit(n - 1, 1 - alpha)) * at_margin / math.sqrt(n) + 0.5 / n
    return float(scipy.special.ndtr((effect + margin - reach) * math.sqrt(n) / max(at_truth, 1e-9)))


def detectable_effect(n: int, difference_sd: float, *, alpha: float, power: float = 0.8, margin: float = 0.0) -> float:
    """The smallest true difference that ``n`` items show to lie above ``-margin`` with chance ``power``.

    Raises:
        ValueError: as :func:`power_of`.
    """
    low, high = -margin, -margin + difference_sd
    while power_of(n, difference_sd, effect=high, margin=margin, alpha=alpha) < power:
        high += difference_sd
    while high - low > 1e-9 * max(1.0, difference_sd):
        middle = (low + high) / 2
        if power_of(n, difference_sd, effect=middle, margin=margin, alpha=alpha) < power:
            low = middle
        else:
            high = middle
    return high


def _check(difference_sd: float, alpha: float) -> None:
    if not difference_sd > 0:
        raise ValueError(f"the spread of the differences is {difference_sd}, not positive")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not at {alpha}")
