"""The tuning loop of LoRA and all other methods: answer tokens only, every shared token once.

The plain loop that it is held against is recipes/07_plain_loop.py: padded rows, every logit, nothing shared.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from strop.engines import resident
from strop.engines.base import TrainPlan
from strop.engines.torch import machine
from strop.engines.torch.adapters.methods import METHODS, Knobs, learning_rate, trainable
from strop.engines.torch.network import Network
from strop.engines.torch.template import Row
from strop.engines.torch.tuning import checkpoint, memory, ranks
from strop.engines.torch.tuning.anchor import Anchor
from strop.engines.torch.tuning.objective import Aim, batch_loss, with_base
from strop.errors import CheckFailed
from strop.records import Cost, Listener, LossPoint, LossSeen, Method, Progress, Said, content_id


class Trained(NamedTuple):
    """What the loop leaves: the moved network is changed in place."""

    losses: list[LossPoint]
    validation: list[LossPoint]
    measured: Cost
    start: dict[str, Tensor]


def plan_hash(plan: TrainPlan, network: Network) -> str:
    """Names the run: a checkpoint of any other one is not resumed."""
    return content_id("plan", [plan.to_json(), str(network.dtype), network.autocast, network.template.hash])


def order(count: int, epochs: float, batch: int, seed: int) -> list[list[int]]:
    """Example indices by optimizer step; every epoch is a new shuffle. A part of an epoch is a part of its steps."""
    steps_an_epoch = math.ceil(count / batch)
    steps: list[list[int]] = []
    for epoch in range(math.ceil(epochs)):
        shuffled = np.random.default_rng([seed, epoch]).permutation(count).tolist()
        steps += [shuffled[i : i + batch] for i in range(0, count, batch)]
    return steps[: max(1, round(epochs * steps_an_epoch))]


def make_optimizer(parameters: Mapping[str, Tensor], knobs: Knobs, method: Method) -> torch.optim.Optimizer:
    """AdamW with its state in the parameters' own fp32; each group learns at its ``times`` of the schedule's rate."""
    faster = {name for name in parameters if ".lora_B." in name} if METHODS[method].faster != 1 else set()
    groups = [
        {"params": [p for name, p in parameters.items() if (name in faster) == fast], "times": times}
        for fast, times in ((False, 1.0), (True, METHODS[method].faster))
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=knobs.learning_rate, weight_decay=knobs.weight_decay)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The schedule's rate for the next step."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["times"]


def train(
    network: Network, examples: Sequence[Row], validation: Sequence[Row], plan: TrainPlan, knobs: Knobs, aim: Aim, *,
    work: Path, on_event: Listener,
) -> Trained:  # fmt: skip
    """Move the network's trainable parameters; resumes from the newest checkpoint of the same plan in ``work``.

    Raises CheckFailed as soon as a loss or gradient is not finite.
    """
    peak, name, parameters = machine.PeakMemory(), plan_hash(plan, network), trainable(network)
    start = {key: p.detach().clone() for key, p in parameters.items()}
    optimizer = make_optimizer(parameters, knobs, plan.spec.method)
    steps = order(len(examples), knobs.num_train_epochs, knobs.batch, plan.seed)
    an_epoch = math.ceil(len(examples) / knobs.batch)
    history: dict[str, Any] = {"losses": [], "validation": [], "cpu": 0.0, "wall": 0.0, "peak": 0}
    anchor = Anchor(network, knobs.base_kl, knobs.batch) if knobs.base_kl else None
    cpu, wall, done = machine.cpu_seconds(), time.perf_counter(), 0
    if network.lower:
        network.lower.open()
    network.model.eval()
    examples, validation = with_base(network, examples, aim), with_base(network, validation, aim)
    if saved := checkpoint.newest(work, name):
        checkpoint.restore(saved, optimizer, parameters)
        done, history = saved.step, saved.history
        aim = aim._replace(row_tokens=history.get("row_tokens", aim.row_tokens))  # sums in the same order as before
        on_event(Said(text=f"going on from the checkpoint after step {done} of {len(steps)}"))
    earlier = dict(history)
    on_event(Progress(task="tuning", done=done, total=len(steps), unit="steps"))
    for step in range(done + 1, len(steps) + 1):
        began = time.perf_counter()
        batch = [examples[i] for i in steps[step - 1]]
        rate = learning_rate(step, len(steps), knobs)
        set_rate(optimizer, rate)
        network.model.train()
        value, aim = _gradient(network, batch, aim, optimizer, partial(_pulled, anchor, plan.seed, step), on_event)
        norm = float(torch.nn.utils.clip_grad_norm_(parameters.values(), knobs.max_grad_norm))
        if not (math.isfinite(value) and math.isfinite(norm)):
            broken = _broken(network, batch, aim, [plan.train[i].example for i in steps[step - 1]])
            raise CheckFailed(
                f"step {step}: loss {value}, gradient's norm {norm}; {broken}",
                remedy="look at these rows, or lower tune.learning_rate; nothing of this run was kept",
            )
        optimizer.step()
        speed = len(batch) / (time.perf_counter() - began)
        history["losses"].append([step, step / an_epoch, value, rate, speed])
        on_event(LossSeen(step=step, steps=len(steps), loss=value, learning_rate=rate, examples_per_second=speed))
        if validation and (step % an_epoch == 0 or step == len(steps)):
            network.model.eval()
            look = partial(batch_loss, network, ranks.part(validation), train=False, whole=validation)
            seen, aim = memory.surviving(look, aim, lambda: None, on_event, in_step=network.sharded)
            history["validation"].append([step, step / an_epoch, ranks.summed(seen), rate])
        spent, passed = ranks.summed(machine.cpu_seconds() - cpu), time.perf_counter() - wall
        history |= {"cpu": earlier["cpu"] + spent, "wall": earlier["wall"] + passed, "row_tokens": aim.row_tokens}
        history["peak"] = max(earlier["peak"], round(ranks.summed(peak.above_start())))
        if step % knobs.save_steps == 0 and step < len(steps) and not ranks.rank():
            slots = checkpoint.optimizer_slots(optimizer, parameters)
            checkpoint.save(work, name, checkpoint.State(step, parameters, slots, machine.random_state(), history))
        on_event(Progress(task="tuning", done=step, total=len(steps), unit="steps"))
    network.model.eval()
    cost = _cost([examples[i] for step in steps for i in step], history, network)
    return Trained(_points(history["losses"]), _points(history["validation"]), cost, start)


def _pulled(anchor: Anchor | None, seed: int, step: int, network: Network) -> None:
    if anchor and network.sharded:  # all in step, each adds its part of it
        anchor.pull(network, seed, step, 1 / ranks.count())
    elif anchor and not ranks.rank():  # once, however many processes there are
        anchor.pull(network, seed, step)


def _gradient(
    network: Network, batch: Sequence[Row], aim: Aim, optimizer: torch.optim.Optimizer,
    pull: Callable[[Network], None], on_event: Listener,
) -> tuple[float, Aim]:  # fmt: skip
    """A step's loss, its gradient in the parameters; begun again with shorter rows where memory runs out."""
    random = machine.random_state()

    def undo() -> None:
        optimizer.zero_grad(set_to_none=True)
        machine.set_random_state(random)

    def work(aim: Aim) -> float:
        value = batch_loss(network, ranks.part(batch), aim, train=True, whole=batch)
        pull(network)
        return value

    undo()
    value, aim = memory.surviving(work, aim, undo, on_event, in_step=network.sharded)
    resident.trim()
    return ranks.summed(value, trainable(network)), aim


