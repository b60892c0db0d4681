"""Nearest neighbours, against scikit-learn's."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from strop.measure.rows.neighbours import neighbours, said_by_neighbours, said_of


def test_they_are_those_that_scikit_learn_finds() -> None:
    points = np.random.default_rng(0).standard_normal((2_500, 12))
    found = neighbours(points, 7)
    model = NearestNeighbors(n_neighbors=8, metric="cosine", algorithm="brute").fit(points)
    distances, positions = model.kneighbors(points)
    assert all(set(mine) == set(theirs[1:]) for mine, theirs in zip(found.positions, positions, strict=True))
    np.testing.assert_allclose(np.sort(found.cosines)[:, ::-1], 1 - distances[:, 1:], atol=1e-5)


def test_only_some_may_be_looked_among_and_few_have_few() -> None:
    points = np.random.default_rng(1).standard_normal((50, 4))
    among = np.arange(0, 50, 5)
    found = neighbours(points, 3, among)
    assert set(found.positions.ravel()) <= set(among)
    assert all(number not in found.positions[number] for number in among)
    assert neighbours(points[:2], 5).positions.tolist() == [[1], [0]]
    assert neighbours(points[:1], 5).positions.shape == (1, 0)


def test_what_neighbours_say_is_a_weighed_vote_without_the_row_itself() -> None:
    rng = np.random.default_rng(2)
    points, labels = rng.standard_normal((300, 6)), rng.integers(0, 3, 300)
    said = said_by_neighbours(points, labels.tolist(), k=9)
    found = NearestNeighbors(n_neighbors=10, metric="cosine", algorithm="brute").fit(points).kneighbors(points)
    for row, (distances, positions) in enumerate(zip(*found, strict=True)):
        weights = np.exp(-distances[1:] / 0.2)
        vote = np.bincount(labels[positions[1:]], weights=weights, minlength=3) / weights.sum()
        np.testing.assert_allclose(said[row], vote, atol=1e-4)
    voting = np.arange(300) < 200
    others = said_by_neighbours(points, labels.tolist(), voting, k=9)
    flipped = np.where(voting, labels, (labels + 1) % 3)
    np.testing.assert_array_equal(others[:200], said_by_neighbours(points, flipped.tolist(), voting, k=9)[:200])


def test_what_they_say_of_a_further_text_is_what_all_of_them_would_say() -> None:
    """The nearest of each piece are a short cut, also where many are equally near."""
    rng = np.random.default_rng(4)
    for count, k in ((5_000, 25), (300, 25), (2_000, 3), (20, 25)):
        among = rng.standard_normal((count, 8)).astype(np.float32)
        among[rng.integers(0, count, count // 3)] = among[0]
        among /= np.linalg.norm(among, axis=1, keepdims=True)
        labels = rng.integers(0, 4, count)
        for point in (among[0].astype(float), rng.standard_normal(8)):
            cosines = among @ (point / np.linalg.norm(point)).astype(np.float32)
            order = np.argsort(-cosines, kind="stable")[:k]
            weights = np.exp((cosines[order].astype(float) - 1) / 0.2)
            said = np.bincount(labels[order], weights / weights.sum(), minlength=4)
            np.testing.assert_allclose(said_of(point, among, labels, 4, k=k), said, atol=1e-12)
