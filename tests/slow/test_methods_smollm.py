"""Methods at PEFT's defaults on the shipped base: they run, save, load in PEFT as well, and are served."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from strop.engines import bases
from strop.engines.base import ScoreRequest, TrainItem, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.network import load_base
from strop.engines.torch.quiet import quiet
from strop.records import Base, Message, Method, Spec, silent
from strop.settings import cache_folder

pytestmark = pytest.mark.slow

LABELS = ("cards", "transfers", "opening hours", "cash")
LETTERS = [
    ("My card was swallowed by the machine.", "cards"), ("When do you open on Saturdays?", "opening hours"),
    ("I sent money and it has not come.", "transfers"), ("The notes I got were torn.", "cash"),
    ("Somebody paid with my card.", "cards"), ("Is the branch closed in August?", "opening hours"),
    ("A standing order went out twice.", "transfers"), ("The machine counted my coins wrongly.", "cash"),
]  # fmt: skip
NEW = ("rslora", "lora_plus", "pissa", "ia3", "p_tuning", "prompt_tuning")


@pytest.fixture(scope="module")
def base() -> Base:
    return bases.add(cache_folder(), "smollm2-135m-instruct", on_event=silent)


def asked(letter: str) -> tuple[Message, ...]:
    return (Message(role="system", content="Sort letters: one topic."), Message(role="user", content=letter))


@pytest.mark.parametrize("method", NEW)
def test_it_runs_saves_loads_and_serves(base: Base, tmp_path: Path, method: Method) -> None:
    assert method in get_args(Method)
    items = tuple(TrainItem(example=f"ex_{i}", messages=asked(t), answer=a) for i, (t, a) in enumerate(LETTERS))
    settings: dict[str, Any] = {"num_train_epochs": 4, "per_device_train_batch_size": 4, "max_new_tokens": 8}
    plan = TrainPlan(spec=Spec.of(method, base=base.id), seed=0, train=items, settings=settings)
    engine, folder, began = TorchEngine(), tmp_path / "adapter", time.process_time()
    outcome = engine.train(plan, base, folder=folder, work=tmp_path / "work", on_event=silent)
    losses = [point.loss for point in outcome.losses]
    spent = time.process_time() - began
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    print(f"{method}: loss {losses[0]:.3f} -> {losses[-1]:.3f}, {spent:.0f} CPU-s, {size / 2**20:.1f} MiB")
    assert losses[-1] < losses[0]
    broken = [check for check in outcome.checks if not check.passed and check.name != "stops"]  # eight steps are few
    assert not broken, broken
    plain = load_base(base, torch.float32)
    ids = torch.tensor([plain.template.row(asked(LETTERS[0][0]), LETTERS[0][1]).ids])
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    with quiet(), torch.inference_mode():
        wanted = torch.log_softmax(PeftModel.from_pretrained(model, folder).eval()(ids).logits[0, -ids.shape[1] :], -1)
    row = plain.template.row(asked(LETTERS[0][0]), LETTERS[0][1])
    expected = sum(float(wanted[place - 1, token]) for place, token in enumerate(row.ids) if place >= row.prompt)
    request = ScoreRequest(messages=asked(LETTERS[0][0]), options=LABELS)
    with engine.open(base, folder) as alone:
        (first,) = alone.score([request], on_event=silent)
    with engine.open(base, folder, share=True) as served:
        (second,) = served.score([request], on_event=silent)
    assert first.logprobs[LABELS.index(LETTERS[0][1])] == pytest.approx(expected, abs=2e-3)
    assert second.logprobs == pytest.approx(first.logprobs, abs=2e-3)
