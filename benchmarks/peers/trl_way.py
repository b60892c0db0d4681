"""TRL's trainer on the rows of ``benchmarks/tuning.py``; run by it in an environment that has TRL.

    PYTHON trl_way.py GIVEN.json      GIVEN: base (folder), ids, prompts, batch, part, packed

Rows are ids already; the loss is taken on answers only. Says each step, and waits while the clock is read.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any


def main(given: dict[str, Any], folder: str) -> None:
    """Train."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class Heard(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            print(json.dumps({"step": state.global_step}), flush=True)
            sys.stdin.readline()

    table = Dataset.from_list(
        [
            {"input_ids": ids, "completion_mask": [0] * start + [1] * (len(ids) - start)}
            for ids, start in zip(given["ids"], given["prompts"], strict=True)
        ]
    )
    config = SFTConfig(
        output_dir=folder, per_device_train_batch_size=2 if given["packed"] else given["part"], num_train_epochs=1,
        gradient_accumulation_steps=1 if given["packed"] else given["batch"] // given["part"],
        learning_rate=1e-3, lr_scheduler_type="constant", weight_decay=0.0, max_grad_norm=1.0, logging_steps=1,
        packing=given["packed"], max_length=1024, completion_only_loss=True, report_to=[], save_strategy="no",
        use_cpu=True, bf16=False, seed=0, dataloader_pin_memory=False, gradient_checkpointing=False, disable_tqdm=True,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(given["base"], dtype=torch.bfloat16), args=config,
        train_dataset=table, processing_class=AutoTokenizer.from_pretrained(given["base"]), callbacks=[Heard()],
        peft_config=LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"),
    )  # fmt: skip
    trainer.train()
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    print(json.dumps({"losses": losses}), flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(json.loads(Path(sys.argv[1]).read_text("utf-8")), scratch)
