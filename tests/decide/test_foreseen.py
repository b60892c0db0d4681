"""What the test items are likely to show is told before they are opened, in the measure that decides."""

from __future__ import annotations

import numpy as np
from tests.decide.conftest import QUALITY, items_of, labelled

from strop.decide import foreseen
from strop.records import MeasureSpec

RNG = np.random.default_rng(0)


def test_a_share_of_attributes_is_foreseen_by_the_interval_that_decides() -> None:
    own, rival = (items_of(RNG.binomial(5, share, 100) / 5) for share in (0.9, 0.8))
    told = foreseen(QUALITY, own, rival, n=60, alpha=0.025)
    assert told is not None
    assert told.startswith("60 items show a gain of ") and told.endswith(
        " points or more with a chance of 80 %, if the two differ as on the 100 validation items"
    )
    many = foreseen(QUALITY, own, rival, n=2000, alpha=0.025)
    assert many is not None and _points(many) < _points(told) / 2


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
    assert few is not None and few.startswith("3 test items would show hardly any gain")


def _points(told: str) -> float:
    return float(told.split(" gain of ")[1].split(" points")[0])