def _broken(network: Network, batch: Sequence[Row], aim: Aim, names: Sequence[str]) -> str:
    """Which rows have no finite loss or gradient when they are computed by themselves, at the weights of this step."""
    parameters, found = list(trainable(network).values()), list[str]()
    network.model.eval()
    for name, row in zip(names, batch, strict=True):
        network.model.zero_grad(set_to_none=True)
        value = batch_loss(network, [row], aim, train=True)
        finite = all(bool(torch.isfinite(p.grad).all()) for p in parameters if p.grad is not None)
        if not (math.isfinite(value) and finite):
            found.append(name)
    told = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
    if not found:
        return f"each of its rows is finite by itself: {', '.join(names[:5])}{'…' if len(names) > 5 else ''}"
    every = " (every row of the step: the weights themselves have left the numbers)" if len(found) == len(names) else ""
    return f"broken by itself: example {told}{every}"


def _cost(seen: Sequence[Row], history: dict[str, Any], network: Network) -> Cost:
    return Cost(
        examples=len(seen), tokens=sum(row.size for row in seen), cpu_seconds=history["cpu"],
        wall_seconds=history["wall"], peak_memory_bytes=history["peak"],
        disk_bytes=network.lower.bytes if network.lower else 0,
    )  # fmt: skip


def _points(lines: Sequence[Sequence[float]]) -> list[LossPoint]:
    """Step, epoch, loss, learning rate, and the examples per second of a training step."""
    fields = ("step", "epoch", "loss", "learning_rate", "examples_per_second")
    return [LossPoint(**dict(zip(fields, line, strict=False))) for line in lines]
