"""A model that is asked one thing at a time: another batch plan, which shows what batching moves."""

from __future__ import annotations

from collections.abc import Sequence

from strop.engines.base import GenerateRequest, GenerateResult, NllResult, ScoreRequest, ScoreResult
from strop.engines.standing_in import StandIn
from strop.records import JSON, Listener


class OneByOne(StandIn):
    """The opened ``model``, asked one request at a time, from the last one to the first."""

    @property
    def signature(self) -> dict[str, JSON]:
        return {**super().signature, "batch": "one by one"}

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        return [self._model.score([one], on_event=on_event)[0] for one in reversed(requests)][::-1]

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        return [self._model.generate([one], on_event=on_event)[0] for one in reversed(requests)][::-1]

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        return [self._model.nll([one], on_event=on_event)[0] for one in reversed(texts)][::-1]
