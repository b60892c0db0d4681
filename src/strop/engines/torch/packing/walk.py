"""Who sees whom in a tree, as four numbers a token: an ancestor is entered before a token, and not left yet.

A row is laid out in the order in which a walk through its tree enters the tokens, so that all below a token stand right
behind it: with ``leave`` the place behind the last of them, a token sees key k when k was entered before it and is not
left yet. Tokens of a beginning computed before are entered before all, and never left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from strop.engines.torch.packing.tree import Block, Ints, Tree

_NEVER = 2**30


class Walk(NamedTuple):
    """Of queries [Q] ``enter`` and depth, of keys [K] ``first``, leave and depth.

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


def walk(tree: Tree, before: int, device: torch.device, multiple: int = 1) -> Walk:
    """The numbers of a tree behind ``before`` tokens computed before, padded to a multiple, on a device."""
    parents, size = _parents(tree), tree.size
    leave = np.arange(1, size + 1)
    for token in range(size - 1, -1, -1):
        if parents[token] >= 0:
            leave[parents[token]] = max(leave[parents[token]], leave[token])
    depth, entered = tree.positions() + before, np.arange(size)
    queries = [_padded(numbers, int(numbers[0]), multiple) for numbers in (entered, depth)]
    keys = [
        _padded(np.concatenate([numbers, own]), pad, multiple)
        for numbers, own, pad in (
            (np.full(before, -1), entered, _NEVER),
            (np.full(before, _NEVER), leave, 0),
            (np.arange(before), depth, 0),
        )
    ]
    return Walk(*(torch.from_numpy(numbers.astype(np.int32)).to(device) for numbers in (*queries, *keys)))


def _padded(numbers: Ints, fill: int, multiple: int) -> Ints:
    return np.concatenate([numbers, np.full(-len(numbers) % multiple, fill)])


def _parents(tree: Tree) -> Ints:
    """The place in the row of each token's parent; -1 without one."""

    def last(above: Block | None) -> int:
        return above.start + len(above.tokens) - 1 if above else -1

    of_blocks = (np.where(b.parents >= 0, b.parents + b.start, last(b.above)) for b in tree.blocks)
    return np.concatenate(list(of_blocks))
