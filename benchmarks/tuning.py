"""How many examples does a second of processor time tune: strop's loop against a plain one and against TRL.

    python benchmarks/tuning.py --data FOLDER [--work tickets long summaries] [--ways strop plain] [--steps 12] [-o F]

SmolLM2-135M, LoRA rank 16 on all linear layers, batch 16, answers trained only, one thread. FOLDER holds the public
sets ``tickets_banking15`` and ``contract_summaries``. Each way runs in a process of its own; its processor time is read
from outside (/proc) between the second step and the last; memory is the process's peak less what a process holds that
has loaded the base and put a fresh adapter on it. First the ways that compute the
same thing are run in fp32 for three steps: their losses must agree within 1e-3.

    tickets     a ticket each, the list of 15 labels in the system prompt
    long        the same behind guidelines and examples, about 600 tokens that all share
    summaries   a clause and its summary, nothing shared but the system line

    strop       shared beginnings once, the head on trained positions, dtype probed
    plain       the loop of recipes/07_plain_loop.py, bf16, batches padded to their longest row
    trl         SFTTrainer on prompt and completion, bf16, padded (needs trl; skipped, visibly, where it is missing)
    trl packed  the same with packing, rows of 1,024 tokens (not the same batches: only its speed is compared)
"""

from __future__ import annotations

import argparse
import importlib.util
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

WAYS = ("strop", "plain", "trl", "trl packed")
EXACT = ("strop", "plain")
WORK = ("tickets", "long", "summaries")
BATCH, WARM = 16, 2
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


