"""Two candidates on the same items: intervals and tests for their difference."""

from __future__ import annotations

from scipy import optimize, special, stats

from strop.measure.intervals import Interval, check_level


def _check_pairs(gained: int, lost: int, n: int) -> None:
    if n < 1 or min(gained, lost) < 0 or gained + lost > n:
        raise ValueError(f"{gained} gained and {lost} lost of {n} pairs is not possible")


def tango_score(gained: int, lost: int, n: int, difference: float) -> float:
    """Tango's score statistic: standard normal if the true difference of the shares is ``difference`` (Tango 1998).

    Args:
        gained: pairs that only the first candidate got right.
        lost: pairs that only the second got right.
        n: all pairs.
    """
    _check_pairs(gained, lost, n)
    linear = -gained - lost + (2 * n - gained + lost) * difference
    constant = -lost * difference * (1 - difference)
    only_second = ((max(0.0, linear * linear - 8 * n * constant)) ** 0.5 - linear) / (4 * n)
    variance = n * (2 * only_second + difference * (1 - difference))
    excess = gained - lost - n * difference
    if variance <= 0:
        return 0.0 if abs(excess) < 1e-12 else float("inf") if excess > 0 else float("-inf")
    return float(excess / variance**0.5)


def tango(gained: int, lost: int, n: int, *, level: float = 0.95) -> Interval:
    """Score interval of the difference of two shares on the same items (Tango 1998, Statistics in Medicine 17:891).

    It has a width also when nothing differed, and holds its level for few discordant pairs, where t does not.

    Args:
        gained: pairs that only the first candidate got right.
        lost: pairs that only the second got right.
        n: all pairs.
        level: two-sided confidence level.
    Raises:
        ValueError: for counts that are not possible.
    """
    check_level(level)
    _check_pairs(gained, lost, n)
    z = float(special.ndtri(0.5 + level / 2))
    centre = (gained - lost) / n
    edge = 1 - 1e-12

    def bound(sign: float, outer: float) -> float:
        def gap(difference: float) -> float:
            return sign * tango_score(gained, lost, n, difference) - z

        if gap(outer) <= 0:
            return round(outer)
        return float(optimize.brentq(gap, centre, outer, xtol=1e-12)) if gap(centre) < 0 else centre

    return Interval(bound(1.0, -edge), bound(-1.0, edge))


def mcnemar_exact(gained: int, lost: int) -> float:
    """Two-sided p of "both candidates are right equally often", from the discordant pairs (McNemar 1947, exact).

    No discordant pair is no evidence: p = 1.
    """
    _check_pairs(gained, lost, max(1, gained + lost))
    return float(stats.binomtest(gained, gained + lost, 0.5).pvalue) if gained + lost else 1.0
