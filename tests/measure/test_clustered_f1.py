"""Macro F1 where items share a document or user and one label is rare: bounds that hold, and are not wider for it.

168 items, labels at 57, 36 and 7 %, in worlds where the items of a cluster have nothing in common, or everything.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np
import pytest

from strop.measure import estimate, paired
from strop.records import ItemResult, Measured, MeasureSpec

SPEC = MeasureSpec(name="macro_f1", how="macro_f1")
SHARES = np.array([0.57, 0.36, 0.07])
SETS = 60
Items = list[ItemResult]


def answers(right: tuple[float, ...]) -> np.ndarray:
    """Chances of each answer by the true label: mistakes fall on the other labels by their shares."""
    wrong = SHARES * (1 - np.eye(3))
    return np.diag(right) + (1 - np.array(right))[:, None] * wrong / wrong.sum(axis=1, keepdims=True)


def f1(chances: np.ndarray) -> float:
    """What macro F1 is on endlessly many items."""
    joint = SHARES[:, None] * chances
    return float((2 * np.diag(joint) / (joint.sum(axis=0) + joint.sum(axis=1))).mean())


def world(seed: int, chances: list[np.ndarray], *, clusters: int, alike: bool) -> list[Items]:
    """One project's results of each candidate; ``alike``: a cluster has one label and each candidate one answer to it.

    Candidates agree on what is hard: seven of ten items are decided by the same draw.
    """
    draw, size = np.random.default_rng(seed), 168 // clusters
    count = clusters if alike else clusters * size
    gold, luck = draw.choice(3, size=count, p=SHARES), draw.random(count)
    found: list[Items] = []
    for one in chances:
        own = np.where(draw.random(count) < 0.7, luck, draw.random(count))
        said = np.minimum((one.cumsum(axis=1)[gold] < own[:, None]).sum(axis=1), 2)
        pairs = [(int(g), int(s)) for g, s in zip(gold, said, strict=True) for _ in range(size if alike else 1)]
        found.append(
            [
                ItemResult(example=f"e{n}", answer="", label=f"l{s}", gold=f"l{g}", cluster=f"c{n // size}")
                for n, (g, s) in enumerate(pairs)
            ]
        )
    return found


def apart(items: Items) -> Items:
    """The same items, each a cluster of its own."""
    return [item.model_copy(update={"cluster": None}) for item in items]


GOOD, FAIR, POOR = answers((0.97, 0.95, 0.9)), answers((0.85, 0.4, 0.3)), answers((0.6, 0.4, 0.3))


def one(items: list[Items]) -> Measured:
    return estimate(SPEC, items[0], level=0.9)


def two(items: list[Items]) -> Measured:
    return paired(SPEC, items[0], items[1], level=0.9)


def errors(ask: Callable[[list[Items]], Measured], sets: list[list[Items]], truth: float) -> tuple[float, float]:
    """How often the lower bound lies above the truth, and the upper one below it."""
    found = [ask(items) for items in sets]
    return sum(m.low > truth for m in found) / len(found), sum(m.high < truth for m in found) / len(found)


@pytest.mark.parametrize("alike", [False, True], ids=["independent", "dependent"])
@pytest.mark.parametrize("clusters", [42, 24])
def test_each_bound_errs_at_most_as_often_as_it_says(clusters: int, alike: bool) -> None:
    """One-sided 5 % each. The rare label is seen in 3 clusters or in 12 items of 168."""
    sets = [world(seed, [GOOD, FAIR, POOR], clusters=clusters, alike=alike) for seed in range(SETS)]
    for place, chances in enumerate((GOOD, FAIR, POOR)):
        assert max(errors(one, [items[place:] for items in sets], f1(chances))) <= 0.1
    assert max(errors(two, [items[1:] for items in sets], f1(FAIR) - f1(POOR))) <= 0.1
    assert max(errors(two, [[items[0], items[2]] for items in sets], f1(GOOD) - f1(POOR))) <= 0.1


@pytest.mark.parametrize(("ask", "which"), [(one, [GOOD]), (one, [FAIR]), (two, [FAIR, POOR])])
def test_clusters_of_independent_items_cost_no_width(
    ask: Callable[[list[Items]], Measured], which: list[np.ndarray]
) -> None:
    sets = [world(seed, which, clusters=42, alike=False) for seed in range(SETS // 2)]
    clustered, single = (
        median(m.high - m.low for m in map(ask, given)) for given in (sets, [[apart(i) for i in s] for s in sets])
    )
    assert clustered <= 1.2 * single


def test_clusters_of_one_kind_are_one_observation() -> None:
    """Four copies of each item say what one of them says, not four times as much."""
    for seed in range(10):
        items = world(seed, [FAIR, POOR], clusters=42, alike=True)
        firsts = [apart(arm[::4]) for arm in items]
        for ask in (one, two):
            copies, alone, naive = ask(items), ask(firsts), ask([apart(arm) for arm in items])
            assert (copies.low, copies.high) == pytest.approx((alone.low, alone.high), abs=0.03)
            assert naive.high - naive.low < 0.75 * (copies.high - copies.low)
