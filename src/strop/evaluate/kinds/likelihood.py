"""How likely a model finds the right answers: tells two models apart with few items, and without writing a word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strop.engines.base import Model, ScoreRequest
from strop.engines.prompts import compose
from strop.evaluate.answers import Answer
from strop.evaluate.measures import COUNTED, Measure
from strop.measure import bits_per_byte
from strop.records import Example, Listener, Spec


def reference_likelihood(
    model: Model, items: Sequence[Example], *, spec: Spec, shots: Sequence[Example], on_event: Listener
) -> list[float]:
    """Log probability of each item's reference: among the labels where the spec has them, else per character of it.

    Args:
        model: opened.
        items: rows with a reference.
        spec: how prompts are composed, and the labels.
        shots: the examples that stand in the prompt.
        on_event: hears the progress.
    """
    requests = []
    for item in items:
        options = spec.labels if item.reference in spec.labels else (item.reference or "",)
        requests.append(ScoreRequest(messages=compose(spec, item.messages, shots), options=options))
    found = []
    for item, request, result in zip(items, requests, model.score(requests, on_event=on_event), strict=True):
        if len(request.options) > 1:
            share = result.probabilities()[request.options.index(item.reference or "")]
            found.append(float(np.log(max(share, 1e-12))))
        else:
            found.append(result.logprobs[0] / max(len(request.options[0]), 1))
    return found


def reference_bits(example: Example, answer: Answer) -> float | None:
    """-log2 of the probability that the model gives the reference, and its end, behind the prompt / its UTF-8 bytes."""
    if answer.nats is None or not example.reference:
        return None
    return bits_per_byte(answer.nats, len(example.reference.encode()))


BITS_PER_BYTE = Measure(
    "bits_per_byte",
    "mean",
    reference_bits,
    higher_is_better=False,
    settings={"of": "reference"},
    limits=COUNTED,
    never_primary="it says how likely a reference is, not how good an answer is",
)
