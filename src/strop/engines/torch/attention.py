"""Attention over a tree: blocks that hang from the same chain are computed as one batch over chain + own tokens.

transformers calls :func:`attend` in every layer and hands it the ``seen`` that was given to the model's forward: who
sees whom is decided there (a :class:`Layout` here, a decoding batch's memory in ``generate.py``), not by a mask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from transformers import AttentionInterface

from strop.engines.torch.tree import Block, Ints, Tree

NAME = "strop_tree"
_SCORES = 1 << 18
"""Most attention scores, a head, that one step holds at a time."""


class Seen(Protocol):
    """Who sees whom, and what to remember for later."""

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, window: int | None) -> Tensor:
        """query [H, T, D], key and value [H_kv, T, D] -> [T, H * D]."""
        ...


def attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: object, *, scaling: float,
    sliding_window: int | None = None, seen: Seen, **_: object,
) -> tuple[Tensor, None]:  # fmt: skip
    """The attention function that transformers' layers call; batch is always 1: a row of packed blocks."""
    out = seen.attend(module.layer_idx, query[0], key[0], value[0], scaling, sliding_window)
    return out.unsqueeze(0), None


AttentionInterface.register(NAME, attend)


class Group(NamedTuple):
    """Blocks of about one length under one chain. n blocks, L tokens each (padded), P tokens in the chain.

    ``queries`` [n * L] row positions, padding repeats the first; ``real`` [m] which of the n * L are no padding, or
    None for all; ``keys`` [n * (P + L)]; ``hidden`` [n or 1, L, 1, P + L] (or only its own part, L wide): 0 where
    seen, else -inf.
    """

    n: int
    length: int
    path: int
    queries: Tensor
    real: Tensor | None
    keys: Tensor
    hidden: Tensor


Kept = dict[int, tuple[Tensor, Tensor]]
"""Keys and values [H_kv, T, D] of tokens computed before, by layer."""


@dataclass
class Layout:
    """A row ready for the model: ids and positions [1, T], and the groups in which attention is computed.

    ``given``: a beginning that all sequences share and that was computed before (inference only); ``keep``: filled with
    this row's own keys and values, when asked for.
    """

    ids: Tensor
    positions: Tensor
    tree: Tree
    groups: list[Group]
    windowed: dict[int, list[Group]]
    given: Kept | None = None
    keep: Kept | None = None

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
        groups = self.groups
        if window is not None and window <= int(self.positions.max()):
            if window not in self.windowed:
                self.windowed[window] = group(self.tree, self.groups[0].hidden.dtype, given(self.given), window)
            groups = self.windowed[window]
        return _TreeAttention.apply(query, key, value, scale, groups)


def given(kept: Kept | None) -> int:
    """Tokens in a beginning computed before."""
    return next(iter(kept.values()))[0].shape[1] if kept else 0


def lay_out(tree: Tree, dtype: torch.dtype, kept: Kept | None = None) -> Layout:
    """Index tensors for a tree, computed once and used by every layer. ``kept``: what lies before the tree's root."""
    before = given(kept)
    ids, positions = torch.from_numpy(tree.tokens())[None], torch.from_numpy(tree.positions() + before)[None]
    return Layout(ids, positions, tree, group(tree, dtype, before), {}, given=kept)


def group(tree: Tree, dtype: torch.dtype, before: int = 0, window: int | None = None) -> list[Group]:
    """Batch the blocks by the chain they hang from and by length."""
    by_path: dict[int, list[Block]] = defaultdict(list)
    for block in tree.blocks:
        by_path[id(block.above)].append(block)
    positions = np.concatenate([np.arange(before), tree.positions() + before])
    groups = []
    for blocks in by_path.values():
        blocks.sort(key=lambda b: len(b.tokens))
        batch: list[Block] = []
        for block in blocks:
            scores = len(block.tokens) * (before + block.depth + len(block.tokens)) * (len(batch) + 1)
            if batch and (len(batch[0].tokens) < 0.75 * len(block.tokens) - 4 or scores > _SCORES):
                groups.append(_group(batch, positions, dtype, before, window))
                batch = []
            batch.append(block)
        groups.append(_group(batch, positions, dtype, before, window))
    return groups


def _group(blocks: Sequence[Block], positions: Ints, dtype: torch.dtype, before: int, window: int | None) -> Group:
    path = np.concatenate([np.arange(before), blocks[0].path() + before])
    n, length = len(blocks), max(len(b.tokens) for b in blocks)
    queries = np.zeros((n, length), dtype=np.int64)
    real = np.zeros((n, length), dtype=np.bool_)
    seen = np.zeros((n, length, len(path) + length), dtype=np.bool_)
    seen[:, :, : len(path)] = True
    for i, block in enumerate(blocks):
        size = len(block.tokens)
        queries[i] = block.start
        queries[i, :size] = np.arange(block.start, block.start + size)
        real[i, :size] = True
        seen[i, :size, len(path) : len(path) + size] = block.ancestors()
        seen[i, size:, len(path)] = True  # padding must see something; its answer is thrown away
    keys = np.concatenate([np.broadcast_to(path, (n, len(path))), queries + before], axis=1)
    if window is None:
        seen = seen[:, :, len(path) :]
        if all(block.chain for block in blocks):
            seen = np.tri(length, dtype=np.bool_)[None]
    else:
        near = positions[queries + before][:, :, None] - positions[keys][:, None, :] < window
        seen &= near | ~real[:, :, None]
    hidden = torch.zeros(seen.shape, dtype=dtype).masked_fill_(torch.from_numpy(~seen), float("-inf"))
    return Group(
        n=n, length=length, path=len(path), queries=torch.from_numpy(queries.reshape(-1)),
        real=None if real.all() else torch.from_numpy(np.flatnonzero(real.reshape(-1))),
        keys=torch.from_numpy(keys.reshape(-1)), hidden=hidden[:, :, None, :],
    )  # fmt: skip


