"""Only trained positions need the topmost layer's output: losses and gradients are those of all positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from strop.engines.base import TrainPlan
from strop.engines.torch.adapters import methods
from strop.engines.torch.adapters.fused import fuse
from strop.engines.torch.network import load_base
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.tuning import checks
from strop.engines.torch.tuning.objective import Aim, batch_loss
from strop.engines.torch.tuning.top_layer import narrow, worth_it
from strop.records import Base, Method

Plan = Callable[..., TrainPlan]


@pytest.mark.parametrize("kind", ["base", "sliding_base"])
@pytest.mark.parametrize("method", ["lora", "upper_layers", "prefix", "full"])
def test_losses_and_gradients_are_those_of_all_positions(
    request: pytest.FixtureRequest, make_plan: Plan, kind: str, method: Method
) -> None:
    base: Base = request.getfixturevalue(kind)
    torch.manual_seed(0)
    knobs = methods.knobs(method, {"num_virtual_tokens": 5, "lora_r": 4, "dtype": "float32"})
    network = methods.add_adapter(load_base(base, torch.float32), method, knobs, base)
    fuse(network)
    for name, parameter in methods.trainable(network).items():
        if "lora_B" in name:  # zero at first, so that nothing would reach the other matrix
            torch.nn.init.normal_(parameter, std=0.1)
    few = narrow(network)
    assert few.narrow and not network.narrow
    rows = checks.rows_of(network.template, make_plan(8).train, 512)
    found = []
    for own in (network, few):
        loss = batch_loss(own, rows, Aim(1024), train=True)
        found.append((loss, {name: p.grad.clone() for name, p in methods.trainable(own).items()}))
        own.model.zero_grad(set_to_none=True)
    (loss, gradients), (same, others) = found
    assert same == pytest.approx(loss, abs=1e-5)
    for name, gradient in gradients.items():
        assert float((gradient - others[name]).abs().max()) <= 1e-4 * float(gradient.abs().max()), name


def test_the_top_layers_map_sees_the_chosen_tokens_only(make_plan: Plan, base: Base) -> None:
    network = narrow(load_base(base, torch.float32))
    rows, tokens = checks.rows_of(network.template, make_plan(8).train, 512), list[list[int]]()
    for layer in network.layers:
        seen = list[int]()
        tokens.append(seen)
        layer.mlp.down_proj.register_forward_pre_hook(lambda _, given, seen=seen: seen.append(given[0].shape[1]))
    batch_loss(network, rows, Aim(1024), train=False)
    assert len(tokens[0]) == len(tokens[-1]) == 1  # the first call ends before the map
    assert tokens[-1][0] <= sum(len(row.answer) for row in rows) < tokens[0][0]


def test_where_most_is_trained_all_is_computed(base: Base) -> None:
    network = narrow(load_base(base, torch.float32))
    layout = network.lay_out(grow([[1, 2, 3, 4]], [0]))
    assert worth_it(network, layout, [2, 3]) and not worth_it(network, layout, [1, 2, 3])
    assert not worth_it(replace(network, narrow=False), layout, [3])


def test_dropout_is_not_drawn_twice(base: Base) -> None:
    knobs = methods.knobs("lora", {"lora_dropout": 0.1})
    assert not narrow(methods.add_adapter(load_base(base, torch.float32), "lora", knobs, base)).narrow


def test_layers_that_cannot_be_cut_short_stay_as_they_are(base: Base) -> None:
    network = load_base(base, torch.float32)
    layer = network.layers[-1]
    plain = layer.forward
    layer.forward = lambda hidden, **more: plain(hidden, **more) + hidden.mean(1, keepdim=True)  # it mixes tokens
    own = layer.forward
    assert not narrow(network).narrow and layer.forward is own
