"""Several processes that train one network together: each computes a part of every batch, the sum is the batch's.

The process that tunes is rank 0. It starts the others by itself (``tune.processes``), on this machine, and they meet
through a file in the run's work folder; under torchrun the others are there already (torchrun.py). Gradients are summed
by gloo, or by NCCL where each has a GPU of its own. A batch's loss is divided by what the whole batch holds, so that
losses and steps are those of one process up to the order of sums.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import torch
import torch.distributed as dist
from torch import Tensor

from strop import durable
from strop.engines.base import TrainPlan
from strop.engines.torch import machine
from strop.engines.torch.template import Row
from strop.engines.torch.tuning import torchrun
from strop.errors import EngineError, SettingsError
from strop.records import Base

_PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others: the longest step, and what rank 0 does alone between two."""
PLAN, _MEET = "plan.json", "meet"


def rank() -> int:
    """Which of the processes this is; 0 where it is the only one."""
    return int(dist.get_rank()) if dist.is_initialized() else 0


def count() -> int:
    """How many processes there are."""
    return int(dist.get_world_size()) if dist.is_initialized() else 1


def most(value: int) -> int:
    """The largest of all processes' values."""
    return _agreed(value, dist.ReduceOp.MAX)


def least(value: int) -> int:
    """The smallest of all processes' values."""
    return _agreed(value, dist.ReduceOp.MIN)


def _agreed(value: int, how: dist.ReduceOp.RedOpType) -> int:
    if count() == 1:
        return value
    found = torch.tensor(value, dtype=torch.int64).to(machine.device())
    dist.all_reduce(found, op=how)
    return int(found)


def part(batch: Sequence[Row]) -> list[Row]:
    """This process's rows of a batch."""
    return [batch[i] for i in dealt(batch, count())[rank()]]


def dealt(batch: Sequence[Row], processes: int) -> list[list[int]]:
    """Which rows each process computes: neighbours in the tree stay together, tokens are dealt about evenly."""
    if processes == 1:
        return [list(range(len(batch)))]
    total, seen, parts = sum(row.size for row in batch), 0, [list[int]() for _ in range(processes)]
    for i in sorted(range(len(batch)), key=lambda i: batch[i].ids):
        parts[min(processes - 1, (seen + batch[i].size // 2) * processes // total)].append(i)
        seen += batch[i].size
    return parts


def summed(value: float, parameters: Mapping[str, Tensor] | None = None) -> float:
    """The sum of all processes' values; the gradients of ``parameters`` are summed in place."""
    if count() == 1:
        return value
    for parameter in (parameters or {}).values():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        dist.all_reduce(parameter.grad)
    total = torch.tensor(value, dtype=torch.float64).to(machine.device())
    dist.all_reduce(total)
    return float(total)


@contextlib.contextmanager
def together(plan: TrainPlan, base: Base, work: Path) -> Iterator[None]:
    """While the block runs, ``tune.processes`` stand ready to compute parts, or as many as torchrun has started.

    Raises EngineError where one of them fails.
    """
    processes = torchrun.processes() or int(str(plan.settings.get("processes", 1)))
    if processes == 1 or dist.is_initialized():
        yield
        return
    _refuse(processes, plan)
    dtype = str(machine.training_dtype()).removeprefix("torch.")  # timed by each, two might not find the same one
    told = json.dumps({"plan": plan.to_json(), "base": base.to_json(), "work": str(work.resolve()), "dtype": dtype})
    if torchrun.processes():
        try:
            meet(torchrun.here(), 0, processes, store=torchrun.tell(told))
            yield
        except RuntimeError as error:
            if not _of_connection(error):
                raise
            raise EngineError(
                f"one of the {processes} processes was lost ({str(error).splitlines()[0][:200]})",
                remedy="what it said stands above; run again: it goes on",
            ) from error
        finally:
            leave()
    else:
        with _started_for(told, processes, work / f"ranks-{uuid.uuid4().hex}"):
            yield


def _refuse(processes: int, plan: TrainPlan) -> None:
    """Raises SettingsError for what several processes cannot do."""
    if float(str(plan.settings.get("lora_dropout") or 0)):
        raise SettingsError(
            "dropout draws other numbers in each process", remedy="set tune.lora_dropout to 0, or tune.processes to 1"
        )
    here = torchrun.on_this_machine() or processes
    gpus = torch.cuda.device_count() if machine.device().type == "cuda" else here
    if here > gpus:
        raise SettingsError(
            f"{here} processes share {gpus} GPUs, and each needs one of its own",
            remedy=f"take {gpus} processes, or set CUDA_VISIBLE_DEVICES= (empty) to tune on the processor",
        )


@contextlib.contextmanager
def _started_for(told: str, processes: int, folder: Path) -> Iterator[None]:
    """Start the others, on this machine; they end with the block."""
    durable.write_text(folder / PLAN, told)
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    others = list[subprocess.Popen[bytes]]()
    try:
        for number in range(1, processes):
            command = [sys.executable, "-m", "strop.engines.torch.along", str(folder), str(number), str(processes)]
            with (folder / f"{number}.err").open("wb") as said:
                others.append(_started(command, environment, said))
        meet(0, 0, processes, init_method=meeting(folder))
        yield
    except RuntimeError as error:
        patience = 5.0 if _of_connection(error) else 0.0  # it ends a moment before its process has ended
        gone = [number for number, other in enumerate(others, 1) if _ended(other, patience) not in (None, 0)]
        if not gone:
            raise
        last = (folder / f"{gone[0]}.err").read_text("utf-8", errors="replace").strip().splitlines()[-1:]
        raise EngineError(
            f"process {gone[0]} of {processes} ended: {' '.join(last)[:300]}",
            remedy="run again: it goes on; or set tune.processes to 1",
        ) from error
    finally:
        leave()
        for other in others:
            other.kill()
            other.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _of_connection(error: RuntimeError) -> bool:
    """Whether an error is one of the connection to the others; gloo's are no more than their text."""
    return isinstance(error, dist.DistError) or "gloo" in str(error) or "NCCL" in str(error)


def _started(command: list[str], environment: dict[str, str], said: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - a list, no shell
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
    )


def _ended(process: subprocess.Popen[bytes], patience: float) -> int | None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=patience)
    return process.poll()


def leave() -> None:
    """Part from the others, where there are some."""
    if dist.is_initialized():
        dist.destroy_process_group()


def meeting(folder: Path) -> str:
    """Where the processes that a run has started meet, as torch is told it."""
    return f"file://{(folder / _MEET).resolve()}"


def meet(gpu: int, number: int, processes: int, **where: Any) -> None:
    """Join the others, as the one of this number, with the GPU of that number; waits until all are there."""
    on_gpus = machine.device().type == "cuda"
    if on_gpus:
        machine.use_device(torch.device("cuda", gpu))
    backend = "nccl" if on_gpus else "gloo"
    dist.init_process_group(backend, rank=number, world_size=processes, timeout=_PATIENCE, **where)
