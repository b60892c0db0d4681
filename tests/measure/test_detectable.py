"""The gain that items are likely to show, by the interval that decides: against Tango's formula and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from strop.measure import detectable_effect, detectable_gain, pairs_power, score_interval
from strop.measure.bounded import clears


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
    assert pairs_power(n, *shares, margin=0.0, alpha=0.025) == pytest.approx(0.8, abs=0.03)


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
