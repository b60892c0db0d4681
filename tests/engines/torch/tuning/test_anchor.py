"""The pull towards the base: against torch's own divergence, and on what a tuned network has forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import kl_div
from transformers import AutoModelForCausalLM

from strop.engines.base import TrainOutcome, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.adapters import methods
from strop.engines.torch.engine import _ready
from strop.engines.torch.network import Network, load_base, with_adapter
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.tuning.anchor import Anchor, conversations
from strop.records import Base, silent

Plan = Callable[..., TrainPlan]


def run(plan: TrainPlan, base: Base, place: Path) -> TrainOutcome:
    return TorchEngine().train(plan, base, folder=place / "adapter", work=place / "work", on_event=silent)


def logits(network: Network, ids: list[int]) -> torch.Tensor:
    layout = network.lay_out(grow([ids], [0]))
    out = network.body(input_ids=layout.ids, position_ids=layout.positions, use_cache=False, seen=layout)
    return network.logits(out.last_hidden_state[0])


def mean_divergence(network: Network, base: Base) -> float:
    """KL(base || network) in nats a token over all neutral conversations, by torch's own function."""
    alone = load_base(base, torch.float32)
    parts, count = 0.0, 0
    with torch.no_grad():
        for ids in conversations(alone.template):
            own, wanted = (torch.log_softmax(logits(each, ids), -1) for each in (network, alone))
            parts += float(kl_div(own, wanted, log_target=True, reduction="sum"))
            count += len(ids)
    return parts / count


@pytest.mark.parametrize("method", ["lora", "full"])
def test_the_pull_is_torchs_divergence_and_gradient(base: Base, make_plan: Plan, method: str) -> None:
    network, _ = _ready(make_plan(method=method, dtype="float32"), base)
    anchor = Anchor(network, 2.0, 32)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in methods.trainable(network).values():
            parameter += 0.05 * torch.randn_like(parameter)
    value = anchor.pull(network, 0, 1)
    mine = {name: p.grad.clone() for name, p in methods.trainable(network).items() if p.grad is not None}
    network.model.zero_grad()

    plain: Any = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    network.plain.set_attn_implementation("eager")
    texts = conversations(network.template)
    chosen = np.random.default_rng([0, 1]).choice(len(texts), 4, replace=False)
    tree = grow([texts[i] for i in chosen], range(4))  # what they share counts once
    total, seen = torch.zeros(()), set[int]()
    for place, ids in enumerate(texts[i] for i in chosen):
        wanted = torch.log_softmax(plain(torch.tensor([ids])).logits[0].detach(), -1)
        own = torch.log_softmax(network.model(torch.tensor([ids])).logits[0], -1)
        fresh = [at for at, node in enumerate(tree.where[place].tolist()) if node not in seen]
        seen |= set(tree.where[place].tolist())
        total = total + kl_div(own[fresh], wanted[fresh], log_target=True, reduction="sum")
    count = len(seen)
    (2.0 * total / count).backward()
    assert value == pytest.approx(float(total.detach()) / count, rel=1e-4)
    assert mine
    for name, parameter in methods.trainable(network).items():
        if parameter.grad is not None:
            torch.testing.assert_close(mine[name], parameter.grad, rtol=2e-3, atol=1e-5)


def test_a_network_that_has_not_moved_is_not_pulled(base: Base, make_plan: Plan) -> None:
    network, _ = _ready(make_plan(), base)
    assert Anchor(network, 1.0, 1).pull(network, 0, 1) == pytest.approx(0.0, abs=1e-6)


def test_less_is_forgotten(base: Base, make_plan: Plan, tmp_path: Path) -> None:
    gone = {}
    for strength in (0.0, 1.0):
        place = tmp_path / str(strength)
        run(make_plan(base_kl=strength), base, place)
        gone[strength] = mean_divergence(with_adapter(load_base(base, torch.float32), place / "adapter", base), base)
    assert gone[1.0] < 0.6 * gone[0.0]


def test_there_are_many_conversations_and_no_two_alike(network: Network) -> None:
    texts = conversations(network.template)
    assert len(texts) >= 40
    assert len({tuple(text) for text in texts}) == len(texts)
