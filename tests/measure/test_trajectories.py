"""Rows that are learned alike are one cluster, and small clusters have their share."""

from __future__ import annotations

import numpy as np

from strop.measure import clusters_of, spread_over_clusters


def planted() -> tuple[np.ndarray, np.ndarray]:
    """1,000 loss curves of rows that are learned at once, 60 of late ones, 5 of rows that are never learned."""
    rng = np.random.default_rng(1)
    shapes = np.array([[2.0, 0.5, 0.1, 0.0], [2.5, 2.4, 2.0, 0.2], [3.0, 3.5, 4.0, 4.5]])
    kinds = rng.permutation(np.repeat([0, 1, 2], (1000, 60, 5)))
    return shapes[kinds] + 0.05 * rng.standard_normal((len(kinds), 4)), kinds


def test_a_rare_way_of_being_learned_is_taken_whole_where_random_rows_miss_it() -> None:
    curves, kinds = planted()
    clusters = clusters_of(curves, 8)
    pairs = set(zip(clusters, kinds.tolist(), strict=True))
    assert len(pairs) == 8 == len(set(clusters))  # no cluster holds rows of two kinds
    chosen = spread_over_clusters(clusters, 40)
    assert (kinds[chosen] == 2).sum() == 5 and len(set(chosen)) == 40
    drawn = [np.random.default_rng(seed).permutation(len(kinds))[:40] for seed in range(200)]
    assert np.mean([(kinds[rows] == 2).sum() for rows in drawn]) < 0.5
    assert clusters_of(curves, 8) == clusters and spread_over_clusters(clusters, 40) == chosen


def test_what_a_small_cluster_leaves_is_shared_again_and_given_rows_count() -> None:
    clusters = [0] * 2 + [1] * 3 + [2] * 20
    assert spread_over_clusters(clusters, 12) == [0, 1, 2, 3, 4, *range(5, 12)]
    assert spread_over_clusters(clusters, 6) == [0, 1, 2, 3, 5, 6]
    assert spread_over_clusters(clusters, 4, given=[3, 9]) == [0, 1, 2, 5]
    assert spread_over_clusters(clusters, 2, given=[20, 21, 22, 23]) == [0, 1]
    assert sorted(spread_over_clusters(clusters, 99, given=[3])) == [row for row in range(25) if row != 3]


def test_edges() -> None:
    assert clusters_of(np.zeros((0, 4)), 3) == [] == spread_over_clusters([], 3)
    assert clusters_of(np.zeros((5, 4)), 3) == [0] * 5
    assert set(clusters_of(np.array([[0.0], [0.0], [9.0]]), 7)) == {0, 1}
