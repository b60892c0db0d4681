"""How many examples does a second of processor time tune: strop's loop against a plain one, TRL and LLaMA-Factory.

    python benchmarks/tuning.py --data FOLDER [--base gemma3-270m] [--work tickets long summaries] [--steps 12] [-o F]
        [--ways strop plain] [--trl PYTHON] [--llama-factory PYTHON]

LoRA rank 16 on all linear layers, batch 16, answers trained only, bf16, one thread. FOLDER holds the public sets
``tickets_banking15`` and ``contract_summaries``; PYTHON is the interpreter of an environment that has the peer (none
given: skipped, visibly). Each way runs in a process of its own; its processor time is read from outside (/proc) between
the second step and the last; memory is the process's peak less what a process holds that has loaded the base and put a
fresh adapter on it. First the ways that compute the same thing are run in fp32 for three steps: their losses must agree
within 1e-3.

    tickets     a ticket each, the list of 15 labels in the system prompt
    long        the same behind guidelines and examples, about 600 tokens that all share (the others: 4 rows at a time)
    summaries   a clause and its summary, nothing shared but the system line

    strop           shared beginnings once, the head on trained positions, dtype probed
    plain           the loop of recipes/07_plain_loop.py, bf16, batches padded to their longest row
    trl             SFTTrainer on prompt and completion, padded
    llama-factory   its sft stage, padded
    … packed        with packing, rows of 1,024 tokens (not the same batches: only speed and memory are compared)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

WAYS = ("strop", "plain", "trl", "trl packed", "llama-factory", "llama-factory packed")
TEMPLATES = {"smollm2-135m-instruct": "smollm2", "gemma3-270m": "default"}
"""LLaMA-Factory's names of the templates."""
EXACT = ("strop", "plain")
WORK = ("tickets", "long", "summaries")
BATCH, WARM = 16, 2
PART = {"tickets": BATCH, "long": 4, "summaries": BATCH}
"""Rows that padded ways hold at a time: a batch of ``long`` would take them more than 20 GB; gradients are summed."""
Turns = list[dict[str, str]]
Rows = list[tuple[Turns, str]]
Mark = Callable[[int], None]
"""Called after each step with its number."""


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def rows_of(work: str, data: Path, count: int) -> Rows:
    """Prompt and answer of the first ``count`` rows."""
    folder = "contract_summaries" if work == "summaries" else "tickets_banking15"
    found = [(one["messages"][:-1], one["messages"][-1]["content"]) for one in lines(data / folder / "train.jsonl")]
    if work != "summaries":
        labels = sorted({label for _, label in found})
        told = "Sort the customer's message. Answer with one of these labels and nothing else:\n- " + "\n- ".join(
            labels
        )
        if work == "long":
            shown = {label: turns[-1]["content"] for turns, label in found}
            told += "\n\nGuidelines:" + " Judge by what the customer wants done, not by the words that are used." * 6
            told += "\n\nExamples:\n" + "\n".join(f"{text} -> {label}" for label, text in sorted(shown.items()))
        found = [([{"role": "system", "content": told}, turns[-1]], label) for turns, label in found]
    while len(found) < count:
        found = found + found
    return found[:count]


def strop_way(name: str, rows: Rows, dtype: str, mark: Mark, part: int, folder: Path) -> list[float]:
    """strop's own engine."""
    from strop.engines import bases, open_engine
    from strop.engines.base import TrainItem, TrainPlan
    from strop.records import Event, LossSeen, Message, Spec
    from strop.settings import cache_folder

    base = bases.find(cache_folder(), name)
    items = tuple(
        TrainItem(example=str(number), messages=tuple(Message(**turn) for turn in told), answer=answer)
        for number, (told, answer) in enumerate(rows)
    )
    settings: dict[str, Any] = {
        "learning_rate": 1e-3, "num_train_epochs": 1, "dtype": dtype, "max_new_tokens": 2, "warmup_ratio": 0.0,
        "lr_scheduler_type": "constant", "per_device_train_batch_size": BATCH, "save_steps": 10**6,
    }  # fmt: skip

    def heard(event: Event) -> None:
        if isinstance(event, LossSeen):
            mark(event.step)

    plan = TrainPlan(spec=Spec.of("lora", base=base.id), seed=0, train=items, settings=settings)
    made = open_engine("torch").train(plan, base, folder=folder / "a", work=folder / "w", on_event=heard)
    return [point.loss for point in made.losses]


