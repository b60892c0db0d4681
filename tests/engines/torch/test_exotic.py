"""Rows and bases at the edges: one row, ten thousand of one token, equal, long, of other scripts, without template."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import LlamaConfig

from strop.engines.base import ScoreRequest, TrainItem, TrainPlan
from strop.engines.bases import DEFAULT_TEMPLATE_NAME
from strop.engines.torch import TorchEngine
from strop.engines.torch.network import Network
from strop.engines.torch.tuning import checks
from strop.engines.torch.tuning.objective import Aim, computed
from strop.records import Base, Message, Spec, silent

Plan = Callable[..., TrainPlan]


def test_ten_thousand_examples_of_one_token(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    rows = tuple(
        TrainItem(example=f"ex_{i}", messages=(Message(role="user", content="abcd"[i % 4]),), answer="wxyz"[i % 4])
        for i in range(10_000)
    )
    plan = make_plan(per_device_train_batch_size=2_500, num_train_epochs=2, held_out=0)
    plan = plan.model_copy(update={"train": rows})
    outcome = TorchEngine().train(plan, base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    assert outcome.measured.examples == 20_000 and len(outcome.losses) == 8
    assert outcome.losses[-1].loss < outcome.losses[0].loss
    assert "10000 of 10000" in next(check.detail for check in outcome.checks if check.name == "trained_tokens")


def test_a_document_of_six_thousand_tokens(
    make_plan: Plan, base: Base, plain_losses: Callable[..., list[float]], tmp_path: Path
) -> None:
    plan = make_plan(1, held_out=0, max_length=8_000, num_train_epochs=2)
    words = " ".join(f"{i} found red and {i % 7} lost blue" for i in range(430))
    (item,) = plan.train
    long = item.model_copy(update={"messages": (item.messages[0], Message(role="user", content=words))})
    plan = plan.model_copy(update={"train": (long,)})
    outcome = TorchEngine().train(plan, base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    assert outcome.measured.tokens > 6_000
    assert [point.loss for point in outcome.losses] == pytest.approx(plain_losses(plan, base), abs=1e-3)


def test_a_base_without_a_template(build_base: Callable[..., Base], make_plan: Plan, tmp_path: Path) -> None:
    config = LlamaConfig(
        vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, bos_token_id=1, eos_token_id=2, pad_token_id=2, initializer_range=0.2,
        tie_word_embeddings=True,
    )  # fmt: skip
    bare = build_base(config, template=None)
    plan = make_plan(16).model_copy(update={"spec": Spec.of("lora", base=bare.id)})
    folder = tmp_path / "a"
    outcome = TorchEngine().train(plan, bare, folder=folder, work=tmp_path / "w", on_event=silent)
    assert {check.name for check in outcome.checks if check.passed} >= {"template", "reload", "differs_from_base"}
    assert json.loads((folder / "strop.json").read_text("utf-8"))["template"] == DEFAULT_TEMPLATE_NAME
    assert (folder / "chat_template.jinja").is_file()  # whoever loads the adapter writes prompts in the same way
    requests = [ScoreRequest(messages=one.messages, options=(one.answer, "found")) for one in plan.train[:3]]
    with TorchEngine().open(bare, folder) as tuned, TorchEngine().open(bare, None) as alone:
        told = [result.logprobs[0] for result in tuned.score(requests, on_event=silent)]
        before = [result.logprobs[0] for result in alone.score(requests, on_event=silent)]
    assert sum(told) > sum(before) and all(map(math.isfinite, told))


def _asked(question: str, answer: str, number: int = 0) -> TrainItem:
    return TrainItem(example=f"ex_{number}", messages=(Message(role="user", content=question),), answer=answer)


ROWS: dict[str, tuple[TrainItem, ...]] = {
    "one example": (_asked("which card is it", "red"),),
    "an answer longer than its prompt": tuple(_asked("a", f"{i} was found and lost by me " * 12, i) for i in range(4)),
    "identical rows": tuple(_asked("which card is it", "red", i) for i in range(12)),
    "emoji, right-to-left, composed": (
        _asked("👩‍👩‍👧 lost 🪪?", "🟥 é e\u0301", 0),
        _asked("\u202bאיפה הכרטיס שלי؟ أين بطاقتي\u202c", "אבד — مفقودة", 1),
        _asked("👩‍👩‍👦 lost 🪪?", "\U0001f7e9 \u200f123\u200e", 2),
    ),
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_losses_are_those_of_a_plain_loop(
    make_plan: Plan, base: Base, plain_losses: Callable[..., list[float]], tmp_path: Path, rows: tuple[TrainItem, ...]
) -> None:
    plan = make_plan(1, held_out=0, per_device_train_batch_size=4, num_train_epochs=2, max_new_tokens=8)
    plan = plan.model_copy(update={"train": rows})
    outcome = TorchEngine().train(plan, base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    assert outcome.measured.examples == 2 * len(rows)
    assert [point.loss for point in outcome.losses] == pytest.approx(plain_losses(plan, base), abs=1e-3)
    assert not [check for check in outcome.checks if not check.passed and check.name != "stops"]
    requests = [ScoreRequest(messages=row.messages, options=(row.answer, "found")) for row in rows[:3]]
    with TorchEngine().open(base, tmp_path / "a") as tuned, TorchEngine().open(base, None) as alone:
        after = sum(result.logprobs[0] for result in tuned.score(requests, on_event=silent))
        assert after > sum(result.logprobs[0] for result in alone.score(requests, on_event=silent))


def test_identical_rows_are_computed_once(network: Network) -> None:
    rows = checks.rows_of(network.template, ROWS["identical rows"], 512)
    ((tokens, members),) = computed(rows, Aim(1024))
    assert tokens == len(rows[0].ids) - 1 and len(members) == len(rows)
