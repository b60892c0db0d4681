import numpy as np
import pytest
from scipy import special, stats

from strop.measure.statistics.bounded import score_interval
from strop.measure.statistics.intervals import mean_interval, wilson


def _tango_score(gained: int, lost: int, n: int, difference: float, step: float) -> float:
    """Tango (1998) in closed form, with half a step of continuity correction."""
    linear = -gained - lost + (2 * n - gained + lost) * difference
    only_second = (np.sqrt(linear**2 + 8 * n * lost * difference * (1 - difference)) - linear) / (4 * n)
    excess = gained - lost - n * difference
    spread = np.sqrt(n * (2 * only_second + difference * (1 - difference)))
    return float(np.sign(excess) * max(0.0, abs(excess) - step / 2) / spread)


@pytest.mark.parametrize(("gained", "lost", "n"), [(12, 2, 50), (5, 9, 80), (40, 31, 300), (3, 0, 60), (0, 0, 40)])
def test_differences_of_right_and_wrong_get_tangos_interval(gained: int, lost: int, n: int) -> None:
    differences = [1.0] * gained + [-1.0] * lost + [0.0] * (n - gained - lost)
    low, high = score_interval(differences, low=-1, high=1, level=0.9)
    quantile = stats.t.ppf(0.95, n - 1)
    assert _tango_score(gained, lost, n, low, 1) == pytest.approx(quantile, abs=1e-4)
    assert _tango_score(gained, lost, n, high, 1) == pytest.approx(-quantile, abs=1e-4)


def test_shares_get_wilsons_but_for_quantile_and_correction() -> None:
    values = [1.0] * 300_000 + [0.0] * 100_000
    assert score_interval(values) == pytest.approx(wilson(300_000, 400_000), abs=1e-5)


def test_where_scores_spread_it_is_nearly_t() -> None:
    values = np.random.default_rng(0).beta(2, 2, size=3_000)
    assert score_interval(values) == pytest.approx(mean_interval(values), abs=2e-4)


def test_what_never_varies_is_not_certain() -> None:
    for values, bounds in (([0.0] * 12, (-1.0, 1.0)), ([1.0] * 12, (0.0, 1.0)), ([0.5] * 12, (0.0, 1.0))):
        low, high = score_interval(values, low=bounds[0], high=bounds[1], level=0.9)
        assert max(high - values[0], values[0] - low) > 0.1
    assert score_interval([1.0] * 12)[1] == 1
    assert score_interval([0.3]) == (0, 1)


def test_clusters_count_once() -> None:
    rng = np.random.default_rng(1)
    values = np.repeat(rng.random(30), 10)
    clusters = [k // 10 for k in range(300)]
    together = score_interval(values, clusters=clusters)
    alone = score_interval(values[::10])
    assert together == pytest.approx(alone, abs=0.01)
    assert together[1] - together[0] > 2 * np.subtract(*reversed(score_interval(values)))


def _worst_size(n: int, margin: float, alpha: float) -> float:
    """Largest chance to pass exactly at the margin, over how often the pairs differ, by exact enumeration."""
    gained, lost = (grid.ravel() for grid in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    possible = gained + lost <= n
    gained, lost = gained[possible], lost[possible]
    linear = -gained - lost + (2 * n - gained + lost) * -margin
    only_second = (np.sqrt(np.maximum(linear**2 - 8 * n * lost * margin * (1 + margin), 0)) - linear) / (4 * n)
    spread = np.sqrt(np.maximum(n * (2 * only_second - margin * (1 + margin)), 1e-300))
    passes = (gained - lost + n * margin - 0.5) / spread >= stats.t.ppf(1 - alpha, n - 1)
    worst = 0.0
    for better in (0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
        worse = better + margin
        chance = special.gammaln(n + 1) - special.gammaln([gained + 1, lost + 1, n - gained - lost + 1]).sum(axis=0)
        chance += special.xlogy(gained, better) + special.xlogy(lost, worse)
        chance += special.xlogy(n - gained - lost, 1 - better - worse)
        worst = max(worst, float(np.exp(chance[passes]).sum()))
    return worst


@pytest.mark.parametrize("n", [20, 60, 150])
@pytest.mark.parametrize("margin", [0.01, 0.03, 0.1])
def test_at_the_margin_right_or_wrong_scores_pass_at_most_alpha(n: int, margin: float) -> None:
    for alpha in (0.05, 0.01):
        assert _worst_size(n, margin, alpha) <= alpha


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shares", "bounds"),
    [
        ((0.0, 0.0, 0.02, 0.08, 0.9), (0, 1)),
        ((0.03, 0.0, 0.0, 0.0, 0.97), (0, 1)),
        ((0.02, 0.1, 0.8, 0.08, 0.0), (-1, 1)),
        ((0.01, 0.0, 0.97, 0.0, 0.02), (-1, 1)),
        ((0.2, 0.2, 0.2, 0.2, 0.2), (0, 1)),
    ],
)
@pytest.mark.parametrize("n", [30, 120])
def test_each_bound_errs_at_most_alpha(shares: tuple[float, ...], bounds: tuple[float, float], n: int) -> None:
    """400 projects; t errs up to 40 % of the time in these worlds."""
    scores = np.linspace(*bounds, 5)
    truth = float(scores @ shares)
    rng = np.random.default_rng(2)
    errors = np.zeros(2)
    for _ in range(400):
        low, high = score_interval(rng.choice(scores, n, p=shares), low=bounds[0], high=bounds[1], level=0.9)
        errors += (low > truth, high < truth)
    assert errors.max() / 400 <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 400)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="no values"):
        score_interval([])
    with pytest.raises(ValueError, match=r"outside \[0.0, 1.0\]"):
        score_interval([2.0])
