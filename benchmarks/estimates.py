"""What a run was said to cost and what it took, in processor time and memory: five kinds of work, and growth.

    python benchmarks/estimates.py --data FOLDER [--only NAME ...] [-o results.json]

SmolLM2-135M, one thread, the engine's own defaults, each run in a process of its own. FOLDER holds
``tickets_banking15`` and ``contract_summaries``; the works are those of ``benchmarks/tuning.py``. Growth: seconds a
token of the same work with 4 and 16 times the rows, as a ratio to those with the fewest, and the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")


class Work(NamedTuple):
    """Rows of a work of tuning.py, and the method that learns them."""

    rows_of: str
    rows: int
    method: str


WORK = {
    "tickets, lora": Work("tickets", 64, "lora"),
    "tickets x4, lora": Work("tickets", 256, "lora"),
    "tickets x16, lora": Work("tickets", 1024, "lora"),
    "long instruction, lora": Work("long", 64, "lora"),
    "summaries, lora": Work("summaries", 64, "lora"),
    "tickets, upper layers": Work("tickets", 64, "upper_layers"),
    "tickets, prefix": Work("tickets", 64, "prefix"),
    "tickets, full": Work("tickets", 64, "full"),
}


def child(name: str, data: Path) -> None:
    """Estimate, tune once over the rows, and print both costs."""
    sys.path.insert(0, str(Path(__file__).parent))
    import tuning

    from strop.engines import bases, open_engine
    from strop.engines.base import TrainItem, TrainPlan
    from strop.records import Message, Spec, silent
    from strop.settings import Settings, cache_folder

    work = WORK[name]
    base = bases.find(cache_folder(), "smollm2-135m-instruct")
    items = tuple(
        TrainItem(example=str(number), messages=tuple(Message(**turn) for turn in told), answer=answer)  # type: ignore[arg-type]
        for number, (told, answer) in enumerate(tuning.rows_of(work.rows_of, data, work.rows))
    )
    settings = {
        **Settings().tune.model_dump(mode="json"), "num_train_epochs": 1, "per_device_train_batch_size": 16,
        "max_new_tokens": 32, "kind": "summarisation" if work.rows_of == "summaries" else "classification",
    }  # fmt: skip
    plan = TrainPlan(spec=Spec.of(work.method, base=base.id), seed=0, train=items, settings=settings)
    engine = open_engine("torch")
    said = engine.estimate(plan, base)
    with tempfile.TemporaryDirectory() as folder:
        took = engine.train(plan, base, folder=Path(folder) / "a", work=Path(folder) / "w", on_event=silent).measured
    print(json.dumps({"said": said.model_dump(), "took": took.model_dump()}))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", nargs="+", choices=WORK, default=list(WORK))
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--child", choices=WORK, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.data is None:
        print("skipped: --data FOLDER with tickets_banking15 and contract_summaries is needed")
        return
    if asked.child:
        child(asked.child, asked.data)
        return
    found: dict[str, Any] = {}
    print(f"{'work':24}{'tokens':>9}{'CPU-s said':>12}{'took':>8}{'error':>8}{'MiB said':>10}{'took':>7}{'error':>8}")
    for name in asked.only:
        command = [sys.executable, __file__, "--child", name, "--data", str(asked.data)]
        out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        one = found[name] = json.loads(out.splitlines()[-1])
        said, took = one["said"], one["took"]
        seconds, memory = (took[key] / said[key] - 1 for key in ("cpu_seconds", "peak_memory_bytes"))
        line = f"{name:24}{took['tokens']:9,}{said['cpu_seconds']:12.1f}{took['cpu_seconds']:8.1f}{seconds:+8.0%}"
        print(
            f"{line}{said['peak_memory_bytes'] >> 20:10}{took['peak_memory_bytes'] >> 20:7}{memory:+8.0%}", flush=True
        )
    if "tickets, lora" in found:
        once = found["tickets, lora"]["took"]
        for name in ("tickets x4, lora", "tickets x16, lora"):
            if name in found:
                more = found[name]["took"]
                share = more["cpu_seconds"] / more["tokens"] / (once["cpu_seconds"] / once["tokens"])
                print(f"{name}: {share:.2f} of the seconds a token, {more['peak_memory_bytes'] >> 20} MiB")
    if asked.output:
        asked.output.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
