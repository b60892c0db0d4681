"""Joined products give what their parts gave, for inputs of any kind, and take no memory of their own."""

from __future__ import annotations

import copy
import gc
import weakref

import pytest
import torch

from strop.engines.torch.adapters.joined import join
from strop.engines.torch.network import Network


def bytes_of(model: torch.nn.Module) -> int:
    held = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in model.parameters()}
    return sum(held.values())


@pytest.mark.parametrize("length", [1, 7])
def test_logits_stay(network: Network, length: int) -> None:
    plain = copy.deepcopy(network.model)
    plain.set_attn_implementation("sdpa")
    ids = torch.arange(2 * length).reshape(2, length) + 3
    with torch.inference_mode():
        wanted = plain(ids).logits
        assert join(network) == 2 * network.plain.config.num_hidden_layers
        network.plain.set_attn_implementation("sdpa")
        torch.testing.assert_close(network.model(ids).logits, wanted, atol=1e-5, rtol=1e-5)
    assert bytes_of(network.model) == bytes_of(plain)


def test_a_part_called_with_something_else_answers_for_it(network: Network) -> None:
    attention = network.plain.model.layers[0].self_attn
    one, other = torch.randn(1, 3, 32), torch.randn(1, 3, 32)
    with torch.inference_mode():
        wanted = [part(other) for part in (attention.q_proj, attention.k_proj, attention.v_proj)]
        join(network)
        attention.q_proj(one)
        torch.testing.assert_close(attention.k_proj(other), wanted[1])
        torch.testing.assert_close(attention.q_proj(other), wanted[0])
        torch.testing.assert_close(attention.v_proj(other), wanted[2])


def test_a_part_called_twice_answers_twice(network: Network) -> None:
    attention, x = network.plain.model.layers[0].self_attn, torch.randn(1, 3, 32)
    with torch.inference_mode():
        wanted = attention.k_proj(x)
        join(network)
        attention.q_proj(x)
        for _ in range(2):
            torch.testing.assert_close(attention.k_proj(x), wanted)


def test_nothing_of_a_forward_is_kept(network: Network) -> None:
    join(network)
    seen: list[weakref.ref[torch.Tensor]] = []
    for module in network.plain.modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(lambda _, given, out: seen.extend(map(weakref.ref, (*given, out))))
    network.plain.set_attn_implementation("sdpa")
    with torch.inference_mode():
        network.model(torch.arange(7)[None] + 3)
    gc.collect()
    assert len(seen) > 10
    assert not [ref for ref in seen if ref() is not None]


def test_a_network_of_other_parts_stays_as_it_is(network: Network) -> None:
    for layer in network.plain.model.layers:
        layer.self_attn.k_proj = torch.nn.Sequential(layer.self_attn.k_proj)
        layer.mlp.up_proj = torch.nn.Sequential(layer.mlp.up_proj)
    assert join(network) == 0
