"""The reference that strop's training loop is held against: plain transformers and peft, nothing shared.

    python recipes/07_plain_loop.py [--steps 8]        needs: strop models add smollm2-135m-instruct

Both loops see the same rows in the same order from the same first weights; their losses must agree step by step. What
`strop/engines/torch/tuning/train.py` does beyond this: it computes what sequences share once (packing/), the
output head only where something is trained (forward.py), resumes after a kill (checkpoint.py), and checks what it made
(checks.py). This loop pads every row to the longest and computes every logit.
"""

import argparse
import contextlib
import json
import math
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from strop import demo
from strop.engines import bases, open_engine
from strop.engines.base import TrainItem, TrainPlan
from strop.records import Base, Message, Spec, silent
from strop.settings import Tune, cache_folder

BATCH = 16
KNOBS = Tune(learning_rate=1e-3, num_train_epochs=1, per_device_train_batch_size=BATCH)


def conversations(folder: Path, count: int) -> list[tuple[list[dict[str, str]], str]]:
    """Rows of the shipped shop as (prompt, answer); those with a planted fault are left out by their shape."""
    demo.write_project_data(folder)
    found = []
    for line in (folder / "data" / "train.jsonl").read_text("utf-8").splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            *told, said = json.loads(line)["messages"]
            if [turn["role"] for turn in (*told, said)] == ["system", "user", "assistant"] and said["content"]:
                found.append((told, said["content"]))
    return found[:count]


def tokenised(tokenizer, rows):
    """(ids, first trained position): the chat template's prompt, the answer, the token that ends a turn."""
    made = []
    for told, answer in rows:
        prompt = tokenizer.apply_chat_template(told, tokenize=False, add_generation_prompt=True)
        start = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        ids = tokenizer(answer, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        made.append(([*start, *ids, tokenizer.convert_tokens_to_ids("<|im_end|>")], len(start)))
    return made


def padded(rows):
    """One batch: ids, attention mask, and labels that are -100 wherever nothing is trained."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for line, (row, start) in enumerate(rows):
        ids[line, : len(row)] = torch.tensor(row)
        mask[line, : len(row)] = 1
        labels[line, start : len(row)] = torch.tensor(row[start:])
    return ids, mask, labels


def rate(step: int, steps: int) -> float:
    """Linear warm-up, then linearly down."""
    warmup = round(KNOBS.warmup_ratio * steps)
    if step <= warmup:
        return KNOBS.learning_rate * step / (warmup + 1)
    return KNOBS.learning_rate * (steps - step + 1) / max(steps - warmup, 1)


def plain_losses(base: Base, rows) -> list[float]:
    """The whole loop: LoRA on all linear layers, AdamW, clipped gradients, loss on answers only."""
    tokenizer = AutoTokenizer.from_pretrained(base.path)
    examples = tokenised(tokenizer, rows)
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    torch.manual_seed(0)
    config = LoraConfig(r=KNOBS.lora_r, lora_alpha=KNOBS.lora_alpha, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(model, config)
    model.train()
    moving = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moving, lr=KNOBS.learning_rate, weight_decay=KNOBS.weight_decay)
    batch, losses = BATCH, []
    order = np.random.default_rng([0, 0]).permutation(len(examples)).tolist()
    steps = math.ceil(len(order) / batch)
    for step in range(1, steps + 1):
        ids, mask, labels = padded([examples[i] for i in order[(step - 1) * batch : step * batch]])
        optimizer.param_groups[0]["lr"] = rate(step, steps)
        optimizer.zero_grad()
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(moving, KNOBS.max_grad_norm)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def strop_losses(base: Base, rows, folder: Path) -> list[float]:
    """The same through strop's engine, in fp32."""
    items = tuple(
        TrainItem(example=str(number), messages=tuple(Message(**turn) for turn in told), answer=answer)
        for number, (told, answer) in enumerate(rows)
    )
    settings = {**KNOBS.model_dump(mode="json"), "dtype": "float32", "max_new_tokens": 8}
    plan = TrainPlan(spec=Spec.of("lora", base=base.id), seed=0, train=items, settings=settings)
    made = open_engine("torch").train(plan, base, folder=folder / "adapter", work=folder / "work", on_event=silent)
    return [point.loss for point in made.losses]


def main(steps: int, folder: Path) -> None:
    """Both loops, side by side."""
    base = bases.find(cache_folder(), "smollm2-135m-instruct")
    rows = conversations(folder, steps * BATCH)
    plain, own = plain_losses(base, rows), strop_losses(base, rows, folder)
    for step, (one, other) in enumerate(zip(plain, own, strict=True), 1):
        print(f"step {step:2}   plain {one:.5f}   strop {other:.5f}   difference {other - one:+.1e}")
    print(f"largest difference {max(abs(a - b) for a, b in zip(plain, own, strict=True)):.1e}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=8)
    with tempfile.TemporaryDirectory() as temporary:
        main(parser.parse_args().steps, Path(temporary))
