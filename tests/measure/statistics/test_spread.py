"""Items that several models answered: the interval knows what these models differ by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from strop.measure import Interval, by_one_model, estimate, paired, times_the_items
from strop.measure.statistics.intervals import Array
from strop.measure.statistics.spread import models_apart, widened
from strop.records import ItemResult, MeasureSpec

SHARE = MeasureSpec(name="share", how="mean")
MEASURES = (
    SHARE,
    MeasureSpec(name="grade", how="mean"),
    MeasureSpec(name="brier", how="mean", higher_is_better=False),
    MeasureSpec(name="entity_f1", how="micro_f1"),
    MeasureSpec(name="macro_f1", how="macro_f1"),
    MeasureSpec(name="matthews", how="matthews"),
)


SIZES = (42, 42, 42, 42, 42, 60)


def world(
    seed: int, *, sizes: Sequence[int] = SIZES, spread: float = 0.0, grouped: bool = False, quality: float = 0.7
) -> list[ItemResult]:
    """Items with every kind of score; the models of the parts differ by ``spread``, the last one answers by itself."""
    rng = np.random.default_rng(seed)
    found: list[ItemResult] = []
    for place, size in enumerate(sizes, 1):
        good = np.clip(quality + spread * rng.standard_normal(), 0.02, 0.98)
        for n in range(size):
            gold = "abc"[rng.integers(3)]
            right, hits = rng.random() < good, int(rng.binomial(3, good))
            label = gold if right else "abc"[("abc".index(gold) + 1 + int(rng.integers(2))) % 3]
            scores: dict[str, Any] = {
                "share": rng.binomial(5, good) / 5,
                "grade": 10 * good + rng.normal(),
                "brier": 2 * rng.random() * (1 - good),
                "entity_f1": (float(hits), float(rng.integers(2)), float(3 - hits)),
            }
            item = ItemResult(example=f"{place}-{n}", answer="", gold=gold, label=label, scores=scores)
            cluster, part = f"{place}-{n // 3}" if grouped else None, place if place < len(sizes) else None
            found.append(item.model_copy(update={"cluster": cluster, "part": part}))
    return found


@pytest.mark.parametrize("sizes", [SIZES, (5, 30, 11), (9, 9)])
def test_the_variance_between_models_is_that_of_the_analysis_of_variance(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    groups = [rng.normal(shift, 1.0, size) for shift, size in zip(rng.normal(0, 1, len(sizes)), sizes, strict=True)]
    values, models = np.concatenate(groups), np.repeat(np.arange(len(sizes)), sizes)
    count, squares = len(values), sum(size**2 for size in sizes)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (count - len(sizes))
    ratio = stats.f_oneway(*groups).statistic
    assert ratio > 1
    each = (count - squares / count) / (len(sizes) - 1)
    variance = within * (ratio - 1) / each * squares / count**2
    found = models_apart(values, models.tolist())
    assert (found.error**2, found.freedom) == (pytest.approx(variance), len(sizes) - 1)
    assert found.margin(0.95) == pytest.approx(stats.t.ppf(0.975, len(sizes) - 1) * variance**0.5)


def test_it_is_unbiased_where_models_differ() -> None:
    """Six models with a variance of 1 between them add a sixth of it, on average over many worlds."""
    rng = np.random.default_rng(4)
    models = np.repeat(np.arange(6), 40)
    drawn = (rng.normal(0, 1, 6)[models] + rng.normal(0, 1, 240) for _ in range(2000))
    found = [models_apart(values, models.tolist()).error ** 2 for values in drawn]
    assert np.mean(found) == pytest.approx(1 / 6, rel=0.06)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(MEASURES), st.booleans(), st.sampled_from((0.0, 0.2)))
def test_an_interval_is_never_narrower_for_it_and_knows_no_order(
    seed: int, spec: MeasureSpec, grouped: bool, spread: float
) -> None:
    items = world(seed, sizes=(15, 12, 9, 18), spread=spread, grouped=grouped)
    other = by_one_model(world(seed + 1, sizes=(15, 12, 9, 18), grouped=grouped))
    other = [one.model_copy(update={"gold": item.gold, "part": None}) for one, item in zip(other, items, strict=True)]
    again = [items[place] for place in np.random.default_rng(seed).permutation(len(items))]
    renamed = [item.model_copy(update={"part": -(item.part or 0)}) for item in items]
    for found, alone, shuffled, named in (
        [estimate(spec, each) for each in (items, by_one_model(items), again, renamed)],
        [paired(spec, each, other) for each in (items, by_one_model(items), again, renamed)],
    ):
        assert found.value == pytest.approx(alone.value) and found.n == alone.n
        assert found.low <= alone.low + 1e-12 and found.high >= alone.high - 1e-12
        assert (shuffled.low, shuffled.high) == (pytest.approx(found.low), pytest.approx(found.high))
        assert (named.low, named.high) == (pytest.approx(found.low), pytest.approx(found.high))
        assert ", between models" in found.method and ", between models" not in alone.method


@pytest.mark.parametrize("spec", MEASURES, ids=lambda spec: spec.name)
@pytest.mark.parametrize("grouped", [False, True])
def test_models_that_differ_much_widen_every_measure_within_what_is_possible(spec: MeasureSpec, grouped: bool) -> None:
    items = world(5, spread=0.25, grouped=grouped, quality=0.85)
    wide, narrow = estimate(spec, items), estimate(spec, by_one_model(items))
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)
    top = {"brier": 2.0, "grade": 20.0}.get(spec.name, 1.0)
    assert wide.low >= -1.0 and wide.high <= top
    if spec.name in ("share", "entity_f1", "macro_f1"):
        right = {"share": 1.0, "entity_f1": (3.0, 0.0, 0.0)}
        one = [item.model_copy(update={"scores": right, "label": item.gold}) for item in items]
        assert estimate(spec, one).high == 1.0 and estimate(spec, one).low > 0.9  # models that never err do not differ
    against = [item.model_copy(update={"part": None}) for item in world(6, grouped=grouped)]
    against = [one.model_copy(update={"gold": item.gold}) for one, item in zip(against, items, strict=True)]
    wide, narrow = paired(spec, items, against), paired(spec, by_one_model(items), against)
    assert wide.high - wide.low > 1.05 * (narrow.high - narrow.low)
    # positive always means better, whichever of the two was answered by several models
    turned = paired(spec, against, items)
    assert (turned.low, turned.high) == (pytest.approx(-wide.high), pytest.approx(-wide.low))


@pytest.mark.parametrize("models", [["a"] * 30, list(range(30))])
def test_one_model_or_one_item_a_model_says_nothing_of_their_spread(models: list[Any]) -> None:
    assert models_apart(np.random.default_rng(0).normal(size=30), models).margin(0.95) == 0


def test_margins_are_added_as_squares_on_their_own_side() -> None:
    assert widened(1.0, Interval(0.7, 1.4), (0.4, 0.3)) == (pytest.approx(0.5), pytest.approx(1.5))
    assert widened(1.0, Interval(0.7, 1.4), (0.0, 0.0)) == (pytest.approx(0.7), pytest.approx(1.4))


PARTS = np.repeat([1, 2, 3, 4, 5, 0], [42] * 5 + [60])


def drawn(rng: np.random.Generator, spread: float, each: int) -> Array:
    """270 shares of attributes around .8, by five models and the candidate itself; ``each`` of one group are alike."""
    own = np.repeat(rng.normal(0, 0.12, 270 // each), each)
    return np.asarray(np.clip(np.round((0.8 + spread * rng.standard_normal(6)[PARTS] + own) * 20) / 20, 0, 1))


BLANK = [ItemResult(example=f"e{n}", answer="", part=int(part) or None) for n, part in enumerate(PARTS)]


def answered(scores: Array, each: int) -> list[ItemResult]:
    """The items; :data:`BLANK` holds all but the scores, for making them takes longest."""
    return [
        item.model_copy(update={"scores": {"share": float(score)}, "cluster": f"g{n // each}" if each > 1 else None})
        for n, (item, score) in enumerate(zip(BLANK, scores, strict=True))
    ]


@pytest.mark.parametrize(("spread", "each"), [(0.02, 1), (0.04, 3)])
def test_a_bound_errs_about_as_often_as_it_says_where_models_differ(spread: float, each: int) -> None:
    """The truth is what models of this making can do. The interval of the items alone errs two to three times as often.

    Models that differ this much are where it errs most, by 5 to 7 % of both bounds together.
    """
    rng, runs = np.random.default_rng(6), 400
    truth = float(np.mean([drawn(rng, spread, each).mean() for _ in range(20_000)]))
    wrong, before = 0, 0
    for _ in range(runs):
        items = answered(drawn(rng, spread, each), each)
        found, alone = estimate(SHARE, items), estimate(SHARE, by_one_model(items))
        wrong += not found.low <= truth <= found.high
        before += not alone.low <= truth <= alone.high
    assert wrong <= stats.binom.ppf(1 - 1e-3, runs, 0.07)
    assert before > stats.binom.ppf(1 - 1e-3, runs, 0.07)


def test_what_not_knowing_the_width_costs_is_counted_in_items() -> None:
    assert times_the_items(1, alpha=0.025) == 1.0
    rng = np.random.default_rng(7)
    beyond = np.maximum(rng.chisquare(5, 400_000) / 5 - 1, 0).mean()
    ratio = stats.t.ppf(0.975, 5) / stats.norm.ppf(0.975)
    assert times_the_items(6, alpha=0.025) == pytest.approx(1 + ratio**2 * beyond, rel=0.01)
    assert times_the_items(11, alpha=0.025) < times_the_items(6, alpha=0.025) < times_the_items(6, alpha=0.00625)
