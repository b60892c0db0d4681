"""Neutral text: how well a model still foretells it, and how far it has moved from its base there.

Forty short passages of ours, none of which training is held to (``engines/neutral.jsonl`` has others), stand beside the
tasks of general ability. Nothing is asked about them: each is read as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

from strop.engines.base import Model
from strop.evaluate.answers import Answer
from strop.evaluate.measures import COUNTED, Measure
from strop.measure import bits_per_byte
from strop.records import Example, Listener, Message, Origin, content_id

TASK = "neutral_text"
_FILE = "neutral.jsonl"


@lru_cache(maxsize=1)
def passages() -> tuple[Example, ...]:
    """The passages, as items whose reference is the text itself."""
    text = resources.files("strop.evaluate").joinpath(_FILE).read_text("utf-8")
    rows = [json.loads(line)["text"] for line in text.splitlines()]
    return tuple(
        Example(
            id=content_id("neutral", row),
            messages=(Message(role="user", content=row),),
            reference=row,
            slices={"task": TASK},
            origin=Origin(source=_FILE, line=number),
        )
        for number, row in enumerate(rows, 1)
    )


def is_passage(example: Example) -> bool:
    """Whether an item of the general suite is a passage to be read, and no question."""
    return example.slices.get("task") == TASK and "choices" not in example.expect


def read(model: Model, items: Sequence[Example], *, on_event: Listener) -> list[Answer]:
    """How unlikely the model finds each passage, and how far from its base it is there; it writes nothing."""
    found = model.nll([item.reference or "" for item in items], on_event=on_event)
    return [Answer("", nats=one.nats, divergence=one.divergence, tokens=one.tokens) for one in found]


def text_bits(example: Example, answer: Answer) -> float | None:
    """-log2 of the probability of the passage / its UTF-8 bytes; None for other items."""
    if answer.nats is None or not is_passage(example):
        return None
    return bits_per_byte(answer.nats, len((example.reference or "").encode()))


def text_divergence(example: Example, answer: Answer) -> float | None:
    """KL(base || model) of the next token over the whole vocabulary, in nats, averaged over the passage's tokens."""
    if answer.divergence is None or not is_passage(example):
        return None
    return answer.divergence / max(answer.tokens, 1)


BITS = Measure("neutral_bits_per_byte", "mean", text_bits, higher_is_better=False, limits=COUNTED)
DIVERGENCE = Measure("neutral_divergence", "mean", text_divergence, higher_is_better=False, limits=COUNTED)
