"""Rows from early to late learned ones, evenly, without those that are learned last."""

from __future__ import annotations

import numpy as np

from strop.measure import from_early_to_late


def test_rows_are_evenly_spaced_from_the_first_learned_and_the_last_tenth_is_left_out() -> None:
    late = np.random.default_rng(1).permutation(100)
    curves = late[:, None] + np.array([5.0, 0.0, -5.0])
    assert late[from_early_to_late(curves, 9)].tolist() == [5, 15, 25, 35, 45, 55, 65, 75, 85]
    assert sorted(late[from_early_to_late(curves, 90)]) == list(range(90))
    assert sorted(late[from_early_to_late(curves, 95)]) == list(range(95)), "unless the others do not suffice"
    assert sorted(from_early_to_late(curves, 100)) == list(range(100))


def test_edges() -> None:
    assert from_early_to_late(np.zeros((0, 4)), 0) == [] == from_early_to_late(np.ones((3, 4)), 0)
    assert from_early_to_late(np.zeros((5, 4)), 2) == [1, 3], "rows that are learned alike keep their order"
    assert from_early_to_late(np.array([[9.0]]), 1) == [0]
