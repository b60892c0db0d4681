"""Hold a network close to its base on text that has nothing to do with the task: less is forgotten.

The pull is the Kullback-Leibler divergence of the tuned network's next-token distributions from the base's, averaged
over the tokens of a few neutral conversations a step (after Li & Hoiem 2016, Learning without Forgetting, section 3:
here on neutral text, with the whole distribution). The conversations are ours and ship with strop; none is an item of
the general suite.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import numpy as np
import torch
from torch import Tensor

from strop.engines.torch import machine
from strop.engines.torch.forward import CHUNK, hidden_states
from strop.engines.torch.network import Network
from strop.engines.torch.packing.tree import Tree, grow
from strop.engines.torch.template import Template
from strop.records import Message

SHARE = 0.125
"""Neutral conversations that an optimizer step looks at, for each example of its batch."""


class Anchor:
    """What the base says about the neutral conversations, and the pull towards it.

    Made before the first step. Where the base stays at hand below an adapter, it is asked about a conversation when
    that is first drawn; each by itself, so that nothing hangs on the other draws.
    """

    def __init__(self, network: Network, strength: float, batch: int) -> None:
        self.strength = strength
        moves = network.head.requires_grad
        self._head = network.head.detach().clone() if moves else network.head
        self._bias = (
            network.head_bias.detach().clone() if moves and network.head_bias is not None else network.head_bias
        )
        self._ids = conversations(network.template)
        self.a_step = min(max(1, round(SHARE * batch)), len(self._ids))
        self._said: dict[int, Tensor] = {}
        if network.changed:  # the steps will move the base itself
            for conversation in range(len(self._ids)):
                self._base_hidden(network, conversation)

    @property
    def count(self) -> int:
        """How many conversations there are."""
        return len(self._ids)

    def drawn(self, seed: int, step: int) -> list[list[int]]:
        """The conversations that a step looks at, as ids."""
        return [self._ids[i] for i in self._drawn(seed, step)]

    def pull(self, network: Network, seed: int, step: int, share: float = 1.0) -> float:
        """Add the gradient of share × strength × divergence to the parameters'; the divergence in nats a token."""
        chosen = self._drawn(seed, step)
        tree = grow([self._ids[i] for i in chosen], range(len(chosen)))
        hidden = _hidden(network, tree)
        base = torch.empty_like(hidden)
        for place, i in enumerate(chosen):
            base[torch.from_numpy(tree.where[place]).to(base.device)] = self._base_hidden(network, i)
        with machine.in_bf16(network.device, network.autocast):
            own = hidden, network.head, network.head_bias
            divergence = _Divergence.apply(*own, base, self._head, self._bias) / tree.size
        (share * self.strength * divergence).backward()
        return float(divergence.detach())

    def _drawn(self, seed: int, step: int) -> list[int]:
        every = np.random.default_rng([seed, step]).choice(len(self._ids), self.a_step, replace=False)
        return [int(one) for one in every]

    def _base_hidden(self, network: Network, conversation: int) -> Tensor:
        if conversation not in self._said:
            with torch.no_grad(), network.untuned() as alone:
                self._said[conversation] = _hidden(alone, grow([self._ids[conversation]], [0]))
        return self._said[conversation]


def conversations(template: Template) -> list[list[int]]:
    """The neutral conversations as the template writes them, without the stop token."""
    text = resources.files("strop.engines").joinpath("neutral.jsonl").read_text("utf-8")
    found: list[list[int]] = []
    for line in text.splitlines():
        *prompt, answer = (Message(**message) for message in json.loads(line)["messages"])
        found.append(template.row(prompt, answer.content).ids[:-1])
    return found


def _hidden(network: Network, tree: Tree) -> Tensor:
    layout = network.lay_out(tree)
    return hidden_states(network, layout.ids, layout.positions, layout)


class _Divergence(torch.autograd.Function):  # type: ignore[misc]
    """Sum over positions of KL(base || tuned) in nats; its gradient is made in forward, chunk by chunk."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, head: Tensor, bias: Tensor | None, base: Tensor, base_head: Tensor,
        base_bias: Tensor | None,
    ) -> Tensor:  # fmt: skip
        total = hidden.new_zeros((), dtype=torch.float64)
        d_hidden = torch.empty_like(hidden)
        d_head = torch.zeros_like(head, dtype=torch.float32) if ctx.needs_input_grad[1] else None
        d_bias = torch.zeros(len(head), device=head.device) if ctx.needs_input_grad[2] else None
        for first in range(0, len(hidden), CHUNK):
            part = hidden[first : first + CHUNK]
            own = torch.log_softmax(torch.nn.functional.linear(part, head, bias).float(), -1)
            before = torch.nn.functional.linear(base[first : first + CHUNK], base_head, base_bias)
            wanted = torch.log_softmax(before.float(), -1)
            shares = wanted.exp()
            total += (shares * (wanted - own)).sum(dtype=torch.float64)
            d_logits = own.exp_().sub_(shares).to(head.dtype)
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
