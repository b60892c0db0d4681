"""Texts as points: what a plain implementation gives, and texts in which there is nothing to see."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import hstack
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from strop.measure import points_of
from strop.measure.alike.near import canonical_text
from strop.measure.rows.directions import whitening

WORDS = ["card", "refund", "late", "blocked", "transfer", "the", "my", "is", "was", "abroad", "fee", "again"]


def texts(count: int) -> list[str]:
    rng = np.random.default_rng(3)
    return [" ".join(rng.choice(WORDS, size=rng.integers(3, 9))) for _ in range(count)]


def test_points_are_those_of_a_plain_tfidf_and_svd() -> None:
    rows = texts(60)
    views = [
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True, min_df=2),
        TfidfVectorizer(analyzer=_characters, sublinear_tf=True, min_df=2),
    ]
    plain = hstack([view.fit_transform([canonical_text(row) for row in rows]) for view in views])
    expected = TruncatedSVD(59, algorithm="arpack").fit_transform(plain)
    found = points_of(rows, 59)
    # Signs and rotations among equal values are free; what rows have in common is not.
    assert found.points @ found.points.T == pytest.approx(expected @ expected.T, abs=1e-6)
    assert found.explained == pytest.approx(1, abs=0.01)
    few = points_of(rows, 10)
    assert few.points.shape == (60, 10) and (few.explained < found.explained).all()


def _characters(text: str) -> list[str]:
    padded = f" {text} "
    return [padded[k : k + size] for size in (2, 3, 4) for k in range(len(padded) - size + 1)]


def test_a_text_like_no_other_is_not_explained() -> None:
    found = points_of([*texts(50), "zzyzx qqjqq"], 40)
    assert found.explained[-1] < 0.2 < found.explained[:-1].min()


def test_texts_beyond_the_sample_are_placed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = texts(400)
    whole = points_of(rows, 20)
    monkeypatch.setattr("strop.measure.rows.ngrams._SAMPLE", 200)
    monkeypatch.setattr("strop.measure.rows.ngrams._CHUNK", 90)
    part = points_of(rows, 20)
    assert part.points.shape == whole.points.shape
    alike = np.corrcoef((whole.points @ whole.points.T).ravel(), (part.points @ part.points.T).ravel())[0, 1]
    assert alike > 0.95


@settings(max_examples=60)
@given(st.lists(st.text(max_size=12), max_size=9), st.integers(1, 5))
def test_any_texts(rows: list[str], width: int) -> None:
    found = points_of(rows, width)
    assert len(found.points) == len(found.explained) == len(rows)
    assert np.isfinite(found.points).all() and ((found.explained >= 0) & (found.explained <= 1)).all()
    assert found.points.shape[1] <= width


def test_whitened_vectors_are_those_of_a_plain_pca() -> None:
    rng = np.random.default_rng(5)
    sample = rng.normal(size=(90, 40)) @ rng.normal(size=(40, 40)) + 7
    other = rng.normal(size=(20, 40))
    plain = PCA(15, whiten=True, svd_solver="full").fit(sample)
    found, expected = whitening(sample)(other), plain.transform(other) / np.sqrt(89)
    assert found @ found.T == pytest.approx(expected @ expected.T)


@pytest.mark.parametrize("rows", [1, 59])
def test_few_vectors_are_only_centred(rows: int) -> None:
    sample = np.random.default_rng(6).normal(size=(rows, 4))
    assert whitening(sample)(sample) == pytest.approx(sample - sample.mean(axis=0))


def test_vectors_that_are_all_the_same_have_no_direction() -> None:
    assert whitening(np.ones((200, 5)))(np.zeros((3, 5))).shape == (3, 0)
