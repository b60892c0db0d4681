"""Which learning rate is each method's default? Sweeps on three public sets, within a stated budget, resumable.

    python benchmarks/sweeps.py --data FOLDER --work FOLDER [--methods lora full …] [--only SET …] [--rows 200]
                                [--steps -1 0 1] [--budget 3600]

SmolLM2-135M, one thread, one seed, base_kl 0, strop's own batch sizes and passes. Each method is trained on the first
rows of a training file at its default times 3^step, and judged on 100 items of the validation file. ``--budget``:
after so many processor seconds of tuning in all no further run is begun; what was not run is said. Finished runs stand
in ``sweeps.jsonl`` of the work folder and are not made again.
"""

from __future__ import annotations

import argparse
import json
import os
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from strop import durable, project
from strop.engines.learning_rates import LEARNING_RATES
from strop.errors import CheckFailed
from strop.measure import estimate
from strop.records import Method, Spec
from strop.studies import Bench

SETS = {"fin_news_sentiment": "classification", "tickets_banking15": "classification", "product_laptops": "generation"}
METHODS: tuple[Method, ...] = ("lora", "dora", "prefix", "p_tuning_v2", "upper_layers", "full")
ITEMS = 100


def bench_of(name: str, asked: argparse.Namespace) -> tuple[project.Project, Bench]:
    """A project of the set's first rows, and 100 items to judge."""
    folder = asked.work / f"{name}-{asked.rows}"
    if not (folder / "strop.yaml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for file, most in (("train", asked.rows), ("validation", ITEMS)):
            lines = (asked.data / name / f"{file}.jsonl").read_text("utf-8").splitlines(keepends=True)[:most]
            (folder / f"{file}.jsonl").write_text("".join(lines), "utf-8")
        durable.write_text(
            folder / "strop.yaml",
            f"task: {{name: sweep, kind: {SETS[name]}, max_new_tokens: 96}}\n"
            "data:\n  sources: [{path: train.jsonl, split: train}, {path: validation.jsonl, split: validation}]\n"
            "  splits: {test: 0}\n",
        )
    made = project.open(folder)
    made.curate()
    return made, Bench(made, made.opened.dataset())


def run(bench: Bench, spec: Spec, rate: float) -> dict[str, Any]:
    """Quality and cost at one learning rate; a run that broke the never-silent contract has its sentence instead."""
    settings = {**spec.settings, "learning_rate": rate}
    at = Spec.of(spec.method, base=spec.base, system=spec.system, labels=spec.labels, settings=settings)
    try:
        made = bench.made(at, 0, general=False)
    except CheckFailed as error:
        return {"broken": error.message[:300]}
    found = estimate(bench.primary, made.items)
    return {
        "measure": bench.primary.name, "value": found.value, "low": found.low, "high": found.high, "n": found.n,
        "cpu_seconds": made.cost.cpu_seconds, "peak_memory_bytes": made.cost.peak_memory_bytes,
    }  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--methods", nargs="+", choices=LEARNING_RATES, default=list(METHODS))
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--steps", nargs="+", type=int, default=[0, -1, 1])
    parser.add_argument("--budget", type=float, default=3600)
    asked = parser.parse_args()
    if asked.data is None or asked.work is None:
        print("skipped: --data FOLDER of the public sets and --work FOLDER are needed")
        return
    asked.work.mkdir(parents=True, exist_ok=True)
    log = asked.work / "sweeps.jsonl"
    known = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    spent, left = sum(one.get("cpu_seconds", 0.0) for one in known), list[str]()
    for name in asked.only:
        made, bench = bench_of(name, asked)
        for method, step in product(asked.methods, asked.steps):
            rate = LEARNING_RATES[method] * 3.0**step
            key = {"set": name, "rows": asked.rows, "method": method, "learning_rate": rate}
            line = next((one for one in known if key.items() <= one.items()), None)
            if line is None and spent >= asked.budget:
                left.append(f"{name} {method} {rate:.2g}")
                continue
            if line is None:
                line = key | run(bench, made.spec(method), rate)
                spent += line.get("cpu_seconds", 0.0)
                with log.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(line) + "\n")
            told = line.get("broken") or f"{line['value']:.3f} [{line['low']:.3f}, {line['high']:.3f}], n {line['n']}"
            print(f"{name:20} {method:13} {rate:8.2g}  {told}", flush=True)
    print(f"{spent:.0f} of {asked.budget:.0f} CPU-seconds of tuning; not run: {', '.join(left) or 'nothing'}")


if __name__ == "__main__":
    main()
