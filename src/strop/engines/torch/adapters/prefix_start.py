"""Prefix methods begin at keys and values of real tokens: those of the words that the prompts begin with.

Random ones stand where every later token is used to look first, so that a base forgets how to speak before it has
learned anything; with a few hundred rows it never recovers. Li & Liang (2021), section 7.4: real words start better,
those of the task best, the more so the fewer the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

import torch
from peft import PeftType
from torch import Tensor

from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.template import Row


def start_at_words(network: Network, rows: Sequence[Row]) -> None:
    """Lay what the base computes for the first tokens of the first row into its virtual tokens, in place.

    Nothing happens to methods without keys and values of their own. A prompt that is shorter is read again.
    """
    config = getattr(network.model, "active_peft_config", None)
    if config is None or config.peft_type != PeftType.PREFIX_TUNING:
        return
    ids = list(islice(cycle(rows[0].ids[: rows[0].prompt]), config.num_virtual_tokens))
    encoder = network.model.prompt_encoder[network.model.active_adapter]
    wanted = _keys_and_values(network, ids).to(encoder.embedding.weight)
    with torch.no_grad():
        if not config.prefix_projection:
            encoder.embedding.weight.copy_(wanted)
            return
        *inner, last = encoder.transform
        inside = torch.nn.Sequential(*inner)(encoder.embedding.weight)  # [P, hidden]; P <= hidden: an exact solution
        last.weight.copy_((torch.linalg.pinv(inside) @ (wanted - last.bias)).T)


def _keys_and_values(network: Network, ids: Sequence[int]) -> Tensor:
    """What each layer of the base keeps of ``ids`` [P], as PEFT lays it into a prefix: [P, 2 · layers · H_kv · D]."""
    with network.untuned() as base, torch.no_grad():
        layout = base.lay_out(grow([list(ids)], [0]))
        layout.keep = {}
        hidden_states(base, layout.ids, layout.positions, layout)
    kept = [part.transpose(0, 1).flatten(1) for layer in sorted(layout.keep) for part in layout.keep[layer]]
    return torch.cat(kept, 1)
