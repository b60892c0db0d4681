"""What torchrun starts in test_ranks.py: two runs, one after the other, by whichever process is rank 0."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

import torch
from torch.distributed.tensor import DTensor

from strop.cli import waits_for_another
from strop.engines.base import TrainPlan
from strop.engines.torch import TorchEngine
from strop.records import Base, Event, Progress


def main(place: Path) -> None:
    if waits_for_another():
        return
    told = json.loads((place / "told.json").read_text("utf-8"))
    plan, base = TrainPlan.model_validate(told["plan"]), Base.model_validate(told["base"])
    shares = list[bool]()

    def seen(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "tuning" and event.done == 1:
            held = [t for t in gc_tensors() if isinstance(t, DTensor)]
            shares.append(bool(held) and all(2 * t.to_local().numel() == t.numel() for t in held))

    made = [
        TorchEngine().train(plan, base, folder=place / str(n) / "adapter", work=place / str(n) / "work", on_event=seen)
        for n in range(2)
    ]
    found = {
        "losses": [[point.loss for point in one.losses] for one in made],
        "processes": [one.environment["processes"] for one in made],
        "shared": all(shares),
    }
    (place / "found.json").write_text(json.dumps(found), "utf-8")


def gc_tensors() -> list[torch.Tensor]:
    """All tensors that this process holds."""
    return [one for one in gc.get_objects() if isinstance(one, torch.Tensor)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
