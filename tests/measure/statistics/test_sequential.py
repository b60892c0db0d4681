import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from strop.measure.statistics.sequential import (
    difference_bounds,
    difference_evidence,
    log_evidence,
    mean_bounds,
    rate_bounds,
)


def test_evidence_is_a_mixture_of_likelihood_ratios() -> None:
    def ratio(rate: float) -> float:
        return stats.beta.pdf(rate, 0.5, 0.5) * (rate / 0.7) ** 13 * ((1 - rate) / 0.3) ** 7

    assert np.exp(log_evidence(13, 20, 0.7)) == pytest.approx(integrate.quad(ratio, 0, 1)[0], rel=1e-6)


def test_evidence_is_fair_under_its_hypothesis() -> None:
    """Its mean over all outcomes is exactly 1, so that it exceeds 1 / alpha with chance at most alpha, ever."""
    for n in (1, 7, 60):
        counts = np.arange(n + 1)
        values = np.exp([log_evidence(int(k), n, 0.3) for k in counts])
        assert float(values @ stats.binom.pmf(counts, n, 0.3)) == pytest.approx(1)


def test_bounds_are_where_the_evidence_reaches_its_limit() -> None:
    low, high = rate_bounds(80, 100)
    assert log_evidence(80, 100, low) == pytest.approx(np.log(20), abs=1e-6)
    assert log_evidence(80, 100, high) == pytest.approx(np.log(20), abs=1e-6)
    assert rate_bounds(0, 0) == (0, 1)
    assert rate_bounds(0, 50)[0] == 0
    assert rate_bounds(50, 50)[1] == 1
    assert rate_bounds(50, 50)[0] < 0.95


@pytest.mark.slow
def test_looking_after_every_answer_errs_at_most_alpha() -> None:
    """A/A: 500 streams of 2,000 answers, looked at each time. A fixed interval errs in well over 20 %."""
    rng = np.random.default_rng(0)
    n = np.arange(1, 2001)
    right = np.cumsum(rng.random((500, 2000)) < 0.85, axis=1)
    table = {(k, m): log_evidence(k, m, 0.85) for m in range(1, 2001) for k in set(right[:, m - 1].tolist())}
    worst = np.array([max(table[k, m] for m, k in enumerate(row, 1)) for row in right.tolist()])
    assert (worst >= np.log(20)).mean() <= 0.05
    naive = np.abs(right / n - 0.85) > 1.96 * np.sqrt(0.85 * 0.15 / n)
    assert naive[:, 20:].any(axis=1).mean() > 0.2


@pytest.mark.slow
def test_canary_against_release_errs_at_most_alpha() -> None:
    """A/A at 10 % traffic: 200 streams, looked at after every 20 answers, true difference 0."""
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        canary = rng.random(1000) < 0.1
        right = rng.random(1000) < 0.9
        for look in range(20, 1001, 20):
            arms = [(int(right[:look][side].sum()), int(side.sum())) for side in (canary[:look], ~canary[:look])]
            if difference_evidence(*arms, 0.0) >= np.log(20):
                alarms += 1
                break
    assert alarms / 200 <= 0.05


def test_a_real_loss_is_found() -> None:
    low, high = difference_bounds((350, 500), (4500, 5000))
    assert high < -0.1
    assert low > -0.35
    assert difference_bounds((4500, 5000), (350, 500)) == pytest.approx((-high, -low), abs=1e-6)


def test_difference_bounds_are_tighter_than_two_separate_ones() -> None:
    first, second = (180, 200), (160, 200)
    low, high = difference_bounds(first, second)
    a, b = (rate_bounds(*arm, level=0.975) for arm in (first, second))
    assert a.low - b.high < low < 0.1 < high < a.high - b.low
    assert difference_evidence(first, second, low) == pytest.approx(np.log(20), abs=1e-5)
    assert difference_bounds((0, 0), (5, 10)) == (pytest.approx(-1, abs=0.2), pytest.approx(1, abs=0.2))


def test_a_wrong_arm_is_seen_by_the_traffic_itself() -> None:
    """Sample ratio: 10 % were to go to the canary, 15 % did."""
    assert rate_bounds(150, 1000).low > 0.1


def test_bets_bound_means_that_vary_little_more_tightly() -> None:
    rng = np.random.default_rng(2)
    scores = rng.beta(60, 20, size=1000)
    low, high = mean_bounds(scores)
    wide = rate_bounds(float(scores.sum()), 1000)
    assert low < 0.75 < high
    assert high - low < 0.5 * (wide.high - wide.low)
    assert mean_bounds([]) == (0, 1)


@pytest.mark.slow
def test_bets_err_at_most_alpha_whenever_one_looks() -> None:
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(100):
        low, high = mean_bounds(rng.choice([0, 0.5, 1], size=600, p=[0.1, 0.1, 0.8]))
        missed += not low <= 0.85 <= high
    assert missed / 100 <= 0.05


def test_bounds_never_widen() -> None:
    scores = np.random.default_rng(4).random(300)
    bounds = [mean_bounds(scores[:n]) for n in (50, 100, 200, 300)]
    assert all(a.low <= b.low and b.high <= a.high for a, b in itertools.pairwise(bounds))


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="no share"):
        rate_bounds(5, 3)
    with pytest.raises(ValueError, match="no rate"):
        log_evidence(1, 2, 1.5)
    with pytest.raises(ValueError, match="no difference"):
        difference_evidence((1, 2), (1, 2), 2.0)
    with pytest.raises(ValueError, match="outside"):
        mean_bounds([1.5])
