"""GGUF -> a plain transformers folder in bf16 safetensors, once."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from strop.engines.torch.quiet import quiet


def convert_gguf(gguf: Path, folder: Path) -> None:
    """Unpack every weight of ``gguf`` and save model, tokenizer and template into ``folder``.

    transformers leaves a ``quantization_config`` and a quantizer behind, with which saving fails: both are removed.
    """
    with quiet():
        place = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
        tokenizer = AutoTokenizer.from_pretrained(**place)
        model = AutoModelForCausalLM.from_pretrained(
            **place, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
        )
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.hf_quantizer = None
        model.is_quantized = False
        model.config.name_or_path = ""  # a label of whoever made the file, not a source
        model.save_pretrained(folder, safe_serialization=True)
        tokenizer.save_pretrained(folder)
