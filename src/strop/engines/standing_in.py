"""What stands in for an opened model passes everything on to it; each kind says what it does otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from strop.engines.base import GenerateRequest, GenerateResult, Model, NllResult, ScoreRequest, ScoreResult
from strop.records import JSON, Listener, Message


class StandIn:
    """The opened ``model`` under another hand: as itself in everything."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def signature(self) -> dict[str, JSON]:
        return self._model.signature

    @property
    def memory_bytes(self) -> int | None:
        return self._model.memory_bytes

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        return self._model.score(requests, on_event=on_event)

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        return self._model.generate(requests, on_event=on_event)

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        return self._model.nll(texts, on_event=on_event)

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
