"""The closed form equals n fits, each without one row; doubtful labels are those that were changed."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from strop.measure import label_doubt, left_out


def test_equals_fitting_again_without_each_row() -> None:
    rng = np.random.default_rng(0)
    points, answers = rng.normal(size=(40, 6)), rng.normal(size=(40, 3))
    found = left_out(points, answers, penalty=2.0)
    for row in range(40):
        others = np.arange(40) != row
        # scikit-learn centres first: the constant is not shrunk, as here.
        refitted = Ridge(alpha=2.0).fit(points[others], answers[others])
        assert found[row] == pytest.approx(refitted.predict(points[[row]])[0], abs=1e-9)


def test_rows_without_a_vote_are_foretold_from_the_others() -> None:
    rng = np.random.default_rng(0)
    points, answers = rng.normal(size=(40, 6)), rng.normal(size=(40, 3))
    votes = np.arange(40) < 30
    found = left_out(points, answers, penalty=2.0, voting=votes)
    assert found[:30] == pytest.approx(left_out(points[:30], answers[:30], penalty=2.0))
    assert found[30:] == pytest.approx(Ridge(alpha=2.0).fit(points[:30], answers[:30]).predict(points[30:]))


def test_changed_labels_get_the_least_share_and_their_old_label_is_likely() -> None:
    rng = np.random.default_rng(1)
    truth = np.repeat(np.arange(4), 50)
    points = np.eye(4)[truth] * 2 + rng.normal(size=(200, 4)) * 0.3
    labels = truth.copy()
    changed = rng.choice(200, 12, replace=False)
    labels[changed] = (labels[changed] + 1) % 4
    doubt = label_doubt(points, labels.tolist())
    assert set(np.argsort(doubt.own)[:12]) == set(changed)
    assert (doubt.likely[changed] == truth[changed]).all()
    assert (doubt.own <= doubt.likely_share + 1e-12).all() and ((doubt.own >= 0) & (doubt.likely_share <= 1)).all()


def test_a_row_that_nothing_resembles_has_no_share_of_its_own_making() -> None:
    points = np.vstack([np.tile([1.0, 0.0], (30, 1)), [[0.0, 5.0]]])
    doubt = label_doubt(points, [0] * 30 + [1])
    assert doubt.likely[30] == 0  # its own label is foretold by itself only, and it was left out
