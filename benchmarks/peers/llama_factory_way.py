"""LLaMA-Factory on the rows of ``benchmarks/tuning.py``; run by it in an environment that has LLaMA-Factory.

    PYTHON llama_factory_way.py GIVEN.json      GIVEN: base, rows (turns, answer), template, batch, part, packed

It writes prompts by its own template, nearly the same tokens; only speed and memory are compared. ``packed``: its neat
packing, rows of 1,024 tokens in which no example sees another. Says each step, and waits while the clock is read.
"""

from __future__ import annotations

import json
import sys
import tempfile
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


def without_sound() -> None:
    """An empty ``torchaudio``: LLaMA-Factory imports it, and its build for GPUs dies beside a torch for processors."""
    for name in ("torchaudio",):
        module = types.ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        sys.modules[name] = module


def main(given: dict[str, Any], folder: Path) -> None:
    """Train."""
    without_sound()
    from llamafactory.train.tuner import run_exp
    from transformers import TrainerCallback

    class Heard(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            print(json.dumps({"step": state.global_step}), flush=True)
            sys.stdin.readline()

    rows = [{"messages": [*turns, {"role": "assistant", "content": answer}]} for turns, answer in given["rows"]]
    (folder / "rows.json").write_text(json.dumps(rows), "utf-8")
    tags = {"role_tag": "role", "content_tag": "content"}
    tags |= {"user_tag": "user", "assistant_tag": "assistant", "system_tag": "system"}
    described = {"file_name": "rows.json", "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}
    (folder / "dataset_info.json").write_text(json.dumps({"rows": described}), "utf-8")
    settings: dict[str, Any] = {
        "stage": "sft", "do_train": True, "model_name_or_path": given["base"], "finetuning_type": "lora",
        "lora_rank": 16, "lora_alpha": 32, "lora_target": "all", "template": given["template"], "dataset": "rows",
        "dataset_dir": str(folder), "cutoff_len": 1024, "output_dir": str(folder / "out"), "logging_steps": 1,
        "save_strategy": "no", "report_to": "none", "num_train_epochs": 1.0, "learning_rate": 1e-3,
        "lr_scheduler_type": "constant", "max_grad_norm": 1.0, "bf16": True, "use_cpu": True, "seed": 0,
        "per_device_train_batch_size": 2 if given["packed"] else given["part"],
        "gradient_accumulation_steps": 1 if given["packed"] else given["batch"] // given["part"],
        "packing": given["packed"], "neat_packing": given["packed"], "overwrite_cache": True, "disable_tqdm": True,
        "disable_gradient_checkpointing": True, "dataloader_pin_memory": False,
    }  # fmt: skip
    run_exp(settings, callbacks=[Heard()])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(scratch))
