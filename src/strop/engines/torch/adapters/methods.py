"""LoRA and the other methods: what is trained, and each one's defaults. Settings of the user win."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import torch
from peft import IA3Config, LoraConfig, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, get_peft_model
from transformers.pytorch_utils import Conv1D

from strop.engines.learning_rates import LEARNING_RATES
from strop.engines.torch import machine
from strop.engines.torch.network import Network
from strop.engines.torch.quiet import quiet
from strop.errors import EngineError, SettingsError
from strop.records import JSON, Base, Method


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
    num_virtual_tokens: int = 20
    save_steps: int = 25
    max_new_tokens: int = 256
    row_tokens: int = 1024
    label_share: float = 0.0
    objective: Literal["supervised", "preference"] = "supervised"
    preference_beta: float = 0.1
    preference_answers: float = 1.0
    base_kl: float = 0.0
    processes: int = 1
    sharded: bool = False
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"

    @property
    def batch(self) -> int:
        """Examples that one optimizer step learns from."""
        return self.per_device_train_batch_size * self.gradient_accumulation_steps


def knobs(method: Method, settings: Mapping[str, JSON]) -> Knobs:
    """Defaults of the method under the user's settings; settings of other stages are left alone."""
    if method not in METHODS:
        known = ", ".join(sorted(METHODS))
        raise SettingsError(f"the torch engine does not know the method {method!r}", remedy=f"it knows: {known}")
    given = {k: v for k, v in settings.items() if k in Knobs._fields and v is not None}
    given.setdefault("learning_rate", LEARNING_RATES[method])
    if isinstance(given.get("target_modules"), list):
        given["target_modules"] = tuple(given["target_modules"])
    return Knobs(**given)


def add_adapter(network: Network, method: Method, knobs: Knobs, base: Base) -> Network:
    """The network ready to train by a method: fresh fp32 parameters; torch's seed must have been set before."""
    if method == "full":
        network.model.requires_grad_(True)
        fastest = machine.training_dtype() if knobs.dtype == "auto" else getattr(torch, knobs.dtype)
        return replace(network, autocast=fastest == torch.bfloat16, changed=True)
    config = METHODS[method].config(network, knobs)
    if network.apart and config.is_prompt_learning:
        raise SettingsError(
            f"{type(network.plain).__name__} takes no virtual tokens from strop, and {method!r} is made of them",
            remedy="tune this base with lora, dora or full",
        )
    try:
        with quiet():
            model = get_peft_model(network.model, config, autocast_adapter_dtype=True)
    except ValueError as error:  # PEFT does not know which modules of this architecture the method means
        raise EngineError(f"{method!r} on {type(network.plain).__name__}: {error}", remedy="take lora") from error
    model.to(network.device)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    public = "/" in base.source
    config.base_model_name_or_path = base.source if public else base.name
    config.revision = base.revision if public else None
    return replace(network, model=model, changed=method == "pissa")


def _lora(network: Network, knobs: Knobs, **more: Any) -> LoraConfig:
    targets = knobs.target_modules
    return LoraConfig(
        task_type="CAUSAL_LM", r=knobs.lora_r, lora_alpha=knobs.lora_alpha, lora_dropout=knobs.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets), use_rslora=knobs.use_rslora,
        use_dora=knobs.use_dora, **more,
    )  # fmt: skip


def _dora(network: Network, knobs: Knobs) -> LoraConfig:
    return _lora(network, knobs._replace(use_dora=True))


def _upper_layers(network: Network, knobs: Knobs) -> LoraConfig:
    """LoRA on the top third: below it nothing changes, so backward ends there."""
    layers = network.layers
    if knobs.target_modules == "all-linear":  # PEFT takes layers only together with names
        maps = torch.nn.Linear | Conv1D
        linear = {name.split(".")[-1] for name, part in layers.named_modules() if isinstance(part, maps)}
        knobs = knobs._replace(target_modules=tuple(sorted(linear)))
    first = len(layers) - max(1, len(layers) // 3)
    return _lora(network, knobs, layers_to_transform=list(range(first, len(layers))))


def _prefix(network: Network, knobs: Knobs, *, projection: bool = True) -> PrefixTuningConfig:
    """Li & Liang (2021): keys and values of virtual tokens, learned through a two-layer projection."""
    width = int(network.plain.config.get_text_config().hidden_size)
    return PrefixTuningConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=knobs.num_virtual_tokens, prefix_projection=projection,
        encoder_hidden_size=width,
    )  # fmt: skip


def _p_tuning_v2(network: Network, knobs: Knobs) -> PrefixTuningConfig:
    """Liu et al. (2022): the same without projection. PEFT's P_TUNING is version 1, something else."""
    return _prefix(network, knobs, projection=False)


def _rslora(network: Network, knobs: Knobs) -> LoraConfig:
    """Kalajdzievski (2023): scaled by alpha over the root of the rank."""
    return _lora(network, knobs._replace(use_rslora=True))


def _pissa(network: Network, knobs: Knobs) -> LoraConfig:
    """Meng et al. (2024), see pissa.py."""
    return _lora(network, knobs._replace(use_rslora=False, use_dora=False), init_lora_weights="pissa")


def _ia3(network: Network, knobs: Knobs) -> IA3Config:
    """Liu et al. (2022): keys, values and the inside of each MLP times a vector."""
    return IA3Config(task_type="CAUSAL_LM")


def _p_tuning(network: Network, knobs: Knobs) -> PromptEncoderConfig:
    """Liu et al. (2021), version 1: input vectors of virtual tokens, learned through an MLP."""
    width = int(network.plain.config.get_text_config().hidden_size)
    return PromptEncoderConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=knobs.num_virtual_tokens, encoder_hidden_size=width
    )


def _prompt_tuning(network: Network, knobs: Knobs) -> PromptTuningConfig:
    """Lester et al. (2021): input vectors of virtual tokens, learned as they are."""
    return PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=knobs.num_virtual_tokens)


class Tuning(NamedTuple):
    """The PEFT configuration that a method means (None: the weights themselves). Learning rates: learning_rates.py.

    ``faster``: how many times that rate the second matrix of each pair learns at (Hayou et al. 2024, LoRA+).
    """

    config: Callable[[Network, Knobs], Any]
    faster: float = 1.0


def _no_config(network: Network, knobs: Knobs) -> None:
    return None


METHODS: dict[Method, Tuning] = {
    "lora": Tuning(_lora),
    "qlora": Tuning(_lora),
    "dora": Tuning(_dora),
    "upper_layers": Tuning(_upper_layers),
    "prefix": Tuning(_prefix),
    "p_tuning_v2": Tuning(_p_tuning_v2),
    "full": Tuning(_no_config),
    "rslora": Tuning(_rslora),
    "lora_plus": Tuning(_lora, faster=16.0),
    "pissa": Tuning(_pissa),
    "ia3": Tuning(_ia3),
    "p_tuning": Tuning(_p_tuning),
    "prompt_tuning": Tuning(_prompt_tuning),
}
"""What is not a setting of strop is PEFT's default."""


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
