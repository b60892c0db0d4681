"""The topmost layer where it is looked at: nothing above it mixes tokens, so only trained positions need its output.

Keys and values are computed for all tokens; queries, the output map and the MLP for the positions that predict
something. Exact: what is left out has no part in loss or gradient. The layer's own forward is called twice, first until
its attention is handed keys and values, then on the chosen tokens alone: so it need not be known what kind it is.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

import torch
from torch import Tensor

from strop.engines.torch.network import Network
from strop.engines.torch.packing.layout import Layout, given
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.packing.walk import walk

_SHARE = 0.5
"""Of a row's tokens: where more is trained, leaving out the rest saves nothing worth two calls."""


def narrow(network: Network) -> Network:
    """The network, able to give chosen positions alone, if it is proven to give the same; its top layer is wrapped."""
    layer = network.layers[-1]
    dropping = any(isinstance(part, torch.nn.Dropout) and part.p for part in layer.modules())
    if network.apart or dropping:  # two calls would draw twice
        return network
    own = layer.forward
    layer.forward = functools.partial(_forward, own)
    found = replace(network, narrow=True)
    if _proven(found):
        return found
    layer.forward = own
    return network


def worth_it(network: Network, layout: Layout, at: Sequence[int] | Tensor) -> bool:
    """Whether to ask for these positions of a row alone."""
    return network.narrow and len(at) <= _SHARE * layout.size


class _Caught(Exception):
    def __init__(self, key: Tensor, value: Tensor) -> None:
        self.pair = key, value


class _Catching:
    """Ends the layer's call where keys and values are known."""

    def attend(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, window: int | None
    ) -> NoReturn:
        raise _Caught(key, value)


class _Chosen:
    """Attention of chosen tokens over the keys and values of all."""

    def __init__(self, layout: Layout, at: Tensor, pair: tuple[Tensor, Tensor]) -> None:
        self._layout, self._at, self._pair = layout, at, pair

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, window: int | None) -> Tensor:
        """query [H, n, D] -> [n, H * D]; its own few keys and values are among those of all."""
        k, v = self._pair
        if self._layout.given is not None:
            k, v = (torch.cat(both, 1) for both in zip(self._layout.given[layer], (k, v), strict=True))
        numbers = walk(self._layout.tree, given(self._layout.given), query.device)
        q_places, k_places = self._at[:, None], torch.arange(k.shape[1], device=query.device)[None]
        mask = numbers.seen(window)(q_places, q_places, q_places, k_places)
        out = torch.nn.functional.scaled_dot_product_attention(
            query[None], k[None], v[None], mask, scale=scale, enable_gqa=len(query) != len(k)
        )
        return torch.as_tensor(out)[0].transpose(0, 1).reshape(query.shape[1], -1)


def _forward(own: Any, hidden: Tensor, *others: Any, **more: Any) -> Any:
    """A layer's forward: its own, unless the row asks for chosen positions only."""
    seen = more.get("seen")
    if not isinstance(seen, Layout) or seen.only is None:
        return own(hidden, *others, **more)
    at, size = seen.only, hidden.shape[1]

    def chosen(part: Any) -> Any:
        """Of what is told by token [1, T, …] the chosen ones."""
        if isinstance(part, tuple):
            return tuple(chosen(one) for one in part)
        by_token = isinstance(part, Tensor) and part.dim() > 1 and part.shape[:2] == (1, size)
        return part.index_select(1, at) if by_token else part

    try:
        own(hidden, *others, **{**more, "seen": _Catching()})
    except _Caught as caught:
        few = {name: chosen(part) for name, part in more.items()}
        return own(chosen(hidden), *map(chosen, others), **{**few, "seen": _Chosen(seen, at, caught.pair)})
    raise TypeError("the layer has no attention that is handed on")


def _proven(network: Network) -> bool:
    """Whether a few positions of a small tree, asked for alone, are what they are among all."""
    ids = network.probe_ids
    tree = grow([ids, [*ids[:6], *ids[:5]]], [0, 1])
    at = torch.tensor([3, tree.size - 1]).to(network.device)
    with torch.no_grad():
        layout = network.lay_out(tree)
        whole = network.run(layout.ids, layout.positions, layout)
        layout.only = at
        try:
            few = network.run(layout.ids, layout.positions, layout)
        except (TypeError, ValueError, AttributeError, IndexError, RuntimeError):  # layers of another form
            return False
    tolerance = 1e-4 if network.dtype == torch.float32 else 0.05
    return few.shape == whole[at].shape and bool((few - whole[at]).abs().max() <= tolerance * whole.abs().max())
