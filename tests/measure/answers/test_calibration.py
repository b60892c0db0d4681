import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from strop.measure.answers.calibration import abstain_threshold, brier, ece, risk_coverage


def test_brier_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    chances = rng.dirichlet([1, 1, 1], size=50)
    gold = rng.choice(["a", "b", "c"], size=50)
    ours = brier(list(gold), [dict(zip("abc", map(float, row), strict=True)) for row in chances])
    assert ours == pytest.approx(brier_score_loss(gold, chances, labels=["a", "b", "c"], scale_by_half=False))
    assert brier(["a"], [{"b": 1.0}]) == 2


def test_ece_by_hand() -> None:
    assert ece([True, True, False, False], [0.9, 0.9, 0.9, 0.9], bins=10) == pytest.approx(0.4)
    assert ece([True, False], [0.95, 0.05], bins=10) == pytest.approx(0.05)
    calibrated = np.random.default_rng(1).random(50_000)
    assert ece(list(np.random.default_rng(2).random(50_000) < calibrated), list(calibrated)) < 0.02


def test_ece_is_the_weighted_gap_of_scikit_learns_calibration_curve() -> None:
    rng = np.random.default_rng(4)
    sure = rng.beta(3, 1, 600)
    right = rng.random(600) < sure**2
    found, said = calibration_curve(right, sure, n_bins=10)
    counts = np.histogram(sure, bins=10, range=(0, 1))[0]
    theirs = float(np.average(np.abs(found - said), weights=counts[counts > 0]))
    assert ece(list(right), list(sure), bins=10) == pytest.approx(theirs)


def test_risk_falls_as_one_answers_less() -> None:
    curve = risk_coverage([True, True, False, True, False], [0.9, 0.8, 0.8, 0.6, 0.1])
    assert curve.coverage.tolist() == pytest.approx([0.2, 0.6, 0.8, 1.0])
    assert curve.risk.tolist() == pytest.approx([0, 1 / 3, 1 / 4, 2 / 5])


def _world(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    confidence = rng.beta(4, 1, n)
    return rng.random(n) < confidence, confidence


def test_the_promise_is_kept() -> None:
    """Over 400 projects the true error beyond the threshold exceeds the promise in at most 5 %."""
    rng = np.random.default_rng(3)
    right, sure = _world(rng, 400_000)
    order = np.argsort(sure)
    sure, wrong_above = sure[order], np.cumsum((~right[order])[::-1])[::-1]
    broken = offered = 0
    for _ in range(400):
        found = abstain_threshold(*_world(rng, 400), 0.1)
        if found:
            offered += 1
            first = int(np.searchsorted(sure, found.confidence))
            broken += wrong_above[first] / (len(sure) - first) > 0.1
    assert offered > 300
    assert broken <= 0.05 * offered


def test_a_threshold_answers_as_much_as_it_may() -> None:
    right = [True] * 300 + [False] * 100
    sure = [0.9] * 300 + [0.3] * 100
    found = abstain_threshold(right, sure, 0.05)
    assert found is not None
    assert (found.confidence, found.coverage, found.error) == (0.9, 0.75, 0)
    assert found.upper <= 0.05
    assert abstain_threshold([True] * 20, [0.9] * 20, 0.05) is None
    assert abstain_threshold([True] * 60, [0.9] * 60, 0.05) is not None
    assert abstain_threshold([False] * 200, [0.9] * 200, 0.05) is None


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="2 answers, 1 confidences"):
        ece([True, False], [0.5])
    with pytest.raises(ValueError, match="outside"):
        ece([True], [1.5])
    with pytest.raises(ValueError, match="cannot be promised"):
        abstain_threshold([True], [0.5], 5)


@pytest.mark.parametrize("told", [5.0, -0.5, float("nan")])
def test_what_is_no_probability_has_no_brier_score(told: float) -> None:
    with pytest.raises(ValueError, match=r"item 1: .* for 'a' is no probability"):
        brier(["a", "a"], [{"a": 1.0}, {"a": told, "b": 0.5}])
