import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from strop.measure.statistics.bounded import score_interval
from strop.measure.statistics.intervals import (
    bootstrap_interval,
    clopper_pearson,
    cluster_codes,
    mean_interval,
    standard_error,
    wilson,
)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (49, 50), (950, 1000)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_shares_equal_scipy_and_statsmodels(k: int, n: int, level: float) -> None:
    exact = stats.binomtest(k, n).proportion_ci(level, "exact")
    score = stats.binomtest(k, n).proportion_ci(level, "wilson")
    assert clopper_pearson(k, n, level=level) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert wilson(k, n, level=level) == pytest.approx((score.low, score.high), abs=1e-12)
    assert wilson(k, n, level=level) == pytest.approx(proportion_confint(k, n, 1 - level, "wilson"), abs=1e-12)


def _coverage(method, n: int, shares: np.ndarray) -> np.ndarray:
    bounds = np.array([method(k, n) for k in range(n + 1)])
    chance = stats.binom.pmf(np.arange(n + 1)[None, :], n, shares[:, None])
    inside = (bounds[:, 0] <= shares[:, None]) & (shares[:, None] <= bounds[:, 1])
    return (chance * inside).sum(axis=1)


@pytest.mark.parametrize("n", [30, 40, 50, 100, 200])
def test_coverage_by_exact_enumeration(n: int) -> None:
    shares = np.linspace(0.02, 0.98, 385)
    score = _coverage(wilson, n, shares)
    assert 0.94 <= score.mean() <= 0.97
    assert score.min() >= (0.92 if n >= 50 else 0.915), "plain Wilson has .919 with 30 items: nothing gates on it"
    assert _coverage(clopper_pearson, n, shares).min() >= 0.95


def test_published_coverage() -> None:
    assert _coverage(wilson, 50, np.array([0.98]))[0] == pytest.approx(0.922, abs=5e-4)
    assert _coverage(clopper_pearson, 50, np.array([0.98]))[0] == pytest.approx(0.982, abs=5e-4)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_shares_are_refused(k: int, n: int) -> None:
    for method in (wilson, clopper_pearson):
        with pytest.raises(ValueError, match="no share"):
            method(k, n)


def test_a_level_is_a_probability() -> None:
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level=95)


def test_t_interval_equals_scipy() -> None:
    values = np.random.default_rng(1).gamma(2, size=37)
    expected = stats.t.interval(0.9, 36, values.mean(), stats.sem(values))
    assert mean_interval(values, level=0.9) == pytest.approx(expected)


def test_clustered_error_equals_statsmodels() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    clusters = rng.integers(0, 20, size=150)
    values = rng.normal(size=150) + rng.normal(size=20)[clusters]
    fit = sm.OLS(values, np.ones(150)).fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False})
    found = len(set(clusters))
    error, freedom = standard_error(values, cluster_codes(list(clusters)))
    assert 0.85 * (found - 1) < freedom < found - 1
    assert error == pytest.approx(fit.bse[0] * np.sqrt(found / (found - 1)), rel=0.01)
    assert error > 1.5 * standard_error(values)[0]


def test_clusters_of_one_size_have_the_usual_error() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(12), 5)
    values = rng.normal(size=60) + rng.normal(size=12)[clusters]
    fit = sm.OLS(values, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False})
    error, freedom = standard_error(values, cluster_codes(list(clusters)))
    assert freedom == 11 and error == pytest.approx(fit.bse[0] * np.sqrt(12 / 11), abs=1e-12)


@pytest.mark.parametrize("sizes", [[1, 2, 3, 30], [8, 9, 10, 11, 12], [50, 1, 1, 1, 1, 1], [3, 4]])
def test_clusters_of_differing_sizes_have_cr2s_error_and_bell_and_mccaffreys_freedom(sizes: list[int]) -> None:
    """By matrices as they are defined for any regression (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018)."""
    codes, count = np.repeat(np.arange(len(sizes)), sizes), sum(sizes)
    values = np.random.default_rng(4).normal(size=count)
    left = np.eye(count) - np.full((count, count), 1 / count)
    variance, parts = 0.0, []
    for cluster in range(len(sizes)):
        inside = codes == cluster
        roots, axes = np.linalg.eigh(left[np.ix_(inside, inside)])
        pulled = (axes @ np.diag(roots**-0.5) @ axes.T).sum(axis=0) / count
        variance += float(pulled @ (values - values.mean())[inside]) ** 2
        parts.append(left[:, inside] @ pulled)
    spread = np.linalg.eigvalsh(np.array(parts) @ np.array(parts).T)
    error, freedom = standard_error(values, codes)
    assert error == pytest.approx(variance**0.5)
    assert freedom == pytest.approx(float(spread.sum() ** 2 / (spread**2).sum()))


