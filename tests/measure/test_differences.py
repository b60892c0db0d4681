import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar

from strop.measure.differences import mcnemar_exact, tango, tango_score


def _score_by_search(gained: int, lost: int, n: int, difference: float) -> float:
    """The same statistic with the nuisance share found by maximising the likelihood numerically."""

    def loss(only_second: float) -> float:
        shares = (only_second + difference, only_second, 1 - 2 * only_second - difference)
        counts = (gained, lost, n - gained - lost)
        return -sum(c * np.log(max(s, 1e-300)) for c, s in zip(counts, shares, strict=True) if c)

    low, high = max(0.0, -difference), (1 - difference) / 2
    best = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return (gained - lost - n * difference) / np.sqrt(n * (2 * best + difference * (1 - difference)))


@pytest.mark.parametrize(("gained", "lost", "n"), [(12, 2, 50), (5, 9, 80), (40, 31, 300)])
@pytest.mark.parametrize("difference", [-0.2, -0.05, 0.0, 0.1])
def test_score_equals_a_numeric_maximum(gained: int, lost: int, n: int, difference: float) -> None:
    assert tango_score(gained, lost, n, difference) == pytest.approx(
        _score_by_search(gained, lost, n, difference), abs=1e-4
    )


def test_score_at_zero_is_mcnemars() -> None:
    assert tango_score(12, 5, 90, 0.0) == pytest.approx((12 - 5) / np.sqrt(17))


def test_bounds_are_where_the_score_reaches_the_quantile() -> None:
    z = stats.norm.ppf(0.95)
    low, high = tango(9, 4, 120, level=0.9)
    assert tango_score(9, 4, 120, low) == pytest.approx(z)
    assert tango_score(9, 4, 120, high) == pytest.approx(-z)


def test_nothing_discordant_still_has_a_width() -> None:
    z = stats.norm.ppf(0.975)
    assert tango(0, 0, 12) == pytest.approx((-(z**2) / (12 + z**2), z**2 / (12 + z**2)))


def test_all_discordant() -> None:
    low, high = tango(10, 0, 10)
    assert high == 1
    ratio = stats.norm.ppf(0.975) ** 2 / 10  # with nothing lost, (1 - d) / (1 + d) reaches z² / n at the bound
    assert low == pytest.approx((1 - ratio) / (1 + ratio))
    assert tango(0, 10, 10) == pytest.approx((-high, -low))


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (3, 0), (10, 4), (200, 150)])
def test_mcnemar_equals_statsmodels(gained: int, lost: int) -> None:
    theirs = mcnemar([[5, gained], [lost, 5]], exact=True).pvalue
    assert mcnemar_exact(gained, lost) == pytest.approx(theirs)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="not possible"):
        tango(5, 6, 10)
