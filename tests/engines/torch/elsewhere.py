"""A second device without a second device: tensors that say they are elsewhere, and refuse to meet those that are not.

Its numbers lie on the processor; torch is told that they are on ``lazy``, a device that every build knows of. What
makes a tensor without saying where, reads one without fetching it, or mixes the two, raises here as it would on a GPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

PLACE = torch.device("lazy")
_HERE = torch.device("cpu")


class Elsewhere(torch.Tensor):
    """A tensor of the other device; ``inner`` holds its numbers."""

    inner: Tensor

    @staticmethod
    def __new__(cls, real: Tensor) -> Elsewhere:
        made = torch.Tensor._make_wrapper_subclass(
            cls, real.size(), strides=real.stride(), storage_offset=real.storage_offset(), dtype=real.dtype,
            device=PLACE, requires_grad=real.requires_grad,
        )  # fmt: skip
        made.inner = real.detach()
        return made

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, given: Any = (), more: Any = None) -> Any:
        return _computed(function, given, more or {})

    def numpy(self, *given: Any, **more: Any) -> Any:
        raise TypeError("can't convert a tensor of the other device to numpy")

    def tolist(self) -> Any:
        return self.inner.tolist()

    def data_ptr(self) -> int:
        return self.inner.data_ptr()

    def untyped_storage(self) -> Any:
        return self.inner.untyped_storage()


class OtherDevice(TorchDispatchMode):
    """While entered, what is made on :data:`PLACE` is there."""

    def __torch_dispatch__(self, function: Any, types: Any, given: Any = (), more: Any = None) -> Any:
        return _computed(function, given, more or {})


def _computed(function: Any, given: Any, more: dict[str, Any]) -> Any:
    """The operator on the real numbers; where its result is, is where it was asked for, or where its tensors are."""
    parts = tree_flatten((given, more))[0]
    there = [part for part in parts if isinstance(part, Elsewhere)]
    here = [part for part in parts if isinstance(part, Tensor) and not isinstance(part, Elsewhere) and part.dim()]
    asked = [part for part in parts if isinstance(part, torch.device)]
    moves = bool(asked) or function._overloadpacket is torch.ops.aten.copy_
    if there and here and not moves:
        raise RuntimeError(f"{function}: tensors on two devices, {[tuple(part.shape) for part in here]} is here")
    out = function(*tree_map(_real, given), **tree_map(_real, more))
    if not (asked[0] == PLACE if asked else there):
        return out
    known = {id(part.inner): part for part in there}  # an operator in place gives its own tensor back

    def told(part: Any) -> Any:
        if not isinstance(part, Tensor):
            return part
        return known[id(part)] if id(part) in known else Elsewhere(part)

    return tree_map(told, out)


def _real(part: Any) -> Any:
    return (
        part.inner
        if isinstance(part, Elsewhere)
        else _HERE
        if isinstance(part, torch.device) and part == PLACE
        else part
    )
