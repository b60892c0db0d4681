import math

import numpy as np
import pytest
import statsmodels.api as sm

from strop.measure.statistics.intervals import clopper_pearson
from strop.measure.statistics.preference import Game, bradley_terry, strength_interval

TRUE = {"a": 1.0, "b": 0.2, "c": -1.2}


def play(rng: np.random.Generator, count: int, *, ties: float | None = None, length: float = 0.0) -> list[Game]:
    games = []
    for k in range(count):
        first, second = rng.choice(list(TRUE), size=2, replace=False)
        longer = float(rng.normal())
        gap = TRUE[first] - TRUE[second] + length * longer
        weights = np.exp([gap / 2, -gap / 2, -np.inf if ties is None else ties])
        winner = rng.choice(["first", "second", "tie"], p=weights / weights.sum())
        games.append(Game(str(first), str(second), winner, prompt=k // 2, covariate=longer if length else 0.0))
    return games


def test_without_ties_it_is_logistic_regression() -> None:
    games = play(np.random.default_rng(0), 400, length=0.7)
    design = np.zeros((400, 3))
    for row, game in zip(design, games, strict=True):
        for name, sign in ((game.first, 1), (game.second, -1)):
            if name != "a":
                row["bc".index(name)] = sign
        row[2] = game.covariate
    fit = sm.Logit(np.array([game.winner == "first" for game in games]), design).fit(disp=0)
    found = bradley_terry(games)
    assert found.strengths["b"] - found.strengths["a"] == pytest.approx(fit.params[0], abs=0.01)
    assert found.strengths["c"] - found.strengths["a"] == pytest.approx(fit.params[1], abs=0.01)
    assert found.covariate == pytest.approx(fit.params[2], abs=0.01)
    assert found.ties is None


def test_with_ties_points_and_ties_are_as_expected() -> None:
    """The likelihood equations of Davidson's model: every name's points, and the ties, equal their expectation."""
    games = play(np.random.default_rng(1), 600, ties=-0.5)
    found = bradley_terry(games)
    assert found.ties is not None
    points, expected, ties = dict.fromkeys(TRUE, 0.0), dict.fromkeys(TRUE, 0.0), 0.0
    for game in games:
        a, b = found.strengths[game.first], found.strengths[game.second]
        weights = np.exp([a, b, (a + b) / 2 + found.ties])
        chance = weights / weights.sum()
        ties += chance[2]
        for name, won, at in ((game.first, "first", 0), (game.second, "second", 1)):
            points[name] += 1.0 if game.winner == won else 0.5 if game.winner == "tie" else 0.0
            expected[name] += chance[at] + chance[2] / 2
    for name in TRUE:
        assert points[name] == pytest.approx(expected[name], abs=0.05)
    assert sum(game.winner == "tie" for game in games) == pytest.approx(ties, abs=0.05)


def test_strengths_are_found_again() -> None:
    found = bradley_terry(play(np.random.default_rng(2), 3_000, ties=0.0))
    for name, strength in found.strengths.items():
        assert strength == pytest.approx(TRUE[name], abs=0.15)
    assert found.chance("a", "c") == pytest.approx(1 / (1 + np.exp(-2.2)), abs=0.03)


def test_length_that_sways_the_judge_is_regressed_out() -> None:
    rng = np.random.default_rng(3)
    games = [
        Game(first, second, "first" if rng.random() < 1 / (1 + np.exp(-x)) else "second", covariate=float(x))
        for first, second, longer in (("wordy", "plain", 1.4), ("plain", "plainer", 0.0))
        for x in rng.normal(longer, 1, 400)
    ]
    raw = bradley_terry([game._replace(covariate=0.0) for game in games])
    fair = bradley_terry(games)
    assert raw.strengths["wordy"] - raw.strengths["plain"] > 1
    assert abs(fair.strengths["wordy"] - fair.strengths["plain"]) < 0.4


def test_one_who_wins_always_stays_finite() -> None:
    found = bradley_terry([Game("a", "b", "first")] * 20)
    assert 2 < found.strengths["a"] < 20


def test_interval() -> None:
    games = play(np.random.default_rng(4), 300, ties=-0.5)
    low, high = strength_interval(games, "a", "c", resamples=100)
    assert 0 < low < 2.2 < high
    assert strength_interval(games, "a", "c", resamples=100) == (low, high)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="no games"):
        bradley_terry([])
    with pytest.raises(ValueError, match="compared with itself"):
        bradley_terry([Game("a", "a", "tie")])
    with pytest.raises(ValueError, match="played no game"):
        strength_interval([Game("a", "b", "tie")], "a", "z")


def test_players_whom_no_game_links_are_not_compared() -> None:
    games = [Game("a", "b", "first", "1"), Game("c", "d", "tie", "2")]
    with pytest.raises(ValueError, match="no game links 'a' with 'c'"):
        bradley_terry(games)
    linked = bradley_terry([*games, Game("b", "d", "second", "3")])
    assert linked.chance("a", "b") > 0.5 > linked.chance("b", "d")


def test_an_interval_says_no_more_than_the_games() -> None:
    won = [Game("a", "b", "first", prompt) for prompt in range(20)]
    low, high = strength_interval(won, "a", "b")
    assert 1 / (1 + math.exp(-low)) == pytest.approx(clopper_pearson(20, 20).low) and high == math.inf
    assert strength_interval(won, "b", "a") == (-math.inf, -low)
    even = [Game("a", "b", "tie", prompt) for prompt in range(9)]
    assert strength_interval(even, "a", "b") == (-math.inf, math.inf)
    assert strength_interval(won[:1], "a", "b") == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="no game links"):
        strength_interval([*won, Game("c", "d", "first", 99)], "a", "c")
    with pytest.raises(ValueError, match="covariate 0 is no finite number"):
        bradley_terry([Game("a", "b", "first", 1, math.nan)])
