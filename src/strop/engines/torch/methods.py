"""Methods: what is trained, and each one's own defaults. A dict entry a method; settings of the user win."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import torch
from peft import LoraConfig, get_peft_model

from strop.engines.torch.network import Network
from strop.engines.torch.quiet import quiet
from strop.errors import SettingsError
from strop.records import JSON, Base, Method

LEARNING_RATES: dict[Method, float] = {"lora": 1e-3, "dora": 1e-3}
"""By method, where the user sets none; how they were found stands in docs/log.md."""


class Knobs(NamedTuple):
    """The settings of a run, under the field's names, complete."""

    learning_rate: float
    num_train_epochs: float = 3
    per_device_train_batch_size: int = 16
    gradient_accumulation_steps: int = 1
    max_length: int = 1024
    warmup_ratio: float = 0.05
    lr_scheduler_type: Literal["linear", "cosine", "constant"] = "linear"
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    lora_r: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.0
    target_modules: str | tuple[str, ...] = "all-linear"
    use_rslora: bool = False
    use_dora: bool = False
    save_steps: int = 25
    max_new_tokens: int = 256
    row_tokens: int = 1024
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"

    @property
    def batch(self) -> int:
        """Examples that one optimizer step learns from."""
        return self.per_device_train_batch_size * self.gradient_accumulation_steps


def knobs(method: Method, settings: Mapping[str, JSON]) -> Knobs:
    """Defaults of the method under the user's settings; settings of other stages are left alone."""
    if method not in LEARNING_RATES:
        known = ", ".join(sorted(LEARNING_RATES))
        raise SettingsError(f"the torch engine does not know the method {method!r}", remedy=f"it knows: {known}")
    given = {k: v for k, v in settings.items() if k in Knobs._fields and v is not None}
    given.setdefault("learning_rate", LEARNING_RATES[method])
    if isinstance(given.get("target_modules"), list):
        given["target_modules"] = tuple(given["target_modules"])
    if method == "dora":
        given["use_dora"] = True
    return Knobs(**given)


def add_adapter(network: Network, method: Method, knobs: Knobs, base: Base) -> Network:
    """The network with a fresh trainable adapter in fp32; torch's seed must have been set before."""
    targets = knobs.target_modules
    config = LoraConfig(
        task_type="CAUSAL_LM", r=knobs.lora_r, lora_alpha=knobs.lora_alpha, lora_dropout=knobs.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets), use_rslora=knobs.use_rslora,
        use_dora=knobs.use_dora,
    )  # fmt: skip
    with quiet():
        model = get_peft_model(network.model, config, autocast_adapter_dtype=True)
    public = base.source if "/" in base.source else base.name
    config.base_model_name_or_path = public
    config.revision = base.revision if "/" in base.source else None
    return Network(model, network.template, network.dtype)


def trainable(network: Network) -> dict[str, Any]:
    """Parameters that training moves, by name, in a fixed order."""
    return {name: p for name, p in network.model.named_parameters() if p.requires_grad}


def learning_rate(step: int, steps: int, knobs: Knobs) -> float:
    """The rate of step 1..steps: a linear rise over the warm-up, then the schedule down to (nearly) nothing."""
    warmup = round(knobs.warmup_ratio * steps)
    if step <= warmup:
        return knobs.learning_rate * step / (warmup + 1)
    left = (steps - step + 1) / max(steps - warmup, 1)
    if knobs.lr_scheduler_type == "constant":
        return knobs.learning_rate
    if knobs.lr_scheduler_type == "cosine":
        return knobs.learning_rate * 0.5 * (1 + float(torch.cos(torch.tensor((1 - left) * torch.pi))))
    return knobs.learning_rate * left
