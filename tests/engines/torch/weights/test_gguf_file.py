"""The GGUF file, read by transformers' own loader, holds weights, tokenizer and template as they were tuned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from tokenizers import AddedToken, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
)  # fmt: skip

from strop.engines import bases
from strop.engines.base import Weights
from strop.engines.torch.quiet import quiet
from strop.engines.torch.template import Template
from strop.engines.torch.weights import gguf_file
from strop.engines.torch.weights.gguf_file import write_gguf
from strop.errors import CheckFailed, UserError
from strop.records import Base, silent

IDS = torch.tensor([[1, 17, 40, 9, 2, 88, 5, 140, 77, 23]])
SIZES = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "initializer_range": 0.2, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2,
    "rope_parameters": {"rope_type": "default", "rope_theta": 100_000.0}, "max_position_embeddings": 512,
}  # fmt: skip
TEXTS = ("the card 2024 was lost\n\n1. and found", "<|im_start|>user\na  b\t c<|im_end|>\n", "Größe 12,5 — 你好 🚀")


@pytest.fixture
def make(cache: Path, tmp_path: Path, build_tokenizer: Callable[..., PreTrainedTokenizerFast]) -> Callable[..., Any]:
    """``make(name, change=…, config=…)``: a pinned base, and a folder of other weights, as full tuning leaves them."""

    def build(
        name: str, *, change: Callable[[PreTrainedTokenizerFast], None] = lambda _: None, factor: float = 1.0,
        kinds: tuple[Any, Any] = (LlamaConfig, LlamaForCausalLM), **config: Any,
    ) -> tuple[Base, Path]:  # fmt: skip
        tokenizer = build_tokenizer()
        change(tokenizer)
        for seed, folder in enumerate((tmp_path / name, tmp_path / "tuned")):
            torch.manual_seed(seed)
            model = kinds[1](kinds[0](**{**SIZES, "vocab_size": len(tokenizer) + 3, **config}))
            with torch.no_grad():
                model.model.layers[1].mlp.up_proj.weight.mul_(factor)
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        return bases.add(cache, str(tmp_path / name), on_event=silent), tmp_path / "tuned"

    return build


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        return model.eval()(IDS).logits[0]


def read(path: Path) -> tuple[Any, Any]:
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
        return model, AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("weights", ["f32", "f16", "bf16"])
def test_transformers_reads_the_weights_that_were_tuned(
    make: Callable[..., Any], tmp_path: Path, weights: Weights, tied: bool
) -> None:
    base, tuned = make(f"gguf-{weights}-{tied}".lower(), tie_word_embeddings=tied)
    write_gguf(base, tuned, tmp_path / "m.gguf", weights)
    model, tokenizer = read(tmp_path / "m.gguf")
    with quiet():
        wanted = AutoModelForCausalLM.from_pretrained(tuned, dtype=torch.float32)
    exact = logits(wanted)
    for parameter in wanted.parameters():
        if parameter.dim() > 1:
            parameter.data = parameter.data.to(gguf_file._TYPES[weights]).float()
    found, scale = logits(model), float(exact.abs().max())
    assert float((found - logits(wanted)).abs().max()) < 1e-4 * scale
    assert float((found - exact).abs().max()) < {"f32": 1e-4, "f16": 0.02, "bf16": 0.1}[weights] * scale
    own = AutoTokenizer.from_pretrained(tuned)
    for text in TEXTS:
        assert tokenizer.encode(text, add_special_tokens=False) == own.encode(text, add_special_tokens=False)
    assert tokenizer.chat_template == own.chat_template


def test_what_ends_an_answer_is_what_the_template_writes(make: Callable[..., Any], tmp_path: Path) -> None:
    def another_end(tokenizer: PreTrainedTokenizerFast) -> None:
        tokenizer.eos_token = "<|endoftext|>"  # the end of a text, for the base; an answer ends otherwise

    base, tuned = make("gguf-ends", change=another_end)
    write_gguf(base, tuned, tmp_path / "m.gguf", "f32")
    fields = gguf.GGUFReader(tmp_path / "m.gguf").fields
    said = {name: field.contents() for name, field in fields.items() if "tokens" not in name and "merges" not in name}
    tokenizer = AutoTokenizer.from_pretrained(tuned)
    assert said["tokenizer.ggml.eos_token_id"] == said["tokenizer.ggml.eot_token_id"] == Template(tokenizer).stop == 2
    assert tokenizer.eos_token_id == 0 and said["tokenizer.ggml.add_bos_token"] is False
    assert said["tokenizer.chat_template"] == tokenizer.chat_template and said["tokenizer.ggml.pre"] == "gpt-2"
    assert said["tokenizer.ggml.token_type"][:4] == [3, 3, 3, 1] and said["tokenizer.ggml.token_type"][-3:] == [5] * 3
    assert said["general.architecture"] == "llama" and said["llama.rope.freq_base"] == 100_000


def test_digits_cut_one_by_one_are_said_to_be(make: Callable[..., Any], tmp_path: Path) -> None:
    def digits(tokenizer: PreTrainedTokenizerFast) -> None:
        cut = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cut)

    base, tuned = make("gguf-digits", change=digits)
    write_gguf(base, tuned, tmp_path / "m.gguf", "f32")
    assert gguf.GGUFReader(tmp_path / "m.gguf").fields["tokenizer.ggml.pre"].contents() == "smollm"


def three_digits(tokenizer: PreTrainedTokenizerFast) -> None:
    cut = [pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cut)


def greedy_token(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.add_tokens([AddedToken("<sep>", lstrip=True, special=True)], special_tokens=True)


SCALED = {"rope_type": "linear", "rope_theta": 10_000.0, "factor": 2.0}


@pytest.mark.parametrize(
    ("said", "weights", "more"),
    [
        ("architecture is mistral", "f32", {"kinds": (MistralConfig, MistralForCausalLM)}),
        ("rotary embedding is scaled", "f32", {"rope_parameters": SCALED}),
        ("layers have biases", "f32", {"mlp_bias": True}), ("activation is gelu", "f32", {"hidden_act": "gelu"}),
        ("tokenizer is not one", "f32", {"change": three_digits}),
        ("takes space around it", "f32", {"change": greedy_token}), ("does not fit into f16", "f16", {"factor": 1e7}),
    ],
)  # fmt: skip
def test_what_llama_cpp_might_read_otherwise_is_refused(
    make: Callable[..., Any], tmp_path: Path, said: str, weights: Weights, more: dict[str, Any]
) -> None:
    base, tuned = make("gguf-odd-" + said.split()[-1], **more)
    with pytest.raises(UserError, match=said) as told:
        write_gguf(base, tuned, tmp_path / "m.gguf", weights)
    assert "export" in told.value.remedy and not (tmp_path / "m.gguf").exists()


def test_a_file_that_is_read_otherwise_is_refused(
    make: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of a head in the wrong order load without a word, and answer nonsense."""
    base, tuned = make("gguf-wrong")
    monkeypatch.setattr(gguf_file, "_paired", lambda rows, heads: rows)
    with pytest.raises(CheckFailed, match="reads other weights"):
        write_gguf(base, tuned, tmp_path / "m.gguf", "f32")
    assert json.loads((tuned / "config.json").read_text("utf-8"))["model_type"] == "llama"
