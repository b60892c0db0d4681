"""What the test items are likely to show is told before they are opened, in the measure that decides."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.decide.conftest import QUALITY, items_of, labelled

from strop.decide import Foreseen, foreseen, unshowable, unshown_target
from strop.measure import estimate
from strop.records import MeasureSpec

RNG = np.random.default_rng(0)


def test_a_share_of_attributes_is_foreseen_by_the_interval_that_decides() -> None:
    own, rival = (items_of(RNG.binomial(5, share, 100) / 5) for share in (0.9, 0.8))
    told = foreseen(QUALITY, own, rival, n=60, alpha=0.025)
    assert told is not None
    assert told.sentence.startswith("60 items show a gain of ") and told.sentence.endswith(
        " points or more with a chance of 80 %, if the two differ as on the 100 validation items"
    )
    many = foreseen(QUALITY, own, rival, n=2000, alpha=0.025)
    assert many is not None and _points(many) < _points(told) / 2


def test_where_several_models_answer_more_of_a_gain_is_needed() -> None:
    """Their spread has to be told from so few of them: as if three in ten items were not there."""
    own, rival = (items_of(RNG.binomial(5, share, 100) / 5) for share in (0.9, 0.8))
    one, six, fewer = (
        foreseen(QUALITY, own, rival, n=n, alpha=0.025, models=models) for n, models in ((270, 1), (270, 6), (190, 1))
    )
    assert one is not None and six is not None and fewer is not None
    assert six.gain == fewer.gain and one.gain is not None and six.gain is not None
    assert 1.1 * one.gain < six.gain < 1.3 * one.gain and six.sentence.startswith("270 items show")


def test_an_f1_is_foreseen_by_the_spread_of_its_items() -> None:
    spec = MeasureSpec(name="macro_f1", how="macro_f1", primary=True)
    gold = ["a", "b", "c"] * 40
    own, rival = (labelled(gold, [g if RNG.random() < q else "a" for g in gold]) for q in (0.9, 0.7))
    told = foreseen(spec, own, rival, n=120, alpha=0.025)
    assert told is not None and 3 < _points(told) < 30


def test_nothing_is_foreseen_of_nothing() -> None:
    own = items_of([1.0, 0.0] * 8)
    assert foreseen(QUALITY, own, items_of([1.0], measure="other"), n=60, alpha=0.025) is None
    few = foreseen(QUALITY, own, own, n=3, alpha=0.025)
    assert few is not None and few.gain is None and few.sentence.startswith("3 items would show hardly any gain")


def test_that_few_groups_stand_behind_many_items_is_said_where_no_verdict_can_turn_on_them() -> None:
    right, wrong = (
        [item.model_copy(update={"cluster": f"g{n % 3}"}) for n, item in enumerate(items_of([score] * 90))]
        for score in (1.0, 0.0)
    )
    told = unshowable(QUALITY, right, wrong, alpha=0.025)
    assert told is not None and told.startswith("it speaks of 90 items in 3 groups: even a candidate")


def _points(told: Foreseen) -> float:
    points = float(told.sentence.split(" gain of ")[1].split(" points")[0])
    assert told.gain is not None and round(100 * told.gain, 1) == points
    return points


def test_a_target_that_all_right_answers_do_not_show_is_told_with_the_items_that_could() -> None:
    """Of n right answers the share is at least alpha^(1/n) (Clopper and Pearson): .95 at .025 takes 72 of them."""
    found = unshown_target(QUALITY, items_of([1.0] * 30), 0.95, alpha=0.025)
    assert found is not None and found.needed == 72 == math.ceil(math.log(0.025) / math.log(0.95))
    assert found.reached == pytest.approx(0.025 ** (1 / 30))
    assert unshown_target(QUALITY, items_of([1.0] * 72), 0.95, alpha=0.025) is None
    assert unshown_target(QUALITY, items_of([1.0] * 30), 0.88, alpha=0.025) is None
    never = unshown_target(QUALITY, items_of([1.0] * 30), 1.0, alpha=0.025)
    assert never is not None and never.needed is None


def test_items_of_one_group_count_once_for_a_target_and_a_ceiling_is_one() -> None:
    pairs = tuple(item.model_copy(update={"cluster": f"g{n // 2}"}) for n, item in enumerate(items_of([1.0] * 100)))
    alone = unshown_target(QUALITY, items_of([1.0] * 60), 0.95, alpha=0.025)
    paired = unshown_target(QUALITY, pairs[:60], 0.95, alpha=0.025)
    assert alone is not None and paired is not None and alone.needed is not None and paired.needed is not None
    assert paired.needed > 1.5 * alone.needed
    less = QUALITY.model_copy(update={"higher_is_better": False})
    found = unshown_target(less, items_of([0.0] * 30), 0.05, alpha=0.025)
    assert found is not None and found.needed == 72 and found.reached == pytest.approx(1 - 0.025 ** (1 / 30))
    assert unshown_target(less, items_of([0.0] * 72), 0.05, alpha=0.025) is None


def test_what_is_asked_of_a_target_is_what_the_check_asks() -> None:
    """So many items, all right, pass the check on the primary measure; one fewer do not."""
    spec = MeasureSpec(name="macro_f1", how="macro_f1", primary=True)
    gold = ["a", "b", "c"] * 12
    found = unshown_target(spec, labelled(gold, gold), 0.93, alpha=0.025)
    assert found is not None and found.needed is not None
    for count, reaches in ((found.needed, True), (found.needed - 1, False)):
        many = (["a", "b", "c"] * count)[:count]
        assert (estimate(spec, labelled(many, many)).low >= 0.93) is reaches
