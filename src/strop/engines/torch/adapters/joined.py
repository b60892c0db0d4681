"""Linear maps of one and the same input as one product: fewer and larger ones, which matters where a token is written.

Only for networks that answer: nothing is trained through them. The parts keep their weights, as views of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from strop.engines.torch import machine
from strop.engines.torch.network import Network

_TOGETHER = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))
"""Names of parts that read what their neighbour reads, in the order in which they are called."""


def join(network: Network) -> int:
    """Join what can be joined; how many groups were. The outputs differ from before by the order of sums at most."""
    groups = [
        [getattr(module, name) for name in names]
        for module in network.model.modules()
        for names in _TOGETHER
        if all(type(getattr(module, name, None)) is torch.nn.Linear for name in names)
        and len({getattr(module, name).bias is None for name in names}) == 1
    ]
    for parts in groups:
        _join(parts)
    return len(groups)


def _join(parts: Sequence[Any]) -> None:
    joined = _Joined(parts)
    for place, part in enumerate(parts):
        part.forward = joined.of(place)


class _Joined:
    """The product for the input that the first part was last called with; each part's share is handed out once.

    What was handed out is not kept: over all layers of a row of 1,024 tokens it would be more than a small base takes.
    """

    def __init__(self, parts: Sequence[Any]) -> None:
        self._linear = machine.fast_linear() if parts[0].weight.dtype == torch.float32 else torch.nn.functional.linear
        self._sizes = [part.out_features for part in parts]
        self._weight = torch.cat([part.weight.detach() for part in parts])
        self._biases = [part.bias for part in parts]
        self._bias = None if parts[0].bias is None else torch.cat(self._biases)
        self._weights = self._weight.split(self._sizes)
        for part, weight in zip(parts, self._weights, strict=True):
            part.weight = torch.nn.Parameter(weight, requires_grad=False)
        self._input: Tensor | None = None
        self._outputs: dict[int, Tensor] = {}

    def of(self, place: int) -> Callable[[Tensor], Tensor]:
        """The forward of one part."""

        def forward(x: Tensor) -> Tensor:
            if place == 0:
                self._input = x
                self._outputs = dict(enumerate(self._linear(x, self._weight, self._bias).split(self._sizes, -1)))
            elif x is not self._input or place not in self._outputs:
                return self._linear(x, self._weights[place], self._biases[place])
            output = self._outputs.pop(place)
            if not self._outputs:
                self._input = None
            return output

        return forward
