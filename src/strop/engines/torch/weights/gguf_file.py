"""A tuned model as one GGUF file, for llama.cpp and what is built on it: weights, tokenizer and chat template."""

from __future__ import annotations

import gc
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gguf
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, GgufConfig

from strop import durable
from strop.engines.base import Weights
from strop.engines.torch.adapters.merged import open_merged, same_logits
from strop.engines.torch.quiet import quiet
from strop.engines.torch.template import Template
from strop.errors import UserError
from strop.records import Base

_TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
_FILE_TYPES = {
    "f32": gguf.LlamaFileType.ALL_F32, "f16": gguf.LlamaFileType.MOSTLY_F16, "bf16": gguf.LlamaFileType.MOSTLY_BF16,
}  # fmt: skip
_ELSEWHERE = "export it as merged: llama.cpp's convert_hf_to_gguf.py may know it"
_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
_DIGITS = {"type": "Digits", "individual_digits": True}
_SPLITS = {"gpt-2": [_BYTES], "smollm": [_DIGITS, _BYTES]}
"""llama.cpp's names of ways to cut a text before byte pairs are merged: tried against it, text by text."""


class _Vocabulary(NamedTuple):
    """A byte-level BPE tokenizer, as GGUF keeps one."""

    split: str
    tokens: list[str]
    kinds: list[int]
    merges: list[str]


def write_gguf(base: Base, artifact: Path, path: Path, weights: Weights) -> None:
    """Write the weights that strop answers with, and prove that transformers reads the file so.

    Raises UserError where the architecture is not llama's, the tokenizer cuts text in a way that is not proven equal
    in llama.cpp, the adapter is no change of the weights, or a weight is too large for ``weights``.
    """
    network = open_merged(base, artifact)
    model, template = network.plain, network.template
    _refuse(model.config, base)
    vocabulary = _vocabulary(template.tokenizer, model.config.vocab_size)
    tensors = dict(model.named_parameters())  # weights that are tied are named once
    for name, tensor in tensors.items():
        if tensor.dim() > 1 and weights != "f32":
            tensor.data = tensor.data.to(_TYPES[weights]).to(torch.float32)
            if not bool(torch.isfinite(tensor).all()):
                raise UserError(f"{name} does not fit into {weights}", remedy="export as gguf-bf16 or gguf")
    ids = torch.tensor([network.probe_ids])
    with quiet():
        model.set_attn_implementation("eager")
        wanted = same_logits(model, ids)
    with durable.clear_disk_errors(path):
        writer = gguf.GGUFWriter(path, "llama")
        _describe(writer, model.config, base, weights)
        _add_tokenizer(writer, vocabulary, template)
        _add_tensors(writer, tensors, model.config, weights)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    del network, model, tensors, writer
    gc.collect()
    with quiet():
        found = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager",
            quantization_config=GgufConfig(dequantize=True),
        )  # fmt: skip
    same_logits(found.eval(), ids, wanted=wanted, place=path)


def _refuse(config: Any, base: Base) -> None:
    """Raises UserError for what this writer does not know: a wrong guess would answer nonsense, without a word."""
    rotary = config.rope_parameters.get("rope_type", "default")
    odd = (
        f"its architecture is {config.model_type}" if config.model_type != "llama"
        else f"its rotary embedding is scaled ({rotary})" if rotary != "default"
        else "its layers have biases" if config.attention_bias or config.mlp_bias
        else f"its activation is {config.hidden_act}" if config.hidden_act != "silu"
        else ""
    )  # fmt: skip
    if odd:
        raise UserError(f"{base.name} cannot be written as GGUF: {odd}", remedy=_ELSEWHERE)


def _describe(writer: Any, config: Any, base: Base, weights: Weights) -> None:
    writer.add_type("model")
    writer.add_name(base.name)
    writer.add_license(base.licence)
    writer.add_file_type(_FILE_TYPES[weights])
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.head_dim)
    if config.head_dim * config.num_attention_heads != config.hidden_size:
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)


def _add_tokenizer(writer: Any, vocabulary: _Vocabulary, template: Template) -> None:
    tokenizer = template.tokenizer
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(vocabulary.split)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.kinds)
    writer.add_token_merges(vocabulary.merges)
    for add, number in (
        (writer.add_bos_token_id, tokenizer.bos_token_id), (writer.add_unk_token_id, tokenizer.unk_token_id),
        (writer.add_pad_token_id, tokenizer.pad_token_id),
    ):  # fmt: skip
        if number is not None:
            add(number)
    writer.add_eos_token_id(template.stop)  # what ends an answer, whatever the base calls the end of a text
    writer.add_eot_token_id(template.stop)
    writer.add_add_bos_token(False)  # the template writes all that stands before a question
    writer.add_add_space_prefix(False)
    writer.add_chat_template(template.text)


def _add_tensors(writer: Any, tensors: Mapping[str, Tensor], config: Any, weights: Weights) -> None:
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, tensor in tensors.items():
        values = tensor.detach()
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = _paired(values, config.num_attention_heads if "q_proj" in name else config.num_key_value_heads)
        kind = gguf.GGMLQuantizationType[(weights if values.dim() > 1 else "f32").upper()]
        numbers = gguf.quants.quantize(values.contiguous().numpy(), kind)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), numbers, raw_dtype=kind)


def _paired(rows: Tensor, heads: int) -> Tensor:
    """llama.cpp rotates neighbouring rows of a head, transformers those half a head apart."""
    return rows.reshape(heads, 2, -1, rows.shape[1]).transpose(1, 2).reshape(rows.shape)


def _vocabulary(tokenizer: Any, size: int) -> _Vocabulary:
    """What a fast tokenizer is made of. Raises UserError where llama.cpp is not known to read text in the same way."""
    made = json.loads(tokenizer.backend_tokenizer.to_str()) if tokenizer.is_fast else {"model": {}}
    model, added = made["model"], {one["id"]: one for one in made.get("added_tokens", ())}
    split = _split(made.get("pre_tokenizer") or {})
    if model.get("type") != "BPE" or made["normalizer"] or model["byte_fallback"] or split is None:
        raise UserError("the base's tokenizer is not one that strop writes as GGUF", remedy=_ELSEWHERE)
    if any(one["lstrip"] or one["rstrip"] or one["single_word"] for one in added.values()):
        raise UserError("a special token of the base takes space around it along, which GGUF does not say",
                        remedy=_ELSEWHERE)  # fmt: skip
    known = {number: token for token, number in model["vocab"].items()}
    known |= {number: one["content"] for number, one in added.items()}
    kinds = []
    for number in range(size):
        own = gguf.TokenType.NORMAL if number in known else gguf.TokenType.UNUSED
        if number in added:
            own = gguf.TokenType.CONTROL if added[number]["special"] else gguf.TokenType.USER_DEFINED
        kinds.append(int(own))
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    return _Vocabulary(split, [known.get(number, f"[PAD{number}]") for number in range(size)], kinds, merges)


def _split(cut: Mapping[str, Any]) -> str | None:
    """llama.cpp's name of how a tokenizer cuts text; None where it has none that was tried."""
    steps = cut["pretokenizers"] if cut.get("type") == "Sequence" else [cut]
    told = [{key: value for key, value in step.items() if key != "trim_offsets"} for step in steps]
    return next((name for name, known in _SPLITS.items() if told == known), None)
