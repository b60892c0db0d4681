"""A tree as index tensors: the batches in which its attention is computed, made once and used by every layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from strop.engines.torch.packing.attention import Group, Groups, tree_attention
from strop.engines.torch.packing.tree import Block, Ints, Tree
from strop.engines.torch.packing.walk import walk

if TYPE_CHECKING:
    from torch.nn.attention.flex_attention import BlockMask

_SCORES = 1 << 18
"""Most attention scores, a head, that one step holds at a time."""
_CPU = torch.device("cpu")
Kept = dict[int, tuple[Tensor, Tensor]]
"""Keys and values [H_kv, T, D] of tokens computed before, by layer."""


@dataclass
class Layout:
    """A row ready for the model: ids and positions [1, T], and how its attention is computed, made when asked for.

    ``given``: a beginning that all sequences share and that was computed before; ``keep``: filled with this row's own
    keys and values, when asked for. ``deepest``: the largest position.
    ``only``: positions whose last hidden states are asked for alone (top_layer.py). By window (None: all is seen),
    ``grouped`` holds the batches in which attention is computed, ``masked`` the blocks on a GPU with FlexAttention.
    """

    ids: Tensor
    positions: Tensor
    tree: Tree
    dtype: torch.dtype
    deepest: int
    given: Kept | None = None
    keep: Kept | None = None
    only: Tensor | None = None
    grouped: dict[int | None, Groups] = field(default_factory=dict)
    masked: dict[int | None, BlockMask] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Tokens in the row."""
        return self.tree.size

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, window: int | None) -> Tensor:
        """Tree attention, with gradients."""
        if self.keep is not None:
            self.keep[layer] = (key, value)
        if self.given is not None:
            key, value = (torch.cat(pair, 1) for pair in zip(self.given[layer], (key, value), strict=True))
        if window is not None and window > self.deepest:
            window = None
        if query.device.type == "cuda":
            from strop.engines.torch.packing import flex  # not for processors: it takes a while to import

            if flex.works(query.device):
                if window not in self.masked:
                    numbers = walk(self.tree, given(self.given), query.device, flex.BLOCK)
                    self.masked[window] = flex.block_mask(numbers, window)
                return flex.attention(query, key, value, scale, self.masked[window])
        if window not in self.grouped:
            before, device = given(self.given), self.ids.device
            self.grouped[window] = group(self.tree, self.dtype, before, window, device=device)
        return tree_attention(query, key, value, scale, self.grouped[window])


def given(kept: Kept | None) -> int:
    """Tokens in a beginning computed before."""
    return next(iter(kept.values()))[0].shape[1] if kept else 0


def lay_out(tree: Tree, dtype: torch.dtype, kept: Kept | None = None, *, device: torch.device = _CPU) -> Layout:
    """A tree ready for the model. ``kept``: keys and values of what lies before its root."""
    before = given(kept)
    ids, positions = tree.tokens()[None], tree.positions()[None] + before
    own_ids, own_positions = (torch.from_numpy(numbers).to(device) for numbers in (ids, positions))
    return Layout(own_ids, own_positions, tree, dtype, int(positions.max()), given=kept)


def group(
    tree: Tree, dtype: torch.dtype, before: int = 0, window: int | None = None, *, device: torch.device = _CPU
) -> Groups:
    """Batch the blocks by the chain they hang from and by length."""
    by_path: dict[int, list[Block]] = defaultdict(list)
    for block in tree.blocks:
        by_path[id(block.above)].append(block)
    positions = np.concatenate([np.arange(before), tree.positions() + before])
    groups, places, laid = list[Group](), np.zeros(tree.size, dtype=np.int64), 0
    for batch in _batches(by_path.values(), before):
        own = _group(batch, positions, dtype, before, window).to(device)
        groups.append(own)
        for i, block in enumerate(batch):
            first = laid + i * own.length
            places[block.start : block.start + len(block.tokens)] = np.arange(first, first + len(block.tokens))
        laid += own.n * own.length
    return Groups(groups, torch.from_numpy(places).to(device))


def _batches(families: Iterable[list[Block]], before: int) -> Iterator[list[Block]]:
    """Blocks under one chain, those of about one length together, with not too many attention scores in a batch."""
    for blocks in families:
        blocks.sort(key=lambda b: (not b.chain, len(b.tokens)))
        batch: list[Block] = []
        for block in blocks:
            scores = len(block.tokens) * (before + block.depth + len(block.tokens)) * (len(batch) + 1)
            much_longer = batch and len(batch[0].tokens) < 0.75 * len(block.tokens) - 4
            if batch and (much_longer or scores > _SCORES or block.chain != batch[0].chain):
                yield batch
                batch = []
            batch.append(block)
        yield batch


def _group(blocks: Sequence[Block], positions: Ints, dtype: torch.dtype, before: int, window: int | None) -> Group:
    path = np.concatenate([np.arange(before), blocks[0].path() + before])
    n, length = len(blocks), max(len(b.tokens) for b in blocks)
    queries = np.zeros((n, length), dtype=np.int64)
    real = np.zeros((n, length), dtype=np.bool_)
    for i, block in enumerate(blocks):
        size = len(block.tokens)
        queries[i] = block.start
        queries[i, :size] = np.arange(block.start, block.start + size)
        real[i, :size] = True
    keys = np.concatenate([np.broadcast_to(path, (n, len(path))), queries + before], axis=1)
    hidden = None
    if window is not None or not all(block.chain for block in blocks):
        seen = np.zeros((n, length, len(path) + length), dtype=np.bool_)
        seen[:, :, : len(path)] = True
        for i, block in enumerate(blocks):
            size = len(block.tokens)
            seen[i, :size, len(path) : len(path) + size] = block.ancestors()
        if window is not None:
            seen &= positions[queries + before][:, :, None] - positions[keys][:, None, :] < window
        seen[:, :, len(path)] |= ~real  # padding must see something; its answer is thrown away
        hidden = torch.zeros(seen.shape, dtype=dtype).masked_fill_(torch.from_numpy(~seen), float("-inf"))[:, None]
    edges = np.flatnonzero(np.diff(path) != 1) + 1
    return Group(
        n=n, length=length, path=len(path), queries=torch.from_numpy(queries.reshape(-1)),
        keys=torch.from_numpy(keys.reshape(-1)),
        runs=tuple((int(run[0]), int(run[-1]) + 1) for run in np.split(path, edges) if len(run)),
        real=None if real.all() else torch.from_numpy(real[:, None, :, None]).to(dtype), hidden=hidden,
    )  # fmt: skip
