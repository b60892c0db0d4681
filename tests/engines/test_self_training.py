"""Learning from unlabelled points is scikit-learn's self-training of one round; harmful ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.semi_supervised import SelfTrainingClassifier

from strop.engines.self_training import SURE, learn


def clouds(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of three labels, and which they are of."""
    chance = np.random.default_rng(seed)
    labels = np.array(["a", "b", "c"])[np.arange(count) % 3]
    middle = {"a": (0, 0), "b": (3, 0), "c": (0, 3)}
    return np.array([middle[label] for label in labels]) + chance.normal(0, 1, (count, 2)), labels


def fit(features: object, labels: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=30, max_iter=1000).fit(features, labels)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_scikit_learns_self_training(seed: int) -> None:
    (known, labels), (asked, _) = clouds(seed, 60), clouds(seed + 100, 300)
    found = learn(sparse.csr_matrix(known), labels, sparse.csr_matrix(asked), fit)
    oracle = SelfTrainingClassifier(LogisticRegression(C=30, max_iter=1000), threshold=SURE, max_iter=1)
    oracle.fit(np.vstack([known, asked]), np.concatenate([labels.astype(object), np.full(len(asked), -1)]))
    assert 0 < found.taken == int((oracle.labeled_iter_ == 1).sum())
    np.testing.assert_allclose(found.model.predict_proba(asked), oracle.predict_proba(asked), atol=1e-3)


def test_what_would_spoil_known_labels_is_left_alone() -> None:
    chance = np.random.default_rng(0)
    known = np.concatenate([chance.normal(0, 0.1, 50), chance.normal(1, 0.1, 50)])[:, None]
    labels = np.repeat(["a", "b"], 50)
    wild = np.linspace(-50, 50, 400)[:, None]

    def dense(features: object, given: np.ndarray) -> GaussianNB:
        return GaussianNB().fit(features.toarray() if sparse.issparse(features) else features, given)

    class Dense:
        """GaussianNB for sparse input."""

        def __init__(self, features: object, given: np.ndarray) -> None:
            self.inner = dense(features, given)
            self.classes_ = self.inner.classes_

        def predict(self, features: object) -> np.ndarray:
            return self.inner.predict(features.toarray())

        def predict_proba(self, features: object) -> np.ndarray:
            return self.inner.predict_proba(features.toarray())

    found = learn(sparse.csr_matrix(known), labels, sparse.csr_matrix(wild), Dense)
    assert found.without == 1.0 and found.with_them < 0.9
    assert found.taken == 0
    assert (found.model.predict(sparse.csr_matrix(known)) == labels).all()


def test_labels_of_a_single_row_do_not_stop_it() -> None:
    known, labels = clouds(0, 12)
    labels = labels.astype("<U9")
    labels[0] = "only one"
    found = learn(sparse.csr_matrix(known), labels, sparse.csr_matrix(clouds(1, 30)[0]), fit)
    assert set(found.model.classes_) == {"a", "b", "c", "only one"}
