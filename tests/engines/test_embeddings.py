"""The classifier on embeddings gives what scikit-learn gives on the same vectors; its base stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from strop import project, tune
from strop.engines import engine_for, open_engine
from strop.engines.base import ScoreRequest, TrainItem, TrainPlan
from strop.engines.classical import best_logistic
from strop.engines.fake import FAKE_BASE
from strop.errors import EngineError, InputError
from strop.records import Base, Message, Spec, silent

WORDS = {"refund": "money back paid twice", "delivery": "late parcel lost van", "account": "locked out password"}
LABELS = tuple(sorted(WORDS))


def texts(count: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    asked, labels = [], []
    for n in range(count):
        label = LABELS[n % 3] if n % 6 else "refund"
        asked.append(" ".join(rng.choice([*WORDS[label].split(), "the", "a", "of", "my", "was"], 7)))
        labels.append(label)
    return asked, labels


def plan_of(asked: list[str], labels: list[str], base: Base | None) -> TrainPlan:
    items = tuple(
        TrainItem(example=f"ex_{n}", messages=(Message(role="user", content=text),), answer=label)
        for n, (text, label) in enumerate(zip(asked, labels, strict=True))
    )
    spec = Spec.of("embeddings", base=base.id if base else None, labels=LABELS)
    return TrainPlan(spec=spec, seed=0, train=items, settings={})


@pytest.mark.parametrize("base", [FAKE_BASE, None])
def test_it_is_scikit_learns_logistic_regression_on_the_embeddings(tmp_path: Path, base: Base | None) -> None:
    asked, labels = texts(120, 1)
    engine = engine_for("embeddings", base)
    run, _ = tune.tune(
        plan_of(asked, labels, base), base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent, dataset="ds"
    )
    strength = run.environment["strength"]
    later, truth = texts(60, 2)
    requests = [ScoreRequest(messages=(Message(role="user", content=t),), options=(*LABELS, "other")) for t in later]
    with engine.open(base, tmp_path / "a") as model:
        told = np.array([result.logprobs for result in model.score(requests, on_event=silent)])
        known, new = (model.embed(some, on_event=silent).astype(float) for some in (asked, later))
    if base is not None:
        with open_engine("fake").open(base, None) as reader:
            vectors = reader.embed(asked, on_event=silent)
        scaler = StandardScaler().fit(vectors)
        spread = vectors.std(axis=0) > 1e-9
        np.testing.assert_allclose(known[:, spread], scaler.transform(vectors)[:, spread], atol=1e-4)
    theirs = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000).fit(known, labels)
    expected = theirs.predict_proba(new)
    np.testing.assert_allclose(np.exp(told[:, :3]), expected, atol=1e-4)
    assert (told[:, 3] < -20).all()
    right = np.mean([LABELS[int(row.argmax())] == label for row, label in zip(told[:, :3], truth, strict=True)])
    assert right > 0.9
    assert {"weights_finite", "converged", "loads_again"} <= {check.name for check in run.checks if check.passed}


def test_its_directions_are_those_of_truncated_svd(tmp_path: Path) -> None:
    asked, labels = texts(90, 3)
    engine = engine_for("embeddings", None)
    plan = plan_of(asked, labels, None)
    engine.train(plan, None, folder=tmp_path / "a", work=tmp_path, on_event=silent)
    with engine.open(None, tmp_path / "a") as model:
        points = model.embed(asked, on_event=silent)
        from strop.engines.classical import seen

        theirs = TruncatedSVD(30, algorithm="arpack", random_state=0).fit_transform(seen(model._views, asked))
    assert points.shape == (90, 30)
    own = np.abs(np.corrcoef(points.T, theirs.T)[:30, 30:])
    assert (own.max(axis=1)[-3:] > 0.999).all()


def test_of_the_strengths_it_takes_the_one_that_foretells_held_out_labels_best() -> None:
    rng = np.random.default_rng(0)
    labels = np.array(LABELS * 20)
    noise = rng.normal(size=(60, 40))
    _, on_noise = best_logistic(noise, labels, seed=0)
    telling = np.hstack([noise[:, :3], 4 * np.array([[label == one for one in LABELS] for label in labels])])
    _, on_sense = best_logistic(telling, labels, seed=0)
    assert on_noise < on_sense


def test_what_it_cannot_do_is_said(tmp_path: Path) -> None:
    engine = engine_for("embeddings", FAKE_BASE)
    with pytest.raises(EngineError, match="only after training"):
        engine.open(FAKE_BASE, None)
    plan = plan_of(["a", "b"], ["refund", "refund"], FAKE_BASE)
    with pytest.raises(InputError, match="one and the same answer"):
        engine.train(plan, FAKE_BASE, folder=tmp_path / "a", work=tmp_path, on_event=silent)


@pytest.mark.usefixtures("fake_cache")
def test_it_is_the_ladders_second_rung(tmp_path: Path, strop: Callable[..., Any]) -> None:
    asked, labels = texts(150, 4)
    lines = [f"{text} {n},{label}" for n, (text, label) in enumerate(zip(asked, labels, strict=True))]
    (tmp_path / "rows.csv").write_text("\n".join(["text,label", *lines]) + "\n", "utf-8")
    for embedder in ("hidden_states", "svd"):
        folder = tmp_path / embedder
        project.init(folder, tmp_path / "rows.csv", kind="classification").store.close()
        made = project.open(folder, overrides=["ladder.bases=[fake-small]", f"ladder.embedder={embedder}"])
        made.curate()
        ladder = made.choose()
        assert [step.method for step in ladder.steps[:2]] == ["classical", "embeddings"]
        assert ladder.steps[1].measures["macro_f1"].value > 0.8
        reply = made.ask(["the parcel was late"], candidate=ladder.steps[1].candidate)[0]
        assert reply.answer == "delivery"
        made.store.close()
        ran = strop("--project", folder, "evaluate", ladder.steps[1].candidate, "--suite", "general")
        assert ran.code == 2 and "no language model that could forget" in ran.err
