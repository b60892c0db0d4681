"""Attention over a tree: blocks that hang from the same chain are computed as one batch over chain + own tokens.

transformers calls :func:`attend` in every layer and hands it the ``seen`` that was given to the model's forward: who
sees whom is decided there (a row's ``Layout``, layout.py; a decoding batch's ``Memory``, generate.py), not by a mask.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from transformers import AttentionInterface

NAME = "strop_tree"
_SAFE = 80.0
"""exp of numbers up to this size, and sums of many of them, stay within fp32's and bf16's range."""


class Seen(Protocol):
    """Who sees whom, and what to remember for later."""

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, window: int | None) -> Tensor:
        """query [H, T, D], key and value [H_kv, T, D] -> [T, H * D]."""
        ...


def attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: object, *, scaling: float,
    sliding_window: int | None = None, seen: Seen, **_: object,
) -> tuple[Tensor, None]:  # fmt: skip
    """The attention function that transformers' layers call; batch is always 1: a row of packed blocks.

    Under autocast queries and keys come from the rotary embedding in fp32, and values in bf16: one format for all.
    """
    kind = query.device.type
    mixed = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    dtype = torch.get_autocast_dtype(kind) if mixed else query.dtype
    q, k, v = (tensor[0].to(dtype) for tensor in (query, key, value))
    with torch.autocast(kind, enabled=False) if mixed else contextlib.nullcontext():
        out = seen.attend(module.layer_idx, q, k, v, scaling, sliding_window)
    return out.view(1, out.shape[0], -1, v.shape[-1]), None  # some layers (GPT-2's) count on four dimensions


AttentionInterface.register(NAME, attend)


class Group(NamedTuple):
    """Blocks of about one length under one chain: n blocks, L tokens each (padded), P tokens in the chain.

    ``queries`` [n * L]: positions in the row, padding repeats a block's first. ``keys`` [n * (P + L)]: positions among
    the keys. ``runs``: the chain as ranges of key positions. ``real`` [n, 1, L, 1]: 0 for padding, None where there is
    none. ``hidden`` [n, 1, L, P + L]: 0 where seen, else -inf; None where every token sees the chain and what stands
    before it in its block.
    """

    n: int
    length: int
    path: int
    queries: Tensor
    keys: Tensor
    runs: tuple[tuple[int, int], ...]
    real: Tensor | None
    hidden: Tensor | None

    def to(self, device: torch.device) -> Group:
        """The same there."""
        real, hidden = (None if mask is None else mask.to(device) for mask in (self.real, self.hidden))
        return self._replace(queries=self.queries.to(device), keys=self.keys.to(device), real=real, hidden=hidden)


class Groups(NamedTuple):
    """All groups of a row. ``places`` [T]: where each token of the row stands in the groups, one after the other."""

    groups: list[Group]
    places: Tensor


def tree_attention(query: Tensor, key: Tensor, value: Tensor, scale: float, groups: Groups) -> Tensor:
    """query [H, T, D], key and value [H_kv, before + T, D] -> [T, H * D], with gradients."""
    return _TreeAttention.apply(query, key, value, scale, groups)


class _TreeAttention(torch.autograd.Function):  # type: ignore[misc]
    """softmax(q kᵀ · scale + hidden) v, group by group; the weights are computed again in backward, not kept.

    Weights stay unnormalised, exp(score), and their sums divide the answers: in bf16, torch's softmax and row maxima
    cost several times the matrix products beside them. Scores are shifted by their row maximum only where the lengths
    of queries and keys do not rule out that exp leaves the number format's range.

    Inside, queries and answers are [H_kv, H / H_kv, tokens, D], keys and values [H_kv, tokens, D].
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float, groups: Groups) -> Tensor:
        heads, size, width = query.shape
        query = query.reshape(key.shape[0], -1, size, width)
        key, value = key.contiguous(), value.contiguous()
        shift = scale * float(_longest(query) * _longest(key)) > _SAFE
        answers = []
        for g in groups.groups:
            q, k, v = _take(query, key, value, g)
            weights, share = _weights(q, k, g, scale, shift)
            answers.append(_ungrouped(torch.bmm(weights, v).mul_(share), g, key.shape[0]))
        out = _in_order(answers, groups).view(heads, size, width).transpose(0, 1).reshape(size, heads * width)
        ctx.save_for_backward(query, key, value, out)
        ctx.scale, ctx.groups, ctx.shift = scale, groups, shift
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        query, key, value, out = ctx.saved_tensors
        kv, ratio, size, width = query.shape
        d_out = gradients[0].reshape(size, kv, ratio, width).permute(1, 2, 0, 3).contiguous()
        # sum over keys of weight * its gradient = answer * its gradient (Dao et al. 2022, FlashAttention, appendix B)
        inner = torch.mul(d_out, out.view(size, kv, ratio, width).permute(1, 2, 0, 3)).sum(-1, keepdim=True)
        d_queries, d_keys, d_values = list[Tensor](), list[Tensor](), list[Tensor]()
        d_key, d_value = torch.zeros_like(key), torch.zeros_like(value)
        for g in ctx.groups.groups:
            q, k, v = _take(query, key, value, g)
            weights, share = _weights(q, k, g, ctx.scale, ctx.shift)
            if g.real is not None:
                share.view(kv, g.n, ratio, g.length, 1).mul_(g.real)
            d_answer = _grouped(d_out, g).mul_(share)
            d_scores = torch.bmm(d_answer, v.transpose(1, 2))
            d_scores.sub_(_grouped(inner, g).mul_(share)).mul_(weights)
            if not _exact(ctx.scale):
                d_scores.mul_(ctx.scale)
            d_q = torch.bmm(d_scores, k)
            d_queries.append(_ungrouped(d_q.mul_(ctx.scale) if _exact(ctx.scale) else d_q, g, kv))
            d_values.append(_own(d_value, torch.bmm(weights.transpose(1, 2), d_answer), g))
            d_keys.append(_own(d_key, torch.bmm(d_scores.transpose(1, 2), q), g))
        before = key.shape[1] - size
        d_key[:, before:] += _in_order(d_keys, ctx.groups)
        d_value[:, before:] += _in_order(d_values, ctx.groups)
        return _in_order(d_queries, ctx.groups).view(kv * ratio, size, width), d_key, d_value, None, None


