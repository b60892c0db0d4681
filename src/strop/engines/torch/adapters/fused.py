"""Parts of a network computed in fewer steps, each proven equal to the part it replaces before it is used.

PEFT's LoRA layer casts its input to the adapter's fp32 and back, which on a bf16 base costs as much as the base's own
product. The parts here work in the base's number format, keep the adapter's weights in fp32, and save less.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from strop.engines.torch.network import Network
from strop.engines.torch.quantised import FourBit

_SAMPLE = 24
"""Tokens of the random input with which a part is compared."""


def fuse(network: Network) -> dict[str, int]:
    """Replace what can be replaced; how many parts of each kind were."""
    counts: dict[str, int] = {}
    for module in reversed(
        list(network.model.modules())
    ):  # parts before what holds them: compared as they will be used
        for kind, matches, build in _KINDS:
            if matches(module):
                original, own = module.forward, build(module)
                if _equal(module, original, own, network.dtype):
                    module.forward = own
                    counts[kind] = counts.get(kind, 0) + 1
    return counts


def _equal(module: Any, original: Any, own: Any, dtype: torch.dtype) -> bool:
    """Same outputs and same input gradients on a random input, within the number format's rounding."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, _SAMPLE, _width(module), generator=generator).to(next(module.parameters()).device, dtype)
    results = []
    for forward in (original, own):
        leaf = x.clone().requires_grad_()
        out = forward(leaf)
        (gradient,) = torch.autograd.grad(out.float().sin().sum(), leaf)
        results.append((out.detach().float(), gradient.float()))
    tolerance = 1e-5 if dtype == torch.float32 else 3e-2
    return all(
        float((a - b).abs().max()) <= tolerance * max(float(a.abs().max()), 1e-6) for a, b in zip(*results, strict=True)
    )


def _width(module: Any) -> int:
    """Length of the vectors that the module reads."""
    if hasattr(module, "in_features"):
        return int(module.in_features)
    if hasattr(module, "gate_proj"):
        return int(module.gate_proj.in_features)
    return int(module.weight.shape[0])


def _adapted(
    flat: Tensor, weight: Tensor | FourBit, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
) -> tuple[Tensor, tuple[Tensor | None, ...]]:
    """x Wᵀ + bias + (x Aᵀ) (s B)ᵀ of tokens [T, in], and what its gradients need beside the tokens.

    A packed W is unpacked for the product and not kept: its gradients unpack it again.
    """
    small, large = a.to(flat.dtype), (b * scale).to(flat.dtype)
    inner = flat @ small.T
    packed = isinstance(weight, FourBit)
    out = torch.nn.functional.linear(flat, _unpacked(weight), bias)
    out.addmm_(inner, large.T)
    return out, (inner, None if packed else weight, small, large)


def _unpacked(weight: Tensor | FourBit) -> Tensor:
    return weight.unpacked() if isinstance(weight, FourBit) else weight


def _weight(base: Any) -> Tensor | FourBit:
    """What a base layer multiplies with."""
    return base if isinstance(base, FourBit) else base.weight


def _gradients(
    d_out: Tensor, flat: Tensor, saved: tuple[Tensor, ...], ctx: Any, *, of_tokens: bool
) -> tuple[Tensor | None, Tensor, Tensor]:
    """Gradients of the tokens (if asked for), A and B."""
    inner, weight, small, large = saved
    d_inner = d_out @ large
    d_a = (d_inner.T @ flat).float()
    d_b = (d_out.T @ inner).float().mul_(ctx.scale)
    weight = _unpacked(ctx.weight) if weight is None and of_tokens else weight
    return (d_out @ weight).addmm_(d_inner, small) if of_tokens else None, d_a, d_b


class _LoraLinear(torch.autograd.Function):  # type: ignore[misc]
    """A frozen map W with an adapter; A and B are fp32 and used in the format of x.

    ``normal``: what x is the normal form of (:class:`_RmsNorm`), if it is: x is made of that again, not kept.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor | FourBit, bias: Tensor | None, a: Tensor, b: Tensor, scale: float,
        normal: tuple[Tensor, Tensor, Tensor] | None,
    ) -> Tensor:  # fmt: skip
        flat = x.reshape(-1, x.shape[-1])
        out, saved = _adapted(flat, weight, bias, a, b, scale)
        ctx.save_for_backward(*saved, *((flat,) if normal is None else normal))
        ctx.scale, ctx.shape, ctx.weight = scale, x.shape, weight if isinstance(weight, FourBit) else None
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, None, Tensor, Tensor, None, None]:
        inner, weight, small, large, *source = ctx.saved_tensors
        flat = source[0] if len(source) == 1 else _normal(*source).view(-1, ctx.shape[-1])
        d_out, saved = gradients[0].reshape(-1, large.shape[0]), (inner, weight, small, large)
        d_x, d_a, d_b = _gradients(d_out, flat, saved, ctx, of_tokens=ctx.needs_input_grad[0])
        return d_x if d_x is None else d_x.view(ctx.shape), None, None, d_a, d_b, None, None


def is_plain_lora(module: Any) -> bool:
    """A PEFT LoRA layer with one adapter on a frozen linear map, without dropout, bias or a variant."""
    if not hasattr(module, "lora_A") or not isinstance(getattr(module, "base_layer", None), torch.nn.Linear):
        return False
    names = list(module.lora_A)
    if len(names) != 1 or list(module.active_adapters) != names or names[0] in module.lora_variant:
        return False
    dropout = module.lora_dropout[names[0]]
    return (
        (isinstance(dropout, torch.nn.Identity) or dropout.p == 0)
        and not module.base_layer.weight.requires_grad
        and not module.lora_bias[names[0]]
    )


def _lora(module: Any) -> Any:
    (name,) = module.lora_A
    base, a, b, scale = module.base_layer, module.lora_A[name], module.lora_B[name], float(module.scaling[name])
    original = module.forward

    def forward(x: Tensor) -> Tensor:
        if module.disable_adapters or module.merged:
            return original(x)
        normal = getattr(x, _NORMAL_OF, None)
        return _LoraLinear.apply(x, _weight(base), base.bias, a.weight, b.weight, scale, normal)

    return forward


_NORMAL_OF = "strop_normal_of"
"""Attribute of a normalised tensor: what it was made of, for whoever would keep it only to compute with it later."""


class _RmsNorm(torch.autograd.Function):  # type: ignore[misc]
    """x / rms(x) * weight with a frozen weight, in fp32 inside; only x and one number a token are kept."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        squares = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32).square_()
        inverse = squares.div_(x.shape[-1]).add_(epsilon).rsqrt_()
        ctx.save_for_backward(x, weight, inverse)
        ctx.mark_non_differentiable(inverse)
        return _normal(x, weight, inverse), inverse

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        x, weight, inverse = ctx.saved_tensors
        d_normal, normal = _wide(gradients[0]).mul_(weight), _wide(x).mul_(inverse)
        inner = torch.mul(d_normal, normal).mean(-1, keepdim=True)
        return d_normal.addcmul_(normal, inner, value=-1).mul_(inverse).to(x.dtype), None, None


