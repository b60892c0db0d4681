"""Several adapters on one base: its weights stand in memory once, and each adapter adds its own small product.

A merged copy answers faster, so it is for the candidate that answers most; the others (a canary, an earlier release,
the untuned base) share. Only plain LoRA can be shared: what changes its base otherwise gets a copy of its own.
"""

from __future__ import annotations

import contextlib
import json
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from torch import Tensor

from strop.engines.torch import quantised
from strop.engines.torch.adapters.fused import is_plain_lora
from strop.engines.torch.network import Network, for_answering, load_base, read_note, with_adapter
from strop.records import JSON, Base


class Part(NamedTuple):
    """What an adapter adds to one linear map: ``x @ a @ b``, with a [in, r] and b [r, out], scaled."""

    a: Tensor
    b: Tensor


Adapter = dict[str, Part]
"""An adapter's parts by the name of the module that they belong to; empty for the untuned base."""


_ADDED = (".lora_A.weight", ".lora_B.weight")
_STARTS = (True, False, "gaussian", "eva", "orthogonal")
"""Ways to start an adapter that leave the base's weights alone; PEFT takes others' out of them when it loads one."""


def _adds_alone(config: dict[str, JSON]) -> bool:
    """Whether an adapter only adds to a base, and takes nothing out of it."""
    return config.get("peft_type") == "LORA" and config.get("init_lora_weights", True) in _STARTS


class Shared:
    """A base in fp32 that answers with one adapter or another. Not for several threads at once."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._worn: Adapter = {}
        self.network = for_answering(load_base(base, torch.float32))
        self._linear = [name for name, part in self.network.model.named_modules() if type(part) is torch.nn.Linear]
        for name in self._linear:
            module = self.network.model.get_submodule(name)
            module.forward = self._adding(name, module.forward)

    def read(self, folder: Path) -> Adapter | None:
        """An adapter folder's parts, None where it cannot share. Raises as :func:`~.network.with_adapter` does."""
        config = folder / "adapter_config.json"
        if read_note(folder).get(quantised.NOTE):  # its base has other weights
            return None
        if not config.is_file() or not _adds_alone(json.loads(config.read_text("utf-8"))):
            return None
        with safe_open(folder / "adapter_model.safetensors", framework="pt") as file:
            held = list(file.keys())
        if not all(key.endswith(_ADDED) for key in held):  # whole modules would replace the base's
            return None
        tuned = with_adapter(self.network, folder, self._base).model
        found: Adapter = {}
        for name, module in tuned.get_base_model().named_modules():
            if is_plain_lora(module) and name in self._linear:
                (key,) = module.lora_A
                b = module.lora_B[key].weight * float(module.scaling[key])
                found[name] = Part(module.lora_A[key].weight.T.contiguous(), b.T.contiguous())
        own = [name for name, _ in tuned.named_parameters() if "lora_" in name]
        tuned.base_model.unload()
        return found if len(own) == 2 * len(found) else None

    @contextlib.contextmanager
    def wearing(self, adapter: Adapter) -> Iterator[None]:
        """Answer with this adapter while the block runs."""
        before, self._worn = self._worn, adapter
        try:
            yield
        finally:
            self._worn = before

    @contextlib.contextmanager
    def alone(self) -> Iterator[Network]:
        """The base without any adapter while the block runs."""
        with self.wearing({}):
            yield self.network

    def _adding(self, name: str, plain: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def forward(x: Tensor) -> Tensor:
            out, part = plain(x), self._worn.get(name)
            if part is not None:
                out.view(-1, out.shape[-1]).addmm_(x.reshape(-1, x.shape[-1]) @ part.a, part.b)
            return out

        return forward


_OPEN: weakref.WeakValueDictionary[tuple[str, str], Shared] = weakref.WeakValueDictionary()


def shared(base: Base) -> Shared:
    """The base that the open models share; loaded when the first needs it, gone with the last."""
    key = (base.id, base.path)
    found = _OPEN.get(key)
    if found is None:
        found = _OPEN[key] = Shared(base)
    return found


def bytes_of(adapter: Adapter) -> int:
    """Bytes of an adapter's numbers."""
    return sum(t.numel() * t.element_size() for part in adapter.values() for t in part)
