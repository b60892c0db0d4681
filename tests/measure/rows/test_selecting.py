"""The quick greedy choice is the slow one, and close to the best that there is."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from strop.measure import facility_location, nearest, nearest_to


def worth(alike: npt.NDArray[np.float64], chosen: list[int]) -> float:
    """How near every row lies to the nearest chosen one."""
    return float(np.maximum(alike[:, chosen].max(axis=1), 0).sum()) if chosen else 0.0


def cosines(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    turned = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
    return turned @ turned.T


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("given", [[], [3, 7]])
def test_each_row_that_it_takes_adds_as_much_as_any_could(seed: int, given: list[int]) -> None:
    points = np.random.default_rng(seed).standard_normal((60, 5))
    alike, taken = cosines(points), list(given)
    for row in facility_location(points, 20, given=given):
        best = max(worth(alike, [*taken, other]) for other in range(60) if other not in taken)
        taken.append(row)
        assert worth(alike, taken) >= best - 1e-4
    assert len(set(taken)) == 20 + len(given)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_close_to_the_best_of_all_choices(seed: int) -> None:
    points = np.random.default_rng(seed).standard_normal((14, 3))
    alike = cosines(points)
    best = max(worth(alike, list(chosen)) for chosen in combinations(range(14), 4))
    assert worth(alike, facility_location(points, 4)) >= (1 - 1 / np.e) * best


def test_each_bundle_gets_a_row_before_any_gets_two() -> None:
    rng = np.random.default_rng(0)
    bundles = np.repeat(np.eye(4), (40, 20, 8, 3), axis=0) + 0.01 * rng.standard_normal((71, 4))
    chosen = facility_location(bundles, 4)
    assert sorted(int(bundles[row].argmax()) for row in chosen) == [0, 1, 2, 3]
    assert [int(bundles[row].argmax()) for row in chosen] == [0, 1, 2, 3]  # the largest first
    like = nearest(bundles, chosen)
    assert all(bundles[row].argmax() == bundles[one].argmax() for row, one in enumerate(like))


def test_edges() -> None:
    points = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    assert facility_location(points, 9) == [0, 2, 1]  # what stands for nothing comes last
    assert facility_location(points, 0) == [] == facility_location(np.zeros((0, 2)), 3)
    assert facility_location(points, 2, given=[0]) == [2, 1]
    assert nearest(points, [2]) == [2, 2, 2]


def test_rows_are_taken_nearest_to_targets_by_weight_and_each_target_gets_a_second_one() -> None:
    turns, side = np.array([0.0, 0.1, 0.3, 0.2, 0.07, np.pi / 2]), [0, 0, 0, 1, 1, 0]
    points = np.eye(3)[side] * np.cos(turns)[:, None] + np.eye(3)[[2] * 6] * np.sin(turns)[:, None]
    targets = np.eye(3)[:2]
    assert nearest_to(points, targets, [1, 2], 2) == [4, 0]
    assert nearest_to(points, targets, [2, 1], 2) == [0, 4]
    assert nearest_to(points, targets, [2, 1], 4) == [0, 4, 1, 3]
    assert nearest_to(points, targets, [2, 1], 3, given=[0]) == [1, 4, 2]
    assert set(nearest_to(points, targets, [2, 1], 9)) == {0, 1, 2, 3, 4}  # the last one is like no target
    assert nearest_to(points, np.zeros((0, 3)), [], 3) == []
