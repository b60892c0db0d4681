"""Output heads that add to each logit, tensors that a file calls otherwise than the model, and files that lack some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy, kl_div
from transformers import AutoModelForCausalLM, GPTNeoXConfig, PhiConfig

from strop.engines import bases
from strop.engines.base import TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.adapters import methods
from strop.engines.torch.engine import _ready
from strop.engines.torch.network import Network, load_base
from strop.engines.torch.tuning import checks
from strop.engines.torch.tuning.anchor import Anchor
from strop.engines.torch.tuning.objective import Aim, batch_loss
from strop.errors import CheckFailed
from strop.records import Base, Spec, silent

Plan = Callable[..., TrainPlan]
_COMMON: dict[str, Any] = {
    "vocab_size": 320, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "bos_token_id": 1, "eos_token_id": 2, "initializer_range": 0.2,
}  # fmt: skip


def changed(base: Base, cache: Path, folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> Base:
    """The base with its file's tensors changed, added as another one."""
    folder.mkdir()
    for path in Path(base.path).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return bases.add(cache, str(folder), on_event=silent)


@pytest.fixture
def biased(build_base: Callable[..., Base], cache: Path, tmp_path: Path) -> Base:
    """A tiny Phi, whose head has a bias."""

    def move(tensors: dict[str, torch.Tensor]) -> None:
        tensors["lm_head.bias"].normal_(0, 1, generator=torch.Generator().manual_seed(1))

    return changed(build_base(PhiConfig(**_COMMON)), cache, tmp_path / "phi-biased", move)


def gradients(network: Network) -> dict[str, torch.Tensor]:
    return {name: p.grad for name, p in methods.trainable(network).items() if p.grad is not None}


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_bias_of_the_head_is_part_of_loss_and_gradient(biased: Base, make_plan: Plan, method: str) -> None:
    plan = make_plan(6, method=method)
    network, _ = _ready(plan, biased)
    rows = checks.rows_of(network.template, plan.train, 512)
    value = batch_loss(network, rows, Aim(200), train=True)
    own = {name: gradient.clone() for name, gradient in gradients(network).items()}
    network.model.zero_grad()
    network.plain.set_attn_implementation("eager")
    parts = [(network.model(torch.tensor([row.ids])).logits[0, row.prompt - 1 : -1], row.answer) for row in rows]
    wanted = sum(cross_entropy(logits, torch.tensor(ids), reduction="sum") for logits, ids in parts)
    wanted = torch.as_tensor(wanted) / sum(len(ids) for _, ids in parts)
    wanted.backward()
    assert value == pytest.approx(float(wanted.detach()), abs=1e-5)
    assert ("lm_head.bias" in own) == (method == "full") and own.keys() == gradients(network).keys()
    for name, gradient in gradients(network).items():
        torch.testing.assert_close(own[name], gradient, rtol=2e-3, atol=1e-5)


def test_a_bias_of_the_head_is_pulled_to_the_bases(biased: Base, make_plan: Plan) -> None:
    network, _ = _ready(make_plan(method="full"), biased)
    anchor, alone = Anchor(network, 1.0, 1), AutoModelForCausalLM.from_pretrained(biased.path, dtype=torch.float32)
    bias = methods.trainable(network)["lm_head.bias"]
    with torch.no_grad():
        bias.mul_(0.5)
    value = anchor.pull(network, 0, 1)
    own = bias.grad.clone()
    network.model.zero_grad()
    network.plain.set_attn_implementation("eager")
    (ids,) = anchor.drawn(0, 1)
    tuned, before = (torch.log_softmax(one(torch.tensor([ids])).logits[0], -1) for one in (network.model, alone))
    wanted = kl_div(tuned, before.detach(), log_target=True, reduction="sum") / len(ids)
    wanted.backward()
    assert value == pytest.approx(float(wanted.detach()), rel=1e-4) and value > 0.01
    torch.testing.assert_close(own, bias.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("config", [PhiConfig(**_COMMON), GPTNeoXConfig(**_COMMON)], ids=["phi", "neox"])
def test_whole_weights_are_read_back(
    build_base: Callable[..., Base], make_plan: Plan, tmp_path: Path, config: Any
) -> None:
    """Phi's bias, zero at first, must move; GPT-NeoX's head is called one thing in files and another in the model."""
    base = build_base(config)
    plan = make_plan(16, learning_rate=2e-3).model_copy(update={"spec": Spec.of("full", base=base.id)})
    outcome = TorchEngine().train(plan, base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    assert not [check for check in outcome.checks if not check.passed and check.name != "stops"]


def test_a_base_whose_files_lack_a_tensor_is_refused(base: Base, cache: Path, tmp_path: Path) -> None:
    """transformers would put random numbers in its place, with a warning that nobody sees."""
    name = "model.layers.1.mlp.up_proj.weight"
    for number, change in enumerate((lambda made: made.pop(name), lambda made: made.update({name: torch.ones(3, 3)}))):
        torn = changed(base, cache, tmp_path / f"torn-{number}", change)
        with pytest.raises(CheckFailed, match=r"1 of the model's tensors are not in its files.*layers\.1\.mlp\.up"):
            load_base(torn, torch.float32)
