"""Logistic regression on embeddings of the text: the floor that knows what words mean, beside the one that counts them.

The embedding is the mean of a base's last hidden states, each dimension at its own scale (the base is only read, never
changed), or, with ``embedder: svd``, where the text lies along the directions in which TF-IDF of the rows varies most
(latent semantic analysis, Deerwester et al. 1990), which needs no base. The artifact is JSON and plain arrays.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from strop import durable
from strop.engines import open_engine
from strop.engines.base import (
    Capability,
    GenerateRequest,
    GenerateResult,
    Model,
    NllResult,
    ScoreRequest,
    ScoreResult,
    TrainOutcome,
    TrainPlan,
)
from strop.engines.classical import (
    SKLEARN,
    best_logistic,
    by_label,
    read_last,
    read_views,
    seen,
    write_views,
)
from strop.engines.read_once import vectors
from strop.engines.resident import Peak
from strop.errors import EngineError, InputError
from strop.records import JSON, Base, Cost, Listener, Message, Progress, RunCheck

DIRECTIONS = 100
"""Most directions of TF-IDF; with fewer rows, a third of them."""
_A_WORD = 0.0215
"""Processor seconds that a model of a billion parameters takes to read a word; audited after every run."""
_LOADING = 5.0
"""Processor seconds to load a base."""
_READING, _ROW = 55 << 20, 750
"""Bytes above a loaded base while it reads a full row of texts, and the words of such a row (docs/log.md)."""

Floats = npt.NDArray[np.float64]


class EmbeddingsModel:
    """An opened classifier on embeddings; holds the base that reads the texts."""

    def __init__(self, folder: Path, reader: Model | None) -> None:
        body = json.loads((folder / "embeddings.json").read_text("utf-8"))
        arrays = np.load(folder / "arrays.npz", allow_pickle=False)
        self.labels: list[str] = body["labels"]
        self._reader, self._views = reader, read_views(body, arrays)
        self._axes: Floats | None = arrays["axes"] if "axes" in arrays.files else None
        self._centre, self._scale = arrays["centre"], arrays["scale"]
        self._coefficients, self._intercepts = arrays["coefficients"], arrays["intercepts"]
        own = sum(array.nbytes for array in arrays.values())
        self.memory_bytes = own + ((reader.memory_bytes or 0) if reader else 0)
        self.signature: dict[str, JSON] = {
            **(reader.signature if reader else {}),
            "engine": "embeddings",
            "version": SKLEARN,
            "embedder": "hidden_states" if reader else "svd",
            "artifact": durable.file_sha256(folder / "arrays.npz")[:16],
        }

    def embed(self, texts: Sequence[str], *, on_event: Listener) -> npt.NDArray[np.float32]:
        """The embeddings that it classifies by [n, d]."""
        if not texts:
            return np.zeros((0, len(self._centre)), dtype=np.float32)
        if self._reader is not None:
            found: Any = self._reader.embed(texts, on_event=on_event)
        else:
            found = seen(self._views, texts) @ self._axes
        return np.asarray((found - self._centre) / self._scale, dtype=np.float32)

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        start = time.perf_counter()
        table = self._probabilities([request.messages for request in requests], on_event)
        seconds = (time.perf_counter() - start) / max(len(requests), 1)
        found = [
            ScoreResult(logprobs=by_label(self.labels, row, request.options), seconds=seconds)
            for row, request in zip(table, requests, strict=True)
        ]
        on_event(Progress(task="scoring", done=len(requests), total=len(requests)))
        return found

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        """The most likely label of each request."""
        table = self._probabilities([request.messages for request in requests], on_event)
        return [GenerateResult(text=self.labels[int(row.argmax())], stopped=True, tokens=1) for row in table]

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        raise EngineError("a classifier on embeddings has no text likelihood")

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def __enter__(self) -> Self:
        if self._reader is not None:
            self._reader.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reader is not None:
            self._reader.__exit__(kind, error, trace)

    def _probabilities(self, asked: Sequence[Sequence[Message]], on_event: Listener) -> Floats:
        points = self.embed([read_last(messages) for messages in asked], on_event=on_event)
        scores = points.astype(np.float64) @ self._coefficients.T + self._intercepts
        weights = np.exp(scores - scores.max(axis=1, keepdims=True)) if len(scores) else scores
        return np.asarray(weights / weights.sum(axis=1, keepdims=True) if len(scores) else weights)


class EmbeddingsEngine:
    """Trains and opens logistic regression on embeddings; its strength is chosen by cross-validation on the rows."""

    name = "embeddings"
    capabilities: frozenset[Capability] = frozenset({"score", "generate", "embed", "train"})

    def open(self, base: Base | None, artifact: Path | None, *, share: bool = False) -> EmbeddingsModel:
        if artifact is None:
            raise EngineError(
                "a classifier on embeddings answers only after training", remedy="strop tune --method embeddings"
            )
        reader = open_engine(base.engine).open(base, None, share=share) if base is not None else None
        return EmbeddingsModel(artifact, reader)

    def estimate(self, plan: TrainPlan, base: Base | None, *, kept: Path | None = None) -> Cost:
        words = [len(read_last(item.messages).split()) for item in plan.train]
        labels = len({item.answer for item in plan.train})
        reading, room = 1e-5 * sum(words), 0
        if base is not None and base.parameters:
            reading = _LOADING + sum(words) * base.parameters / 1e9 * _A_WORD
            room = round(_READING * min(1.0, sum(words) / _ROW))
        seconds = 0.3 + reading + 1e-4 * len(words) * max(labels, 2)
        return Cost(
            examples=len(words), tokens=sum(words), cpu_seconds=seconds, wall_seconds=seconds,
            peak_memory_bytes=room + len(words) * 16_000,
        )  # fmt: skip

    def train(
        self, plan: TrainPlan, base: Base | None, *, folder: Path, work: Path, on_event: Listener,
        kept: Path | None = None,
    ) -> TrainOutcome:  # fmt: skip
        texts, answers = [read_last(item.messages) for item in plan.train], [item.answer for item in plan.train]
        if len(set(answers)) < 2:
            raise InputError("all training rows have one and the same answer", remedy="add rows of a second label")
        start, cpu, peak = time.perf_counter(), time.process_time(), Peak()
        body: dict[str, JSON] = {}
        arrays: dict[str, Any] = {}
        if base is not None:
            with open_engine(base.engine).open(base, None) as reader:
                peak = Peak()  # what a run takes is told above the loaded base
                points = np.asarray(vectors(base, reader, texts, on_event), dtype=np.float64)
        else:
            points = write_views(texts, min(DIRECTIONS, max(2, len(texts) // 3)), body, arrays)
        centre, scale = points.mean(axis=0), np.maximum(points.std(axis=0), 1e-9)
        model, strength = best_logistic((points - centre) / scale, np.array(answers), seed=plan.seed)
        arrays |= {"centre": centre, "scale": scale, "coefficients": model.coefficients, "intercepts": model.intercepts}
        folder.mkdir(parents=True, exist_ok=True)
        durable.write_json(folder / "embeddings.json", {"labels": model.labels, **body})
        with (folder / "arrays.npz").open("wb") as stream:
            np.savez(stream, **arrays)
        finite = bool(np.isfinite(model.coefficients).all())
        told = f"{model.iterations} iterations"
        return TrainOutcome(
            measured=Cost(
                examples=len(texts), tokens=sum(len(text.split()) for text in texts),
                cpu_seconds=time.process_time() - cpu, wall_seconds=time.perf_counter() - start,
                peak_memory_bytes=peak.above_start(),
            ),
            losses=(),
            checks=(
                RunCheck(name="weights_finite", passed=finite, detail=f"{model.coefficients.size} coefficients"),
                RunCheck(name="converged", passed=model.converged, detail=told),
            ),
            environment={"scikit-learn": SKLEARN, "numpy": np.__version__, "strength": strength},
        )  # fmt: skip