def _normal(x: Tensor, weight: Tensor, inverse: Tensor) -> Tensor:
    return _wide(x).mul_(inverse).mul_(weight).to(x.dtype)


def _wide(x: Tensor) -> Tensor:
    """A fresh fp32 copy."""
    return x.to(torch.float32, copy=True)


def _is_rms_norm(module: Any) -> bool:
    return "RMSNorm" in type(module).__name__ and hasattr(module, "weight") and not module.weight.requires_grad


def _rms_norm(module: Any) -> Any:
    epsilon = float(getattr(module, "variance_epsilon", getattr(module, "eps", 0.0)))
    less = 1.0 if "Gemma" in type(module).__name__ else 0.0  # Gemma stores the weight less one

    def forward(x: Tensor) -> Tensor:
        weight = module.weight.float()  # read now: layers can be moved, or put together of shares (sharded.py)
        weight = weight + less if less else weight
        normal, inverse = _RmsNorm.apply(x, weight, epsilon)
        setattr(normal, _NORMAL_OF, (x.detach(), weight, inverse))
        return normal

    return forward


class _Gate(torch.autograd.Function):  # type: ignore[misc]
    """silu(gate) * up; the activation is computed again in backward, not kept."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return torch.nn.functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        d_gate = torch.ops.aten.silu_backward(torch.mul(gradients[0], up), gate)
        return d_gate, torch.nn.functional.silu(gate).mul_(gradients[0])


class _GatedLora(torch.autograd.Function):  # type: ignore[misc]
    """The adapted map of silu(gate) * up; that product, the widest of a layer, is computed again and not kept."""

    @staticmethod
    def forward(
        ctx: Any, gate: Tensor, up: Tensor, weight: Tensor | FourBit, bias: Tensor | None, a: Tensor, b: Tensor,
        scale: float,
    ) -> Tensor:  # fmt: skip
        product = torch.nn.functional.silu(gate).mul_(up)
        out, saved = _adapted(product.view(-1, product.shape[-1]), weight, bias, a, b, scale)
        ctx.save_for_backward(gate, up, *saved)
        ctx.scale, ctx.weight = scale, weight if isinstance(weight, FourBit) else None
        return out.view(*gate.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, Tensor, Tensor, None]:
        gate, up, *saved = ctx.saved_tensors
        active = torch.nn.functional.silu(gate)
        product = torch.mul(active, up).view(-1, up.shape[-1])
        d_out = gradients[0].reshape(-1, gradients[0].shape[-1])
        d_flat, d_a, d_b = _gradients(d_out, product, tuple(saved), ctx, of_tokens=True)
        assert d_flat is not None
        d_product = d_flat.view(up.shape)
        d_gate = torch.ops.aten.silu_backward(torch.mul(d_product, up), gate)
        return d_gate, active.mul_(d_product), None, None, d_a, d_b, None


def _is_gated(module: Any) -> bool:
    return all(hasattr(module, name) for name in ("gate_proj", "up_proj", "down_proj"))


def _gated(module: Any) -> Any:
    down = module.down_proj
    adapted = is_plain_lora(down)

    def forward(x: Tensor) -> Tensor:
        gate, up = module.gate_proj(x), module.up_proj(x)
        if not adapted or down.disable_adapters or down.merged:
            return down(_Gate.apply(gate, up))
        (name,) = down.lora_A
        base, a, b = down.base_layer, down.lora_A[name].weight, down.lora_B[name].weight
        return _GatedLora.apply(gate, up, _weight(base), base.bias, a, b, float(down.scaling[name]))

    return forward


_KINDS: list[tuple[str, Any, Any]] = [
    ("lora", is_plain_lora, _lora),
    ("norm", _is_rms_norm, _rms_norm),
    ("gate", _is_gated, _gated),
]
