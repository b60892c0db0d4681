"""Hidden states of a row, and losses from them: the output head only where it is needed, in chunks."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

import torch
from torch import Tensor

from strop.engines.torch import machine
from strop.engines.torch.network import Network
from strop.engines.torch.packing.attention import Seen

CHUNK = 64
"""Positions whose logits are held at a time."""


class Targets(NamedTuple):
    """What is read off a row. ``at`` [U]: its positions; ``of`` [N]: which of them predicts target n; ``ids`` [N]."""

    at: Tensor
    of: Tensor
    ids: Tensor


def targets(at: list[int], ids: list[int], device: torch.device) -> Targets:
    """Targets for (position, next token) pairs; a position that predicts several tokens is computed once."""
    unique, of = torch.unique(torch.tensor(at), return_inverse=True)
    return Targets(unique.to(device), of.to(device), torch.tensor(ids).to(device))


def hidden_states(network: Network, ids: Tensor, positions: Tensor, seen: Seen) -> Tensor:
    """Last hidden states [T, d] of a packed row."""
    known = network.lower.given_to(seen) if network.lower else contextlib.nullcontext()
    with known, machine.in_bf16(network.device, network.autocast):
        return network.run(ids, positions, seen)


def log_probabilities(network: Network, hidden: Tensor, wanted: Targets) -> Tensor:
    """Natural log probability [N] of every target."""
    result = hidden.new_empty(len(wanted.ids), dtype=torch.float64)
    for first in range(0, len(wanted.at), CHUNK):
        logits = network.logits(hidden[wanted.at[first : first + CHUNK]]).float()
        mine = torch.nonzero((wanted.of >= first) & (wanted.of < first + CHUNK))[:, 0]
        rows = wanted.of[mine] - first
        result[mine] = (logits[rows, wanted.ids[mine]] - torch.logsumexp(logits, -1)[rows]).double()
    return result


def loss(network: Network, hidden: Tensor, wanted: Targets, weights: Tensor) -> Tensor:
    """Sum over the targets of weight × negative log probability, as a scalar with gradients."""
    with machine.in_bf16(network.device, network.autocast):
        return _HeadLoss.apply(hidden[wanted.at], network.head, network.head_bias, wanted.of, wanted.ids, weights)


class _HeadLoss(torch.autograd.Function):  # type: ignore[misc]
    """Cross-entropy; the gradient is computed chunk by chunk in forward: logits never stand in memory whole."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, head: Tensor, bias: Tensor | None, of: Tensor, ids: Tensor, weights: Tensor
    ) -> Tensor:
        total = hidden.new_zeros((), dtype=torch.float64)
        d_hidden = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        d_head = torch.zeros_like(head, dtype=torch.float32) if ctx.needs_input_grad[1] else None
        d_bias = torch.zeros(len(head), device=head.device) if ctx.needs_input_grad[2] else None
        for first in range(0, len(hidden), CHUNK):
            part = hidden[first : first + CHUNK]
            logits = torch.nn.functional.linear(part, head, bias).float()
            mine = torch.nonzero((of >= first) & (of < first + CHUNK))[:, 0]
            rows, columns, share = of[mine] - first, ids[mine], weights[mine]
            whole = share.new_zeros(len(part)).index_add_(0, rows, share)
            right, most = logits[rows, columns], logits.amax(-1, keepdim=True)
            sums = logits.sub_(most).exp_().sum(-1, keepdim=True)
            normaliser = (most + sums.log())[:, 0]
            total += (whole.double() @ normaliser.double()) - (share.double() @ right.double())
            if d_hidden is None:
                continue
            d_logits = logits.mul_(whole[:, None] / sums)
            d_logits.index_put_((rows, columns), -share, accumulate=True)
            d_logits = d_logits.to(head.dtype)
            d_hidden[first : first + CHUNK] = d_logits @ head
            if d_head is not None:
                d_head += (d_logits.T @ part).float()
            if d_bias is not None:
                d_bias += d_logits.float().sum(0)
        ctx.save_for_backward(d_hidden, d_head, d_bias)
        return total.float()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return *(None if d is None else d * gradients[0] for d in ctx.saved_tensors), None, None, None
