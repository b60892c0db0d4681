"""The loop against a plain transformers + peft loop, and against kills, torn files and broken numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from strop.engines.base import TrainOutcome, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.adapters import methods
from strop.engines.torch.adapters.methods import Knobs, learning_rate
from strop.engines.torch.engine import _open
from strop.engines.torch.network import load_base
from strop.engines.torch.quiet import quiet
from strop.engines.torch.tuning import checks, train
from strop.engines.torch.tuning.objective import Aim
from strop.errors import CheckFailed
from strop.records import Base, Event, LossSeen, Progress, Spec, silent

Plan = Callable[..., TrainPlan]


class Killed(BaseException):
    """As a kill: nothing may catch it."""


def run(plan: TrainPlan, base: Base, place: Path, on_event: Callable[[Event], None] = silent) -> TrainOutcome:
    return TorchEngine().train(plan, base, folder=place / "adapter", work=place / "work", on_event=on_event)


def adapter(place: Path) -> dict[str, torch.Tensor]:
    return load_file(place / "adapter" / "adapter_model.safetensors")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"row_tokens": 40},
        {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 5},
        {"num_train_epochs": 0.7},
    ],
    ids=["one row a batch", "many rows a batch", "accumulation", "part of an epoch"],
)
def test_losses_equal_the_plain_loop(
    make_plan: Plan, plain_losses: Callable[..., list[float]], base: Base, tmp_path: Path, settings: dict[str, Any]
) -> None:
    plan = make_plan(**settings)
    outcome = run(plan, base, tmp_path)
    expected = plain_losses(plan, base)
    assert [point.loss for point in outcome.losses] == pytest.approx(expected, abs=1e-3)
    assert len(expected) == 1 or expected[-1] < expected[0] - 0.1


def test_a_learned_run_passes_its_checks(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    seen: list[Event] = []
    outcome = run(make_plan(40, num_train_epochs=6, learning_rate=1e-2), base, tmp_path, seen.append)
    assert {c.name: c.passed for c in outcome.checks} == dict.fromkeys(
        ("trained_tokens", "template", "moved", "reload", "differs_from_base", "stops"), True
    ), outcome.checks
    assert [e.step for e in seen if isinstance(e, LossSeen)] == list(range(1, 31))
    bars = [e for e in seen if isinstance(e, Progress) and e.task == "tuning"]
    assert (bars[0].done, bars[-1].done, bars[-1].total) == (0, 30, 30)
    assert outcome.validation_losses[-1].loss < outcome.validation_losses[0].loss
    assert outcome.measured.cpu_seconds > 0 and outcome.measured.examples == 240


def test_labels_against_each_other(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    plan = make_plan(label_share=0.5)
    with pytest.raises(CheckFailed, match="none of the 0 labels"):
        run(plan, base, tmp_path / "none")
    labels = tuple(sorted({item.answer for item in (*plan.train, *plan.validation)}))
    plan = plan.model_copy(update={"spec": Spec.of("lora", base=base.id, labels=labels)})
    outcome = run(plan, base, tmp_path / "labels")
    assert {c.name for c in outcome.checks if c.passed} >= {"trained_tokens", "template", "moved", "reload"}
    tokens = run(plan.model_copy(update={"settings": plan.settings | {"label_share": 0}}), base, tmp_path / "tokens")
    assert outcome.losses[0].loss != tokens.losses[0].loss
    assert outcome.losses[-1].loss < outcome.losses[0].loss and outcome.validation_losses


def test_the_adapter_is_a_plain_peft_folder(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    run(make_plan(), base, tmp_path)
    folder = tmp_path / "adapter"
    names = {path.name for path in folder.iterdir()}
    assert {
        "adapter_model.safetensors",
        "adapter_config.json",
        "tokenizer.json",
        "chat_template.jinja",
        "strop.json",
    } <= names
    assert base.path not in (folder / "adapter_config.json").read_text()
    assert all(not key.startswith("base_model.model.model.model") for key in adapter(tmp_path))
    plain = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    ids = torch.tensor([[1, 5, 9, 30]])
    before = plain(ids).logits.detach()
    with quiet():
        tuned = PeftModel.from_pretrained(plain, folder).eval()
    merged_from = tuned(ids).logits.detach()
    assert float((merged_from - before).abs().max()) > 1e-3
    torch.testing.assert_close(tuned.merge_and_unload()(ids).logits, merged_from, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("method", "dtype"), [("lora", "float32"), ("lora", "bfloat16"), ("full", "bfloat16")])
def test_resume_is_bitwise(make_plan: Plan, base: Base, tmp_path: Path, method: str, dtype: str) -> None:
    rate = 2e-3 if method == "full" else 2e-2
    plan = make_plan(method=method, dtype=dtype, learning_rate=rate, save_steps=2, lora_dropout=0.1)
    whole = run(plan, base, tmp_path / "whole")
    files = [path.name for path in (tmp_path / "whole" / "adapter").glob("*.safetensors")]
    for killed_after in range(1, 6):
        place = tmp_path / str(killed_after)

        def kill(event: Event, at: int = killed_after) -> None:
            if isinstance(event, Progress) and event.task == "tuning" and event.done == at:
                raise Killed

        with pytest.raises(Killed):
            run(plan, base, place, kill)
        seen: list[Event] = []
        resumed = run(plan, base, place, seen.append)
        steps = [e.step for e in seen if isinstance(e, LossSeen)]
        assert steps == list(range(killed_after // 2 * 2 + 1, 7))
        assert [p.loss for p in resumed.losses] == [p.loss for p in whole.losses]
        for name in files:
            a, b = (load_file(folder / "adapter" / name) for folder in (tmp_path / "whole", place))
            assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("file", ["state.safetensors", "state.json", "manifest.json"])
def test_a_torn_checkpoint_is_never_picked(
    make_plan: Plan, base: Base, tmp_path: Path, share: float, file: str
) -> None:
    plan = make_plan(save_steps=2)

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "tuning" and event.done == 5:
            raise Killed

    with pytest.raises(Killed):
        run(plan, base, tmp_path, kill)
    torn = tmp_path / "work" / "checkpoint-4" / file
    data = torn.read_bytes()
    torn.write_bytes(data[: int(len(data) * share)])
    seen: list[Event] = []
    run(plan, base, tmp_path, seen.append)
    assert [e.step for e in seen if isinstance(e, LossSeen)] == [3, 4, 5, 6]


def test_another_plan_starts_anew(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    run(make_plan(save_steps=2), base, tmp_path)
    seen: list[Event] = []
    run(make_plan(save_steps=2, learning_rate=1e-3), base, tmp_path, seen.append)
    assert [e.step for e in seen if isinstance(e, LossSeen)] == list(range(1, 7))


def test_the_seed_decides_and_is_set_before_the_adapter(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    torch.manual_seed(1)
    run(make_plan(), base, tmp_path / "a")
    torch.manual_seed(2)
    run(make_plan(), base, tmp_path / "b")
    run(make_plan(seed=1), base, tmp_path / "c")
    a, b, c = (adapter(tmp_path / name) for name in "abc")
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert any(not torch.equal(a[key], c[key]) for key in a)


def test_a_loss_that_is_not_a_number_stops_the_run(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match=r"step 2.*every row of the step") as caught:
        run(make_plan(learning_rate=1e30, warmup_ratio=0, max_grad_norm=1e30), base, tmp_path)
    assert caught.value.exit_code == 3
    assert not (tmp_path / "adapter").exists()


def test_a_row_that_is_not_a_number_is_named(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    """In a packed row it spoils its neighbours: by itself it is found."""
    plan = make_plan()
    bad = plan.train[5]
    words = bad.messages[1].model_copy(update={"content": bad.messages[1].content + " ~"})
    bad = bad.model_copy(update={"messages": (bad.messages[0], words)})
    plan = plan.model_copy(update={"train": (*plan.train[:5], bad, *plan.train[6:])})
    network = load_base(base, torch.float32)
    knobs = methods.knobs("lora", plan.settings)
    network = methods.add_adapter(network, "lora", knobs, base)
    rows = checks.rows_of(network.template, plan.train, knobs.max_length)
    (tilde,) = set(rows[5].ids) - {token for n, row in enumerate(rows) if n != 5 for token in row.ids}

    def spoil(_: Any, given: tuple[torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        return vectors.masked_fill((given[0] == tilde)[..., None], float("nan"))

    network.plain.get_input_embeddings().register_forward_hook(spoil)
    with pytest.raises(CheckFailed, match=r"(?m)loss nan, gradient's norm nan; broken by itself: example ex_5$"):
        train.train(network, rows, [], plan, knobs, Aim(512), work=tmp_path, on_event=silent)


def test_answers_that_would_be_cut_or_are_missing_are_refused(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="answer would be cut"):
        run(make_plan(max_length=20), base, tmp_path)
    plan = make_plan()
    empty = plan.train[3].model_copy(update={"answer": ""})
    with pytest.raises(CheckFailed, match="ex_3 has no answer"):
        run(plan.model_copy(update={"train": (*plan.train[:3], empty)}), base, tmp_path)


def test_exotic_rows(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    """One example; identical rows; an answer longer than the prompt; emoji and right-to-left text."""
    plan = make_plan()
    long = plan.train[0].model_copy(update={"answer": "red and found 🙂 نص " * 12})
    for name, rows in {"one": plan.train[:1], "same": (plan.train[0],) * 9, "long": (long, *plan.train[:3])}.items():
        outcome = run(plan.model_copy(update={"train": rows}), base, tmp_path / name)
        assert outcome.losses[-1].loss < outcome.losses[0].loss
        assert all(math.isfinite(point.loss) for point in outcome.losses)


def test_order_sees_every_example_once_an_epoch() -> None:
    steps = train.order(10, 2, 4, seed=3)
    assert [len(step) for step in steps] == [4, 4, 2, 4, 4, 2]
    first, second = (sorted(chain.from_iterable(half)) for half in (steps[:3], steps[3:]))
    assert first == second == list(range(10))
    assert steps[:3] != steps[3:] and steps != train.order(10, 2, 4, seed=4)


def test_the_learning_rate_rises_and_falls() -> None:
    knobs = Knobs(learning_rate=1.0, warmup_ratio=0.2)
    rates = [learning_rate(step, 10, knobs) for step in range(1, 11)]
    assert rates[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert rates[2:] == sorted(rates[2:], reverse=True) and 0 < rates[-1] < 0.2
    flat = [learning_rate(step, 10, knobs._replace(lr_scheduler_type="constant")) for step in range(3, 11)]
    assert flat == [1.0] * 8


def test_a_base_that_differs_by_one_byte_is_refused(base: Base, cache: Path, tmp_path: Path) -> None:
    changed = base.model_copy(update={"files": {**base.files, "config.json": "0" * 64}})
    with pytest.raises(Exception, match="not the file that base"):
        _open(changed, torch.float32)


@pytest.mark.parametrize("change", [{"learning_rate": 0.0}, {"num_train_epochs": 0.3}], ids=["no rate", "one step"])
def test_what_did_not_move_is_told_as_that(
    make_plan: Plan, base: Base, tmp_path: Path, change: dict[str, float]
) -> None:
    """Not as an adapter that cannot be opened. LoRA's first matrix has no gradient in the first step."""
    with pytest.raises(CheckFailed, match=r"moved: 28 trainable tensors after . steps, (28|14) did not move"):
        run(make_plan(**change), base, tmp_path)
    assert not (tmp_path / "adapter").exists()