def strop_way(rows: Rows, dtype: str, mark: Mark, folder: Path) -> list[float]:
    """strop's own engine."""
    from strop.engines import bases, open_engine
    from strop.engines.base import TrainItem, TrainPlan
    from strop.records import Event, LossSeen, Message, Spec
    from strop.settings import cache_folder

    base = bases.find(cache_folder(), "smollm2-135m-instruct")
    items = tuple(
        TrainItem(example=str(number), messages=tuple(Message(**turn) for turn in told), answer=answer)  # type: ignore[arg-type]
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


def ready(rows: Rows, dtype: str) -> tuple[Any, Any, list[tuple[list[int], int]]]:
    """The base with a fresh adapter, its tokenizer, and (ids, first trained position) of each row."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from strop.engines import bases
    from strop.settings import cache_folder

    path = bases.find(cache_folder(), "smollm2-135m-instruct").path
    tokenizer = AutoTokenizer.from_pretrained(path)
    model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=getattr(torch, dtype))
    torch.manual_seed(0)
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"))
    made = []
    for told, answer in rows:
        prompt = tokenizer.apply_chat_template(told, tokenize=False, add_generation_prompt=True)
        start = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        said = tokenizer(answer, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        made.append(([*start, *said, tokenizer.eos_token_id], len(start)))
    return model, tokenizer, made


def order(count: int) -> list[int]:
    """The order in which strop's loop with seed 0 sees the rows."""
    return [int(i) for i in np.random.default_rng([0, 0]).permutation(count)]


def plain_way(rows: Rows, dtype: str, mark: Mark, folder: Path) -> list[float]:
    """Padded batches, transformers' attention and loss, peft's layers."""
    import torch

    model, _, made = ready(rows, dtype)
    model.train()
    moving = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moving, lr=1e-3, weight_decay=0.0)
    losses, shuffled = list[float](), order(len(made))
    for step in range(len(made) // BATCH):
        batch = [made[i] for i in shuffled[step * BATCH : (step + 1) * BATCH]]
        longest = max(len(ids) for ids, _ in batch)
        ids = torch.zeros(BATCH, longest, dtype=torch.long)
        mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
        for line, (row, start) in enumerate(batch):
            ids[line, : len(row)], mask[line, : len(row)] = torch.tensor(row), 1
            labels[line, start : len(row)] = torch.tensor(row[start:])
        optimizer.zero_grad()
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(moving, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        mark(step + 1)
    return losses


def trl_way(rows: Rows, dtype: str, mark: Mark, folder: Path, *, packed: bool) -> list[float]:
    """TRL's trainer on the same rows, already as ids, loss on completions."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    model, tokenizer, made = ready(rows, dtype)
    shuffled = [made[i] for i in order(len(made))]
    table = Dataset.from_list(
        [{"input_ids": ids, "completion_mask": [0] * start + [1] * (len(ids) - start)} for ids, start in shuffled]
    )

    class Heard(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            mark(state.global_step)

    config = SFTConfig(
        output_dir=str(folder / "trl"), per_device_train_batch_size=2 if packed else BATCH, num_train_epochs=1,
        learning_rate=1e-3, lr_scheduler_type="constant", weight_decay=0.0, max_grad_norm=1.0, logging_steps=1,
        packing=packed, max_length=1024, completion_only_loss=True, report_to=[], save_strategy="no", use_cpu=True,
        bf16=False, seed=0, dataloader_pin_memory=False, gradient_checkpointing=False, disable_tqdm=True,
    )  # fmt: skip
    trainer = SFTTrainer(model=model, args=config, train_dataset=table, processing_class=tokenizer, callbacks=[Heard()])
    trainer.train()
    return [line["loss"] for line in trainer.state.log_history if "loss" in line]


def loaded(data: Path) -> int:
    """Bytes that a process holds which has loaded the base and its fresh adapter, and done nothing else."""
    script = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import tuning; "
        "kept = tuning.ready(tuning.rows_of('tickets', pathlib.Path(sys.argv[2]), 16), 'bfloat16'); import os; "
        "print(tuning.memory(os.getpid(), 'VmRSS'))"
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parent), str(data)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def child(way: str, work: str, data: Path, steps: int, dtype: str) -> None:
    """Tune; say when each step is done, and wait while the clock is read."""
    import warnings

    warnings.simplefilter("ignore")
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    rows = rows_of(work, data, BATCH * steps)
    ways: dict[str, Callable[[Rows, str, Mark, Path], list[float]]] = {
        "strop": strop_way, "plain": plain_way,
        "trl": lambda *given: trl_way(*given, packed=False),
        "trl packed": lambda *given: trl_way(*given, packed=True),
    }  # fmt: skip

    def mark(step: int) -> None:
        print(json.dumps({"step": step}), flush=True)
        sys.stdin.readline()

    with tempfile.TemporaryDirectory() as folder:
        losses = ways[way](rows, dtype, mark, Path(folder))
    print(json.dumps({"losses": losses}), flush=True)


def cpu_seconds(process: int) -> float:
    """Processor time of a process so far, all threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: int, name: str) -> int:
    """Bytes of a process by /proc's name."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


def measure(way: str, work: str, data: Path, steps: int, dtype: str) -> dict[str, Any]:
    """Examples per CPU-second after the warm-up, peak memory, losses."""
    command = [sys.executable, __file__, "--child", way, "--work", work, "--data", str(data)]
    command += ["--steps", str(steps), "--dtype", dtype]
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
        child(asked.child, asked.work[0], asked.data, asked.steps, asked.dtype)
        return
    ways = [way for way in asked.ways if not way.startswith("trl") or importlib.util.find_spec("trl")]
    if missing := sorted(set(asked.ways) - set(ways)):
        print(f"skipped, trl is not installed: {', '.join(missing)}")
    started = time.perf_counter()
    base = loaded(asked.data)
    result: dict[str, Any] = {
        "python": platform.python_version(), "load": os.getloadavg()[0], "steps": asked.steps, "loaded_mib": base >> 20
    }  # fmt: skip
    for work in asked.work:
        exact = {way: measure(way, work, asked.data, 3, "float32")["losses"] for way in ways if way in EXACT}
        furthest = max(
            (abs(a - b) for one in exact.values() for a, b in zip(one, exact[ways[0]], strict=True)), default=0.0
        )
        print(f"{work}: fp32 losses of {', '.join(exact)} differ by at most {furthest:.1e}", flush=True)
        assert furthest < 1e-3, exact
        found: dict[str, Any] = {way: [] for way in ways}
        for _ in range(asked.repeats):
            for way in ways:
                found[way].append(measure(way, work, asked.data, asked.steps, "bfloat16"))
        best = max((np.median([r["rate"] for r in found[way]]) for way in ways if way != "strop"), default=float("nan"))
        for way in ways:
            rates = [run["rate"] for run in found[way]]
            peak = max(run["peak_mib"] for run in found[way])
            above = peak - (base >> 20)
            speed = f"{np.median(rates):7.2f} examples per CPU-second [{min(rates):.2f}, {max(rates):.2f}]"
            beside = f"{np.median(rates) / best:5.2f} x the best other  peak {peak} MiB, {above} above the base"
            print(f"{work:10} {way:11} {speed} {beside}", flush=True)
        result[work] = {"furthest": furthest, "ways": found}
    result["seconds"] = time.perf_counter() - started
    if asked.output:
        asked.output.write_text(json.dumps(result, indent=1), "utf-8")


if __name__ == "__main__":
    main()
