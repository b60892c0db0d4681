"""A model that is a file: it gives the answers that were recorded, to the questions that they were given to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from strop.engines.base import GenerateRequest, GenerateResult, NllResult, ScoreRequest, ScoreResult
from strop.errors import EngineError
from strop.records import JSON, Listener, Message, Record


class Given(Record):
    """One recorded answer; ``name`` is the row's own id, ``input`` what was asked. Seconds, and money."""

    line: int
    name: str | None = None
    input: str | None = None
    answer: str
    seconds: float | None = None
    cost: float | None = None


class RecordedModel:
    """Answers from ``given``, by what is asked. ``digest`` names the file."""

    memory_bytes = None

    def __init__(self, given: Mapping[tuple[Message, ...], Given], digest: str) -> None:
        self._given = given
        self.signature: dict[str, JSON] = {"engine": "answers", "artifact": digest, "labels": "written"}

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        found = [self._of(request.messages) for request in requests]
        return [ScoreResult(logprobs=(), wrote=g.answer, seconds=g.seconds or 0.0, cost=g.cost) for g in found]

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        found = [self._of(request.messages) for request in requests]
        return [
            GenerateResult(
                text=g.answer, stopped=True, tokens=len(g.answer.split()), seconds=g.seconds or 0.0, cost=g.cost
            )
            for g in found
        ]

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        raise EngineError("a file of answers has no text likelihood")

    def embed(self, texts: Sequence[str], *, on_event: Listener) -> npt.NDArray[np.float32]:
        raise EngineError("a file of answers embeds nothing")

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def _of(self, messages: tuple[Message, ...]) -> Given:
        try:
            return self._given[messages]
        except KeyError:
            raise EngineError("the file of answers holds none to this question") from None
