"""The gain that items are likely to show, by the interval that decides: against Tango's formula and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from strop.measure import detectable_difference, detectable_effect, detectable_gain, paired, pairs_power, score_interval
from strop.measure.statistics.bounded import clears
from strop.records import ItemResult, MeasureSpec


def test_a_line_is_cleared_where_the_intervals_bound_lies_above_it() -> None:
    rng = np.random.default_rng(3)
    for n in (2, 9, 60):
        for _ in range(40):
            scores = rng.choice([-1.0, -0.2, 0.0, 0.2, 1.0], size=n, p=[0.05, 0.2, 0.4, 0.3, 0.05])
            low = score_interval(scores, low=-1, high=1, level=0.9).low
            for line in (-0.3, -0.05, 0.0, low - 1e-6, low + 1e-6):
                assert clears(scores, line, low=-1, high=1, alpha=0.05) == (low > line), (n, line, low)


@pytest.mark.parametrize(("n", "gained", "lost"), [(100, 0.2, 0.08), (300, 0.1, 0.05)])
def test_right_or_wrong_scores_need_what_tangos_formula_says(n: int, gained: float, lost: float) -> None:
    pilot = [1.0] * round(1000 * gained) + [-1.0] * round(1000 * lost)
    pilot += [0.0] * (1000 - len(pilot))
    gain = detectable_gain(pilot, n, alpha=0.025)
    assert gain is not None
    # the same values in other shares: tilted as the pilot was
    shares = next(
        (up, down)
        for tilt in np.arange(-3, 3, 0.001)
        for up, down in [_shares(gained, lost, 1 - gained - lost, tilt)]
        if up - down >= gain
    )
    assert pairs_power(n, *shares, margin=0.0, alpha=0.025) == pytest.approx(0.8, abs=0.01)


def _shares(gained: float, lost: float, same: float, tilt: float) -> tuple[float, float]:
    weights = np.array([gained * np.exp(tilt), lost * np.exp(-tilt), same])
    up, down, _ = weights / weights.sum()
    return float(up), float(down)


def test_small_scores_promise_less_than_a_t_test_and_keep_it() -> None:
    rng = np.random.default_rng(5)
    spread, n = 0.1, 60
    gain = detectable_gain(rng.normal(0, spread, 800), n, alpha=0.025)
    promised = detectable_effect(n, spread, alpha=0.025)
    assert gain is not None and gain > 1.5 * promised

    def shown(mean: float) -> float:
        draws = rng.normal(mean, spread, (600, n))
        return float(np.mean([clears(draw, 0.0, low=-1, high=1, alpha=0.025) for draw in draws]))

    assert shown(gain) == pytest.approx(0.8, abs=0.07)
    assert shown(promised) < 0.3


def test_a_margin_that_is_tolerated_shortens_the_way() -> None:
    pilot = [0.2] * 20 + [-0.2] * 20 + [0.0] * 60
    better, not_worse = (detectable_gain(pilot, 200, alpha=0.05, margin=margin) for margin in (0.0, 0.05))
    assert better is not None and not_worse is not None
    assert not_worse < better - 0.02


def test_nothing_is_promised_where_nothing_would_show() -> None:
    assert detectable_gain([0.0] * 30, 4, alpha=0.025) is None
    found = detectable_gain([0.0] * 30, 400, alpha=0.025)
    assert found is not None and found < 0.1
    with pytest.raises(ValueError, match="0 differences"):
        detectable_gain([], 10, alpha=0.05)
    with pytest.raises(ValueError, match="1 items"):
        detectable_gain([0.1], 1, alpha=0.05)


def counted(rng: np.random.Generator, found: float, items: int, together: int = 1) -> list[ItemResult]:
    """Entities found, invented and missed, two an item; items of one group are good or bad alike."""
    ease = np.repeat(rng.choice([-0.2, 0.2], size=-(-items // together)), together)[:items] if together > 1 else 0.0
    hits = rng.binomial(2, np.full(items, found) + ease)
    return [
        ItemResult(
            example=f"ex_{n}", answer="", cluster=f"g{n // together}" if together > 1 else None,
            scores={"entity_f1": (float(hit), float(2 - hit), float(2 - hit))},
        )
        for n, hit in enumerate(hits.tolist())
    ]  # fmt: skip


@pytest.mark.parametrize(("n", "together"), [(60, 1), (160, 4)])
def test_an_f1_is_shown_as_often_as_is_promised_of_the_gain_that_would_do(n: int, together: int) -> None:
    spec, below, gain = MeasureSpec(name="entity_f1", how="micro_f1"), 0.4, 0.16
    rng = np.random.default_rng(4)
    for _ in range(2):  # the gain that is foreseen where that gain is true
        own, rival = (counted(rng, found, 1200, together) for found in (below + gain, below))
        gain = detectable_difference(spec, own, rival, n // together, alpha=0.025) or 0.0
    shown = [
        paired(spec, *(counted(rng, found, n, together) for found in (below + gain, below))).low > 0 for _ in range(400)
    ]
    assert 0.74 <= np.mean(shown) <= 0.86


def test_scores_of_one_group_count_once() -> None:
    spec = MeasureSpec(name="quality", how="mean")
    rng = np.random.default_rng(6)
    scores = np.repeat(rng.random((2, 100)) < [[0.8], [0.6]], 4, axis=1).astype(float)
    own, rival = (
        [
            ItemResult(example=f"ex_{n}", answer="", cluster=f"g{n // 4}", scores={"quality": score})
            for n, score in enumerate(row)
        ]
        for row in scores.tolist()
    )
    grouped = detectable_difference(spec, own, rival, 50, alpha=0.025)
    single = detectable_difference(spec, own[::4], rival[::4], 50, alpha=0.025)
    assert grouped is not None and single is not None
    assert grouped == pytest.approx(single, abs=0.04)


def test_a_measure_without_bounds_needs_what_a_t_test_does() -> None:
    spec = MeasureSpec(name="grade", how="mean", higher_is_better=False)
    rng = np.random.default_rng(7)
    own, rival = (
        [ItemResult(example=f"ex_{n}", answer="", scores={"grade": grade}) for n, grade in enumerate(row)]
        for row in rng.normal(8, 2, (2, 80)).tolist()
    )
    spread = float(np.std([a.scores["grade"] - b.scores["grade"] for a, b in zip(own, rival, strict=True)], ddof=1))  # type: ignore[operator]
    gain = detectable_difference(spec, own, rival, 40, alpha=0.025)
    assert gain == pytest.approx(detectable_effect(40, spread, alpha=0.025), rel=1e-6)


def test_answers_that_are_all_alike_promise_nothing() -> None:
    spec = MeasureSpec(name="entity_f1", how="micro_f1")
    same = counted(np.random.default_rng(8), 0.5, 30)
    assert detectable_difference(spec, same, same, 60, alpha=0.025) is None
