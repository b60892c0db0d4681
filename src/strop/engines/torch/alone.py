"""A tuned model's answers by torch and transformers alone: exports carry a copy of this file, which needs no strop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


class Answers:
    """Asks as strop asked when the model was judged: the same prompt, greedily, and labels by their likelihood.

    Args:
        folder: weights, tokenizer, chat template and ``prompt.json``.
    """

    def __init__(self, folder: str | Path) -> None:
        asked = json.loads((Path(folder) / "prompt.json").read_text("utf-8"))
        self._before, self._longest, self._labels = asked["messages"], asked["max_tokens"], asked.get("labels") or []
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        said = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "Answer"}]
        head, _, self._behind = self._text(said).rpartition("Answer")
        self._lead = head.removeprefix(self._prompt(said[:1]))
        own = (str(token.content) for token in self._tokenizer.added_tokens_decoder.values())
        self._opening = max(
            (self._lead[: self._lead.rfind(one) + len(one)] for one in own if one in self._lead), key=len, default=""
        )  # read as special tokens
        self._stop = self._ids(self._behind)[0]
        ends = self._model.generation_config.eos_token_id
        self._ends = {self._stop, *(ends if isinstance(ends, list) else [] if ends is None else [ends])}

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> list[str]:
        """One answer an input: texts, a table with a column ``input``, or mappings with that key."""
        return [self.answer(text) for text in _texts(model_input)]

    def answer(self, text: str) -> str:
        """The answer to one input: a text, or the likeliest label where the task has labels."""
        turns = [*self._before, {"role": "user", "content": text}]
        with torch.inference_mode():
            return self._likeliest(turns) if self._labels else self._written(self._ids(self._prompt(turns)))

    def _written(self, prompt: list[int]) -> str:
        ids = torch.tensor([prompt])
        made = self._model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=self._longest,
            eos_token_id=sorted(self._ends), pad_token_id=self._stop,
        )  # fmt: skip
        text = self._decoded(made[0, len(prompt) :])
        return text.removeprefix(self._decoded(self._ids(self._lead))) if self._lead else text

    def _likeliest(self, turns: list[dict[str, str]]) -> str:
        """By log probability of the whole label and the token that ends it."""
        asked = self._prompt(turns)
        prompt, told = self._ids(asked), list[list[int]]()
        for label in self._labels:
            whole = self._text([*turns, {"role": "assistant", "content": label}])
            written = whole[len(asked) : len(whole) - len(self._behind)]
            plain = written.removeprefix(self._opening)
            told.append([*self._ids(written.removesuffix(plain)), *self._ids(plain, plain=True), self._stop])
        longest = max(map(len, told))
        rows = [[*prompt, *ids, *[self._stop] * (longest - len(ids))] for ids in told]  # what follows is not looked at
        logits = self._model(torch.tensor(rows), use_cache=False, logits_to_keep=longest + 1).logits[:, :-1]
        likely = torch.log_softmax(logits.float(), dim=-1)
        scores = [float(row[range(len(ids)), ids].sum()) for row, ids in zip(likely, told, strict=True)]
        return str(self._labels[max(range(len(scores)), key=scores.__getitem__)])

    def _prompt(self, turns: list[dict[str, str]]) -> str:
        return str(self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

    def _text(self, turns: list[dict[str, str]]) -> str:
        return str(self._tokenizer.apply_chat_template(turns, tokenize=False))

    def _decoded(self, ids: Any) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))

    def _ids(self, text: str, *, plain: bool = False) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False, split_special_tokens=plain)["input_ids"])


def _texts(rows: Any) -> list[str]:
    if hasattr(rows, "columns"):
        rows = rows["input" if "input" in rows.columns else rows.columns[0]]
    elif isinstance(rows, Mapping):
        rows = rows["input"]
    texts = [row["input"] if isinstance(row, Mapping) else row for row in ([rows] if isinstance(rows, str) else rows)]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("an input is a text: a table with a column `input`, or a list of texts")
    return texts


def _load_pyfunc(data_path: str) -> Answers:
    """What MLflow calls to open the model."""
    return Answers(data_path)
