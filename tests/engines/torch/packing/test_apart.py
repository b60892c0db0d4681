"""Bases of other architectures: as a tree where that gives their own logits, else rows apart; never wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    Lfm2Config,
    PretrainedConfig,
)

from strop.engines.base import GenerateRequest, ScoreRequest, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.network import load_base
from strop.engines.torch.quiet import quiet
from strop.errors import EngineError, SettingsError
from strop.records import Base, Event, Said, Spec, silent

VOCABULARY = 320
_COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2,
    "initializer_range": 0.2, "tie_word_embeddings": True,
}  # fmt: skip
_GEMMA: dict[str, Any] = _COMMON | {
    "head_dim": 8, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"],
}  # fmt: skip
CONFIGS: dict[str, PretrainedConfig] = {
    "gpt2": GPT2Config(
        vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=512, bos_token_id=1, eos_token_id=2,
        initializer_range=0.2, attn_pdrop=0, resid_pdrop=0, embd_pdrop=0,
    ),
    "gemma3": Gemma3TextConfig(**_GEMMA, query_pre_attn_scalar=8),
    "bloom": BloomConfig(
        vocab_size=VOCABULARY, hidden_size=32, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2,
        initializer_range=0.2,
    ),
    "lfm2": Lfm2Config(**_COMMON, layer_types=["conv", "full_attention"]),
}  # fmt: skip
"""Attention of its own form; sliding windows; positions by slope, no exchangeable attention; a convolution."""
APART = {"bloom", "lfm2"}


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def other(request: pytest.FixtureRequest, build_base: Callable[..., Base]) -> tuple[str, Base]:
    """A base of each architecture."""
    return request.param, build_base(CONFIGS[request.param])


def test_only_what_a_tree_would_compute_wrong_is_apart(other: tuple[str, Base]) -> None:
    name, base = other
    for dtype in (torch.float32, torch.bfloat16):
        assert load_base(base, dtype).apart == (name in APART)


def test_losses_equal_the_plain_loop(
    other: tuple[str, Base], make_plan: Callable[..., TrainPlan], plain_losses: Callable[..., list[float]],
    tmp_path: Path,
) -> None:  # fmt: skip
    name, base = other
    plan = make_plan(16, row_tokens=150).model_copy(update={"spec": Spec.of("lora", base=base.id)})
    seen: list[Event] = []
    outcome = TorchEngine().train(plan, base, folder=tmp_path / "a", work=tmp_path / "w", on_event=seen.append)
    assert [point.loss for point in outcome.losses] == pytest.approx(plain_losses(plan, base), abs=1e-3)
    assert not [check for check in outcome.checks if not check.passed and check.name != "stops"]
    told = [event.text for event in seen if isinstance(event, Said) and "every row by itself" in event.text]
    assert bool(told) == (name in APART) == any(check.name == "rows_apart" for check in outcome.checks)


@pytest.mark.parametrize("upper", [False, True], ids=["base", "upper layers"])
def test_answers_are_those_of_transformers(
    other: tuple[str, Base], make_plan: Callable[..., TrainPlan], tmp_path: Path, upper: bool
) -> None:
    _, base = other
    plan, artifact = make_plan(10), None
    plain = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32).eval()
    if upper:
        from peft import PeftModel

        plan = plan.model_copy(update={"spec": Spec.of("upper_layers", base=base.id)})
        artifact = tmp_path / "a"
        TorchEngine().train(plan, base, folder=artifact, work=tmp_path / "w", on_event=silent)
        with quiet():
            plain = PeftModel.from_pretrained(plain, artifact).eval()
    template = load_base(base, torch.float32).template
    with TorchEngine().open(base, artifact) as model, torch.inference_mode():
        asked = [ScoreRequest(messages=i.messages, options=(i.answer, "found and lost")) for i in plan.train]
        for request, result in zip(asked, model.score(asked, on_event=silent), strict=True):
            for option, found in zip(request.options, result.logprobs, strict=True):
                row = template.row(request.messages, option)
                every = torch.log_softmax(plain(torch.tensor([row.ids])).logits[0].double(), -1)
                wanted = sum(float(every[at - 1, row.ids[at]]) for at in range(row.prompt, len(row.ids)))
                assert found == pytest.approx(wanted, abs=1e-3)
        written = [GenerateRequest(messages=i.messages, max_new_tokens=9) for i in plan.train]
        compared = 0
        for want, got in zip(written, model.generate(written, on_event=silent), strict=True):
            out, sure = _greedy(plain, template.prompt_ids(want.messages), 9)
            if sure:
                assert (got.text, got.stopped) == (template.decode(out), len(out) < 9)
                compared += 1
        assert compared > 5


def _greedy(plain: Any, prompt: list[int], most: int) -> tuple[list[int], bool]:
    """The likeliest tokens until the stop token; whether each was clearly likelier than the next."""
    out, sure = list[int](), True
    while len(out) < most:
        best = plain(torch.tensor([prompt + out])).logits[0, -1].topk(2)
        sure = sure and float(best.values[0] - best.values[1]) > 1e-3
        if int(best.indices[0]) == 2:
            break
        out.append(int(best.indices[0]))
    return out, sure


def test_what_a_base_apart_cannot_do_is_refused(other: tuple[str, Base], make_plan: Callable[..., TrainPlan]) -> None:
    name, base = other
    plan = make_plan(4).model_copy(update={"spec": Spec.of("prefix", base=base.id)})
    if name in APART:
        with pytest.raises(SettingsError, match=r"(Bloom|Lfm2)ForCausalLM takes no virtual tokens"):
            TorchEngine().estimate(plan, base)
    else:
        assert TorchEngine().estimate(plan, base).cpu_seconds > 0


def test_an_output_head_of_another_form_is_named(build_base: Callable[..., Base]) -> None:
    bent = build_base(Gemma2Config(**_GEMMA, final_logit_softcapping=0.5))
    with pytest.raises(EngineError, match="Gemma2ForCausalLM makes logits"):
        load_base(bent, torch.float32)
