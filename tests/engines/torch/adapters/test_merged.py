"""The merged folder, read by transformers alone, answers as strop does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from strop.engines.base import GenerateRequest, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.adapters.merged import write_merged
from strop.engines.torch.quiet import quiet
from strop.errors import CheckFailed, UserError
from strop.records import Base, Message, silent

Plan = Callable[..., TrainPlan]


def asked(text: str) -> tuple[Message, ...]:
    return (Message(role="system", content="answer with one colour"), Message(role="user", content=text))


def plain_answers(folder: Path, questions: list[tuple[Message, ...]]) -> list[str]:
    """By nothing but transformers."""
    with quiet():
        model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    found = []
    for messages in questions:
        turns: Any = [message.to_json() for message in messages]
        ids = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with quiet(), torch.inference_mode():
            out = model.eval().generate(**ids, do_sample=False, max_new_tokens=12)
        found.append(str(tokenizer.decode(out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)))
    return found


@pytest.mark.parametrize("method", ["lora", "dora", "full"])
def test_transformers_alone_gives_the_same_answers(base: Base, make_plan: Plan, tmp_path: Path, method: str) -> None:
    rate = {"learning_rate": 2e-3} if method == "full" else {}
    plan = make_plan(method=method, num_train_epochs=4, **rate)
    TorchEngine().train(plan, base, folder=tmp_path / "adapter", work=tmp_path / "work", on_event=silent)
    write_merged(base, tmp_path / "adapter", tmp_path / "merged")
    questions = [item.messages for item in plan.train[:6]] + [asked("the card"), asked("red and found"), asked("")]
    with TorchEngine().open(base, tmp_path / "adapter") as model:
        requests = [GenerateRequest(messages=messages, max_new_tokens=12) for messages in questions]
        own = [result.text for result in model.generate(requests, on_event=silent)]
    assert plain_answers(tmp_path / "merged", questions) == own
    with TorchEngine().open(base, None) as model:
        assert own != [result.text for result in model.generate(requests, on_event=silent)]


def test_readers_of_before_find_the_rotary_base_where_they_look(base: Base, make_plan: Plan, tmp_path: Path) -> None:
    TorchEngine().train(make_plan(), base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    write_merged(base, tmp_path / "a", tmp_path / "merged")
    config = json.loads((tmp_path / "merged" / "config.json").read_text("utf-8"))
    assert config["rope_theta"] == config["rope_parameters"]["rope_theta"] == 10_000
    assert "attn_implementation" not in json.dumps(config) and config["dtype"] == "float32"
    assert (tmp_path / "merged" / "chat_template.jinja").read_text("utf-8").startswith("{% for message")
    assert {path.suffix for path in (tmp_path / "merged").iterdir()} <= {".json", ".safetensors", ".jinja"}


def test_virtual_tokens_are_no_weights(base: Base, make_plan: Plan, tmp_path: Path) -> None:
    plan = make_plan(method="prefix", num_virtual_tokens=4)
    TorchEngine().train(plan, base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    with pytest.raises(UserError, match="prefix tuning cannot be merged") as told:
        write_merged(base, tmp_path / "a", tmp_path / "merged")
    assert "peft" in told.value.remedy


def test_a_folder_that_is_read_otherwise_is_refused(
    base: Base, make_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written is read back before anything is said of it."""
    TorchEngine().train(make_plan(), base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    write_merged(base, tmp_path / "a", tmp_path / "merged")
    from strop.engines.torch.adapters import merged

    def other_weights(path: Path) -> None:
        shutil.copy(Path(base.path) / "model.safetensors", path.parent / "model.safetensors")

    monkeypatch.setattr(merged, "_for_older_readers", other_weights)
    with pytest.raises(CheckFailed, match="reads other weights"):
        write_merged(base, tmp_path / "a", tmp_path / "again")
