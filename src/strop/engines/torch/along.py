"""Train along with the process that tunes (ranks.py): started by it, or one of those that torchrun has started.

``python -m strop.engines.torch.along FOLDER RANK PROCESSES`` is how a run starts one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from strop.engines.base import TrainPlan
from strop.engines.torch import machine
from strop.engines.torch.engine import TorchEngine
from strop.engines.torch.tuning import ranks, torchrun
from strop.errors import StropError
from strop.records import Base


def main(folder: Path, number: int, processes: int) -> None:
    """Compute this process's part of every batch; nothing of it is kept here."""
    _along((folder / ranks.PLAN).read_text("utf-8"), number, number, processes, init_method=ranks.meeting(folder))


def under_torchrun() -> None:
    """Compute along in one run after the other, as rank 0 tells of them, until it has ended.

    What ends a run here is one line on standard error, and the next run is another one: where it is the same for all,
    or a connection is lost, rank 0 says so. Anything else ends this process, and torchrun the others.
    """
    number, processes = torchrun.rank(), torchrun.processes()
    for told, store in torchrun.told():
        try:
            _along(told, torchrun.here(), number, processes, store=store)
        except (StropError, RuntimeError, OSError) as error:
            sys.stderr.write(f"strop: process {number} of {processes}: {type(error).__name__}: {error}\n")
        finally:
            ranks.leave()


def _along(told: str, gpu: int, number: int, processes: int, **where: Any) -> None:
    run = json.loads(told)
    machine.settle(getattr(torch, run["dtype"]))
    ranks.meet(gpu, number, processes, **where)
    TorchEngine().train_along(
        TrainPlan.model_validate(run["plan"]), Base.model_validate(run["base"]), work=Path(run["work"])
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
