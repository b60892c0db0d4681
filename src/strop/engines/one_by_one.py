"""A model that is asked one thing at a time: another batch plan, which shows what batching moves."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from strop.engines.base import GenerateRequest, GenerateResult, Model, NllResult, ScoreRequest, ScoreResult
from strop.records import JSON, Listener, Message


class OneByOne:
    """The opened ``model``, asked one request at a time, from the last one to the first."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def signature(self) -> dict[str, JSON]:
        return {**self._model.signature, "batch": "one by one"}

    @property
    def memory_bytes(self) -> int | None:
        return self._model.memory_bytes

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        return [self._model.score([one], on_event=on_event)[0] for one in reversed(requests)][::-1]

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        return [self._model.generate([one], on_event=on_event)[0] for one in reversed(requests)][::-1]

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        return [self._model.nll([one], on_event=on_event)[0] for one in reversed(texts)][::-1]

    def embed(self, texts: Sequence[str], *, on_event: Listener) -> npt.NDArray[np.float32]:
        return self._model.embed(texts, on_event=on_event)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self._model.count_tokens(messages)

    def __enter__(self) -> Self:
        self._model.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._model.__exit__(kind, error, trace)
