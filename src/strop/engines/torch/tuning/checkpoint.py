"""Checkpoints that survive a kill at any byte: safetensors and JSON in a folder that appears whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from strop import durable
from strop.engines.torch import machine
from strop.records import JSON

KEEP = 2


class State(NamedTuple):
    """Where a run stands after ``step`` optimizer steps."""

    step: int
    parameters: dict[str, Tensor]
    optimizer: dict[str, dict[str, Tensor]]
    random: list[Tensor]
    history: dict[str, JSON]


def save(work: Path, plan: str, state: State) -> None:
    """Write a checkpoint durably; older ones beyond the last two are removed."""
    tensors = {f"parameter.{name}": p.detach() for name, p in state.parameters.items()}
    tensors |= {f"optimizer.{name}.{k}": t for name, slots in state.optimizer.items() for k, t in slots.items()}
    tensors |= {"random": state.random[0]} | {f"random.{n}": t for n, t in enumerate(state.random[1:], 1)}
    with durable.new_folder(work / f"checkpoint-{state.step}") as folder:
        save_file({k: t.cpu().contiguous() for k, t in tensors.items()}, folder / "state.safetensors")
        durable.write_json(folder / "state.json", {"plan": plan, "step": state.step, "history": state.history})
    for old in _folders(work)[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)


def newest(work: Path, plan: str) -> State | None:
    """The newest complete checkpoint of this very plan, or None."""
    for folder in _folders(work):
        if not durable.is_complete(folder):
            continue
        note = json.loads((folder / "state.json").read_text("utf-8"))
        if note["plan"] != plan:
            continue
        tensors = load_file(folder / "state.safetensors")
        optimizer: dict[str, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            if key.startswith("optimizer."):
                name, _, slot = key.removeprefix("optimizer.").rpartition(".")
                optimizer.setdefault(name, {})[slot] = tensor
        parameters = {k.removeprefix("parameter."): t for k, t in tensors.items() if k.startswith("parameter.")}
        random = [t for key, t in sorted(tensors.items()) if key.partition(".")[0] == "random"]
        return State(note["step"], parameters, optimizer, random, note["history"])
    return None


def _folders(work: Path) -> list[Path]:
    """Checkpoints, newest first."""
    found = [p for p in work.glob("checkpoint-*") if p.name.removeprefix("checkpoint-").isdigit()]
    return sorted(found, key=lambda p: -int(p.name.removeprefix("checkpoint-")))


def optimizer_slots(optimizer: torch.optim.Optimizer, parameters: dict[str, Any]) -> dict[str, dict[str, Tensor]]:
    """The optimizer's tensors by parameter name."""
    return {name: dict(optimizer.state[p]) for name, p in parameters.items() if p in optimizer.state}


def restore(state: State, optimizer: torch.optim.Optimizer, parameters: dict[str, Any]) -> None:
    """Put parameters, optimizer and random numbers back."""
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(state.parameters[name])
            if name in state.optimizer:
                slots = state.optimizer[name]
                # AdamW counts its steps on the processor, wherever the parameters are
                optimizer.state[parameter] = {
                    k: t if t.dim() == 0 else t.to(parameter.device) for k, t in slots.items()
                }
    machine.set_random_state(state.random)
