"""The classical floor equals scikit-learn's own pipeline, also after saving and loading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from strop.engines import open_engine
from strop.engines.base import ScoreRequest, TrainItem, TrainPlan
from strop.errors import InputError
from strop.records import Message, Spec, silent

TEXTS = [
    ("my card was stolen in the street", "cards"),
    ("the card does not arrive", "cards"),
    ("card blocked again", "cards"),
    ("money back please", "refunds"),
    ("I want a refund for this", "refunds"),
    ("refund not on my account", "refunds"),
    ("how do I log in", "account"),
    ("change my account name", "account"),
    ("account closed without notice", "account"),
]


def plan(rows: list[tuple[str, str]]) -> TrainPlan:
    items = tuple(
        TrainItem(example=str(i), messages=(Message(role="user", content=text),), answer=answer)
        for i, (text, answer) in enumerate(rows)
    )
    return TrainPlan(spec=Spec.of("classical"), seed=0, train=items, settings={})


@pytest.mark.parametrize("rows", [TEXTS, TEXTS[:6], TEXTS[:4]], ids=["three labels", "two labels", "a rare label"])
def test_probabilities_equal_scikit_learns(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    engine = open_engine("classical")
    engine.train(plan(rows), None, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    model = engine.open(None, tmp_path / "a")
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True),
    )
    oracle = make_pipeline(features, LogisticRegression(C=30, class_weight="balanced", max_iter=1000)).fit(
        *zip(*rows, strict=True)
    )
    asked = ["card stolen", "refund me", "nothing known here"]
    labels = tuple(oracle.classes_)
    requests = [ScoreRequest(messages=(Message(role="user", content=t),), options=labels) for t in asked]
    ours = np.array([r.probabilities() for r in model.score(requests, on_event=silent)])
    np.testing.assert_allclose(ours, oracle.predict_proba(asked), atol=1e-6)


def test_the_artifact_holds_no_pickle(tmp_path: Path) -> None:
    open_engine("classical").train(plan(TEXTS), None, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    assert {path.suffix for path in (tmp_path / "a").iterdir()} == {".json", ".npz"}
    with np.load(tmp_path / "a" / "arrays.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype == np.float64 for name in arrays.files)


def test_one_label_is_a_users_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one and the same answer"):
        open_engine("classical").train(
            plan(TEXTS[:3]), None, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent
        )
