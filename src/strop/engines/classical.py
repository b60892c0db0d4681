"""TF-IDF and logistic regression: the floor that every language model must beat. Trains in seconds, needs no base.

The artifact is JSON and plain arrays (never pickle): the two vocabularies, their idf weights, labels and coefficients.
"""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import svds
from sklearn import __version__ as sklearn_version
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from strop import durable
from strop.engines.base import (
    Capability,
    GenerateRequest,
    GenerateResult,
    NllResult,
    ScoreRequest,
    ScoreResult,
    TrainOutcome,
    TrainPlan,
)
from strop.engines.resident import Peak
from strop.engines.self_training import FOLDS, Learned, dealt, learn
from strop.errors import EngineError, InputError
from strop.records import JSON, Base, Cost, Listener, Message, Progress, RunCheck

# Word 1-2-grams and character 2-4-grams together: the usual strong floor for short texts.
_VIEWS: dict[str, dict[str, Any]] = {
    "word": {"analyzer": "word", "ngram_range": (1, 2), "sublinear_tf": True, "token_pattern": r"(?u)\b\w+\b"},
    "char": {"analyzer": "char_wb", "ngram_range": (2, 4), "sublinear_tf": True},
}
# Chosen by cross-validation on five data sets (docs/log.md). Rare labels count as much as common ones: a label that is
# new in the traffic is hardly ever given.
_C = 30.0
_WEIGHT = "balanced"
_FLOOR = 1e-12  # probability of an option that is no label of the model


SKLEARN = sklearn_version
_STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Of logistic regression on embeddings, from the smoothest."""


def read_last(messages: Sequence[Message]) -> str:
    """What a classifier reads: the last thing that the user said."""
    return next((m.content for m in reversed(messages) if m.role == "user"), "")


def seen(views: dict[str, TfidfVectorizer], texts: Sequence[str]) -> Any:
    """TF-IDF of words and characters, a row a text (sparse)."""
    from scipy.sparse import hstack

    return hstack([views[name].transform(texts) for name in _VIEWS], format="csr")


def by_label(labels: Sequence[str], row: npt.NDArray[np.float64], options: Sequence[str]) -> tuple[float, ...]:
    """Log probabilities of some options, from those of all labels; next to nothing for an option that is no label."""
    column = {label: i for i, label in enumerate(labels)}
    values = [row[column[option]] if option in column else _FLOOR for option in options]
    return tuple(float(np.log(max(value, _FLOOR))) for value in values)


class ClassicalModel:
    """An opened classifier. Only ``score`` and ``embed`` are declared; the rest raises EngineError."""

    def __init__(self, folder: Path) -> None:
        body = json.loads((folder / "classical.json").read_text("utf-8"))
        arrays = np.load(folder / "arrays.npz", allow_pickle=False)
        self.labels: list[str] = body["labels"]
        self._views = {name: _restore(name, body["vocabulary"][name], arrays[f"idf_{name}"]) for name in _VIEWS}
        self._coefficients: npt.NDArray[np.float64] = arrays["coefficients"]
        self._intercepts: npt.NDArray[np.float64] = arrays["intercepts"]
        self.memory_bytes = int(self._coefficients.nbytes + self._intercepts.nbytes)
        self.signature: dict[str, JSON] = {
            "engine": "classical",
            "version": sklearn_version,
            "artifact": durable.file_sha256(folder / "arrays.npz")[:16],
        }

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """One row a text, one column a label."""
        scores = seen(self._views, texts) @ self._coefficients.T + self._intercepts
        scores -= scores.max(axis=1, keepdims=True)
        weights = np.exp(scores)
        result: npt.NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
        return result

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        start = time.perf_counter()
        table = self.probabilities([read_last(r.messages) for r in requests]) if requests else np.zeros((0, 0))
        seconds = (time.perf_counter() - start) / max(len(requests), 1)
        results = [
            ScoreResult(logprobs=by_label(self.labels, row, request.options), seconds=seconds)
            for row, request in zip(table, requests, strict=True)
        ]
        on_event(Progress(task="scoring", done=len(requests), total=len(requests)))
        return results

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        """The most likely label of each request."""
        table = self.probabilities([read_last(r.messages) for r in requests]) if requests else np.zeros((0, 0))
        return [GenerateResult(text=self.labels[int(row.argmax())], stopped=True, tokens=1) for row in table]

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        raise EngineError("the classical model has no text likelihood")

    def embed(self, texts: Sequence[str], *, on_event: Listener) -> npt.NDArray[np.float32]:
        """Square roots of the label probabilities, whose distances are Hellinger's [n, labels]."""
        return np.asarray(np.sqrt(self.probabilities(texts)), dtype=np.float32)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(m.content.split()) for m in messages)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class ClassicalEngine:
    """Trains and opens TF-IDF + logistic regression (word 1-2-grams, character 2-4-grams, C = 30, equal weights)."""

    name = "classical"
    capabilities: frozenset[Capability] = frozenset({"score", "generate", "embed", "train"})

    def open(self, base: Base | None, artifact: Path | None, *, share: bool = False) -> ClassicalModel:
        if artifact is None:
            raise EngineError(
                "the classical method answers only after training", remedy="strop tune --method classical"
            )
        return ClassicalModel(artifact)

    def estimate(self, plan: TrainPlan, base: Base | None, *, kept: Path | None = None) -> Cost:
        characters = sum(len(read_last(item.messages)) for item in plan.train)
        labels = len({item.answer for item in plan.train})
        # About 3e-7 s a character and label on one core of 2024; audited after every run. Unlabelled texts are learned
        # from with and without, in each fold and at the end.
        fits = 2 * (FOLDS + 1) if plan.unlabelled else 1
        characters += sum(map(len, plan.unlabelled)) // 2
        seconds = 0.3 + 3e-7 * characters * max(labels, 2) * fits
        return Cost(
            examples=len(plan.train),
            tokens=sum(len(read_last(item.messages).split()) for item in plan.train),
            cpu_seconds=seconds,
            wall_seconds=seconds,
            peak_memory_bytes=characters * 400,
        )

    def train(
        self, plan: TrainPlan, base: Base | None, *, folder: Path, work: Path, on_event: Listener,
        kept: Path | None = None,
    ) -> TrainOutcome:  # fmt: skip
        texts, answers = [read_last(item.messages) for item in plan.train], [item.answer for item in plan.train]
        if len(set(answers)) < 2:
            raise InputError("all training rows have one and the same answer", remedy="add rows of a second label")
        on_event(Progress(task="training classical", done=0, total=len(texts)))
        peak = Peak()
        start, cpu = time.perf_counter(), time.process_time()
        views = {name: TfidfVectorizer(**options).fit(texts) for name, options in _VIEWS.items()}
        learned = _learn(views, texts, answers, plan)
        model = learned.model
        _save(folder, views, model)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        on_event(Progress(task="training classical", done=len(texts), total=len(texts)))
        finite = bool(np.isfinite(model.coef_).all())
        return TrainOutcome(
            measured=Cost(
                examples=len(texts),
                tokens=sum(len(t.split()) for t in texts),
                cpu_seconds=cpu,
                wall_seconds=seconds,
                peak_memory_bytes=peak.above_start(),
            ),
            losses=(),
            checks=(
                RunCheck(name="weights_finite", passed=finite, detail=f"{model.coef_.size} coefficients"),
                RunCheck(
                    name="converged",
                    passed=int(max(model.n_iter_)) < 1000,
                    detail=f"{int(max(model.n_iter_))} iterations",
                ),
            ),
            environment={"scikit-learn": sklearn_version, "numpy": np.__version__, **_told(learned, plan)},
        )