def as_ids(name: str, rows: Rows) -> list[tuple[list[int], int]]:
    """(ids, first trained position) of each row, by the template that strop finds or names for the base."""
    from strop.engines import bases
    from strop.engines.torch.template import load_template
    from strop.records import Message
    from strop.settings import cache_folder

    template = load_template(Path(bases.find(cache_folder(), name).path))
    made = [template.row([Message(**turn) for turn in told], answer) for told, answer in rows]
    return [(row.ids, row.prompt) for row in made]


def ready(name: str, dtype: str) -> Any:
    """The base with a fresh adapter, by transformers and peft."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from strop.engines import bases
    from strop.settings import cache_folder

    path = bases.find(cache_folder(), name).path
    model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=getattr(torch, dtype))
    torch.manual_seed(0)
    return get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"))


def order(count: int) -> list[int]:
    """The order in which strop's loop with seed 0 sees the rows."""
    return [int(i) for i in np.random.default_rng([0, 0]).permutation(count)]


def plain_way(name: str, rows: Rows, dtype: str, mark: Mark, part: int, folder: Path) -> list[float]:
    """Padded batches, transformers' attention and loss, peft's layers."""
    import torch

    model, made = ready(name, dtype), as_ids(name, rows)
    model.train()
    moving = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moving, lr=1e-3, weight_decay=0.0)
    losses, shuffled = list[float](), order(len(made))
    for step in range(len(made) // BATCH):
        batch = [made[i] for i in shuffled[step * BATCH : (step + 1) * BATCH]]
        told, value = sum(len(row) - start for row, start in batch), 0.0
        optimizer.zero_grad()
        for first in range(0, BATCH, part):
            some = batch[first : first + part]
            longest = max(len(ids) for ids, _ in some)
            ids = torch.zeros(part, longest, dtype=torch.long)
            mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
            for line, (row, start) in enumerate(some):
                ids[line, : len(row)], mask[line, : len(row)] = torch.tensor(row), 1
                labels[line, start : len(row)] = torch.tensor(row[start:])
            loss = model(input_ids=ids, attention_mask=mask, labels=labels, num_items_in_batch=told).loss
            loss.backward()
            value += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(moving, 1.0)
        optimizer.step()
        losses.append(value)
        mark(step + 1)
    return losses


def loaded(name: str) -> int:
    """Bytes that a process holds which has loaded the base and its fresh adapter, and done nothing else."""
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); import tuning; kept = tuning.ready(sys.argv[2], 'bfloat16'); "
        "print(tuning.memory(os.getpid(), 'VmRSS'))"
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parent), name]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def child(name: str, way: str, work: str, rows: Rows, dtype: str) -> None:
    """Tune; say when each step is done, and wait while the clock is read."""
    import warnings

    warnings.simplefilter("ignore")
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

    def mark(step: int) -> None:
        print(json.dumps({"step": step}), flush=True)
        sys.stdin.readline()

    with tempfile.TemporaryDirectory() as folder:
        run = strop_way if way == "strop" else plain_way
        losses = run(name, rows, dtype, mark, PART[work], Path(folder))
    print(json.dumps({"losses": losses}), flush=True)


def given(name: str, way: str, work: str, rows: Rows) -> dict[str, Any]:
    """What a peer is told: the rows in the order in which strop's loop sees them."""
    from strop.engines import bases
    from strop.settings import cache_folder

    shuffled = [rows[i] for i in order(len(rows))]
    made = as_ids(name, shuffled)
    return {
        "base": str(bases.find(cache_folder(), name).path), "template": TEMPLATES[name], "batch": BATCH,
        "part": PART[work], "packed": way.endswith("packed"), "rows": shuffled,
        "ids": [ids for ids, _ in made], "prompts": [start for _, start in made],
    }  # fmt: skip


def cpu_seconds(process: int) -> float:
    """Processor time of a process so far, all threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: int, name: str) -> int:
    """Bytes of a process by /proc's name."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


