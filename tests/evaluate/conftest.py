"""Rows, and small models that really answer: none of them is a stand-in for our own code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pytest

from strop.engines.base import GenerateRequest, GenerateResult, NllResult, ScoreRequest, ScoreResult
from strop.records import Candidate, Example, Listener, Message, Origin, Spec, content_id


class TableModel:
    """Knows answers by question. Scores an option by whether it is the known answer, writes the known answer."""

    memory_bytes = 1000

    def __init__(self, table: Mapping[str, str], *, confidence: float = 2.0, seconds: float = 0.01) -> None:
        self.table = dict(table)
        self.confidence = confidence
        self.seconds = seconds
        self.signature = {"engine": "table", "rows": content_id("t", self.table)}
        self.asked: list[tuple[Message, ...]] = []

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        self.asked += [request.messages for request in requests]
        results = []
        for request in requests:
            known = self.table.get(request.messages[-1].content)
            raw = [self.confidence if option == known else 0.0 for option in request.options]
            total = math.log(sum(map(math.exp, raw)))
            results.append(ScoreResult(logprobs=tuple(value - total - 1.0 for value in raw), seconds=self.seconds))
        return results

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        self.asked += [request.messages for request in requests]
        results = []
        for request in requests:
            words = self.table.get(request.messages[-1].content, "").split(" ")
            text = " ".join(words[: request.max_new_tokens])
            stopped = len(words) <= request.max_new_tokens
            results.append(GenerateResult(text=text, stopped=stopped, tokens=len(words), seconds=self.seconds))
        return results

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        return [NllResult(nats=float(len(text)), tokens=len(text), bytes=len(text.encode())) for text in texts]

    def embed(self, texts: Sequence[str], *, on_event: Listener) -> npt.NDArray[np.float32]:
        return np.ones((len(texts), 1), dtype=np.float32)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


@pytest.fixture
def table_model() -> type[TableModel]:
    return TableModel


@pytest.fixture
def row() -> Callable[..., Example]:
    def make(text: str, reference: str | None = None, *, system: str | None = None, **fields: Any) -> Example:
        messages = (Message(role="user", content=text),)
        if system:
            messages = (Message(role="system", content=system), *messages)
        identity = content_id("ex", [text, reference, system])
        origin = Origin(source="rows.jsonl", line=1)
        return Example(id=identity, messages=messages, reference=reference, origin=origin, **fields)

    return make


@pytest.fixture
def candidate() -> Callable[..., Candidate]:
    def make(**spec: Any) -> Candidate:
        return Candidate(
            id="cand_1", spec=Spec.of("prompt", base="base_1", **spec), dataset="data_1", seed=0, created=""
        )

    return make
