"""For architectures that cannot be computed as a tree: every sequence by itself, in batches of about one length.

A state-space layer or a convolution mixes what stands side by side in a row; some attentions are not exchangeable.
Such a base runs on the model's own layers, padded on the right (what comes later is not seen), and what sequences share
is computed again for each. Losses and answers are the same; what sharing saves is lost, so a run says so.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from strop.engines.torch.packing.layout import Layout

_PADDED = 4096
"""Most tokens, padding included, that are computed together."""


def hidden_apart(body: Any, layout: Layout) -> Tensor:
    """Last hidden states [T, d] of a tree's tokens, each read off the first of the sequences that it stands in."""
    tokens = torch.from_numpy(layout.tree.tokens())
    where = {i: torch.from_numpy(places) for i, places in layout.tree.where.items()}
    states, source, laid = list[Tensor](), torch.full((layout.size,), -1), 0
    for members in _by_length({i: len(places) for i, places in where.items()}):
        most = max(len(where[i]) for i in members)
        ids = torch.zeros(len(members), most, dtype=torch.long)
        for line, i in enumerate(members):
            places = where[i]
            ids[line, : len(places)] = tokens[places]
            at = laid + line * most + torch.arange(len(places))
            source[places] = torch.where(source[places] < 0, at, source[places])
        states.append(body(input_ids=ids.to(layout.ids.device), use_cache=False).last_hidden_state.flatten(0, 1))
        laid += len(members) * most
    return torch.cat(states).index_select(0, source.to(layout.ids.device))


def _by_length(lengths: dict[int, int]) -> list[list[int]]:
    """Sequences in batches of not too many padded tokens, shortest first."""
    batches: list[list[int]] = []
    for i in sorted(lengths, key=lambda i: (lengths[i], i)):
        if not batches or (len(batches[-1]) + 1) * lengths[i] > _PADDED:
            batches.append([])
        batches[-1].append(i)
    return batches
