"""The curve finds a law that is there, gives an interval that covers, and refuses where there is no law."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import curve_fit

from strop.records import Example, ItemResult, Measured, MeasureSpec, Message, Origin
from strop.studies import LearningCurve, fit, forecast, learning_curve, nested
from strop.studies.learning_curve import default_sizes

ACCURACY = MeasureSpec(name="accuracy", how="mean", primary=True)
SIZES = (40, 70, 125, 225, 400)


def rows(count: int) -> list[Example]:
    return [
        Example(id=f"ex_{n}", messages=(Message(role="user", content=str(n)),), origin=Origin(source="x"))
        for n in range(count)
    ]


def results(
    truth: Callable[[int], float], rng: np.random.Generator, *, items: int = 200
) -> dict[int, dict[int, list[ItemResult]]]:
    """Each item is right when the quality at that size exceeds its difficulty, give or take."""
    difficulty = rng.random(items)
    return {
        size: {
            seed: [
                ItemResult(example=f"v_{n}", answer="", scores={"accuracy": float(hard < truth(size) + noise)})
                for n, (hard, noise) in enumerate(zip(difficulty, rng.normal(0, 0.1, items), strict=True))
            ]
            for seed in range(3)
        }
        for size in SIZES
    }


def law(size: float) -> float:
    return 0.95 - 2.0 * size**-0.5


def test_the_fit_finds_the_law_it_was_given() -> None:
    found = fit(SIZES, [law(size) for size in SIZES])
    assert [found.at(size) for size in (40, 400, 800)] == pytest.approx(
        [law(size) for size in (40, 400, 800)], abs=2e-3
    )


def test_the_fit_is_that_of_scipy() -> None:
    bumps = np.array([0.01, -0.02, 0.01, 0.0, -0.005])
    values = np.array([law(size) for size in SIZES]) + bumps
    best, _ = curve_fit(
        lambda n, t, s, c: t - s * n**-c, SIZES, values, p0=(0.9, 1.0, 0.5), bounds=([0, 0, 0.05], [1, 50, 2])
    )
    ours = fit(SIZES, values)
    theirs = sum((best[0] - best[1] * size ** -best[2] - v) ** 2 for size, v in zip(SIZES, values, strict=True))
    assert sum((ours.at(size) - v) ** 2 for size, v in zip(SIZES, values, strict=True)) == pytest.approx(
        theirs, rel=0.02
    )


def test_the_fit_rises_and_stays_below_the_ceiling() -> None:
    assert fit(SIZES, [0.9, 0.8, 0.7, 0.6, 0.5]).scale == 0
    rising = fit(SIZES, [0.5, 0.65, 0.8, 0.95, 1.0])
    assert rising.top <= 1.0 and rising.at(10_000) <= 1.0
    with pytest.raises(ValueError, match="two sizes"):
        fit([5, 5], [0.1, 0.2])


def test_the_interval_of_the_gain_covers_the_true_gain() -> None:
    rng, true, covered, given = np.random.default_rng(0), law(600) - law(400), 0, 0
    for _ in range(8):
        curve = forecast(results(law, rng, items=60), ACCURACY, more=200, margin=0.2)
        if curve.gain is not None:
            given += 1
            covered += curve.gain.low <= true <= curve.gain.high
    assert given >= 6
    assert covered >= given - 2


def test_a_curve_that_breaks_is_not_followed() -> None:
    curve = forecast(results(lambda size: 0.3 if size < 400 else 0.9, np.random.default_rng(1)), ACCURACY, more=100)
    assert curve.gain is None and curve.law is None
    assert "foretell the largest one wrongly, by +" in curve.sentence()


def guessed(rng: np.random.Generator, *, items: int, seeds: int) -> dict[int, dict[int, list[ItemResult]]]:
    """Answers that are right by chance, however many rows were trained on."""
    return {
        size: {
            seed: [
                ItemResult(example=f"v_{n}", answer="", scores={"accuracy": float(right)})
                for n, right in enumerate(rng.random(items) < 0.5)
            ]
            for seed in range(seeds)
        }
        for size in SIZES
    }


@pytest.mark.parametrize(("items", "seeds"), [(30, 1), (30, 3), (120, 3)])
def test_of_guesses_it_never_says_that_more_rows_buy_something(items: int, seeds: int) -> None:
    """Unless it is sure that they buy nothing that matters, it refuses."""
    rng = np.random.default_rng(items + seeds)
    curves = [forecast(guessed(rng, items=items, seeds=seeds), ACCURACY, more=200) for _ in range(4)]
    refused = [curve for curve in curves if curve.gain is None]
    assert all(curve.gain.high <= 0.02 for curve in curves if curve.gain is not None)
    assert any("the curve does not rise by more than chance, and another 200 rows" in c.sentence() for c in refused)


def test_an_interval_that_reaches_beyond_the_margin_on_both_sides_is_no_forecast() -> None:
    known = results(law, np.random.default_rng(4), items=60)
    wide = forecast(known, ACCURACY, more=200)
    assert wide.law is None and wide.sentence().startswith("No forecast: another 200 rows may bring anything from -")
    # With a margin that it stays within, the same curve says what the rows buy; so do more items.
    assert forecast(known, ACCURACY, more=200, margin=0.2).gain is not None
    many = forecast(results(law, np.random.default_rng(7), items=600), ACCURACY, more=200)
    assert many.gain is not None and many.gain.high > 0.02


def test_it_is_not_followed_too_far_nor_through_too_few_sizes() -> None:
    full = results(law, np.random.default_rng(2))
    assert "farther than 400 rows can tell" in forecast(full, ACCURACY, more=500).sentence()
    few = {size: full[size] for size in SIZES[:3]}
    assert "3 sizes are too few" in forecast(few, ACCURACY, more=10).sentence()


def test_subsets_are_nested_and_seeds_differ() -> None:
    subsets = nested(rows(400), SIZES, seed=1)
    for smaller, larger in pairwise(SIZES):
        assert {row.id for row in subsets[smaller]} < {row.id for row in subsets[larger]}
    assert nested(rows(400), SIZES, seed=1) == subsets
    assert nested(rows(400), SIZES, seed=2) != subsets


def test_default_sizes_grow_to_all_rows() -> None:
    sizes = default_sizes(300)
    assert sizes[-1] == 300 and len(sizes) == 5 and sizes == tuple(sorted(sizes))


def test_every_size_and_seed_is_trained_and_said_in_a_sentence() -> None:
    asked: list[tuple[int, int]] = []
    known = results(law, np.random.default_rng(3), items=400)

    def answer(subset: Sequence[Example], seed: int) -> list[ItemResult]:
        asked.append((len(subset), seed))
        return known[len(subset)][seed]

    curve = learning_curve(answer, rows(400), ACCURACY, sizes=SIZES, more=200)
    assert sorted(asked) == sorted((size, seed) for size in SIZES for seed in range(3))
    assert [point.rows for point in curve.points] == list(SIZES)
    assert curve.sentence().startswith("Another 200 rows buy about ")
    with pytest.raises(ValueError, match="larger than the 10 rows"):
        learning_curve(answer, rows(10), ACCURACY, sizes=(20,))


def test_the_sentence_has_the_gain_with_its_interval() -> None:
    gain = Measured(value=0.015, low=0.004, high=0.029, n=100)
    curve = LearningCurve(measure="accuracy", points=(), more=200, gain=gain)
    assert curve.sentence() == "Another 200 rows buy about 1.5 points of accuracy [0.4, 2.9]."
