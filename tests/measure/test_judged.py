import numpy as np
import pytest

from strop.measure.intervals import mean_interval
from strop.measure.judged import both_orders, prediction_powered


def test_a_judge_must_agree_with_itself() -> None:
    assert both_orders("first", "second") == "first"
    assert both_orders("second", "first") == "second"
    assert both_orders("first", "first") == "tie"
    assert both_orders("first", "tie") == "tie"
    assert both_orders("tie", "tie") == "tie"


def _world(rng: np.random.Generator, skill: float, bias: float, few: int, many: int) -> tuple[np.ndarray, ...]:
    truth = (rng.random(few + many) < 0.7).astype(float)
    judge = np.where(rng.random(few + many) < skill, truth, rng.random(few + many) < 0.5) + bias
    return truth[:few], judge[:few], judge[few:]


def test_covers_with_a_biased_judge() -> None:
    rng = np.random.default_rng(0)
    results = [prediction_powered(*_world(rng, 0.9, 0.2, 80, 1000)) for _ in range(400)]
    assert np.mean([r.low <= 0.7 <= r.high for r in results]) >= 0.93
    assert np.mean([r.value for r in results]) == pytest.approx(0.7, abs=0.01)


def test_a_good_judge_narrows_and_a_poor_one_does_not_widen() -> None:
    rng = np.random.default_rng(1)
    people, judged, others = _world(rng, 0.9, 0.0, 100, 2000)
    alone = mean_interval(people)
    good = prediction_powered(people, judged, others)
    assert good.high - good.low < 0.7 * (alone.high - alone.low)
    noise = prediction_powered(people, rng.random(100), rng.random(2000))
    assert noise.high - noise.low < 1.05 * (alone.high - alone.low)
    constant = prediction_powered(people, np.ones(100), np.ones(50))
    assert (constant.low, constant.high) == pytest.approx(alone)


def test_labels_are_needed() -> None:
    with pytest.raises(ValueError, match="1 labels of people"):
        prediction_powered([1.0], [1.0], [1.0, 0.0])
