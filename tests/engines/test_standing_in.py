"""What stands in for a model is that model in everything that it does not do otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strop.engines import open_engine
from strop.engines.base import GenerateRequest, ScoreRequest
from strop.engines.fake import FAKE_BASE
from strop.engines.kept import Kept
from strop.engines.one_by_one import OneByOne
from strop.engines.remembering import Remembering
from strop.engines.standing_in import StandIn
from strop.records import Message, silent

ASKED = [(Message(role="user", content=f"how about {n}?"),) for n in range(7)]


def answers(model: Any) -> tuple[object, ...]:
    """All that can be asked of a model, without the times that it took."""
    with model:
        scores = model.score([ScoreRequest(messages=one, options=("yes", "no")) for one in ASKED], on_event=silent)
        texts = model.generate([GenerateRequest(messages=one, max_new_tokens=8) for one in ASKED], on_event=silent)
        counted = tuple(model.count_tokens(one) for one in ASKED)
        embedded = model.embed(["a", "a longer text"], on_event=silent)
        read = model.nll(["a longer text", "a"], on_event=silent)
        return (
            [one.logprobs for one in scores],
            [one.text for one in texts],
            counted,
            np.round(embedded, 12).tolist(),
            [one.nats for one in read],
            model.memory_bytes,
        )


@pytest.mark.parametrize("kind", ["itself", "one by one", "remembering"])
def test_it_answers_as_the_model_does(kind: str, tmp_path: Path) -> None:
    model = open_engine("fake").open(FAKE_BASE, None)
    expected = answers(model)
    made = {
        "itself": lambda: StandIn(model),
        "one by one": lambda: OneByOne(model),
        "remembering": lambda: Remembering(model, Kept(tmp_path / "kept.jsonl")),
    }[kind]()
    assert answers(made) == expected
    assert made.signature == (model.signature | ({"batch": "one by one"} if kind == "one by one" else {}))
