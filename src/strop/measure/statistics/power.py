"""How many items a question needs, and what chance a number of items gives."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy

from strop.measure.statistics.intervals import Array

_RARE = 1e-9
"""Numbers of pairs that are rarer are left out."""
_EXACT = 5_000
_BLOCK, _EXACT_SHARES, _MOST_SHARES = 4_096, 20_000, 1_000_000


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
    spread = (gained + lost - effect**2) ** 0.5 or 1e-9
    enough = items_needed(spread, effect=effect, margin=margin, alpha=alpha, power=power)
    few = enough // 2
    while pairs_power(enough, gained, lost, margin=margin, alpha=alpha) < power:
        few, enough = enough, enough + 1 + enough // 4
    while enough - few > 1 + few // 1000:
        middle = (few + enough) // 2
        shown = pairs_power(middle, gained, lost, margin=margin, alpha=alpha) >= power
        few, enough = (few, middle) if shown else (middle, enough)
    return enough


def pairs_power(n: int, gained: float, lost: float, *, margin: float, alpha: float) -> float:
    """Chance that ``n`` pairs of right/wrong scores show a difference above ``-margin`` by the score interval.

    Exact up to 5,000 pairs: of each number of pairs won and lost, its chance where the interval
    (:func:`strop.measure.score_interval`; Tango 1998, section 4, with a continuity correction) clears the line. Beyond,
    the normal approximation with the spread at the margin.

    Args:
        n: pairs, at least 2.
        gained, lost, margin, alpha: as in :func:`pairs_needed`.
    """
    if n > _EXACT:
        return _pairs_power_of_many(n, gained, lost, margin, alpha)
    differing = gained + lost
    least, most = (int(scipy.special.bdtrik(tail, n, differing)) for tail in (_RARE, 1 - _RARE))
    found = 0.0
    for count in range(max(least - 1, 0), min(most + 2, n) + 1):
        won = np.arange(count + 1.0)
        chance = _binomial(won, count, gained / differing)
        shown = chance[_pairs_clear(won, count, n, margin, alpha)].sum()
        found += float(_binomial(np.array([float(count)]), n, differing)[0] * shown)
    return found


def _pairs_power_of_many(n: int, gained: float, lost: float, margin: float, alpha: float) -> float:
    effect = gained - lost
    at_truth = (gained + lost - effect**2) ** 0.5
    reach = float(scipy.special.stdtrit(n - 1, 1 - alpha)) * float(_at_margin(gained, lost, margin)) / math.sqrt(n)
    return float(scipy.special.ndtr((effect + margin - reach - 0.5 / n) * math.sqrt(n) / max(at_truth, 1e-9)))


def _binomial(successes: Array, n: int, share: float) -> Array:
    """Chances of so many successes."""
    ways = (
        scipy.special.gammaln(n + 1) - scipy.special.gammaln(successes + 1) - scipy.special.gammaln(n - successes + 1)
    )
    return np.asarray(
        np.exp(ways + scipy.special.xlogy(successes, share) + scipy.special.xlog1py(n - successes, -share))
    )


def _pairs_clear(won: Array, differing: int, n: int, margin: float, alpha: float) -> npt.NDArray[np.bool_]:
    """Whether the interval of ``n`` pairs, so many of them differing, lies above ``-margin``; of each number won."""
    lost = differing - won
    step = 2 if differing == n else 1  # the smallest gap between scores that occur
    distance = (won - lost) / n + margin - step / 2 / n
    reach = float(scipy.special.stdtrit(n - 1, 1 - alpha)) * _at_margin(won / n, lost / n, margin) / math.sqrt(n)
    return np.asarray(distance > np.maximum(reach, 1e-12))


def _at_margin(gained: float | Array, lost: float | Array, margin: float) -> Array:
    """The spread of one pair's difference, were its mean at ``-margin``: of the shares that fit these best."""
    linear = -np.asarray(gained + lost) - (2 - gained + lost) * margin
    only_second = (np.sqrt(np.maximum(linear**2 - 8 * lost * margin * (1 + margin), 0.0)) - linear) / 4
    return np.sqrt(np.maximum(2 * only_second - margin * (1 + margin), 0.0))


def shares_needed(
    right: int, n: int, line: float, *, above: bool, alpha: float, power: float = 0.8, seen: int | None = None
) -> int | None:
    """Further right/wrong items that show a share to lie above (below) a line by Clopper and Pearson's bound.

    Exact: those seen stay as they are, each further one is right as often as they are, and the chance that the bound
    clears the line is summed over the binomial distribution. It goes up and down by single items; the first number
    with the chance is given. Of more than some 20,000 the normal approximation, as if all were drawn again.

    Args:
        right, n: of so many items seen.
        line: the share to be cleared.
        above: whether the lower bound has to reach it; else the upper one has to lie below it.
        alpha: one-sided error rate.
        power: chance to show it.
        seen: how many of those seen will count; None: all. With 0, all items are further ones.
    Returns:
        None where the share seen does not lie on that side of the line, or more than a million items would do.
    Raises:
        ValueError: for counts or a line that are not possible.
    """
    if not 0 <= right <= n or n < 1 or not 0 <= line <= 1 or seen not in (None, 0, n):
        raise ValueError(f"{right} of {n} items, {seen} of them to count, against {line}")
    if not above:
        right, line = n - right, 1 - line
    share, base = right / n, n if seen is None else seen
    known = right if base else 0
    if share <= line:
        return None
    spread = (share * (1 - share)) ** 0.5
    at_line, power_at = float(scipy.special.ndtri(1 - alpha)), float(scipy.special.ndtri(power))
    # Those seen vary no more, so the chance costs less than if all were drawn; the first guess leaves it out.
    first = 0.8 * (at_line * min(spread, (line * (1 - line)) ** 0.5) / (share - line)) ** 2 - base
    if first > _EXACT_SHARES:
        rough = ((at_line + power_at) * spread / (share - line)) ** 2 - base
        return math.ceil(rough) if rough <= _MOST_SHARES else None
    for start in range(max(1, int(first)), 4 * _EXACT_SHARES, _BLOCK):
        more = np.arange(start, start + _BLOCK, dtype=np.float64)
        # The bound of c right ones reaches the line where so many or more have at most the chance alpha at the line.
        least = scipy.stats.binom.isf(alpha, base + more, line) + 1
        shown = np.where(least <= base + more, scipy.stats.binom.sf(least - 1 - known, more, share), 0.0)
        if (enough := np.flatnonzero(shown >= power)).size:
            return int(more[enough[0]])
    return None


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
