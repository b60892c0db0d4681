"""Is LoRA not worse than full tuning, and at which share of its memory? `strop compare` on public sets, real model.

    python benchmarks/full_against_light.py --data FOLDER --work FOLDER [--only SET …] [--rates 1] [--seeds 0]
        [--methods lora full]

SmolLM2-135M, one thread, base_kl 0, strop's own batch sizes and passes. Trained on the first rows of each
training file, judged on the first items of its test file. Margin 2 points, paired, 95 % intervals. Asked again with the
same ``--work``, finished runs are not made again. Bars: not worse on 3 of 4 sets, with at most 30 % of its memory.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from strop import durable, project
from strop.studies import Bench, MethodStudy, methods_compared


class Set(NamedTuple):
    """Rows to train on, items to judge, and the lines of strop.yaml that the set needs."""

    kind: str
    rows: int
    items: int
    more: str = ""


SETS = {
    "fin_news_sentiment": Set("classification", 300, 1000),
    "tickets_banking15": Set("classification", 300, 1400),
    "product_laptops": Set("generation", 240, 350),
    "product_e2e": Set("generation", 300, 300),
    "contract_summaries": Set("summarisation", 237, 118),
}


def prepared(name: str, data: Path, work: Path) -> project.Project:
    """A project with the set's first rows to train on; its test items are the validation items here."""
    asked, folder = SETS[name], work / name
    if not (folder / "strop.yaml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        train = (data / name / "train.jsonl").read_text("utf-8").splitlines(keepends=True)[: asked.rows]
        held = (data / name / "test.jsonl").read_text("utf-8").splitlines(keepends=True)
        if name == "contract_summaries":  # 82 test items: with the validation file 118
            held += (data / name / "validation.jsonl").read_text("utf-8").splitlines(keepends=True)
        (folder / "train.jsonl").write_text("".join(train), "utf-8")
        (folder / "held.jsonl").write_text("".join(held[: asked.items]), "utf-8")
        durable.write_text(
            folder / "strop.yaml",
            f"task: {{name: study, kind: {asked.kind}, max_new_tokens: 128}}\n"
            "data:\n  sources: [{path: train.jsonl, split: train}, {path: held.jsonl, split: validation}]\n"
            f"  splits: {{test: 0}}\n{asked.more}",
        )
    made = project.open(folder)
    made.curate()
    return made


def show(name: str, study: MethodStudy) -> None:
    """One line a method, and what follows."""
    print(f"\n{name}: {study.measure} on {study.items} items, seeds {list(study.seeds)}")
    for arm in study.arms:
        told = f"{arm.method:13} rate {arm.learning_rate or 'default'!s:8} {arm.quality.value:.3f}"
        told += f" [{arm.quality.low:.3f}, {arm.quality.high:.3f}] by seed {[round(value, 3) for value in arm.values]}"
        for label, found in (("minus last", arm.difference), ("general", arm.general)):
            if found is not None:
                told += f"; {label} {100 * found.value:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
        tried = ", ".join(f"{one.learning_rate:.2g}: {one.value}" for one in arm.tried)
        print(f"{told}; {arm.cpu_seconds:.0f} CPU-s, {arm.peak_memory_bytes >> 20} MiB{f' ({tried})' if tried else ''}")
    print(study.sentence(), flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--methods", nargs="+", default=["lora", "full"])
    parser.add_argument("--rates", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    asked = parser.parse_args()
    if asked.data is None or asked.work is None:
        print("skipped: --data FOLDER of the public sets and --work FOLDER are needed")
        return
    for name in asked.only:
        made = prepared(name, asked.data, asked.work)
        bench = Bench(made, made.opened.dataset())
        specs = [made.spec(method) for method in asked.methods]
        study = methods_compared(bench, specs, rates=asked.rates, seeds=asked.seeds)
        durable.write_text(asked.work / f"{name}.json", study.model_dump_json(indent=1))
        show(name, study)


if __name__ == "__main__":
    main()