def _exact(scale: float) -> bool:
    """Whether multiplying by ``scale`` changes no digit (a power of two), so that it may be done to the queries."""
    return math.frexp(scale)[0] == 0.5


def _longest(vectors: Tensor) -> Tensor:
    """Largest length of the vectors in the last dimension."""
    return torch.linalg.vector_norm(vectors, dim=-1, dtype=torch.float32).max()


def _grouped(tensor: Tensor, g: Group) -> Tensor:
    """[H_kv, R, T, x] -> a group's [H_kv * n, R * L, x]."""
    kv, ratio, _, width = tensor.shape
    taken = tensor.index_select(2, g.queries).view(kv, ratio, g.n, g.length, width)
    return taken.transpose(1, 2).reshape(kv * g.n, ratio * g.length, width)


def _ungrouped(tensor: Tensor, g: Group, kv: int) -> Tensor:
    """The reverse of :func:`_grouped`, tokens still in the group's order: [H_kv, R, n * L, D]."""
    ratio = tensor.shape[1] // g.length
    return tensor.view(kv, g.n, ratio, g.length, -1).transpose(1, 2).reshape(kv, ratio, g.n * g.length, -1)


def _in_order(parts: Sequence[Tensor], groups: Groups) -> Tensor:
    """Groups' tokens [..., tokens, D] put together in the order of the row, padding left out."""
    whole = parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=-2)
    return whole.index_select(whole.dim() - 2, groups.places)


def _take(query: Tensor, key: Tensor, value: Tensor, g: Group) -> tuple[Tensor, Tensor, Tensor]:
    """A group's queries [H_kv * n, R * L, D], keys and values [H_kv * n, P + L, D]."""
    kv, _, width = key.shape
    k, v = (t.index_select(1, g.keys).view(kv * g.n, -1, width) for t in (key, value))
    return _grouped(query, g), k, v


def _weights(q: Tensor, k: Tensor, g: Group, scale: float, shift: bool) -> tuple[Tensor, Tensor]:
    """exp of the group's scores [H_kv * n, R * L, P + L], and one over their sums; scales ``q`` where that is exact."""
    if _exact(scale):
        q.mul_(scale)
    scores = torch.bmm(q, k.transpose(1, 2))
    if not _exact(scale):
        scores.mul_(scale)
    by_head = scores.view(-1, g.n, q.shape[1] // g.length, g.length, g.path + g.length)
    if g.hidden is not None:
        by_head.add_(g.hidden)
    if shift:
        if g.hidden is None:  # what is not seen must not decide the maximum
            by_head.add_(scores.new_full(by_head.shape[-2:], float("-inf")).triu_(g.path + 1))
        scores.sub_(scores.amax(-1, keepdim=True))
    scores.exp_()
    if g.hidden is None:
        by_head.tril_(g.path)
    return scores, torch.reciprocal(scores.sum(-1, keepdim=True))


def _own(target: Tensor, values: Tensor, g: Group) -> Tensor:
    """Key or value gradients [H_kv * n, P + L, D]: the chain's are added to ``target``, the own ones returned."""
    values = values.view(target.shape[0], g.n, g.path + g.length, -1)
    if g.path:
        chain, done = values[:, :, : g.path].sum(1), 0
        for start, stop in g.runs:
            target[:, start:stop] += chain[:, done : done + stop - start]
            done += stop - start
    return values[:, :, g.path :].reshape(target.shape[0], g.n * g.length, -1)
