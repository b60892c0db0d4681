"""What a run will cost, from two steps on packed rows of the user's own: the largest and a middling one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from strop.engines.base import TrainPlan
from strop.engines.torch import machine
from strop.engines.torch.adapters.methods import Knobs, trainable
from strop.engines.torch.network import Network
from strop.engines.torch.template import Row
from strop.engines.torch.tuning import ranks, torchrun
from strop.engines.torch.tuning.anchor import Anchor
from strop.engines.torch.tuning.lower_layers import LowerLayers
from strop.engines.torch.tuning.objective import Aim, batch_loss, computed, sequences
from strop.engines.torch.tuning.train import make_optimizer, order
from strop.records import Cost

_SAMPLE = 40
"""Steps that are laid out to learn how much they share."""
_FORWARD_SHARE = 0.4
"""Part of a training step that its forward pass takes."""


class Packed(NamedTuple):
    """One packed row: tokens computed after sharing, and the examples in it."""

    computed: int
    members: tuple[int, ...]


def estimate(
    network: Network, examples: Sequence[Row], validation: Sequence[Row], plan: TrainPlan, knobs: Knobs, aim: Aim
) -> Cost:
    """The cost of the loop: processor seconds of two of its packed rows, scaled by all its tokens; peak of the largest.

    The network is trained a little by it and must not be used afterwards.
    """
    steps = order(len(examples), knobs.num_train_epochs, knobs.batch, plan.seed)
    looked_at = steps[:: math.ceil(len(steps) / _SAMPLE)]
    processes = torchrun.processes() or knobs.processes
    packed = partial(_packed, processes=processes, aim=aim)
    some = sorted(row for step in looked_at for row in packed(examples, step))
    tokens = sum(row.computed for row in some) / len(looked_at) * len(steps)
    if validation:
        epochs = math.ceil(knobs.num_train_epochs)
        watched = packed(validation, range(len(validation)))
        tokens += _FORWARD_SHARE * epochs * sum(row.computed for row in watched)
    pairs = [row for row in (*examples, *validation) if row.rejected]
    if aim.beta and pairs:  # the base is asked once about each
        tokens += _FORWARD_SHARE * sum(size for size, _ in computed(pairs, aim))
    timed = max(some[-1], _with_longest(examples, steps, packed)), some[len(some) // 2]
    optimizer = make_optimizer(trainable(network), knobs, plan.spec.method)
    anchor = Anchor(network, knobs.base_kl, knobs.batch) if knobs.base_kl else None
    neutral = anchor.drawn(plan.seed, 1) if anchor else []
    disk = network.lower.bytes if network.lower else 0
    own = [examples[i] for i in sorted({i for row in timed for i in row.members})]
    network, below = _with_some_lower(network, [*sequences(own, aim), *neutral])
    network.model.train()
    peak = machine.PeakMemory()
    start = [p.detach().clone() for p in trainable(network).values()]  # the loop keeps it to see what has moved
    _step(network, examples, timed[0].members[:1], aim, optimizer)  # what happens once in a process is no step's cost
    spent = np.zeros(2)
    for row in timed:
        spent += _spent(partial(_step, network, examples, row.members, aim, optimizer))
    spent *= tokens / sum(row.computed for row in timed)
    if anchor:
        asked = _spent(lambda: anchor.pull(network, plan.seed, 1))  # the base is asked the first time only
        pulled = _spent(lambda: anchor.pull(network, plan.seed, 1))
        asking = (asked - pulled) * min(len(steps), anchor.count / anchor.a_step)
        spent += (pulled * len(steps) + asking) * (processes if network.sharded else 1)  # sharded, all go in step
    cpu, wall = (spent + below).tolist()
    most = peak.above_start()
    del start
    return Cost(
        examples=sum(map(len, steps)), tokens=sum(examples[i].size for step in steps for i in step),
        cpu_seconds=cpu, wall_seconds=wall / processes, peak_memory_bytes=most * processes, disk_bytes=disk,
    )  # fmt: skip


def _with_some_lower(network: Network, some: Sequence[Sequence[int]]) -> tuple[Network, npt.NDArray[np.float64]]:
    """The network with its lower layers computed for a few sequences only, and what all of them take to compute [2]."""
    if not isinstance(network.lower, LowerLayers):
        return network, np.zeros(2)
    few = LowerLayers(network, network.lower.first, some)
    share = network.lower.to_compute / few.to_compute
    return replace(network, lower=few), _spent(few.open) * share


def _spent(work: Callable[[], object]) -> npt.NDArray[np.float64]:
    """Processor seconds and wall seconds [2] that the work takes."""
    machine.wait()
    cpu, wall = machine.cpu_seconds(), machine.wall_seconds()
    work()
    machine.wait()
    return np.array([machine.cpu_seconds() - cpu, machine.wall_seconds() - wall])


def _with_longest(
    examples: Sequence[Row], steps: Sequence[Sequence[int]], packed: Callable[..., list[Packed]]
) -> Packed:
    """The packed row that holds the longest example: a sample of steps may have missed it."""
    longest = max({i for step in steps for i in step}, key=lambda i: len(examples[i].ids))
    step = next(step for step in steps if longest in step)
    return next(row for row in packed(examples, step) if longest in row.members)


def _packed(examples: Sequence[Row], step: Sequence[int], *, processes: int, aim: Aim) -> list[Packed]:
    """The packed rows of a step, their members by their places among the examples.

    Each of several processes packs its own part, so that what all its rows begin with is computed by each of them.
    """
    parts = ranks.dealt([examples[i] for i in step], processes)
    found = [
        (size, [step[part[i]] for i in members])
        for part in parts
        for size, members in computed([examples[step[i]] for i in part], aim)
    ]
    return [Packed(size, tuple(members)) for size, members in found]


def _step(
    network: Network, examples: Sequence[Row], members: Sequence[int], aim: Aim, optimizer: torch.optim.Optimizer
) -> None:
    optimizer.zero_grad(set_to_none=True)
    batch_loss(network, [examples[i] for i in members], aim, train=True)
    optimizer.step()
