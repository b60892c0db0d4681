"""Several adapters on one base: they answer as each alone does, and the base's weights stand in memory once."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from strop.engines.base import GenerateRequest, ScoreRequest, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.adapters import several
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.quiet import quiet
from strop.errors import CheckFailed
from strop.records import Base, silent

from ..conftest import COLOURS, item

GENERATE = [GenerateRequest(messages=item(i).messages, max_new_tokens=8) for i in range(5)]
SCORE = [ScoreRequest(messages=item(i).messages, options=COLOURS) for i in range(3)]


def tuned(base: Base, make_plan: Callable[..., TrainPlan], folder: Path, **settings: object) -> Path:
    TorchEngine().train(make_plan(8, **settings), base, folder=folder, work=folder / "work", on_event=silent)
    return folder


@pytest.fixture(scope="module")
def adapters(base: Base, make_plan: Callable[..., TrainPlan], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [tuned(base, make_plan, tmp_path_factory.mktemp(f"adapter{seed}"), seed=seed) for seed in range(2)]


def test_they_answer_in_turn_as_each_does_alone(base: Base, adapters: list[Path]) -> None:
    engine = TorchEngine()
    places: list[Path | None] = [*adapters, None]
    together = [engine.open(base, place, share=True) for place in places]
    for place, shared in [*zip(places, together, strict=True)] * 2:
        with engine.open(base, place) as alone:
            for mine, own in zip(
                shared.score(SCORE, on_event=silent), alone.score(SCORE, on_event=silent), strict=True
            ):
                assert mine.logprobs == pytest.approx(own.logprobs, abs=1e-3)
            texts = [[r.text for r in m.generate(GENERATE, on_event=silent)] for m in (shared, alone)]
            assert texts[0] == texts[1]
            assert shared.signature == alone.signature
    scores = [model.score(SCORE, on_event=silent)[0].logprobs for model in together]
    assert len(set(scores)) == 3, "each is another model"
    for model in together:
        model.__exit__(None, None, None)


def test_an_adapter_gives_the_logits_that_peft_gives(base: Base, adapters: list[Path]) -> None:
    ids = torch.tensor([[5, 9, 30, 77, 12]])
    with quiet(), torch.inference_mode():
        plain = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
        wanted = PeftModel.from_pretrained(plain, adapters[0]).eval()(ids).logits[0]
        shared = several.shared(base)
        parts = shared.read(adapters[0])
        assert parts
        with shared.wearing(parts):
            layout = shared.network.lay_out(grow([ids[0].tolist()], [0]))
            out = shared.network.body(input_ids=layout.ids, position_ids=layout.positions, use_cache=False, seen=layout)
            torch.testing.assert_close(shared.network.logits(out.last_hidden_state[0]), wanted, rtol=1e-3, atol=1e-3)


def test_the_base_stands_in_memory_once_and_goes_with_the_last(base: Base, adapters: list[Path]) -> None:
    engine = TorchEngine()
    one, other = (engine.open(base, place, share=True) for place in adapters)
    with engine.open(base, None) as plain:
        added = one.memory_bytes - plain.memory_bytes
    assert 0 < added < plain_bytes(base) / 2
    assert len(several._OPEN) == 1
    one.__exit__(None, None, None)
    assert other.generate(GENERATE, on_event=silent), "the other goes on"
    other.__exit__(None, None, None)
    gc.collect()
    assert len(several._OPEN) == 0


def plain_bytes(base: Base) -> int:
    with TorchEngine().open(base, None) as plain:
        return plain.memory_bytes


@pytest.mark.parametrize("method", ["dora", "prefix", "full"])
def test_what_changes_its_base_otherwise_gets_a_copy_of_its_own(
    base: Base, make_plan: Callable[..., TrainPlan], tmp_path: Path, method: str
) -> None:
    place = tuned(base, make_plan, tmp_path / "a", method=method, learning_rate=1e-2)
    engine = TorchEngine()
    with engine.open(base, None, share=True) as plain, engine.open(base, place, share=True) as own:
        before = plain.generate(GENERATE, on_event=silent)
        with engine.open(base, place) as alone:
            texts = [[r.text for r in m.generate(GENERATE, on_event=silent)] for m in (own, alone)]
            assert texts[0] == texts[1]
        after = plain.generate(GENERATE, on_event=silent)
        assert [r.text for r in before] == [r.text for r in after], "the shared base is as it was"


def test_an_adapter_of_another_base_is_refused_and_leaves_the_base_as_it_was(
    base: Base, adapters: list[Path], tmp_path: Path
) -> None:
    note = (adapters[0] / "strop.json").read_text("utf-8").replace(base.id, "base_other")
    (tmp_path / "strop.json").write_text(note, "utf-8")
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_bytes((adapters[0] / name).read_bytes())
    engine = TorchEngine()
    with engine.open(base, adapters[1], share=True) as model:
        before = model.score(SCORE, on_event=silent)
        with pytest.raises(CheckFailed, match="another base"):
            engine.open(base, tmp_path, share=True)
        assert [r.logprobs for r in model.score(SCORE, on_event=silent)] == [r.logprobs for r in before]


def test_whole_modules_beside_an_adapter_do_not_stay_on_a_shared_base(base: Base, tmp_path: Path) -> None:
    with quiet():
        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
        settings: dict[str, Any] = {"r": 2, "target_modules": ["q_proj"], "modules_to_save": ["norm"]}
        made = get_peft_model(model, LoraConfig(init_lora_weights=False, **settings))
        with torch.no_grad():
            made.get_submodule("base_model.model.model.norm.modules_to_save.default").weight.mul_(-1)
        made.save_pretrained(tmp_path)
    engine = TorchEngine()
    with engine.open(base, None, share=True) as plain:
        before = plain.score(SCORE, on_event=silent)
        with engine.open(base, tmp_path, share=True) as own, engine.open(base, tmp_path) as alone:
            assert own.score(SCORE, on_event=silent) != before
            for mine, other in zip(own.score(SCORE, on_event=silent), alone.score(SCORE, on_event=silent), strict=True):
                assert mine.logprobs == pytest.approx(other.logprobs, abs=1e-3)
        after = plain.score(SCORE, on_event=silent)
        assert [one.logprobs for one in after] == [one.logprobs for one in before], "the shared base is as it was"
