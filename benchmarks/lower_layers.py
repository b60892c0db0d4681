"""How much faster is an epoch when only upper layers are trained, and what the lower ones give is kept?

    python benchmarks/lower_layers.py --data FOLDER [--work tickets summaries] [--rows 96] [--epochs 3] [-o F]

SmolLM2-135M, LoRA rank 16, batch 16, one thread, bf16 where the machine has it. FOLDER holds the public sets
``tickets_banking15`` and ``contract_summaries``. Processor time is read before the first step and at every epoch's end,
all ways one after the other in one process. In fp32 the losses with and without what is kept must agree within 1e-3.

    all            LoRA on all layers
    upper          LoRA on the top third; each step computes all layers
    upper, kept    the same; what the lower layers give is computed before the first step (counted in epoch 1) and kept
    upper, again   the same with another seed: kept from the run before
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from tuning import BATCH, Rows, rows_of

WAYS = {"all": "lora", "upper": "upper_layers", "upper, kept": "upper_layers", "upper, again": "upper_layers"}


def epochs_of(way: str, rows: Rows, epochs: int, place: Path, dtype: str) -> tuple[list[float], list[float]]:
    """Processor seconds by epoch, and the losses."""
    from strop.engines import bases, open_engine
    from strop.engines.base import TrainItem, TrainPlan
    from strop.engines.torch import machine
    from strop.engines.torch.tuning import lower_layers
    from strop.records import Event, LossSeen, Message, Progress, Spec
    from strop.settings import cache_folder

    base = bases.find(cache_folder(), "smollm2-135m-instruct")
    items = tuple(
        TrainItem(example=str(number), messages=tuple(Message(**turn) for turn in told), answer=answer)  # type: ignore[arg-type]
        for number, (told, answer) in enumerate(rows)
    )
    settings: dict[str, Any] = {
        "learning_rate": 1e-3, "num_train_epochs": epochs, "dtype": dtype, "max_new_tokens": 2, "warmup_ratio": 0.0,
        "per_device_train_batch_size": BATCH, "save_steps": 10**6,
    }  # fmt: skip
    times = list[float]()

    def heard(event: Event) -> None:
        started = isinstance(event, Progress) and event.task == "tuning" and event.done == 0
        if started or (isinstance(event, LossSeen) and event.step % (len(rows) // BATCH) == 0):
            times.append(machine.cpu_seconds())

    most = lower_layers.MOST_BYTES
    lower_layers.MOST_BYTES = most if "," in way else 0
    try:
        plan = TrainPlan(
            spec=Spec.of(WAYS[way], base=base.id), seed=int("again" in way), train=items, settings=settings
        )  # type: ignore[arg-type]
        folder, work = place / way / "adapter", place / way / "work"
        made = open_engine("torch").train(plan, base, folder=folder, work=work, kept=place / "kept", on_event=heard)
    finally:
        lower_layers.MOST_BYTES = most
    return [b - a for a, b in pairwise(times)], [point.loss for point in made.losses]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", nargs="+", default=["tickets", "summaries"], choices=["tickets", "long", "summaries"])
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    if asked.data is None:
        print("skipped: --data FOLDER with tickets_banking15 and contract_summaries is needed")
        return
    result: dict[str, Any] = {"load": os.getloadavg()[0], "rows": asked.rows}
    for work in asked.work:
        rows = rows_of(work, asked.data, asked.rows)
        with tempfile.TemporaryDirectory() as place:
            exact = [epochs_of(way, rows[:BATCH], 2, Path(place), "float32")[1] for way in ("upper", "upper, kept")]
            furthest = max(abs(a - b) for a, b in zip(*exact, strict=True))
            print(f"{work}: fp32 losses with and without what is kept differ by at most {furthest:.1e}", flush=True)
            assert furthest < 1e-3, exact
        found = {}
        with tempfile.TemporaryDirectory() as place:
            for way in WAYS:
                found[way], _ = epochs_of(way, rows, 1 if way == "all" else asked.epochs, Path(place), "auto")
                first, later = found[way][0], found[way][-1]
                ratios = (
                    f"{first / later:5.2f} x faster than its first, {found['all'][0] / later:5.2f} x than all layers"
                )
                each = "  ".join(f"{seconds:6.1f}" for seconds in found[way])
                print(f"{work:10} {way:13} CPU-s an epoch {each}   last: {ratios}", flush=True)
        result[work] = {"furthest": furthest, "epochs": found}
    if asked.output:
        asked.output.write_text(json.dumps(result, indent=1), "utf-8")


if __name__ == "__main__":
    main()
