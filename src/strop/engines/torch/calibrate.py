"""What a run will cost, from a packed row of it, made of the user's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from strop.engines.base import TrainPlan
from strop.engines.torch import machine
from strop.engines.torch.anchor import Anchor
from strop.engines.torch.lower_layers import LowerLayers
from strop.engines.torch.methods import Knobs, trainable
from strop.engines.torch.network import Network
from strop.engines.torch.objective import Aim, batch_loss, computed, sequences
from strop.engines.torch.template import Row
from strop.engines.torch.train import make_optimizer, order
from strop.records import Cost

_SAMPLE = 40
"""Steps that are laid out to learn how much they share."""
_FORWARD_SHARE = 0.4
"""Part of a training step that its forward pass takes."""


class Work(NamedTuple):
    """One step: tokens computed after sharing, those of its largest packed row, and the examples in that."""

    computed: int
    largest: int
    members: Sequence[int]


def estimate(
    network: Network, examples: Sequence[Row], validation: Sequence[Row], plan: TrainPlan, knobs: Knobs, aim: Aim
) -> Cost:
    """The cost of the loop: processor seconds and peak memory of its largest packed row, scaled by all its tokens.

    The network is trained a little by it and must not be used afterwards.
    """
    steps = order(len(examples), knobs.num_train_epochs, knobs.batch, plan.seed)
    some = [_work(examples, step, aim) for step in steps[:: math.ceil(len(steps) / _SAMPLE)]]
    computed = sum(work.computed for work in some) / len(some) * len(steps)
    if validation:
        epochs = math.ceil(knobs.num_train_epochs)
        computed += _FORWARD_SHARE * epochs * _work(validation, range(len(validation)), aim).computed
    largest = max(some, key=lambda work: work.largest)
    optimizer = make_optimizer(list(trainable(network).values()), knobs)
    anchor = Anchor(network, knobs.base_kl, knobs.batch) if knobs.base_kl else None
    neutral = anchor.drawn(plan.seed, 1) if anchor else []
    disk = network.lower.bytes if network.lower else 0
    network, below = _with_some_lower(network, [*sequences([examples[i] for i in largest.members], aim), *neutral])
    network.model.train()
    peak = machine.PeakMemory()
    _step(network, examples, largest.members[:1], aim, optimizer)  # what happens once in a process is not a step's cost
    spent = _spent(lambda: _step(network, examples, largest.members, aim, optimizer)) * (computed / largest.largest)
    if anchor:
        asked = _spent(lambda: anchor.pull(network, plan.seed, 1))  # the base is asked the first time only
        pulled = _spent(lambda: anchor.pull(network, plan.seed, 1))
        spent += pulled * len(steps) + (asked - pulled) * min(len(steps), anchor.count / anchor.a_step)
    cpu, wall = (spent + below).tolist()
    return Cost(
        examples=sum(map(len, steps)), tokens=sum(len(examples[i].ids) for step in steps for i in step),
        cpu_seconds=cpu, wall_seconds=wall, peak_memory_bytes=peak.above_start(), disk_bytes=disk,
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
    cpu, wall = machine.cpu_seconds(), machine.wall_seconds()
    work()
    return np.array([machine.cpu_seconds() - cpu, machine.wall_seconds() - wall])


def _work(examples: Sequence[Row], step: Sequence[int], aim: Aim) -> Work:
    packed = computed([examples[i] for i in step], aim)
    largest, members = max(packed)
    return Work(sum(size for size, _ in packed), largest, [step[i] for i in members])


def _step(
    network: Network, examples: Sequence[Row], members: Sequence[int], aim: Aim, optimizer: torch.optim.Optimizer
) -> None:
    optimizer.zero_grad(set_to_none=True)
    batch_loss(network, [examples[i] for i in members], aim, train=True)
    optimizer.step()