@pytest.mark.parametrize(("groups", "largest"), [(10, 10), (30, 30), (30, 8)])
def test_an_interval_of_clusters_of_which_one_is_large_holds(groups: int, largest: int) -> None:
    rng = np.random.default_rng(groups)
    codes = np.repeat(np.arange(groups), [8 * largest] + [8] * (groups - 1))
    held = shares = 0
    for _ in range(300):
        values = rng.normal(size=len(codes)) + 0.5 * rng.normal(size=groups)[codes]
        low, high = mean_interval(values, clusters=list(codes))
        held += low <= 0 <= high
        chances = rng.beta(4, 4, size=groups)[codes]
        low, high = score_interval((rng.random(len(codes)) < chances).astype(float), clusters=list(codes))
        shares += low <= 0.5 <= high
    assert held >= stats.binom.ppf(1e-3, 300, 0.95), "C - 1 degrees of freedom held it in 70 to 80 of 100"
    assert shares >= stats.binom.ppf(1e-3, 300, 0.93)


def test_one_observation_bounds_nothing() -> None:
    assert mean_interval([0.5]) == (float("-inf"), float("inf"))
    assert mean_interval([0.1, 0.9, 0.4], clusters=["a", "a", "a"]) == (float("-inf"), float("inf"))


def test_no_cluster_is_a_cluster_of_its_own() -> None:
    assert cluster_codes([None, "a", None, "a"]).tolist() == [0, 1, 2, 1]


def _mean(sums: np.ndarray) -> np.ndarray:
    return np.asarray(sums[:, 0] / sums[:, 1])


def test_bootstrap_equals_scipys_bca() -> None:
    values = np.random.default_rng(3).lognormal(size=60)
    rows = np.column_stack([values, np.ones(60)])
    ours = bootstrap_interval(rows, _mean, resamples=20_000)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=4).confidence_interval
    assert ours.low == pytest.approx(theirs.low, rel=0.01)
    assert ours.high == pytest.approx(theirs.high, rel=0.01)


def test_a_paired_bootstrap_of_two_f1s_equals_scipys() -> None:
    """Items are drawn with both answers to them."""
    rng = np.random.default_rng(6)
    gold = rng.random(120) < 0.4
    first, second = (np.where(rng.random(120) < share, gold, ~gold) for share in (0.9, 0.75))

    def f1(hits: np.ndarray, said: np.ndarray, there: np.ndarray) -> np.ndarray:
        return np.asarray(2 * hits / (said + there))

    def difference(gold: np.ndarray, first: np.ndarray, second: np.ndarray, axis: int) -> np.ndarray:
        sums = [(gold & one).sum(axis) for one in (first, second)], [one.sum(axis) for one in (first, second)]
        there = gold.sum(axis)
        return f1(sums[0][0], sums[1][0], there) - f1(sums[0][1], sums[1][1], there)

    rows = np.column_stack([gold & first, first, gold & second, second, gold]).astype(float)
    ours = bootstrap_interval(
        rows, lambda s: f1(s[:, 0], s[:, 1], s[:, 4]) - f1(s[:, 2], s[:, 3], s[:, 4]), resamples=20_000
    )
    theirs = stats.bootstrap(
        (gold, first, second), difference, paired=True, n_resamples=20_000, method="BCa", vectorized=True, rng=7
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.005)


def test_bootstrap_is_the_same_each_time_and_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.column_stack([np.random.default_rng(5).normal(size=40), np.ones(40)])
    first = bootstrap_interval(rows, _mean)
    assert bootstrap_interval(rows, _mean) == first
    monkeypatch.setattr("strop.measure.statistics.intervals._CELLS", 40 * 100)
    assert bootstrap_interval(rows, _mean) == first


def test_bootstrap_needs_two_items() -> None:
    with pytest.raises(ValueError, match="two"):
        bootstrap_interval(np.ones((1, 2)), _mean)


def test_a_mean_of_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1 is no finite number"):
        bootstrap_interval(np.array([[1.0], [float("nan")], [2.0]]), lambda sums: sums[:, 0])
    with pytest.raises(ValueError, match="value 1 is no finite number"):
        mean_interval([1.0, float("nan"), 2.0])
