"""PiSSA: LoRA that starts from the principal parts of each weight, which the base loses; saved as LoRA on the base.

Meng et al. (2024): W = (W - s B₀A₀) + s B₀A₀, and B, A are trained from B₀, A₀. What training changed, s (BA - B₀A₀),
is a LoRA of twice the rank: it loads on the base as it is, in any program that knows LoRA.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor

from strop.engines.torch.network import Network


class Change(NamedTuple):
    """What training changed of one linear map: ``scale`` times ``b @ a`` in fp32, a [2r, in] and b [out, 2r]."""

    module: str
    a: Tensor
    b: Tensor
    scale: float


def changes(network: Network, start: Mapping[str, Tensor]) -> Iterator[Change]:
    """The change of every adapted map; ``start``: parameters by name before the first step."""
    for name, module in network.model.named_modules():
        if not hasattr(module, "lora_A"):
            continue
        (key,) = module.lora_A
        a, b = module.lora_A[key].weight.detach(), module.lora_B[key].weight.detach()
        a0, b0 = start[f"{name}.lora_A.{key}.weight"], start[f"{name}.lora_B.{key}.weight"]
        yield Change(name, torch.cat([a, a0]), torch.cat([b, -b0], 1), float(module.scaling[key]))


def save(network: Network, start: Mapping[str, Tensor], folder: Path) -> None:
    """Write a PEFT folder of plain LoRA that gives the trained network's answers on the plain base."""
    tensors = {key: t.contiguous() for key, t in get_peft_model_state_dict(network.model).items()}
    for change in changes(network, start):
        for part, tensor in (("lora_A", change.a), ("lora_B", change.b)):
            assert f"{change.module}.{part}.weight" in tensors
            tensors[f"{change.module}.{part}.weight"] = tensor.contiguous()
    config: Any = deepcopy(network.model.peft_config[network.model.active_adapter])
    config.r, config.lora_alpha, config.init_lora_weights = 2 * config.r, 2 * config.lora_alpha, True
    config.inference_mode = True
    config.save_pretrained(folder)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def added(plain: Network, parts: Iterable[Change]) -> None:
    """Add changes to the weights of a base that is loaded as it is stored: what saving must give, by another way."""
    for change in parts:
        module = plain.model.get_submodule(change.module.removeprefix("base_model.model."))
        change_of = change.scale * (change.b @ change.a)
        module.weight.data += change_of if module.weight.shape == change_of.shape else change_of.T
