"""Ask a model about items: score labels or choices, or let it write.

Labels are never parsed out of text, but for models of somebody else that tell no probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from strop.engines.base import GenerateRequest, Model, ScoreRequest, ScoreResult
from strop.engines.labels import chosen
from strop.engines.prompts import compose
from strop.errors import EngineError
from strop.records import Example, Listener, Spec
from strop.settings import Task


class Answer(NamedTuple):
    """What a model said to one item. ``label`` and ``probabilities`` only where options were scored.

    ``nats``: how unlikely it finds the reference (negative log likelihood), where a measure asks for it;
    ``divergence``: KL(base || model) summed over the reference's tokens, where it was read as a text. ``drawn``:
    further answers to the same item, drawn at a temperature, for pass@k.
    """

    text: str
    label: str | None = None
    probabilities: Mapping[str, float] = MappingProxyType({})
    stopped: bool = True
    seconds: float = 0.0
    tokens: int = 0
    cost: float | None = None
    nats: float | None = None
    divergence: float | None = None
    drawn: tuple[str, ...] = ()


def pick_labels(
    model: Model,
    items: Sequence[Example],
    *,
    spec: Spec,
    shots: Sequence[Example],
    labels: Sequence[str],
    on_event: Listener,
) -> list[Answer]:
    """The most likely label of each item, with the distribution over all labels (softmax of log probabilities)."""
    options = tuple(labels)
    requests = [ScoreRequest(messages=compose(spec, item.messages, shots), options=options) for item in items]
    results = model.score(requests, on_event=on_event)
    return [_picked(request, result) for request, result in _paired(requests, results)]


def pick_choices(model: Model, items: Sequence[Example], *, on_event: Listener) -> list[Answer]:
    """The most likely of each item's own ``expect.choices``; the item's messages are asked as they are."""
    requests = [ScoreRequest(messages=item.messages, options=tuple(item.expect["choices"])) for item in items]
    results = model.score(requests, on_event=on_event)
    return [
        _picked(request, result)._replace(nats=_nats(item, result))
        for item, (request, result) in zip(items, _paired(requests, results), strict=True)
    ]


def _nats(item: Example, result: ScoreResult) -> float | None:
    """How unlikely the right choice is as the whole answer."""
    return -result.logprobs[item.expect["answer_index"]] if result.logprobs else None


def write(
    model: Model,
    items: Sequence[Example],
    *,
    spec: Spec,
    shots: Sequence[Example],
    max_new_tokens: int,
    on_event: Listener,
) -> list[Answer]:
    """The greedy answer to each item."""
    requests = [
        GenerateRequest(messages=compose(spec, item.messages, shots), max_new_tokens=max_new_tokens) for item in items
    ]
    results = model.generate(requests, on_event=on_event)
    if len(results) != len(requests):
        raise EngineError(f"the model gave {len(results)} answers to {len(requests)} requests")
    return [
        Answer(result.text, stopped=result.stopped, seconds=result.seconds, tokens=result.tokens, cost=result.cost)
        for result in results
    ]


def with_draws(
    model: Model,
    items: Sequence[Example],
    answers: Sequence[Answer],
    *,
    spec: Spec,
    shots: Sequence[Example],
    task: Task,
    on_event: Listener,
) -> list[Answer]:
    """The answers, each with ``task.samples`` further ones to the same item, drawn at ``task.temperature``."""
    requests = [
        GenerateRequest(
            messages=compose(spec, item.messages, shots),
            max_new_tokens=task.max_new_tokens,
            temperature=task.temperature,
            seed=seed,
        )
        for item in items
        for seed in range(task.samples)
    ]
    texts = [result.text for result in model.generate(requests, on_event=on_event)]
    if len(texts) != len(requests):
        raise EngineError(f"the model gave {len(texts)} answers to {len(requests)} requests")
    each = [tuple(texts[first : first + task.samples]) for first in range(0, len(texts), task.samples)]
    return [answer._replace(drawn=drawn) for answer, drawn in zip(answers, each, strict=True)]


def with_likelihood(
    model: Model,
    items: Sequence[Example],
    answers: Sequence[Answer],
    *,
    spec: Spec,
    shots: Sequence[Example],
    on_event: Listener,
) -> list[Answer]:
    """The answers, each with how unlikely the model finds the item's reference in the answer's place."""
    known = [place for place, item in enumerate(items) if item.reference]
    requests = [
        ScoreRequest(messages=compose(spec, items[at].messages, shots), options=(items[at].reference or "",))
        for at in known
    ]
    told = list(answers)
    for at, (_, result) in zip(known, _paired(requests, model.score(requests, on_event=on_event)), strict=True):
        if result.logprobs:
            told[at] = told[at]._replace(nats=-result.logprobs[0])
    return told


def _paired(requests: Sequence[ScoreRequest], results: Sequence[ScoreResult]) -> list[tuple[ScoreRequest, ScoreResult]]:
    if len(results) != len(requests):
        raise EngineError(f"the model scored {len(results)} of {len(requests)} requests")
    return list(zip(requests, results, strict=True))


def _picked(request: ScoreRequest, result: ScoreResult) -> Answer:
    text, label, probabilities = chosen(request.options, result)
    return Answer(
        text, label=label, probabilities=probabilities, seconds=result.seconds, tokens=result.tokens, cost=result.cost
    )
