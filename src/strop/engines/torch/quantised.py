"""QLoRA: the base in four bits while an adapter learns on it, and the same weights unpacked when it answers.

Dettmers et al. (2023): NF4 in blocks of 64, their scales quantised again. Only the linear maps of the layers are
packed, and they are unpacked for each product, into the number format that is trained in. What is served is exactly
what was trained on: those unpacked weights, in full numbers, with the adapter merged in.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from torch import Tensor

from strop.errors import EngineError, MissingExtra

NOTE = "quantised"
"""Under this key an adapter's note says what its base was packed as."""
_KIND = "nf4 of "


class FourBit(torch.nn.Linear):  # type: ignore[misc]
    """A frozen linear map whose weights are packed: two a byte."""

    def __init__(self, linear: Any) -> None:
        torch.nn.Module.__init__(self)
        self.in_features, self.out_features, self.bias = linear.in_features, linear.out_features, linear.bias
        codes, self._scales = _functions().quantize_4bit(
            linear.weight.detach(), blocksize=64, quant_type="nf4", compress_statistics=True
        )
        self.weight = torch.nn.Parameter(codes, requires_grad=False)

    def unpacked(self) -> Tensor:
        """The weights [out, in] in the number format that they were packed from."""
        return torch.as_tensor(_functions().dequantize_4bit(self.weight.data, self._scales))

    def forward(self, x: Tensor) -> Tensor:
        return _Product.apply(x, self)


class _Product(torch.autograd.Function):  # type: ignore[misc]
    """x Wᵀ + bias; the weights are unpacked again in backward, not kept."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: FourBit) -> Tensor:
        ctx.layer = layer
        return torch.nn.functional.linear(x, layer.unpacked().to(x.dtype), layer.bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] @ ctx.layer.unpacked().to(gradients[0].dtype), None


def pack(layers: Any, dtype: torch.dtype) -> str:
    """Pack the linear maps of layers in place; as what, for :func:`round_off`.

    Raises MissingExtra without bitsandbytes, EngineError where there is nothing to pack.
    """
    found = _linears(layers)
    if not found:
        raise EngineError("the layers of this base have no linear maps that can be packed", remedy="take lora")
    for parent, name, linear in found:
        setattr(parent, name, FourBit(linear))
    return _KIND + str(dtype).removeprefix("torch.")


def round_off(layers: Any, told: str) -> None:
    """Give layers, in place, the weights that packing ``told`` made of them. Raises as :func:`pack` does."""
    dtype = getattr(torch, told.removeprefix(_KIND))
    for _, _, linear in _linears(layers):
        own = linear.weight.dtype
        unpacked = FourBit(linear.to(dtype)).unpacked().to(own)
        linear.to(own).weight.data = unpacked


def _linears(layers: Any) -> list[tuple[Any, str, Any]]:
    """The plain linear maps of the layers: whose they are, their name there, and they themselves."""
    return [
        (parent, name, part)
        for parent in layers.modules()
        for name, part in parent.named_children()
        if type(part) is torch.nn.Linear
    ]


def _functions() -> Any:
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingExtra(
            "qlora packs the base in four bits, which needs bitsandbytes",
            place="method qlora", remedy="pip install 'strop[qlora]', or take lora",
        )  # fmt: skip
    import bitsandbytes.functional

    return bitsandbytes.functional
