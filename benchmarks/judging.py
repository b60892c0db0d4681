"""How long does an item take to judge: strop's scoring and writing against what others do with the same model.

    python benchmarks/judging.py --data FOLDER [--items 24] [--few 4] [--write 32] [--repeats 3] [-o results.json]

SmolLM2-135M in fp32, one thread, processor time, all in one process and in turn. FOLDER holds ``tickets_banking15``.
Each item is a ticket behind an instruction with the list of 15 labels and a block of answered tickets, which all
share. Forwards and lm-eval, which gain nothing from more items, judge the first ``--few`` only.

    score       every label as the whole answer, in log probabilities
        strop           the token tree of all items and labels behind what they share
        kv reuse        each item's prompt once, the 15 labels as one batch on its keys and values
        forwards        one forward a label, logits of the answer's positions only
        lm-eval         lm-evaluation-harness' HFLM.loglikelihood, batches of 15 (where it is installed), fp32 and bf16
    write       the greedy answer, at most 12 tokens
        strop           one running batch behind what all share
        transformers    generate() on left-padded batches of 1, 8 and 32: the best counts

Before anything is claimed, all fp32 ways must pick the same label for each item and write the same texts.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from strop.engines import bases, open_engine
from strop.engines.base import GenerateRequest, ScoreRequest
from strop.engines.torch.answering.beginnings import Beginnings
from strop.records import Message, silent
from strop.settings import cache_folder

WRITTEN = 12
Prompt = tuple[Message, ...]
Table = np.ndarray
"""Log probabilities [items, labels]."""


def read(data: Path, name: str) -> list[tuple[str, str]]:
    """Text and label of each ticket."""
    lines = (data / "tickets_banking15" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [(row["messages"][-2]["content"], row["messages"][-1]["content"]) for row in map(json.loads, lines)]


def prompts(data: Path, items: int, shots: int) -> tuple[list[Prompt], list[str]]:
    """The items' prompts, and the labels."""
    train = read(data, "train")
    labels = sorted({label for _, label in train})
    told = "Sort the customer's message. Answer with one of these labels and nothing else:\n- " + "\n- ".join(labels)
    before = [Message(role="system", content=told)]
    for text, label in train[:shots]:
        before += [Message(role="user", content=text), Message(role="assistant", content=label)]
    return [(*before, Message(role="user", content=text)) for text, _ in read(data, "test")[:items]], labels


class Plain:
    """The model as transformers loads it."""

    def __init__(self, path: str, dtype: torch.dtype) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(path)
        self.model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=dtype).eval()

    def text(self, prompt: Prompt) -> str:
        """The prompt as the template writes it."""
        turns = [{"role": turn.role, "content": turn.content} for turn in prompt]
        return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

    def ids(self, prompt: Prompt) -> list[int]:
        """The prompt in tokens."""
        return list(self.tokenizer(self.text(prompt), add_special_tokens=False)["input_ids"])

    def answers(self, labels: list[str]) -> list[list[int]]:
        """Each label and the stop token."""
        return [[*self.tokenizer(one, add_special_tokens=False)["input_ids"], self.stop] for one in labels]

    @property
    def stop(self) -> int:
        """The token that ends an answer."""
        return int(self.tokenizer.eos_token_id)


def forwards(plain: Plain, given: list[Prompt], labels: list[str]) -> Table:
    """One forward for each item and label."""
    table = np.zeros((len(given), len(labels)))
    with torch.inference_mode():
        for i, prompt in enumerate(given):
            ids = plain.ids(prompt)
            for j, answer in enumerate(plain.answers(labels)):
                row = torch.tensor([[*ids, *answer[:-1]]])
                logits = plain.model(row, use_cache=False, logits_to_keep=len(answer)).logits[0].float()
                table[i, j] = float(logits.log_softmax(-1)[range(len(answer)), answer].sum())
    return table


def kv_reuse(plain: Plain, given: list[Prompt], labels: list[str]) -> Table:
    """Each prompt once; its labels as one padded batch behind its keys and values."""
    table, answers = np.zeros((len(given), len(labels))), plain.answers(labels)
    longest = max(map(len, answers))
    padded = torch.tensor([answer[:-1] + [plain.stop] * (longest - len(answer)) for answer in answers])
    with torch.inference_mode():
        for i, prompt in enumerate(given):
            ids, cache = torch.tensor([plain.ids(prompt)]), DynamicCache()
            first = plain.model(ids, past_key_values=cache, logits_to_keep=1).logits[0, -1].float().log_softmax(-1)
            cache.batch_repeat_interleave(len(labels))
            after = plain.model(padded, past_key_values=cache).logits.float().log_softmax(-1)
            for j, answer in enumerate(answers):
                rest = after[j][range(len(answer) - 1), answer[1:]].sum()
                table[i, j] = float(first[answer[0]] + rest)
    return table


