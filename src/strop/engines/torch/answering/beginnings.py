"""What sequences begin with, computed once: within one call, and from one call to the next."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network
from strop.engines.torch.packing.layout import Kept
from strop.engines.torch.packing.tree import grow, shared

WORTH_KEEPING = 16
"""Shortest common beginning that is computed apart."""
_MOST, _BYTES = 4, 1 << 28
"""Beginnings that are remembered, and most bytes that they take together."""


def common_beginning(sequences: Sequence[Sequence[int]], most: int) -> list[int]:
    """What all sequences share, at most ``most`` tokens; empty when it is too short to matter."""
    if len(sequences) < 2:
        return []
    length = min(shared(*_outermost(sequences)), most)
    return list(sequences[0][:length]) if length >= WORTH_KEEPING else []


class Beginnings:
    """Keys and values of the newest beginnings that a model was asked with; not for several threads at once.

    Requests of one application begin alike: its instruction, label list and examples are computed for the first.
    """

    def __init__(self) -> None:
        self._known: list[tuple[list[int], Kept]] = []

    def common(self, sequences: Sequence[Sequence[int]], most: int) -> list[int]:
        """What all sequences share, at most ``most`` tokens: all of it, or more of one sequence if that is known."""
        together = common_beginning(sequences, most)
        if not sequences:
            return together
        known = max((min(_shared(ids, sequences), most) for ids, _ in self._known), default=0)
        return list(sequences[0][:known]) if known >= WORTH_KEEPING and known > len(together) else together

    def kept(self, network: Network, beginning: Sequence[int]) -> Kept | None:
        """Keys and values by layer of a beginning, virtual tokens before it; None when there is neither."""
        virtual = network.virtual() or {}
        known, own = self._longest(beginning)
        if known < len(beginning):
            layout = network.lay_out(grow([beginning[known:]], [0]), joined(virtual, own) or None)
            layout.keep = {}
            hidden_states(network, layout.ids, layout.positions, layout)
            own = joined(own, layout.keep)
            self.remember(beginning, own)
        return joined(virtual, own) or None

    def remember(self, ids: Sequence[int], kept: Kept) -> None:
        """Keep keys and values [H_kv, T, D] of ``ids`` [T], virtual tokens not among them; the oldest make room."""
        if kept and _bytes(kept) <= _BYTES:
            self._known.append((list(ids), kept))
        while len(self._known) > _MOST or sum(_bytes(kept) for _, kept in self._known) > _BYTES:
            del self._known[0]

    def _longest(self, beginning: Sequence[int]) -> tuple[int, Kept]:
        """How many tokens of a beginning are known, and what is known of them."""
        length, kept = max(((shared(ids, beginning), kept) for ids, kept in self._known), default=(0, {}), key=_first)
        if length < WORTH_KEEPING:
            return 0, {}
        return length, {layer: (k[:, :length], v[:, :length]) for layer, (k, v) in kept.items()}


def _first(pair: tuple[int, Kept]) -> int:
    return pair[0]


def _outermost(sequences: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """The first and the last in order: what these two share, all share."""
    return min(map(list, sequences)), max(map(list, sequences))


def _shared(ids: Sequence[int], sequences: Sequence[Sequence[int]]) -> int:
    return min(shared(ids, sequence) for sequence in _outermost(sequences))


def joined(front: Kept, back: Kept) -> Kept:
    """Keys and values of one piece behind those of another; either may be empty."""
    if not front or not back:
        return front or back
    return {
        layer: (torch.cat([front[layer][0], keys], 1), torch.cat([front[layer][1], values], 1))
        for layer, (keys, values) in back.items()
    }


def _bytes(kept: Kept) -> int:
    return sum(t.numel() * t.element_size() for pair in kept.values() for t in pair)
