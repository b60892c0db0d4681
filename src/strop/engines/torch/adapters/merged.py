"""A tuned model as a plain transformers folder: its adapter merged into the weights, tokenizer and template beside."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from strop import durable
from strop.engines import bases
from strop.engines.torch import machine
from strop.engines.torch.network import Network, for_answering, load_base, with_adapter
from strop.engines.torch.quiet import quiet
from strop.errors import CheckFailed, UserError
from strop.records import Base
from strop.settings import cache_folder

_TOLERANCE = 1e-4
"""Of the largest logit: what is read back has to give the logits that strop answers with, up to the order of sums."""


def write_merged(base: Base, artifact: Path, folder: Path) -> None:
    """Fill ``folder`` with the weights that strop answers with, in fp32, and prove that transformers reads them so.

    Raises UserError for an adapter that is no change of the weights (virtual tokens), or cannot be merged exactly.
    """
    network = open_merged(base, artifact)
    ids = torch.tensor([network.probe_ids])
    with quiet(), durable.clear_disk_errors(folder):
        network.plain.set_attn_implementation("eager")
        wanted = same_logits(network.plain, ids)
        network.plain.save_pretrained(folder)
        network.template.tokenizer.save_pretrained(folder)
    _for_older_readers(folder / "config.json")
    del network
    gc.collect()
    with quiet():
        found = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    same_logits(found, ids, wanted=wanted, place=folder)


def open_merged(base: Base, artifact: Path) -> Network:
    """A tuned model as it answers, in fp32, its adapter merged in. Raises UserError where it cannot be."""
    machine.use_threads()
    bases.verify(base, cache_folder())
    network = for_answering(with_adapter(load_base(base, torch.float32), artifact, base))
    if hasattr(network.model, "active_peft_config"):
        method = str(network.model.active_peft_config.peft_type.value).lower().replace("_", " ")
        raise UserError(
            f"an adapter of {method} cannot be merged into the weights",
            remedy="export it as peft, and load it with PEFT",
        )
    return network


def same_logits(model: Any, ids: Tensor, *, wanted: Tensor | None = None, place: Path | None = None) -> Tensor:
    """The logits of a plain transformers model. Raises CheckFailed where they are not those that were ``wanted``."""
    with torch.inference_mode():
        found = torch.as_tensor(model(ids.to(model.device), use_cache=False).logits[0]).float().cpu()
    if wanted is not None and float((found - wanted).abs().max()) > _TOLERANCE * float(wanted.abs().max()):
        raise CheckFailed("transformers reads other weights from there than were written", place=str(place))
    return found


def _for_older_readers(path: Path) -> None:
    """transformers 5 writes the base of the rotary embedding in a block that readers of before do not know.

    They would go on with a default of 10,000, without a word, and answer nonsense.
    """
    config = json.loads(path.read_text("utf-8"))
    rotary = config.get("rope_parameters") or {}
    if "rope_theta" in rotary:
        config.setdefault("rope_theta", rotary["rope_theta"])
        if rotary.get("rope_type", "default") != "default":
            scaling = {name: value for name, value in rotary.items() if name != "rope_theta"}
            config.setdefault("rope_scaling", scaling)
        durable.write_json(path, config)