def lm_eval(plain: Plain, given: list[Prompt], labels: list[str]) -> Table:
    """lm-evaluation-harness on the same strings."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    judge = HFLM(pretrained=plain.model, tokenizer=plain.tokenizer, batch_size=len(labels), device="cpu")
    end = plain.tokenizer.eos_token
    asked = [
        Instance(request_type="loglikelihood", doc={}, arguments=(plain.text(prompt), label + end), idx=number)
        for number, (prompt, label) in enumerate((prompt, label) for prompt in given for label in labels)
    ]
    found = judge.loglikelihood(asked, disable_tqdm=True)
    return np.array([value for value, _ in found]).reshape(len(given), len(labels))


def transformers_writes(plain: Plain, given: list[Prompt], rows: int) -> list[str]:
    """generate() on left-padded batches of prompts of about one length."""
    ids = [plain.ids(prompt) for prompt in given]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    texts = [""] * len(ids)
    for start in range(0, len(order), rows):
        batch = order[start : start + rows]
        longest = max(len(ids[i]) for i in batch)
        row = torch.tensor([[plain.stop] * (longest - len(ids[i])) + ids[i] for i in batch])
        mask = torch.tensor([[0] * (longest - len(ids[i])) + [1] * len(ids[i]) for i in batch])
        out = plain.model.generate(
            row, attention_mask=mask, do_sample=False, max_new_tokens=WRITTEN, pad_token_id=plain.stop
        )
        for i, line in zip(batch, out[:, longest:].tolist(), strict=True):
            end = line.index(plain.stop) if plain.stop in line else len(line)
            texts[i] = plain.tokenizer.decode(line[:end], skip_special_tokens=True)
    return texts


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds, and what came out."""
    start = time.process_time()
    out = work()
    return time.process_time() - start, out


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--items", type=int, default=24)
    parser.add_argument("--few", type=int, default=4)
    parser.add_argument("--write", type=int, default=32)
    parser.add_argument("--shots", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    if asked.data is None:
        print("skipped: --data FOLDER with tickets_banking15 is needed")
        return
    base = bases.find(cache_folder(), "smollm2-135m-instruct")
    given, labels = prompts(asked.data, max(asked.items, asked.write), asked.shots)
    plain = Plain(base.path, torch.float32)
    print(f"{len(plain.ids(given[0]))} tokens in the first prompt, {len(labels)} labels", flush=True)
    with open_engine("torch").open(base, None) as model:
        scored, written = given[: asked.items], given[: asked.write]

        def fresh() -> None:
            model._beginnings = Beginnings()  # type: ignore[attr-defined]

        def strop_scores() -> Table:
            fresh()
            requests = [ScoreRequest(messages=prompt, options=tuple(labels)) for prompt in scored]
            return np.array([one.logprobs for one in model.score(requests, on_event=silent)])

        def strop_writes() -> list[str]:
            fresh()
            requests = [GenerateRequest(messages=prompt, max_new_tokens=WRITTEN) for prompt in written]
            return [one.text for one in model.generate(requests, on_event=silent)]

        ways: dict[str, Callable[[], Any]] = {
            "score: strop": strop_scores,
            "score: kv reuse": lambda: kv_reuse(plain, scored, labels),
            "score: forwards": lambda: forwards(plain, scored[: asked.few], labels),
            "write: strop": strop_writes,
            **{f"write: transformers, {n}": (lambda n=n: transformers_writes(plain, written, n)) for n in (1, 8, 32)},
        }
        if importlib.util.find_spec("lm_eval"):
            half = Plain(base.path, torch.bfloat16)
            ways["score: lm-eval"] = lambda: lm_eval(plain, scored[: asked.few], labels)
            ways["score: lm-eval bf16"] = lambda: lm_eval(half, scored[: asked.few], labels)
        else:
            print("skipped, lm_eval is not installed: score: lm-eval")
        report(ways, asked)


def report(ways: dict[str, Callable[[], Any]], asked: argparse.Namespace) -> None:
    """Run every way in turn, check that they agree, and print seconds an item with the ratio to strop's."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    outputs: dict[str, Any] = {}
    for turn in range(asked.repeats):
        for name, work in ways.items() if turn % 2 == 0 else reversed(ways.items()):
            spent, outputs[name] = timed(work)
            seconds[name].append(spent / len(outputs[name]))
    for name, found in outputs.items():
        if name.startswith("write"):
            assert found == outputs["write: strop"], f"{name} writes other texts"
        elif "bf16" not in name:
            ours = outputs["score: strop"][: len(found)]
            assert (found.argmax(1) == ours.argmax(1)).all(), f"{name} picks other labels"
            print(f"{name:24} largest difference of a log probability {np.abs(found - ours).max():.1e}")
    print(f"{'CPU-seconds an item':24}{'median':>9}{'lowest':>9}{'highest':>9}{'x strop':>9}")
    for name, found in seconds.items():
        own = np.median(seconds[f"{name.partition(':')[0]}: strop"])
        print(f"{name:24}{np.median(found):9.3f}{min(found):9.3f}{max(found):9.3f}{np.median(found) / own:9.1f}")
    if asked.output:
        body = {"python": platform.python_version(), "load": os.getloadavg()[0], "seconds_an_item": seconds}
        asked.output.write_text(json.dumps(body, indent=1), "utf-8")


if __name__ == "__main__":
    main()
