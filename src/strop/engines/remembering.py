"""A model that is not asked the same thing twice: what it answered is kept, so that a killed evaluation goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from strop.engines.base import GenerateRequest, GenerateResult, Model, ScoreRequest, ScoreResult
from strop.engines.kept import Kept
from strop.engines.standing_in import StandIn
from strop.records import JSON, Event, Listener, Progress

AT_ONCE = 256
"""Requests asked together: enough for an engine to pack well, few enough that a killed call loses little."""
Q = TypeVar("Q", ScoreRequest, GenerateRequest)
R = TypeVar("R", ScoreResult, GenerateResult)


class Remembering(StandIn):
    """The opened ``model``; its scores and texts are kept in ``kept``, which holds answers of its signature only.

    The seconds of a kept answer are those that it took when it was given.
    """

    def __init__(self, model: Model, kept: Kept) -> None:
        super().__init__(model)
        self._kept = kept

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        return self._answered("score", requests, ScoreResult, self._model.score, on_event)

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        return self._answered("generate", requests, GenerateResult, self._model.generate, on_event)

    def _answered(
        self, verb: str, requests: Sequence[Q], result: type[R], ask: Callable[..., list[R]], on_event: Listener
    ) -> list[R]:
        keys = [_key(verb, request) for request in requests]
        known = [self._kept.get(key) for key in keys]
        answers = [None if one is None else result.model_validate(one) for one in known]
        asked = [i for i, one in enumerate(answers) if one is None]
        for first in range(0, len(asked), AT_ONCE):
            group = asked[first : first + AT_ONCE]
            told = _whole(on_event, first, len(group), len(asked))
            given = ask([requests[i] for i in group], on_event=told)
            for i, one in zip(group, given, strict=True):
                answers[i] = one
            self._kept.put([(keys[i], one.to_json()) for i, one in zip(group, given, strict=True)])
        return [one for one in answers if one is not None]


def keep(kept: Kept, texts: Sequence[tuple[GenerateRequest, GenerateResult]]) -> None:
    """Keep texts that a model wrote for somebody else, so that it is not asked for them."""
    kept.put([(_key("generate", request), result.to_json()) for request, result in texts])


def _key(verb: str, request: ScoreRequest | GenerateRequest) -> dict[str, JSON]:
    return {"verb": verb, "request": request.to_json()}


def _whole(on_event: Listener, before: int, group: int, total: int) -> Listener:
    """Tell the progress of a group of requests as that of all of them."""

    def told(event: Event) -> None:
        if isinstance(event, Progress) and event.total:
            share = (before + group * event.done / event.total) / total
            event = event.model_copy(update={"done": round(share * total), "total": total, "unit": "items"})
        on_event(event)

    return told
