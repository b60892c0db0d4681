"""An adapter's folder put on a base by PEFT: each tensor that its configuration asks for is there, and each is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peft import PeftModel, get_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper
from safetensors import safe_open

from strop.engines.torch.quiet import quiet
from strop.errors import CheckFailed


def put_on(model: Any, folder: Path) -> Any:
    """The PEFT model of a transformers model and an adapter folder; the model as it was where that cannot be.

    PEFT itself leaves random numbers in the place of a tensor that is lacking, and leaves out one that has no place.

    Raises:
        CheckFailed: where the configuration and the tensors do not fit each other or the model.
    """
    try:
        with quiet():
            found = PeftModel.from_pretrained(
                model, folder, is_trainable=False, autocast_adapter_dtype=False, torch_device="cpu"
            )
            wanted = set(get_peft_model_state_dict(found, save_embedding_layers=False))  # True would ask the hub
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise _refused(model, folder, f"PEFT cannot read the adapter ({' '.join(str(error).split())[:200]})") from error
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as file:
        held = set(file.keys())
    if lacking := sorted(wanted - held):
        told = f"{len(lacking)} of {len(wanted)} tensors that its configuration asks for, {lacking[0]} for one"
        raise _refused(model, folder, f"the adapter lacks {told}")
    if unread := sorted(held - wanted - set(found.state_dict())):
        told = f"{len(unread)} of {len(held)} tensors of the adapter, {unread[0]} for one"
        raise _refused(model, folder, f"its configuration has no place for {told}")
    return found


def _refused(model: Any, folder: Path, why: str) -> CheckFailed:
    """The error, once the model is as it was: others may answer with it."""
    for name, module in list(model.named_modules()):
        parent, _, child = name.rpartition(".")
        if isinstance(module, BaseTunerLayer):
            setattr(model.get_submodule(parent), child, module.get_base_layer())
        elif isinstance(module, AuxiliaryTrainingWrapper):
            setattr(model.get_submodule(parent), child, module.original_module)
    return CheckFailed(
        why, place=str(folder), remedy="save the adapter again, by the program and with the configuration that made it"
    )
