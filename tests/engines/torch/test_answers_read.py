"""Free answers read by a model: how far a question helps with its answer, and which answers a model finds wrong."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from strop.curate import curate
from strop.curate.drafts import Draft
from strop.curate.selection.difficulty import difficulties
from strop.curate.work import Work
from strop.engines.torch.quiet import quiet
from strop.errors import InputError
from strop.project import open_project
from strop.project.rows import doubting
from strop.records import Base, Example, silent
from strop.settings import Settings

WRONG = (5, 28, 51)
PLACES = ("card", "a b", "system", "found", "answer", "one")


def rows() -> list[dict[str, Any]]:
    """72 questions with a colour in them, which is the answer; of three the other one is."""
    found = []
    for number in range(72):
        colours = ("red", "blue")
        answer = colours[(number + (number in WRONG)) % 2]
        question = f"{PLACES[number // 2 % 6]} {PLACES[number // 12]} was {colours[number % 2]}"
        found.append({"prompt": question, "completion": answer})
    return found


def write(folder: Path, base: Base, **data: Any) -> Settings:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
    settings = {
        "task": {"kind": "chat", "max_new_tokens": 8},
        "data": {"sources": ["rows.jsonl"], "near_duplicate": 1, "splits": {"validation": 0, "test": 0}, **data},
        "ladder": {"bases": [base.name]},
        "tune": {"learning_rate": 0.02, "num_train_epochs": 15, "per_device_train_batch_size": 8, "lora_r": 4},
    }
    (folder / "strop.yaml").write_text(json.dumps(settings), "utf-8")
    return Settings.model_validate(settings)


def nats(model: Any, before: list[int], answer: list[int]) -> float:
    """Mean loss of the answer's tokens, by transformers."""
    with torch.inference_mode():
        logits = model(torch.tensor([[*before, *answer]])).logits[0, len(before) - 1 : -1]
    return float(torch.nn.functional.cross_entropy(logits, torch.tensor(answer)))


def test_difficulty_is_the_ratio_of_perplexities_that_transformers_gives(base: Base, tmp_path: Path) -> None:
    settings = write(tmp_path, base)
    drafts = [
        Draft("rows.jsonl", n, None, (("user", row["prompt"]),), row["completion"])
        for n, row in enumerate(rows()[:6], 1)
    ]
    found = difficulties(drafts, Work(settings, bytes(32), {}, {}, silent))
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(base.path)
    for draft, ratio in zip(drafts, found, strict=True):
        asked = [{"role": "user", "content": draft.input}]
        before = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
        answer = tokenizer(draft.answer, add_special_tokens=False)["input_ids"]
        after = nats(model, before, [*answer, tokenizer.eos_token_id])
        alone = nats(model, [tokenizer.bos_token_id], answer)
        assert ratio == pytest.approx(math.exp(after - alone), rel=1e-3)


def test_the_hardest_below_one_are_selected_first(base: Base, tmp_path: Path) -> None:
    settings = write(tmp_path, base, budget=12, selection="ifd")
    made = curate(settings, project=tmp_path, key=bytes(32))
    drafts = [
        Draft("rows.jsonl", n, None, (("user", row["prompt"]),), row["completion"]) for n, row in enumerate(rows(), 1)
    ]
    ratio = difficulties(drafts, Work(settings, bytes(32), {}, {}, silent))
    order = sorted(range(72), key=lambda n: (ratio[n] >= 1, -ratio[n]))
    assert {made.examples[one].origin.line for one in made.splits["train"]} == {n + 1 for n in order[:12]}
    labelled = settings.model_copy(update={"task": settings.task.model_copy(update={"kind": "classification"})})
    with pytest.raises(InputError, match="ranks nothing where answers are labels"):
        curate(labelled, project=tmp_path, key=bytes(32))


def test_answers_that_models_which_did_not_learn_them_find_unlikely_are_asked_about(base: Base, tmp_path: Path) -> None:
    settings = json.loads(write(tmp_path, base).model_dump_json(by_alias=True, exclude_unset=True))
    settings["tune"]["replay"] = 0.5  # what candidates learn beside the rows is not asked of who reads answers
    (tmp_path / "strop.yaml").write_text(json.dumps(settings), "utf-8")
    project = open_project(tmp_path)
    first = project.curate()
    found = doubting.doubt_answers(project.opened, project.spec("lora"), parts=2)
    assert len(found) == 72 and [one.score for one in found] == sorted(one.score for one in found)
    lines = [project.store.get(one.example, Example).origin.line for one in found]
    assert {line - 1 for line in lines[:5]} >= set(WRONG)
    doubted = {one.example for one in found if one.score < doubting.DOUBTED}
    second = project.curate()
    assert second.id != first.id and second.rows.kept == 72
    asked = [row for row in project.doubtful_rows() if row.fault == "label_suspect"]
    assert {row.id for row in asked} == doubted and doubted
    assert all("nats a token under a model tuned without it" in row.because for row in asked)
    again = doubting.doubt_answers(
        project.opened, project.spec("lora"), parts=2
    )  # finished parts are not trained again
    assert again == found and project.curate().id == second.id
    project.store.close()


def test_labels_and_too_few_rows_are_refused(base: Base, tmp_path: Path) -> None:
    settings = write(tmp_path, base)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()[:10]), "utf-8")
    project = open_project(tmp_path)
    project.curate()
    with pytest.raises(InputError, match="10 answers tell no usual loss"):
        doubting.doubt_answers(project.opened, project.spec("lora"))
    project.store.close()
    labelled = settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    labelled["task"]["kind"] = "classification"
    (tmp_path / "strop.yaml").write_text(json.dumps(labelled), "utf-8")
    project = open_project(tmp_path)
    project.curate()
    with pytest.raises(InputError, match="labels are doubted by"):
        doubting.doubt_answers(project.opened, project.spec("lora"))
    project.store.close()
