"""Fused parts give the outputs and gradients of the parts they replace, and are not used where they would not."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from strop.engines.torch.adapters.fused import fuse
from strop.engines.torch.adapters.methods import trainable
from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network, load_base
from strop.engines.torch.packing.layout import lay_out
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.quiet import quiet
from strop.records import Base

ROWS = [[1, 5, 9, 30, 31, 32], [1, 5, 9, 30, 40, 41, 42, 43]]


def adapted(base: Base, dtype: torch.dtype = torch.float32, **settings: Any) -> Network:
    network = load_base(base, dtype)
    torch.manual_seed(0)
    config = LoraConfig(
        r=4, target_modules="all-linear", task_type="CAUSAL_LM", **{"init_lora_weights": False, **settings}
    )
    with quiet():
        return Network(get_peft_model(network.model, config), network.template, dtype)


def results(network: Network) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    layout = lay_out(grow(ROWS, range(2)), network.dtype)
    hidden = hidden_states(network, layout.ids, layout.positions, layout)
    hidden.float().sin().sum().backward()
    return hidden.detach().float(), {name: p.grad for name, p in trainable(network).items()}


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.1)])
def test_fused_equals_plain(base: Base, dtype: torch.dtype, tolerance: float) -> None:
    plain, own = adapted(base, dtype), adapted(base, dtype)
    counts = fuse(own)
    assert counts == {"lora": 14, "norm": 5, "gate": 2}
    (a, a_gradients), (b, b_gradients) = results(plain), results(own)
    assert float((a - b).abs().max()) < tolerance * float(a.abs().max())
    assert a_gradients.keys() == b_gradients.keys()
    for name, gradient in a_gradients.items():
        assert b_gradients[name].dtype == torch.float32
        assert float((gradient - b_gradients[name]).abs().max()) < 3 * tolerance * float(gradient.abs().max()), name


@pytest.mark.parametrize("settings", [{"use_dora": True}, {"lora_dropout": 0.5}, {"lora_bias": True}])
def test_variants_keep_their_own_way(base: Base, settings: dict[str, Any]) -> None:
    assert "lora" not in fuse(adapted(base, **settings))


def test_a_disabled_adapter_gives_the_base(base: Base) -> None:
    network = adapted(base)
    with network.model.disable_adapter():
        plain = outputs(network)
    fuse(network)
    tuned = outputs(network)
    with network.model.disable_adapter():
        torch.testing.assert_close(outputs(network), plain, atol=1e-4, rtol=1e-4)
    assert float((tuned - plain).abs().max()) > 0.1


def outputs(network: Network) -> torch.Tensor:
    layout = lay_out(grow(ROWS, range(2)), network.dtype)
    with torch.inference_mode():
        return hidden_states(network, layout.ids, layout.positions, layout)


def test_what_can_be_made_again_is_not_kept(base: Base) -> None:
    """Of a layer's widest numbers gate and up are kept, not their product; of what is normalised only what it was."""
    network = adapted(base)
    fuse(network)
    config = network.plain.config
    kept: dict[int, torch.Tensor] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        results(network)
    tokens = len(lay_out(grow(ROWS, range(2)), network.dtype).ids[0])
    widths = [tensor.shape[-1] for tensor in kept.values() if tensor.numel() == tokens * tensor.shape[-1]]
    layers = config.num_hidden_layers
    assert widths.count(config.intermediate_size) == 2 * layers
    assert (
        widths.count(config.hidden_size) <= 3 * layers + 2
    )  # the stream before both parts, what attention gives, the end