class _TreeAttention(torch.autograd.Function):  # type: ignore[misc]
    """softmax(q kᵀ · scale + hidden) v, group by group; the weights are computed again in backward, not kept."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float, groups: list[Group]) -> Tensor:
        heads, size, width = query.shape
        kv = key.shape[0]
        # [H, T, D] -> [H_kv, T, G * D]: the queries that share a key head lie together
        folded = query.view(kv, heads // kv, size, width).transpose(1, 2).reshape(kv, size, -1)
        key, value = key.contiguous(), value.contiguous()
        ctx.save_for_backward(folded, key, value)
        ctx.scale, ctx.groups, ctx.heads = scale, groups, heads
        out = torch.empty_like(folded)
        for g in groups:
            weights, _, _, v = _weights(folded, key, value, g, scale)
            answer = torch.bmm(weights, v).view(kv, g.n * g.length, -1)
            _put(out, answer, g)
        return out.view(kv, size, heads // kv, width).transpose(0, 1).reshape(size, heads * width)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        folded, key, value = ctx.saved_tensors
        kv, size, width = key.shape
        ratio = ctx.heads // kv
        above = gradients[0].view(size, kv, ratio * width).transpose(0, 1).contiguous()
        d_query = torch.empty_like(folded)
        d_key = torch.zeros(kv, size, width, dtype=torch.float32)
        d_value = torch.zeros_like(d_key)
        for g in ctx.groups:
            weights, q, k, v = _weights(folded, key, value, g, ctx.scale)
            d_out = above.index_select(1, g.queries)
            if g.real is not None:
                d_out = _only_real(d_out, g)
            d_out = d_out.view(kv * g.n, g.length * ratio, width)
            d_weights = torch.bmm(d_out, v.transpose(1, 2))
            d_scores = torch._softmax_backward_data(d_weights, weights, -1, weights.dtype)
            d_scores.mul_(ctx.scale)
            _put(d_query, torch.bmm(d_scores, k).view(kv, g.n * g.length, -1), g)
            _add(d_value, torch.bmm(weights.transpose(1, 2), d_out), g)
            _add(d_key, torch.bmm(d_scores.transpose(1, 2), q), g)
        d_query = d_query.view(kv, size, ratio, width).transpose(1, 2).reshape(ctx.heads, size, width)
        return d_query, d_key.to(key.dtype), d_value.to(value.dtype), None, None


def _weights(
    folded: Tensor, key: Tensor, value: Tensor, g: Group, scale: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Attention weights [kv * n, L * G, P + L] of a group, with its queries, keys and values."""
    kv, _, width = key.shape
    q = folded.index_select(1, g.queries).view(kv * g.n, -1, width)
    k = key.index_select(1, g.keys).view(kv * g.n, -1, width)
    v = value.index_select(1, g.keys).view(kv * g.n, -1, width)
    scores = torch.bmm(q, k.transpose(1, 2)).mul_(scale)
    view = scores.view(kv, g.n, g.length, -1, g.path + g.length)
    view[..., g.path + g.length - g.hidden.shape[-1] :].add_(g.hidden)
    return torch.softmax(scores, -1), q, k, v


def _put(target: Tensor, values: Tensor, g: Group) -> None:
    if g.real is None:
        target.index_copy_(1, g.queries, values)
    else:
        target.index_copy_(1, g.queries[g.real], values.index_select(1, g.real))


def _only_real(values: Tensor, g: Group) -> Tensor:
    """Zero the rows of padding."""
    assert g.real is not None
    clean = torch.zeros_like(values)
    clean[:, g.real] = values[:, g.real]
    return clean


def _add(target: Tensor, values: Tensor, g: Group) -> None:
    """Add key or value gradients [kv * n, P + L, D] to the row's, the chain's summed over the blocks first."""
    values = values.view(target.shape[0], g.n, g.path + g.length, -1)
    keys = g.keys.view(g.n, -1)
    if g.path:
        target.index_add_(1, keys[0, : g.path], values[:, :, : g.path].sum(1, dtype=torch.float32))
    own = values[:, :, g.path :].reshape(target.shape[0], g.n * g.length, -1)
    target.index_add_(1, keys[:, g.path :].reshape(-1), own.float())
