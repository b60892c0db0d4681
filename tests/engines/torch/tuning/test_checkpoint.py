"""Checkpoints against a kill before every file operation, and against tears and changed bytes at every place."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from strop import durable
from strop.engines.torch.tuning import checkpoint
from strop.engines.torch.tuning.checkpoint import State

PLAN = "plan_x"
KILLED = 9
WRITES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.link", "os.truncate", "shutil.rmtree"}
"""Audit events of what changes a disk, beside "open" for writing and what Python tells of ctypes (an exchange)."""


def state(step: int) -> State:
    """What a small run looks like after a step; all of it hangs on the step."""
    generator = torch.Generator().manual_seed(step)
    weights = {name: torch.randn(4, 3, generator=generator) for name in ("a", "b")}
    slots = {name: {"exp_avg": tensor * 2, "step": torch.tensor(float(step))} for name, tensor in weights.items()}
    return State(step, weights, slots, [generator.get_state()], {"losses": [[step, 0.5, 1.25, 1e-3]]})


def same(found: State | None, step: int) -> bool:
    """Whether a checkpoint is that of the step, to the last bit."""
    wanted = state(step)
    return (
        found is not None
        and (found.step, found.history) == (step, wanted.history)
        and all(map(torch.equal, found.random, wanted.random))
        and all(torch.equal(found.parameters[name], tensor) for name, tensor in wanted.parameters.items())
        and all(
            torch.equal(found.optimizer[name][slot], tensor)
            for name, slots in wanted.optimizer.items()
            for slot, tensor in slots.items()
        )
    )


def killed_at(operation: int, work: Path, step: int) -> bool:
    """Save in a process of its own that dies right before its n-th change of the disk; whether it lived to the end."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    left = operation

    def watch(event: str, given: tuple[Any, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes or event in WRITES or event == "ctypes.call_function":
            left -= 1
            if left == 0:
                os._exit(KILLED)

    code = 1
    try:
        sys.addaudithook(watch)
        checkpoint.save(work, PLAN, state(step))
        code = 0
    finally:
        os._exit(code)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder with the checkpoints of steps 1 and 2."""
    for step in (1, 2):
        checkpoint.save(tmp_path / "two", PLAN, state(step))
    return tmp_path / "two"


def complete(work: Path) -> list[int]:
    """Steps of the complete checkpoints, newest first."""
    folders = (folder for folder in work.glob("checkpoint-*") if durable.is_complete(folder))
    return sorted((int(folder.name.rpartition("-")[2]) for folder in folders), reverse=True)


def test_a_kill_before_any_file_operation_leaves_the_newest_whole(two: Path, tmp_path: Path) -> None:
    newest = list[int]()
    for operation in range(1, 200):
        work = tmp_path / str(operation)
        shutil.copytree(two, work)
        lived = killed_at(operation, work, 3)
        found = checkpoint.newest(work, PLAN)
        assert found is not None and same(found, found.step), operation
        newest.append(found.step)
        assert complete(work)[:2] == [found.step, found.step - 1], operation  # and the one before it is kept
        checkpoint.save(work, PLAN, state(4))  # what the kill left is in nobody's way
        assert same(checkpoint.newest(work, PLAN), 4), operation
        shutil.rmtree(work)
        if lived:
            break
    assert lived and len(newest) > 8
    assert newest == sorted(newest) and set(newest) == {2, 3}  # from one operation on it is the new one


def test_a_file_torn_or_changed_at_any_byte_is_never_picked(two: Path) -> None:
    folder = two / "checkpoint-2"
    for name, stride in (("state.json", 1), ("manifest.json", 1), ("state.safetensors", 37)):
        path = folder / name
        data = path.read_bytes()
        for place in range(0, len(data), stride):
            path.write_bytes(data[:place])
            found = checkpoint.newest(two, PLAN)
            whole = name == "manifest.json" and place == len(data) - 1  # without its line end it says all that it said
            assert same(found, 2 if whole else 1), (name, place)
            path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            found = checkpoint.newest(two, PLAN)
            assert same(found, 1) or (name == "manifest.json" and same(found, 2)), (name, place)
        path.write_bytes(data)
    assert same(checkpoint.newest(two, PLAN), 2)


def test_a_checkpoint_with_a_file_missing_or_of_another_plan_is_passed_over(two: Path) -> None:
    (two / "checkpoint-2" / "state.safetensors").unlink()
    assert same(checkpoint.newest(two, PLAN), 1)
    assert checkpoint.newest(two, "plan_y") is None
