import numpy as np
import pytest

from strop.measure.statistics.bounded import score_interval
from strop.measure.statistics.influence import influence_interval, limited
from strop.measure.statistics.intervals import Interval


def _mean(sums: np.ndarray) -> np.ndarray:
    return np.asarray(sums[:, 0] / sums[:, 1])


def test_of_a_mean_it_is_the_score_interval() -> None:
    values = np.random.default_rng(0).beta(5, 1, size=40)
    rows = np.column_stack([values, np.ones(40)])
    worst, best = np.array([[0.0, 1.0]]), np.array([[1.0, 1.0]])
    ours = influence_interval(rows, _mean, worst=worst, best=best)
    assert ours == pytest.approx(score_interval(values), abs=1e-6)


def test_one_cluster_says_what_is_possible_only() -> None:
    rows = np.array([[3.0, 4.0]])
    low, high = influence_interval(rows, _mean, worst=np.array([[0.0, 4.0]]), best=np.array([[4.0, 4.0]]))
    assert (low, high) == pytest.approx((0, 1))
    with pytest.raises(ValueError, match="no items"):
        influence_interval(rows[:0], _mean, worst=rows, best=rows)


def test_limited() -> None:
    assert limited(Interval(-0.2, 1.4), 0, 1) == (0, 1)
