"""Nearest neighbours, against scikit-learn's."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from strop.measure.neighbours import neighbours


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
