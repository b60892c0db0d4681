import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from strop.measure.statistics.bounded import score_interval
from strop.measure.statistics.power import (
    detectable_effect,
    items_needed,
    pairs_needed,
    pairs_power,
    power_of,
    shares_needed,
)


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


@pytest.mark.parametrize(
    ("gained", "lost", "margin"), [(0.08, 0.05, 0.03), (0.03, 0.02, 0.03), (0.15, 0.05, 0.0), (0.01, 0.01, 0.02)]
)
def test_right_or_wrong_scores_pass_with_the_promised_power(gained: float, lost: float, margin: float) -> None:
    """Within two points of 80 %, by the interval that decides."""
    n = pairs_needed(gained, lost, margin=margin, alpha=0.05, power=0.8)
    counts = np.random.default_rng(1).multinomial(n, [gained, lost, 1 - gained - lost], size=3_000)
    known: dict[tuple[int, int], bool] = {}
    for more, less, same in counts.tolist():
        if (more, less) not in known:
            scores = [1.0] * more + [-1.0] * less + [0.0] * same
            known[more, less] = score_interval(scores, low=-1, high=1, level=0.9).low > -margin
    passed = np.mean([known[more, less] for more, less, _ in counts.tolist()])
    assert 0.785 <= passed <= 0.82


def test_some_questions_have_no_answer() -> None:
    with pytest.raises(ValueError, match="no number of items"):
        items_needed(0.5, effect=-0.03, margin=0.03, alpha=0.05)
    with pytest.raises(ValueError, match="not possible"):
        pairs_needed(0.0, 0.0, margin=0.02, alpha=0.05)
    with pytest.raises(ValueError, match="spread"):
        items_needed(0.0, effect=0.1, margin=0.0, alpha=0.05)
    with pytest.raises(ValueError, match="alpha"):
        power_of(10, 1.0, effect=0.1, margin=0.0, alpha=5)


@pytest.mark.parametrize(("n", "margin"), [(12, 0.0), (25, 0.1)])
def test_the_power_of_right_or_wrong_scores_is_that_of_the_interval_over_all_that_can_happen(
    n: int, margin: float
) -> None:
    """Each number of pairs won and lost, by its multinomial chance; the interval is asked of the scores themselves."""
    gained, lost = 0.35, 0.1
    chance = stats.multinomial(n, [gained, lost, 1 - gained - lost])
    shown = 0.0
    for won in range(n + 1):
        for missed in range(n + 1 - won):
            scores = [1.0] * won + [-1.0] * missed + [0.0] * (n - won - missed)
            if score_interval(scores, low=-1, high=1, level=0.9).low > -margin:
                shown += float(chance.pmf([won, missed, n - won - missed]))
    assert pairs_power(n, gained, lost, margin=margin, alpha=0.05) == pytest.approx(shown, abs=1e-6)


def test_the_power_of_many_pairs_goes_over_into_the_normal_one() -> None:
    few, many = (pairs_power(n, 0.031, 0.02, margin=0.0, alpha=0.025) for n in (5_000, 5_001))
    assert many == pytest.approx(few, abs=0.01)


@pytest.mark.parametrize(
    ("right", "n", "line", "above", "alpha", "seen"),
    [
        (39, 40, 0.9, True, 0.0125, None), (93, 100, 0.9, True, 0.025, None), (28, 28, 0.9, True, 0.0125, None),
        (51, 60, 0.9, False, 0.003, None), (93, 100, 0.9, True, 0.025, 0), (3, 60, 0.1, False, 0.0125, None),
    ],
)  # fmt: skip
def test_further_items_for_a_share_are_the_fewest_by_enumeration(
    right: int, n: int, line: float, above: bool, alpha: float, seen: int | None
) -> None:
    base, known = (n, right) if seen is None else (0, 0)

    def chance(more: int) -> float:
        total, further = base + more, np.arange(more + 1)
        hits, misses = known + further, total - known - further  # Clopper and Pearson's bounds are quantiles of betas
        if above:
            shown = np.where(hits > 0, stats.beta.ppf(alpha, np.maximum(hits, 1), misses + 1), 0.0) >= line
        else:
            shown = np.where(misses > 0, stats.beta.ppf(1 - alpha, hits + 1, np.maximum(misses, 1)), 1.0) < line
        return float(stats.binom.pmf(further, more, right / n)[shown].sum())

    needed = shares_needed(right, n, line, above=above, alpha=alpha, seen=seen)
    assert needed is not None and chance(needed) >= 0.8
    assert all(chance(fewer) < 0.8 for fewer in range(max(1, needed - 12), needed))


def test_no_number_of_items_shows_a_share_on_its_line() -> None:
    assert shares_needed(90, 100, 0.9, above=True, alpha=0.025) is None
    assert shares_needed(95, 100, 0.9, above=False, alpha=0.025) is None
    assert shares_needed(90_001, 100_000, 0.9, above=True, alpha=0.025) is None
    many = shares_needed(1_812, 2_000, 0.9, above=True, alpha=0.025)
    rough = ((1.96 + 0.8416) / 0.006) ** 2 * 0.906 * 0.094 - 2_000
    assert many == pytest.approx(rough, rel=0.06)
    for right, n, line in ((5, 4, 0.9), (1, 0, 0.9), (1, 2, 1.1)):
        with pytest.raises(ValueError, match="items"):
            shares_needed(right, n, line, above=True, alpha=0.025)
