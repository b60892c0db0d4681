"""Attention over a tree on a GPU: FlexAttention, told by a mask which blocks of the row hold nothing to look at.

Dong et al. (2024), Flex Attention: A Programming Model for Generating Optimized Attention Kernels.
Who sees whom stands in walk.py.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from strop.engines.torch.packing.tree import Block, Tree
from strop.engines.torch.packing.walk import Walk, walk

BLOCK = 128
"""Rows are padded to a multiple of it: a kernel for every length would be compiled otherwise."""


def block_mask(numbers: Walk, window: int | None) -> BlockMask:
    """Which blocks of queries and keys have anything to compute, and who sees whom inside."""
    length, keys = len(numbers.enter), len(numbers.first)
    return create_block_mask(
        numbers.seen(window), None, None, length, keys, device=numbers.enter.device, BLOCK_SIZE=BLOCK
    )


def attention(query: Tensor, key: Tensor, value: Tensor, scale: float, mask: BlockMask) -> Tensor:
    """query [H, T, D], key and value [H_kv, before + T, D] -> [T, H * D], with gradients on a GPU."""
    heads, size, width = query.shape
    q, k, v = (torch.nn.functional.pad(t, (0, 0, 0, -t.shape[1] % BLOCK))[None] for t in (query, key, value))
    compute = _compiled() if query.device.type == "cuda" else flex_attention
    out = compute(q, k, v, block_mask=mask, scale=scale, enable_gqa=heads != key.shape[0])
    return torch.as_tensor(out)[0, :, :size].transpose(0, 1).reshape(size, heads * width)


@functools.cache
def _compiled() -> Any:
    return torch.compile(flex_attention, dynamic=True)


@functools.cache
def works(device: torch.device) -> bool:
    """Whether a GPU computes it, forward and back, and finds what a dense mask gives; asked once a process."""
    if device.type != "cuda":
        return False
    tree = Tree([Block(0, np.arange(4), np.array([-1, 0, 0, 2]), 0, None)])
    dense = torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 1, 1]], dtype=torch.bool, device=device)
    sample = torch.randn(3, 1, 4, 16, generator=torch.Generator().manual_seed(0)).to(device)
    found = []
    try:
        for own in (True, False):
            q, k, v = (part.clone().requires_grad_() for part in sample)
            if own:
                out = attention(q, k, v, 0.25, block_mask(walk(tree, 0, device, BLOCK), None))
            else:
                out = torch.nn.functional.scaled_dot_product_attention(q, k, v, dense, scale=0.25)[0]
            found.append([out, *torch.autograd.grad(out.sin().sum(), (q, k, v))])
    except (RuntimeError, NotImplementedError, ImportError):  # no compiler, or a GPU that its kernels do not know
        return False
    return all(bool(torch.allclose(a, b, atol=1e-2)) for a, b in zip(*found, strict=True))
