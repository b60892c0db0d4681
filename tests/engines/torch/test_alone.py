"""What exports answer with, without strop: the same words, and the same labels, as strop itself."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.engines.torch import conftest as tiny
from tests.engines.torch.test_template import DROPS, REFUSES, SPACED, THINKS
from transformers import AutoTokenizer, LlamaConfig

from strop.engines import ALONE, merge
from strop.engines.base import GenerateRequest, ScoreRequest
from strop.engines.torch import TorchEngine
from strop.engines.torch.alone import Answers, _load_pyfunc
from strop.engines.torch.quiet import quiet
from strop.records import Base, Message, Spec, silent

BEFORE = [{"role": "system", "content": "answer with one colour"}]
QUESTIONS = [tiny.item(number).messages[-1].content for number in range(6)] + ["", "the card 2024\n\n1."]


@pytest.fixture
def folder(base: Base, tmp_path: Path) -> Path:
    """Weights as an export leaves them: sure of little, so that answers differ."""
    tiny._model(len(AutoTokenizer.from_pretrained(base.path)), seed=0).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(base.path).save_pretrained(tmp_path)
    return tmp_path


def answers(folder: Path, **asked: Any) -> Answers:
    (folder / "prompt.json").write_text(json.dumps({"messages": BEFORE, "max_tokens": 12, **asked}), "utf-8")
    with quiet():
        return _load_pyfunc(str(folder))


def composed(question: str) -> tuple[Message, ...]:
    return (Message(role="system", content=BEFORE[0]["content"]), Message(role="user", content=question))


def test_it_writes_what_strop_writes(base: Base, folder: Path) -> None:
    requests = [GenerateRequest(messages=composed(question), max_new_tokens=12) for question in QUESTIONS]
    with TorchEngine().open(base, None) as model:
        own = [result.text for result in model.generate(requests, on_event=silent)]
    assert len(set(own)) > 2
    with quiet():
        assert answers(folder).predict(QUESTIONS) == own


def test_labels_are_chosen_as_strop_chooses(base: Base, folder: Path) -> None:
    labels = (*tiny.COLOURS, "red card")
    with TorchEngine().open(base, None) as model:
        scored = model.score([ScoreRequest(messages=composed(q), options=labels) for q in QUESTIONS], on_event=silent)
    own = [labels[max(range(len(labels)), key=one.logprobs.__getitem__)] for one in scored]
    assert answers(folder, labels=labels).predict(QUESTIONS) == own and len(set(own)) > 1


@pytest.mark.parametrize("text", [THINKS, SPACED, REFUSES, DROPS], ids=["thinks", "spaced", "refuses", "drops"])
def test_templates_with_ways_of_their_own(
    build_base: Callable[..., Base], make_plan: Callable[..., Any], tmp_path: Path, text: str
) -> None:
    """A base's template that writes before an answer, or takes no system turn: tuned, exported, asked alone."""
    config = LlamaConfig(
        vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        bos_token_id=1, eos_token_id=2, pad_token_id=2, initializer_range=0.5, tie_word_embeddings=False,
    )  # fmt: skip
    base = build_base(config, template=text)
    plan = make_plan(16, learning_rate=1e-3).model_copy(update={"spec": Spec.of("full", base=base.id)})
    outcome = TorchEngine().train(plan, base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    assert not [check for check in outcome.checks if not check.passed and check.name != "stops"]
    with TorchEngine().open(base, tmp_path / "a") as model:
        asked = [GenerateRequest(messages=composed(question), max_new_tokens=12) for question in QUESTIONS]
        written = [result.text for result in model.generate(asked, on_event=silent)]
        options = [ScoreRequest(messages=composed(question), options=tiny.COLOURS) for question in QUESTIONS]
        likely = model.score(options, on_event=silent)
    merge(base, tmp_path / "a", tmp_path / "merged")
    assert answers(tmp_path / "merged").predict(QUESTIONS) == written
    chosen = [tiny.COLOURS[max(range(len(tiny.COLOURS)), key=one.logprobs.__getitem__)] for one in likely]
    assert answers(tmp_path / "merged", labels=tiny.COLOURS).predict(QUESTIONS) == chosen and len(set(chosen)) > 1


def test_an_answer_ends_where_the_template_ends_it(folder: Path) -> None:
    """Also where the base itself ends its texts otherwise."""
    config = json.loads((folder / "generation_config.json").read_text("utf-8"))
    (folder / "generation_config.json").write_text(json.dumps({**config, "eos_token_id": 0}), "utf-8")
    made = answers(folder)
    assert made._ends == {0, 2}
    made._model.generation_config.eos_token_id = None
    with torch.no_grad():
        made._model.lm_head.weight[2] = 50 * made._model.lm_head.weight[2].sign()
    assert all("<|im_end|>" not in text for text in made.predict(QUESTIONS[:2]))


def test_rows_come_in_several_shapes(folder: Path) -> None:
    class Table:
        """As far as a pandas table is looked at."""

        columns = ("id", "input")

        def __getitem__(self, name: str) -> list[str]:
            return {"id": ["a", "b"], "input": QUESTIONS[:2]}[name]

    made = answers(folder)
    wanted = made.predict(QUESTIONS[:2])
    for rows in (Table(), {"input": QUESTIONS[:2]}, [{"input": one} for one in QUESTIONS[:2]]):
        assert made.predict(rows) == wanted
    assert made.predict(QUESTIONS[0]) == wanted[:1]
    with pytest.raises(TypeError, match="an input is a text"):
        made.predict([QUESTIONS[:2]])  # how MLflow hands over {"input": [...]}


def test_it_needs_torch_and_transformers_only() -> None:
    tree = ast.parse(ALONE.read_text("utf-8"))
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [one.name for one in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert names == {"__future__", "json", "collections", "pathlib", "typing", "torch", "transformers"}
