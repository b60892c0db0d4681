import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from strop.measure.power import detectable_effect, items_needed, power_of


@pytest.mark.parametrize("n", [5, 20, 100, 700])
@pytest.mark.parametrize("effect", [0.05, 0.2, 0.5])
def test_power_equals_statsmodels(n: int, effect: float) -> None:
    theirs = TTestPower().power(effect, n, 0.05, alternative="larger")
    assert power_of(n, 1.0, effect=effect, margin=0, alpha=0.05) == pytest.approx(theirs, abs=1e-6)


def test_items_needed_is_the_smallest_number() -> None:
    needed = items_needed(0.5, effect=0.02, margin=0.03, alpha=0.05)
    assert power_of(needed, 0.5, effect=0.02, margin=0.03, alpha=0.05) >= 0.8
    assert power_of(needed - 1, 0.5, effect=0.02, margin=0.03, alpha=0.05) < 0.8
    assert needed == pytest.approx(((1.6449 + 0.8416) * 0.5 / 0.05) ** 2, rel=0.01)


def test_the_published_table() -> None:
    """80 % power, two-sided 0.05, accuracy 0.8: 15.8 points at 100 items, 5.0 at 1,000 (items independent)."""
    spread = np.sqrt(2 * 0.8 * 0.2)
    assert detectable_effect(100, spread, alpha=0.025) == pytest.approx(0.158, abs=0.003)
    assert detectable_effect(1000, spread, alpha=0.025) == pytest.approx(0.050, abs=0.001)


def test_promised_power_is_kept_by_simulation() -> None:
    n = items_needed(0.4, effect=0.01, margin=0.05, alpha=0.05, power=0.8)
    draws = np.random.default_rng(0).normal(0.01, 0.4, size=(20_000, n))
    low = draws.mean(axis=1) - stats.t.ppf(0.95, n - 1) * draws.std(axis=1, ddof=1) / np.sqrt(n)
    assert (low > -0.05).mean() == pytest.approx(0.8, abs=0.01)


def test_some_questions_have_no_answer() -> None:
    with pytest.raises(ValueError, match="no number of items"):
        items_needed(0.5, effect=-0.03, margin=0.03, alpha=0.05)
    with pytest.raises(ValueError, match="spread"):
        items_needed(0.0, effect=0.1, margin=0.0, alpha=0.05)
    with pytest.raises(ValueError, match="alpha"):
        power_of(10, 1.0, effect=0.1, margin=0.0, alpha=5)
