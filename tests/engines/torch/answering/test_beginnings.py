"""What is known of earlier requests changes no answer, and is not computed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from transformers import Gemma3TextConfig

from strop.engines.base import GenerateRequest, ScoreRequest
from strop.engines.torch.answering import answer, beginnings, generate
from strop.engines.torch.answering.beginnings import Beginnings, common_beginning
from strop.engines.torch.network import Network, load_base
from strop.records import Base, Message, silent

INSTRUCTION = "the card was lost and found by me, so answer with one colour of a card: red, green, blue or black"
OTHER = "one user and one assistant with a card that was lost, and found, and lost again by one of the users"
ASKED = ("was it red", "was it blue or green", "one", "was it red or not", "the grey card")


def asked(instruction: str, text: str) -> tuple[Message, ...]:
    return (Message(role="system", content=instruction), Message(role="user", content=text))


TURNS = [
    [asked(INSTRUCTION, ASKED[0])],
    [asked(INSTRUCTION, ASKED[1])],
    [asked(OTHER, ASKED[0]), asked(OTHER, ASKED[2])],
    [asked(INSTRUCTION, ASKED[3]), asked(INSTRUCTION, ASKED[4])],
    [asked(OTHER, ASKED[4])],
    [asked(INSTRUCTION, ASKED[0])],
]


@contextmanager
def counting(network: Network) -> Iterator[list[int]]:
    """Tokens that the network computes, a number for each pass."""
    seen: list[int] = []
    layer = network.plain.get_input_embeddings()
    hook = layer.register_forward_hook(lambda _module, given, _out: seen.append(given[0].numel()))
    yield seen
    hook.remove()


@pytest.fixture(params=["llama", "sliding window"])
def network(request: pytest.FixtureRequest, base: Base, build_base: Callable[..., Base]) -> Network:
    if request.param == "llama":
        return load_base(base, torch.float32)
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, sliding_window=8,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        initializer_range=0.2, bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    return load_base(build_base(config), torch.float32)


def test_answers_are_those_of_a_model_that_knows_nothing(network: Network) -> None:
    known = Beginnings()
    for turn in TURNS:
        requests = [GenerateRequest(messages=messages, max_new_tokens=6) for messages in turn]
        ours = generate.generate(network, requests, silent, known)
        fresh = generate.generate(network, requests, silent)
        assert [(one.text, one.tokens) for one in ours] == [(one.text, one.tokens) for one in fresh]
        scored = [ScoreRequest(messages=messages, options=("red", "green", "blue")) for messages in turn]
        for one, other in zip(
            answer.score(network, scored, silent, known), answer.score(network, scored, silent), strict=True
        ):
            np.testing.assert_allclose(one.logprobs, other.logprobs, atol=1e-4)


def test_an_instruction_is_computed_once(network: Network) -> None:
    known = Beginnings()
    first, second = (GenerateRequest(messages=asked(INSTRUCTION, text), max_new_tokens=1) for text in ASKED[:2])
    ids = [network.template.prompt_ids(request.messages) for request in (first, second)]
    alike = int(np.argmin([a == b for a, b in zip(*ids, strict=False)]))
    assert alike > 40
    with counting(network) as seen:
        generate.generate(network, [first], silent, known)
        generate.generate(network, [second], silent, known)
    assert seen == [len(ids[0]), len(ids[1]) - alike]
    with counting(network) as seen:
        answer.score(network, [ScoreRequest(messages=second.messages, options=("red", "blue"))], silent, known)
    assert sum(seen) < len(ids[1]) - alike + 20


def test_little_is_remembered(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Beginnings()
    monkeypatch.setattr(beginnings, "_BYTES", 0)
    generate.generate(network, [GenerateRequest(messages=asked(INSTRUCTION, "one"), max_new_tokens=1)], silent, known)
    ids = network.template.prompt_ids(asked(INSTRUCTION, "two"))
    assert known.common([ids], len(ids) - 1) == []
    monkeypatch.undo()
    for number in range(10):
        messages = asked(f"{number} {INSTRUCTION}", "one")
        generate.generate(network, [GenerateRequest(messages=messages, max_new_tokens=1)], silent, known)
    assert len(known._known) == beginnings._MOST


def test_a_common_beginning_is_what_all_share() -> None:
    rows = [[1] * 20 + [2, 3], [1] * 20 + [4], [1] * 20 + [2, 5]]
    assert common_beginning(rows, 30) == [1] * 20
    assert common_beginning(rows, 17) == [1] * 17
    assert common_beginning(rows, 15) == [] and common_beginning(rows[:1], 30) == []
