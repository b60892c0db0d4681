"""Hidden states and gradients over a packed tree equal transformers' own, one sequence at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaForCausalLM, MistralConfig, MistralForCausalLM

from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network
from strop.engines.torch.packing import attention
from strop.engines.torch.packing.layout import lay_out
from strop.engines.torch.packing.tree import grow


def sequences(seed: int = 0) -> list[list[int]]:
    """A long shared beginning, a branch of its own, ends of many lengths, one sequence alone, one repeated."""
    random = np.random.default_rng(seed)
    beginning, branch = random.integers(3, 290, 140).tolist(), random.integers(3, 290, 30).tolist()
    ends = [random.integers(3, 290, n).tolist() for n in (1, 2, 7, 20, 21, 150)]
    family = [beginning + end for end in ends] + [beginning + branch + end for end in ends[:4]]
    return [*family, ends[-1], family[0]]


def test_hidden_states_equal_the_plain_model(network: Network) -> None:
    rows = sequences()
    layout = lay_out(grow(rows, range(len(rows))), torch.float32)
    assert layout.size < 0.5 * sum(map(len, rows))
    with torch.inference_mode():
        packed = hidden_states(network, layout.ids, layout.positions, layout)
        network.plain.set_attn_implementation("sdpa")
        for i, row in enumerate(rows):
            alone = network.body(torch.tensor([row]), use_cache=False).last_hidden_state[0]
            torch.testing.assert_close(packed[torch.from_numpy(layout.tree.where[i])], alone, atol=2e-5, rtol=1e-4)


def test_gradients_equal_the_plain_model(network: Network) -> None:
    rows = sequences(1)
    weights = network.body.layers[0].self_attn.k_proj.weight.requires_grad_()
    layout = lay_out(grow(rows, range(len(rows))), torch.float32)
    hidden = hidden_states(network, layout.ids, layout.positions, layout)
    sum(hidden[torch.from_numpy(layout.tree.where[i])].sin().sum() for i in range(len(rows))).backward()  # type: ignore[union-attr]
    packed, weights.grad = weights.grad, None
    network.plain.set_attn_implementation("sdpa")
    for row in rows:
        network.body(torch.tensor([row]), use_cache=False).last_hidden_state.sin().sum().backward()
    assert float((packed - weights.grad).abs().max()) < 1e-5 * float(weights.grad.abs().max())


def test_scores_beyond_the_range_of_exp(network: Network) -> None:
    """Queries and keys so long that exp of a score overflows: the shifted way gives the plain model's answers."""
    rows = sequences(3)
    for layer in network.body.layers:
        layer.self_attn.q_proj.weight.data.mul_(40)
    layout = lay_out(grow(rows, range(len(rows))), torch.float32)
    with torch.inference_mode():
        packed = hidden_states(network, layout.ids, layout.positions, layout)
        network.plain.set_attn_implementation("sdpa")
        for i, row in enumerate(rows):
            alone = network.body(torch.tensor([row]), use_cache=False).last_hidden_state[0]
            here = packed[torch.from_numpy(layout.tree.where[i])]
            assert float((here - alone).abs().mean()) < 1e-3 * float(alone.abs().mean())


def test_a_token_that_must_not_be_seen_is_noticed(network: Network) -> None:
    """The oracle can fail: a layout in which one block hangs from the wrong chain gives other hidden states."""
    rows = sequences()
    right = lay_out(grow(rows, range(len(rows))), torch.float32)
    tree = grow(rows, range(len(rows)))
    next(block for block in tree.blocks if block.above is not None).above = None
    wrong = lay_out(tree, torch.float32)
    with torch.inference_mode():
        a, b = (hidden_states(network, right.ids, right.positions, seen) for seen in (right, wrong))
    assert float((a - b).abs().max()) > 0.01


@pytest.mark.parametrize("window", [5, 64])
def test_sliding_windows(network: Network, window: int) -> None:
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, sliding_window=window, initializer_range=0.2,
    )  # fmt: skip
    model = MistralForCausalLM(config).eval()
    windowed = Network(model, network.template, torch.float32)
    rows = sequences(2)
    layout = lay_out(grow(rows, range(len(rows))), torch.float32)
    with torch.inference_mode():
        model.set_attn_implementation(attention.NAME)
        packed = hidden_states(windowed, layout.ids, layout.positions, layout)
        model.set_attn_implementation("eager")
        for i, row in enumerate(rows):
            alone = model.model(torch.tensor([row]), use_cache=False).last_hidden_state[0]
            torch.testing.assert_close(packed[torch.from_numpy(layout.tree.where[i])], alone, atol=2e-5, rtol=1e-4)


def test_bfloat16_is_close(network: Network, tmp_path: Path) -> None:
    network.plain.save_pretrained(tmp_path)
    half = LlamaForCausalLM.from_pretrained(tmp_path, dtype=torch.bfloat16).eval()
    half.set_attn_implementation(attention.NAME)
    rows = sequences()
    exact, coarse = (lay_out(grow(rows, range(len(rows))), dtype) for dtype in (torch.float32, torch.bfloat16))
    with torch.inference_mode():
        a = hidden_states(network, exact.ids, exact.positions, exact)
        b = hidden_states(Network(half, network.template, torch.bfloat16), coarse.ids, coarse.positions, coarse)
    assert float((a - b).abs().mean()) < 0.05 * float(a.abs().mean())