def measure(asked: argparse.Namespace, way: str, work: str, steps: int, dtype: str) -> dict[str, Any]:
    """Examples per CPU-second after the warm-up, peak memory, losses."""
    with tempfile.TemporaryDirectory() as scratch:
        told = Path(scratch) / "given.json"
        if way in EXACT:
            command = [sys.executable, __file__, "--child", way, "--work", work, "--data", str(asked.data)]
            command += ["--steps", str(steps), "--dtype", dtype, "--base", asked.base]
        else:
            peer = way.removesuffix(" packed").replace("-", "_")
            command = [getattr(asked, peer), str(Path(__file__).parent / "peers" / f"{peer}_way.py"), str(told)]
            told.write_text(json.dumps(given(asked.base, way, work, rows_of(work, asked.data, BATCH * steps))), "utf-8")
        return watched(command, steps)


def watched(command: list[str], steps: int) -> dict[str, Any]:
    """Run one way; read its clock and its memory at each step that it says."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin and process.stdout and process.stderr
    said: list[str] = []
    listener = threading.Thread(target=lambda err: said.extend(err), args=(process.stderr,))
    listener.start()
    marks, losses = list[tuple[int, float]](), list[float]()
    for line in process.stdout:
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if not isinstance(told, dict):
            continue
        if "step" in told:
            marks.append((told["step"], cpu_seconds(process.pid)))
            peak = memory(process.pid, "VmHWM")
            process.stdin.write("on\n")
            process.stdin.flush()
        losses = told.get("losses", losses)
    process.wait()
    listener.join()
    if process.returncode:
        raise SystemExit("".join(said[-20:]))
    first, last = marks[min(WARM, len(marks) - 2)], marks[-1]
    share = (last[0] - first[0]) / last[0]
    return {
        "rate": BATCH * steps * share / (last[1] - first[1]), "losses": losses, "peak_mib": peak >> 20,
        "cpu_seconds": last[1] - first[1],
    }  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--base", default="smollm2-135m-instruct", choices=TEMPLATES)
    parser.add_argument("--trl", metavar="PYTHON")
    parser.add_argument("--llama-factory", metavar="PYTHON")
    parser.add_argument("--work", nargs="+", default=WORK, choices=WORK)
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--dtype", default="bfloat16", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.data is None:
        print("skipped: --data FOLDER with tickets_banking15 and contract_summaries is needed")
        return
    if asked.child:
        work = asked.work[0]
        child(asked.base, asked.child, work, rows_of(work, asked.data, BATCH * asked.steps), asked.dtype)
        return
    peers = {"trl": asked.trl, "llama-factory": asked.llama_factory}
    ways = [way for way in asked.ways if way in EXACT or peers[way.removesuffix(" packed")]]
    if missing := sorted(set(asked.ways) - set(ways)):
        print(f"skipped, no interpreter was named that has it: {', '.join(missing)}")
    started = time.perf_counter()
    base = loaded(asked.base)
    result: dict[str, Any] = {
        "python": platform.python_version(), "base": asked.base, "load": os.getloadavg()[0], "steps": asked.steps,
        "loaded_mib": base >> 20,
    }  # fmt: skip
    for work in asked.work:
        exact = {way: measure(asked, way, work, 3, "float32")["losses"] for way in ways if way in EXACT}
        furthest = max(
            (abs(a - b) for one in exact.values() for a, b in zip(one, exact[ways[0]], strict=True)), default=0.0
        )
        print(f"{work}: fp32 losses of {', '.join(exact)} differ by at most {furthest:.1e}", flush=True)
        assert furthest < 1e-3, exact
        found: dict[str, Any] = {way: [] for way in ways}
        for _ in range(asked.repeats):
            for way in ways:
                found[way].append(measure(asked, way, work, asked.steps, "bfloat16"))
                print(f"  {way}: {found[way][-1]['rate']:.2f} examples per CPU-second", file=sys.stderr, flush=True)
        best = max((np.median([r["rate"] for r in found[way]]) for way in ways if way != "strop"), default=float("nan"))
        for way in ways:
            rates = [run["rate"] for run in found[way]]
            peak = max(run["peak_mib"] for run in found[way])
            above = peak - (base >> 20)
            speed = f"{np.median(rates):7.2f} examples per CPU-second [{min(rates):.2f}, {max(rates):.2f}]"
            beside = f"{np.median(rates) / best:5.2f} x the best other  peak {peak} MiB, {above} above the base"
            print(f"{work:10} {way:20} {speed} {beside}", flush=True)
        result[work] = {"furthest": furthest, "ways": found}
    result["seconds"] = time.perf_counter() - started
    if asked.output:
        asked.output.write_text(json.dumps(result, indent=1), "utf-8")


if __name__ == "__main__":
    main()