def _learn(views: dict[str, TfidfVectorizer], texts: list[str], answers: list[str], plan: TrainPlan) -> Learned:
    """Fit on the rows, and on unlabelled texts beside them where there are any and they do no harm.

    The vocabularies are the rows' own: no word that only stands in a request is kept.
    """

    def fit(features: Any, labels: npt.NDArray[np.str_]) -> LogisticRegression:
        model = LogisticRegression(C=_C, class_weight=_WEIGHT, max_iter=1000, random_state=plan.seed)
        return model.fit(features, labels)

    known, labels = seen(views, texts), np.array(answers)
    if not plan.unlabelled:
        return Learned(fit(known, labels), 0, math.nan, math.nan)
    return learn(known, labels, seen(views, plan.unlabelled), fit)


def _told(learned: Learned, plan: TrainPlan) -> dict[str, JSON]:
    """What became of the unlabelled texts."""
    if not plan.unlabelled:
        return {}
    return {
        "unlabelled": {
            "read": len(plan.unlabelled),
            "learned_from": learned.taken,
            "known_labels_foretold_without": round(learned.without, 4),
            "known_labels_foretold_with": round(learned.with_them, 4),
        }
    }


def _save(folder: Path, views: dict[str, TfidfVectorizer], model: Any) -> None:
    """Vocabularies, labels and coefficients."""
    coefficients, intercepts = _a_row_a_label(model)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {name: sorted(view.vocabulary_, key=view.vocabulary_.__getitem__) for name, view in views.items()}
    durable.write_json(
        folder / "classical.json", {"labels": [str(c) for c in model.classes_], "vocabulary": vocabulary}
    )
    arrays = {f"idf_{name}": view.idf_ for name, view in views.items()}
    with (folder / "arrays.npz").open("wb") as stream:
        np.savez(stream, coefficients=coefficients, intercepts=intercepts, **arrays)


