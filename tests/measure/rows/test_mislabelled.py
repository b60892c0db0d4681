"""Labels drawn from a known model with a known share of odd ones: both are found again, and so is what is doubtful."""

import sys

import numpy as np
import pytest

from strop.measure import mislabelled


def drawn(count: int, odd: float, *, sharp: float) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Two views (the second says nothing), labels of four, and which of them are odd."""
    rng = np.random.default_rng(4)
    view = rng.normal(size=(count, 4))
    labels = (sharp * view + rng.gumbel(size=view.shape)).argmax(axis=1)
    strange = rng.random(count) < odd
    labels[strange] = rng.integers(0, 4, strange.sum())
    return [view, rng.normal(size=(count, 4))], labels, strange


def test_weights_and_share_of_odd_labels_are_found_again() -> None:
    views, labels, strange = drawn(20_000, 0.2, sharp=6.0)
    found = mislabelled(views, labels.tolist())
    assert found.weights[0] == pytest.approx(6.0, abs=0.6) and found.weights[1] < 0.3
    assert found.odd == pytest.approx(0.2, abs=0.03)
    # What is said to be probable is so: of the rows in each band as many are odd as their probabilities add up to.
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.01)):
        band = (found.right >= low) & (found.right < high)
        assert band.sum() > 100
        assert strange[band].mean() == pytest.approx((1 - found.right[band]).mean(), abs=0.06)


def test_which_label_is_taken_for_which_is_found_and_tells_wrong_ones() -> None:
    """A fifth of one label is given another; the rest of the odd ones go to any."""
    rng = np.random.default_rng(5)
    views, labels, _ = drawn(4_000, 0.02, sharp=3.0)
    wrong = (labels == 0) & (rng.random(len(labels)) < 0.2)
    labels[wrong] = 1
    found = mislabelled(views, labels.tolist())
    others = found.taken[~np.eye(4, dtype=bool)]
    assert found.taken[0, 1] == others.max() and sorted(others)[-2] == pytest.approx(found.odd / 4)
    assert found.taken[0, 1] > 1.5 * found.odd / 4 and found.taken.sum(axis=1) == pytest.approx(1)
    shown = found.right[labels == 1] < 0.5
    assert wrong[labels == 1][shown].mean() > 0.75 and shown[wrong[labels == 1]].mean() > 0.57  # .54 were all odd alike


@pytest.mark.parametrize("sharp", [1.0, 3.0])
def test_labels_that_are_hard_to_foretell_are_not_called_wrong(sharp: float) -> None:
    views, labels, _ = drawn(5_000, 0.0, sharp=sharp)
    found = mislabelled(views, labels.tolist())
    assert (found.right < 0.5).sum() <= 150  # 3 % of them
    assert (found.likely != labels).sum() > 300  # they are hard indeed


def test_rows_without_a_vote_are_judged_and_change_nothing() -> None:
    views, labels, _ = drawn(3_000, 0.1, sharp=6.0)
    changed = labels.copy()
    changed[2_000:] = (labels[2_000:] + 1) % 4
    votes = np.arange(3_000) < 2_000
    one, other = (mislabelled(views, given.tolist(), votes) for given in (labels, changed))
    assert (one.right[:2_000] == other.right[:2_000]).all() and one.odd == other.odd
    assert one.right[2_000:].mean() > 0.8 > 0.4 > other.right[2_000:].mean()


def test_the_slope_is_the_values() -> None:
    views, labels, _ = drawn(300, 0.1, sharp=3.0)
    unlikely = sys.modules["strop.measure.rows.mislabelled"]._unlikely
    at = np.array([0.8, 0.4, 0.1])
    _, slope = unlikely(at, views, labels)
    for place in range(3):
        step = np.zeros(3)
        step[place] = 1e-6
        rise = (unlikely(at + step, views, labels)[0] - unlikely(at - step, views, labels)[0]) / 2e-6
        assert slope[place] == pytest.approx(rise, abs=1e-6)
