"""``python -m strop.engines.torch.along FOLDER RANK PROCESSES``: train along with the process that tunes (ranks.py)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from strop.engines.base import TrainPlan
from strop.engines.torch import machine, ranks
from strop.engines.torch.engine import TorchEngine
from strop.records import Base


def main(folder: Path, number: int, processes: int) -> None:
    """Compute this process's part of every batch; nothing of it is kept here."""
    told = json.loads((folder / ranks.PLAN).read_text("utf-8"))
    machine.settle(getattr(torch, told["dtype"]))
    ranks.meet(folder, number, processes)
    TorchEngine().train_along(
        TrainPlan.model_validate(told["plan"]), Base.model_validate(told["base"]), work=Path(told["work"])
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