def _a_row_a_label(model: LogisticRegression) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Two-class models keep one row of coefficients in scikit-learn; one row a label (softmax form) instead."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients = np.vstack([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    return coefficients, intercepts


class Fitted(NamedTuple):
    """Logistic regression as plain arrays, a row a label."""

    labels: list[str]
    coefficients: npt.NDArray[np.float64]
    intercepts: npt.NDArray[np.float64]
    iterations: int
    converged: bool


def best_logistic(points: npt.NDArray[np.float64], labels: npt.NDArray[np.str_], *, seed: int) -> tuple[Fitted, float]:
    """Logistic regression on dense points, of the strength that foretells held-out labels best (log loss, three folds).

    Args:
        points: standardised features [n, d].
        labels: of two kinds or more [n].
        seed: of the folds.
    """

    def fitted(strength: float, rows: npt.NDArray[np.bool_]) -> LogisticRegression:
        model = LogisticRegression(C=strength, class_weight=_WEIGHT, max_iter=1000, random_state=seed)
        return model.fit(points[rows], labels[rows])

    def loss(strength: float) -> float:
        lost = 0.0
        for fold in range(FOLDS):
            held = folds == fold
            if not held.any() or len(set(labels[~held])) < 2:
                continue
            model = fitted(strength, ~held)
            column = {label: i for i, label in enumerate(model.classes_)}
            told = model.predict_proba(points[held])
            pairs = zip(told, labels[held], strict=True)
            chances = [row[column[label]] if label in column else 0.0 for row, label in pairs]
            lost -= float(np.log(np.maximum(chances, 1e-6)).sum())
        return lost

    folds = dealt(labels)
    strength = min(_STRENGTHS, key=loss)
    model = fitted(strength, np.ones(len(labels), dtype=np.bool_))
    coefficients, intercepts = _a_row_a_label(model)
    iterations = int(max(model.n_iter_))
    return Fitted([str(c) for c in model.classes_], coefficients, intercepts, iterations, iterations < 1000), strength


PASSES = (1, 2, 4, 8, 16, 32)
"""Iterations after which :func:`losses_by_pass` looks."""


def losses_by_pass(texts: Sequence[str], answers: Sequence[str]) -> npt.NDArray[np.float64]:
    """What each row's own label costs the classical model after few and more passes over the rows: how it is learned.

    Args:
        texts: what is read [n].
        answers: labels of two kinds or more [n].
    Returns:
        Negative log probabilities (nats), a row a text, a column for each of ``PASSES``.
    """
    labels = np.array(answers)
    features = seen({name: TfidfVectorizer(**options).fit(texts) for name, options in _VIEWS.items()}, texts)
    curves = []
    for passes in PASSES:
        model = LogisticRegression(C=_C, class_weight=_WEIGHT, max_iter=passes, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped early on purpose
            model.fit(features, labels)
        own = np.searchsorted(model.classes_, labels)
        chances = model.predict_proba(features)[np.arange(len(labels)), own]
        curves.append(-np.log(np.maximum(chances, _FLOOR)))
    return np.stack(curves, axis=1)


def write_views(
    texts: Sequence[str], width: int, body: dict[str, JSON], arrays: dict[str, Any]
) -> npt.NDArray[np.float64]:
    """Where texts lie along the directions in which their TF-IDF varies most; what is needed to place others is put
    into ``body`` and ``arrays``."""
    views = {name: TfidfVectorizer(**options).fit(texts) for name, options in _VIEWS.items()}
    known = seen(views, texts)
    _, _, axes = svds(known, k=min(width, *(side - 1 for side in known.shape)), v0=np.ones(min(known.shape)))
    body["vocabulary"] = {n: sorted(view.vocabulary_, key=view.vocabulary_.__getitem__) for n, view in views.items()}
    arrays |= {f"idf_{name}": view.idf_ for name, view in views.items()} | {"axes": axes.T}
    return np.asarray(known @ axes.T)


def read_views(body: dict[str, JSON], arrays: Any) -> dict[str, TfidfVectorizer]:
    """The views that :func:`write_views` wrote; none where it wrote none."""
    vocabulary = body.get("vocabulary") or {}
    return {name: _restore(name, vocabulary[name], arrays[f"idf_{name}"]) for name in vocabulary}


def _restore(name: str, vocabulary: list[str], idf: npt.NDArray[np.float64]) -> TfidfVectorizer:
    view = TfidfVectorizer(**_VIEWS[name], vocabulary={term: i for i, term in enumerate(vocabulary)})
    view.idf_ = idf
    return view
