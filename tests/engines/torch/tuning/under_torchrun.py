"""What torchrun starts in test_ranks.py: two runs, one after the other, by whichever process is rank 0.

With the argument ``lose`` another process leaves the first of them at once.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch.distributed.tensor import DTensor

from strop.cli import waits_for_another
from strop.engines.base import TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.tuning import ranks, torchrun
from strop.errors import EngineError
from strop.records import Base, Event, Progress


def main(place: Path, *, lose: bool) -> None:
    if lose and torchrun.rank():
        _, store = next(torchrun.told())
        ranks.meet(torchrun.here(), torchrun.rank(), torchrun.processes(), store=store)
        ranks.leave()
    if waits_for_another():
        return
    told = json.loads((place / "told.json").read_text("utf-8"))
    plan, base = TrainPlan.model_validate(told["plan"]), Base.model_validate(told["base"])
    runs = [run(plan, base, place / str(n)) for n in range(2)]
    (place / "found.json").write_text(json.dumps(runs), "utf-8")


def run(plan: TrainPlan, base: Base, place: Path) -> dict[str, Any]:
    """Tune, and tell: the losses, how many processes, whether each held half of the layers; or what went wrong."""
    halves = list[bool]()

    def seen(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "tuning" and event.done == 1:
            held = [one for one in gc.get_objects() if isinstance(one, torch.Tensor) and isinstance(one, DTensor)]
            halves.append(bool(held) and all(2 * one.to_local().numel() == one.numel() for one in held))

    try:
        made = TorchEngine().train(plan, base, folder=place / "adapter", work=place / "work", on_event=seen)
    except EngineError as error:
        return {"error": str(error)}
    losses = [point.loss for point in made.losses]
    return {"losses": losses, "processes": made.environment["processes"], "shared": halves == [True]}


if __name__ == "__main__":
    main(Path(sys.argv[1]), lose=sys.argv[2:] == ["lose"])
