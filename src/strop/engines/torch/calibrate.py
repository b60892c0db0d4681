"""What a run will cost, from two steps of it on the user's own rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch

from strop.engines.base import TrainPlan
from strop.engines.torch import machine
from strop.engines.torch.anchor import Anchor
from strop.engines.torch.methods import Knobs, trainable
from strop.engines.torch.network import Network
from strop.engines.torch.objective import Aim, batch_loss, computed
from strop.engines.torch.template import Row
from strop.engines.torch.train import make_optimizer, order
from strop.records import Cost

_SAMPLE = 40
"""Steps that are laid out to learn how much they share."""
_FORWARD_SHARE = 0.4
"""Part of a training step that its forward pass takes."""


class Work(NamedTuple):
    """One step: tokens computed after sharing, those of its largest row, and the step's examples."""

    computed: int
    largest: int
    members: Sequence[int]


def estimate(
    network: Network, examples: Sequence[Row], validation: Sequence[Row], plan: TrainPlan, knobs: Knobs, aim: Aim
) -> Cost:
    """The cost of the loop: processor seconds and peak memory of two real steps, scaled by the tokens to compute.

    The network is trained a little by it and must not be used afterwards.
    """
    steps = order(len(examples), knobs.num_train_epochs, knobs.batch, plan.seed)
    some = [_work(examples, step, aim) for step in steps[:: math.ceil(len(steps) / _SAMPLE)]]
    computed = sum(work.computed for work in some) / len(some) * len(steps)
    if validation:
        epochs = math.ceil(knobs.num_train_epochs)
        computed += _FORWARD_SHARE * epochs * _work(validation, range(len(validation)), aim).computed
    middle = sorted(some)[len(some) // 2]
    optimizer = make_optimizer(list(trainable(network).values()), knobs)
    anchor = Anchor(network, knobs.base_kl) if knobs.base_kl else None
    network.model.train()
    peak = machine.PeakMemory()
    _step(network, examples, max(some, key=lambda work: work.largest), aim, optimizer)
    cpu = machine.cpu_seconds()
    wall = machine.wall_seconds()
    _step(network, examples, middle, aim, optimizer)
    scale = computed / middle.computed
    cpu, wall = (machine.cpu_seconds() - cpu) * scale, (machine.wall_seconds() - wall) * scale
    if anchor:
        pulled_cpu, pulled_wall = machine.cpu_seconds(), machine.wall_seconds()
        anchor.pull(network, plan.seed, 1)
        cpu += (machine.cpu_seconds() - pulled_cpu) * len(steps)
        wall += (machine.wall_seconds() - pulled_wall) * len(steps)
    return Cost(
        examples=sum(map(len, steps)), tokens=sum(len(examples[i].ids) for step in steps for i in step),
        cpu_seconds=cpu, wall_seconds=wall, peak_memory_bytes=peak.above_start(),
    )  # fmt: skip


def _work(examples: Sequence[Row], step: Sequence[int], aim: Aim) -> Work:
    sizes = computed([examples[i] for i in step], aim)
    return Work(sum(sizes), max(sizes), step)


def _step(network: Network, examples: Sequence[Row], work: Work, aim: Aim, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad(set_to_none=True)
    batch_loss(network, [examples[i] for i in work.members], aim, train=True)
    optimizer.step()
