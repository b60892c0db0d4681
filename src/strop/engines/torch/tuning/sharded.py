"""A base of which each process holds a share: a layer is put together where it is computed, and let go again (FSDP2).

Only what is frozen is shared out. What is trained is small, stands whole in each process, and is summed as always
(ranks.py). Putting a layer together takes all processes at once, so that each must compute as many rows as the others.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from strop.engines.torch import machine
from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.tuning import ranks
from strop.errors import SettingsError


def possible(network: Network, method: str) -> None:
    """Raises SettingsError where a base cannot be shared out, before anything was computed."""
    remedy = "take tune.sharded out of strop.yaml"
    if ranks.count() == 1:
        raise SettingsError(
            "tune.sharded shares the base out, and there is one process",
            remedy="set tune.processes, or start strop under torchrun",
        )
    if network.changed:
        raise SettingsError(f"tune.sharded shares a frozen base out, and {method} changes its weights", remedy=remedy)
    if network.quantised:
        raise SettingsError("tune.sharded shares out weights as they are, and qlora packs them", remedy=remedy)
    if network.apart:
        name = type(network.plain).__name__
        raise SettingsError(f"the layers of {name} are computed a row at a time, not in step", remedy=remedy)


def spread(network: Network) -> Network:
    """The network with its layers shared out over the processes, on the device of each; no forward pass before this."""
    from torch.distributed.device_mesh import init_device_mesh  # with what these import, seconds: not for every run
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(machine.device().type, (ranks.count(),))
    for layer in network.layers:
        trained = {parameter for parameter in layer.parameters() if parameter.requires_grad}
        fully_shard(layer, mesh=mesh, reshard_after_forward=True, ignored_params=trained)
    if network.device != machine.device():
        network.model.to(machine.device())
        network.plain.tie_weights()
    return replace(network, sharded=True)


def share_bytes(network: Network) -> int:
    """What a process will hold of the base: its share of the layers, one layer whole, and all that is no layer's."""
    layers = [sum(p.numel() * p.element_size() for p in layer.parameters()) for layer in network.layers]
    return int(network.memory_bytes - sum(layers) + sum(layers) // ranks.count() + max(layers))


def missing(network: Network, rows: int) -> int:
    """How many more rows of a batch another process has than this one has ``rows``; asked before any is computed."""
    return ranks.most(rows) - rows if network.sharded else 0


def keep_in_step(network: Network, missing: int, *, train: bool) -> None:
    """Compute so many empty rows, forward and back: they put layers together for those who have rows left."""
    for _ in range(missing):
        layout = network.lay_out(grow([network.probe_ids[:2]], [0]))
        with torch.set_grad_enabled(train):
            nothing = hidden_states(network, layout.ids, layout.positions, layout).sum() * 0
            if train:
                nothing.backward()
