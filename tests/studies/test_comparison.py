"""Arms with seeds: paired by item, clustered over seeds, and never across other items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from strop.records import Example, ItemResult, MeasureSpec, Message, Origin
from strop.studies import compare, longest_rows, random_rows

QUALITY = MeasureSpec(name="quality", how="mean", primary=True)


def make(level: float, *, spread: float = 0.0, items: int = 100) -> Callable[[int], list[ItemResult]]:
    base = np.random.default_rng(9).uniform(0.2, 0.6, items)

    def run(seed: int) -> list[ItemResult]:
        noise = np.random.default_rng([seed, int(1000 * level)]).normal(0, 0.05, items)
        shift = level + spread * (seed - 1)
        return [
            ItemResult(example=f"v_{n}", answer="", scores={"quality": float(value)})
            for n, value in enumerate(base + noise + shift)
        ]

    return run


def test_differences_are_those_of_the_means_with_an_interval() -> None:
    found = compare({"full": make(0.1), "light": make(0.0)}, QUALITY)
    light = found.arms[1]
    assert light.difference is not None
    assert light.difference.value == pytest.approx(light.mean - found.arms[0].mean)
    assert light.difference.low < -0.1 < light.difference.high
    assert light.difference.n == 100  # items, not items times seeds
    assert light.difference.high - light.difference.low < 0.1
    assert len(light.by_seed) == 3


def test_the_spread_over_seeds_is_shown() -> None:
    found = compare({"full": make(0.0), "light": make(0.0, spread=0.1)}, QUALITY)
    assert found.arms[0].spread is not None and found.arms[0].spread < 0.02
    assert found.arms[1].spread == pytest.approx(0.1, abs=0.02)
    assert compare({"a": make(0.0), "b": make(0.1)}, QUALITY, seeds=(0,)).arms[0].spread is None


def test_more_seeds_are_no_new_items() -> None:
    few = compare({"a": make(0.0), "b": make(0.1)}, QUALITY, seeds=(0,)).arms[1].difference
    same = (
        compare({"a": lambda _: make(0.0)(0), "b": lambda _: make(0.1)(0)}, QUALITY, seeds=range(20)).arms[1].difference
    )
    assert few is not None and same is not None
    assert (same.low, same.high) == pytest.approx((few.low, few.high), abs=1e-6)


def test_arms_that_answered_other_items_are_not_compared() -> None:
    with pytest.raises(ValueError, match="b answered other items than a"):
        compare({"a": make(0.0), "b": make(0.0, items=50)}, QUALITY)
    with pytest.raises(ValueError, match="two arms"):
        compare({"a": make(0.0)}, QUALITY)


def test_rivals_of_a_curated_set() -> None:
    rows = [
        Example(
            id=f"ex_{n}",
            messages=(Message(role="user", content="q"),),
            reference="x" * (n % 7),
            origin=Origin(source="x"),
        )
        for n in range(30)
    ]
    assert len(random_rows(rows, 10, seed=0)) == 10
    assert random_rows(rows, 10, seed=0) == random_rows(rows, 10, seed=0) != random_rows(rows, 10, seed=1)
    assert [len(row.reference or "") for row in longest_rows(rows, 5)] == [6, 6, 6, 6, 5]
