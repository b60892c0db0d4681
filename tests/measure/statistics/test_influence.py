import numpy as np
import pytest

from strop.measure.items.sums import extremes, from_sums
from strop.measure.statistics.bounded import clusters_weighed_alike, score_interval
from strop.measure.statistics.influence import influence_interval, limited
from strop.measure.statistics.intervals import Interval, cluster_sums
from strop.records import MeasureSpec


def _mean(sums: np.ndarray) -> np.ndarray:
    return np.asarray(sums[:, 0] / sums[:, 1])


def test_of_a_mean_it_is_the_score_interval() -> None:
    values = np.random.default_rng(0).beta(5, 1, size=40)
    rows = np.column_stack([values, np.ones(40)])
    worst, best = np.array([[0.0, 1.0]]), np.array([[1.0, 1.0]])
    ours = influence_interval(rows, _mean, worst=worst, best=best)
    assert ours == pytest.approx(score_interval(values), abs=1e-6)


def test_of_a_mean_of_clusters_of_differing_sizes_it_is_the_score_interval_too() -> None:
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(12), rng.integers(1, 20, 12))
    values = (rng.random(len(codes)) < rng.beta(4, 1, 12)[codes]).astype(float)
    sums = cluster_sums(np.column_stack([values, np.ones(len(values))]), codes)
    sizes = sums[:, 1]
    low, high = influence_interval(sums, _mean, worst=sums[:1] * 0 + [0, 8], best=sums[:1] * 0 + [8, 8], sizes=sizes)
    told = score_interval(values, clusters=codes.tolist())
    assert (low, high) == pytest.approx(told, abs=0.02)  # whose extremes are those of an average cluster


@pytest.mark.parametrize("how", ["macro_f1", "mean"])
def test_one_cluster_with_half_of_the_items_does_not_lose_the_promised_coverage(how: str) -> None:
    """30 clusters, one as large as all others; how often each is right differs by clusters. The truth is known."""
    spec = MeasureSpec(name="macro_f1", how="macro_f1")
    codes = np.repeat(np.arange(30), [232, *[8] * 29])

    def drawn(rng: np.random.Generator, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count = int(codes.max()) + 1
        mix = rng.dirichlet([0.7, 0.7, 0.7], count)[codes].cumsum(axis=1)
        gold = (rng.random((len(codes), 1)) > mix[:, :-1]).sum(axis=1)
        right = rng.random(len(codes)) < 1 / (1 + np.exp(-0.4 - 2 * rng.normal(size=count)))[codes]
        return gold, np.where(right, gold, rng.integers(0, 3, len(codes)))

    def summed(gold: np.ndarray, said: np.ndarray) -> np.ndarray:
        names = np.arange(3)
        parts = [(gold == said)[:, None] & (gold[:, None] == names), said[:, None] == names, gold[:, None] == names]
        return np.hstack(parts).astype(float)

    def interval(gold: np.ndarray, said: np.ndarray) -> Interval:
        if how == "mean":
            return score_interval((gold == said).astype(float), clusters=codes.tolist())
        rows = summed(gold, said)
        worst, best = (extremes(spec, rows, codes, best=good) for good in (False, True))
        sums, sizes = cluster_sums(rows, codes), np.bincount(codes).astype(float)
        return influence_interval(sums, lambda s: from_sums(spec, s), worst=worst, best=best, sizes=sizes)

    gold, said = drawn(np.random.default_rng(1), np.repeat(np.arange(40_000), 8))
    truth = float(from_sums(spec, summed(gold, said).sum(axis=0)[None, :])[0])
    truth = float((gold == said).mean()) if how == "mean" else truth
    rng = np.random.default_rng(2)
    found: list[tuple[Interval, Interval]] = []
    for _ in range(200):
        sample = drawn(rng, codes)
        now = interval(*sample)
        with clusters_weighed_alike():
            found.append((now, interval(*sample)))
    held = [np.mean([one.low <= truth <= one.high for one in side]) for side in zip(*found, strict=True)]
    width = [np.median([one.high - one.low for one in side]) for side in zip(*found, strict=True)]
    assert held[0] >= 0.92 and held[1] < held[0] - 0.04
    assert width[0] < (1.1 if how == "macro_f1" else 1.4) * width[1]


def test_one_cluster_says_what_is_possible_only() -> None:
    rows = np.array([[3.0, 4.0]])
    low, high = influence_interval(rows, _mean, worst=np.array([[0.0, 4.0]]), best=np.array([[4.0, 4.0]]))
    assert (low, high) == pytest.approx((0, 1))
    with pytest.raises(ValueError, match="no items"):
        influence_interval(rows[:0], _mean, worst=rows, best=rows)


def test_limited() -> None:
    assert limited(Interval(-0.2, 1.4), 0, 1) == (0, 1)
