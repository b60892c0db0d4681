"""A model tuned on the shipped base, exported for real: transformers alone gives the answers that strop serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from strop.engines import bases
from strop.engines.torch.quiet import quiet
from strop.records import silent
from strop.settings import cache_folder

pytestmark = pytest.mark.slow

KINDS = ("tent", "stove", "lamp", "mug")


def write(folder: Path) -> None:
    folder.mkdir()
    rows = [(f"type: {kind}\nnumber: {n}", f"A {kind}, No. {n}.") for n in range(7, 25) for kind in KINDS]
    for name, part in (("train", rows[:48]), ("validation", rows[48:60]), ("test", rows[60:])):
        lines = [json.dumps({"prompt": prompt, "completion": answer}) for prompt, answer in part]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "strop.yaml").write_text(
        "task: {name: shop, kind: generation, system: You describe products in one line., max_new_tokens: 24}\n"
        "data: {sources: [{path: train.jsonl, split: train}, {path: validation.jsonl, split: validation}, "
        "{path: test.jsonl, split: test}]}\n"
        "ladder: {bases: [smollm2-135m-instruct], methods: [lora]}\n"
        "tune: {num_train_epochs: 2, per_device_train_batch_size: 8}\n",
        "utf-8",
    )


def test_the_merged_folder_of_the_shipped_base(strop: Callable[..., Any], tmp_path: Path) -> None:
    bases.add(cache_folder(), "smollm2-135m-instruct", on_event=silent)
    folder, out = tmp_path / "shop", tmp_path / "merged"
    write(folder)
    assert strop("-p", folder, "curate").code == 0
    candidate = strop("--json", "-p", folder, "tune").json["candidate"]
    assert strop("--json", "-p", folder, "export", candidate, "--to", "merged", "-o", out).json["path"] == str(out)
    questions = [f"type: {kind}\nnumber: {number}" for kind in KINDS for number in (31, 77)]
    asked = strop("--json", "-p", folder, "ask", *questions, "--candidate", candidate).json["answers"]
    own = [one["answer"] for one in asked]

    before = json.loads((out / "prompt.json").read_text("utf-8"))
    with quiet():
        model, tokenizer = AutoModelForCausalLM.from_pretrained(out).eval(), AutoTokenizer.from_pretrained(out)
    found = []
    for question in questions:
        turns = [*before["messages"], {"role": "user", "content": question}]
        ids = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with quiet(), torch.inference_mode():
            made = model.generate(**ids, do_sample=False, max_new_tokens=before["max_tokens"])
        found.append(tokenizer.decode(made[0, ids["input_ids"].shape[1] :], skip_special_tokens=True))
    assert found == own and len(set(own)) == len(questions)
    config = json.loads((out / "config.json").read_text("utf-8"))
    assert config["rope_theta"] == 100_000  # also where readers of before look
