"""Attention over a tree on a GPU: FlexAttention, told by a mask which blocks of the row hold nothing to look at.

A row is laid out in the order in which a walk through its tree enters the tokens, so that all below a token stand right
behind it: with ``leave`` the place behind the last of them, a token sees key k when k was entered before it and is not
left yet. Tokens of a beginning computed before are entered before all, and never left.

Dong et al. (2024), Flex Attention: A Programming Model for Generating Optimized Attention Kernels.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from strop.engines.torch.tree import Block, Ints, Tree

BLOCK = 128
"""Rows are padded to a multiple of it: a kernel for every length would be compiled otherwise."""
_NEVER = 2**30


class Walk(NamedTuple):
    """Who sees whom, as four numbers a token: of queries [Q] ``enter`` and depth, of keys [K] ``first``, leave, depth.

    Padding looks as the row's first token does, and nobody sees it.
    """

    enter: Tensor
    deep: Tensor
    first: Tensor
    leave: Tensor
    key_deep: Tensor

    def seen(self, window: int | None) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
        """FlexAttention's mask function: of batch, head, query and key; ``window``: as many tokens back, at most."""
        farthest = _NEVER if window is None else window

        def mask(_batch: Tensor, _head: Tensor, q: Tensor, k: Tensor) -> Tensor:
            below = (self.first[k] <= self.enter[q]) & (self.enter[q] < self.leave[k])
            return below & (self.deep[q] - self.key_deep[k] < farthest)

        return mask


def walk(tree: Tree, before: int, device: torch.device) -> Walk:
    """The numbers of a tree behind ``before`` tokens computed before, padded, on a device."""
    parents, size = _parents(tree), tree.size
    leave = np.arange(1, size + 1)
    for token in range(size - 1, -1, -1):
        if parents[token] >= 0:
            leave[parents[token]] = max(leave[parents[token]], leave[token])
    depth, entered = tree.positions() + before, np.arange(size)
    queries = [_padded(numbers, int(numbers[0])) for numbers in (entered, depth)]
    keys = [
        _padded(np.concatenate([numbers, own]), pad)
        for numbers, own, pad in (
            (np.full(before, -1), entered, _NEVER),
            (np.full(before, _NEVER), leave, 0),
            (np.arange(before), depth, 0),
        )
    ]
    return Walk(*(torch.from_numpy(numbers.astype(np.int32)).to(device) for numbers in (*queries, *keys)))


def _padded(numbers: Ints, fill: int) -> Ints:
    return np.concatenate([numbers, np.full(-len(numbers) % BLOCK, fill)])


def _parents(tree: Tree) -> Ints:
    """The place in the row of each token's parent; -1 without one."""

    def last(above: Block | None) -> int:
        return above.start + len(above.tokens) - 1 if above else -1

    of_blocks = (np.where(b.parents >= 0, b.parents + b.start, last(b.above)) for b in tree.blocks)
    return np.concatenate(list(of_blocks))


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
                out = attention(q, k, v, 0.25, block_mask(walk(tree, 0, device), None))
            else:
                out = torch.nn.functional.scaled_dot_product_attention(q, k, v, dense, scale=0.25)[0]
            found.append([out, *torch.autograd.grad(out.sin().sum(), (q, k, v))])
    except (RuntimeError, NotImplementedError, ImportError):  # no compiler, or a GPU that its kernels do not know
        return False
    return all(bool(torch.allclose(a, b, atol=1e-2)) for a, b in zip(*found, strict=True))
