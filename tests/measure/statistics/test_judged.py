import numpy as np
import pytest

from strop.measure.statistics.bounded import score_interval
from strop.measure.statistics.intervals import mean_interval
from strop.measure.statistics.judged import both_orders, prediction_powered


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
    assert good.high - good.low < 0.75 * (alone.high - alone.low)
    noise = prediction_powered(people, rng.random(100), rng.random(2000))
    assert noise.high - noise.low < 1.05 * (alone.high - alone.low)
    constant = prediction_powered(people, np.ones(100), np.ones(50))
    assert (constant.low, constant.high) == pytest.approx(score_interval(people))


@pytest.mark.parametrize(("share", "agrees"), [(0.9, 0.95), (0.7, 0.85), (0.97, 0.9), (0.8, 0.5)])
@pytest.mark.parametrize("few", [10, 20])
def test_covers_with_the_fewest_labels_of_people(share: float, agrees: float, few: int) -> None:
    rng = np.random.default_rng(few)
    held = 0
    for _ in range(150):
        truth = (rng.random(few + 200) < share).astype(float)
        judge = np.where(rng.random(few + 200) < agrees, truth, 1 - truth)
        found = prediction_powered(truth[:few], judge[:few], judge[few:])
        held += found.low <= share <= found.high
    assert held >= 135  # of 150 that hold in 95 %, fewer come in .4 %


def test_a_share_stays_one() -> None:
    """The judge is far kinder where people looked than elsewhere: the correction points below 0."""
    found = prediction_powered([0.0, 0.0, 0.0, 0.5], [0.5, 0.5, 0.5, 1.0], [0.0] * 6)
    assert found.low == found.value == 0.0 < found.high <= 1
    turned = prediction_powered([1.0, 1.0, 1.0, 0.5], [0.5, 0.5, 0.5, 0.0], [1.0] * 6)
    assert turned.high == turned.value == 1.0 > turned.low >= 0


def test_people_who_all_agree_with_the_judge_do_not_make_it_certain() -> None:
    found = prediction_powered([1.0] * 10, [1.0] * 10, [1.0] * 50)
    assert found.value == found.high == 1.0 and found.low < 0.8


def test_labels_are_needed() -> None:
    with pytest.raises(ValueError, match="1 labels of people"):
        prediction_powered([1.0], [1.0], [1.0, 0.0])


def test_a_label_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="people's label 0 is no finite number"):
        prediction_powered([float("nan"), 1.0], [1.0, 0.0], [1.0, 0.0])
