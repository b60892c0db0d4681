"""Where tensors live: every one is made where the model is, shown on a second device that is only told to be one.

``Elsewhere`` tensors (elsewhere.py) refuse to meet tensors of the processor, as a GPU's would: what is made without
saying where, or read without being fetched, raises. The tests behind it need a real GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.engines.torch.elsewhere import PLACE, OtherDevice

from strop.engines.base import GenerateRequest, ScoreRequest, TrainOutcome, TrainPlan
from strop.engines.torch import TorchEngine, machine
from strop.records import Base, Event, Progress, Spec, silent

Plan = Callable[..., TrainPlan]
gpu = pytest.mark.gpu


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """The process computes on the other device while the test runs."""
    before = machine.device()
    monkeypatch.setattr(torch, "inference_mode", torch.no_grad)  # whose tensors no wrapper may be made of
    with OtherDevice():
        machine.use_device(PLACE)
        machine.fast_linear.cache_clear()
        yield PLACE
    machine.use_device(before)
    machine.fast_linear.cache_clear()


def test_the_other_device_refuses_what_is_here(elsewhere: torch.device) -> None:
    there = torch.ones(3, device=elsewhere)
    assert there.device == elsewhere and float(there.sum()) == 3.0
    with pytest.raises(RuntimeError, match="two devices"):
        there + torch.ones(3)
    with pytest.raises(RuntimeError, match="two devices"):
        there[torch.tensor([0, 1])]
    with pytest.raises(TypeError, match="numpy"):
        there.numpy()


def run(plan: TrainPlan, base: Base, place: Path, on_event: Callable[[Event], None] = silent) -> TrainOutcome:
    return TorchEngine().train(plan, base, folder=place / "adapter", work=place / "work", on_event=on_event)


VARIANTS: dict[str, dict[str, object]] = {
    "tokens, neutral text": {"base_kl": 1.0},
    "labels": {"label_share": 0.5},
    "pairs": {"objective": "preference"},
    "upper layers": {"method": "upper_layers"},
    "prefix": {"method": "prefix"},
    "full": {"method": "full", "learning_rate": 1e-3},
}


def plan_of(make_plan: Plan, base: Base, settings: dict[str, object]) -> TrainPlan:
    plan = make_plan(8, held_out=2, per_device_train_batch_size=4, max_new_tokens=4, **settings)
    if "label_share" in settings:
        labels = tuple(sorted({item.answer for item in (*plan.train, *plan.validation)}))
        plan = plan.model_copy(update={"spec": Spec.of("lora", base=base.id, labels=labels)})
    if "objective" in settings:
        pairs = tuple(item.model_copy(update={"rejected": f"{item.answer} me"}) for item in plan.train[::2])
        plan = plan.model_copy(update={"train": (*pairs, *plan.train[1::2])})
    return plan


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_a_run_on_another_device_is_that_on_the_processor(
    make_plan: Plan, base: Base, tmp_path: Path, settings: dict[str, object], request: pytest.FixtureRequest
) -> None:
    plan = plan_of(make_plan, base, settings)
    here = run(plan, base, tmp_path / "here")
    place = request.getfixturevalue("elsewhere")
    TorchEngine().estimate(plan, base)
    there = run(plan, base, tmp_path / "there")
    assert not any(check.name == "rows_apart" for check in there.checks)
    assert there.environment["device"] == place.type and here.environment["device"] == "cpu"
    assert [point.loss for point in there.losses] == pytest.approx([point.loss for point in here.losses], abs=1e-5)
    for file in (tmp_path / "here" / "adapter").glob("*.safetensors"):
        saved = load_file(tmp_path / "there" / "adapter" / file.name)
        for name, tensor in load_file(file).items():
            torch.testing.assert_close(saved[name], tensor, atol=2e-4, rtol=1e-3)


def test_answers_on_another_device_are_those_of_the_processor(
    make_plan: Plan, sliding_base: Base, request: pytest.FixtureRequest
) -> None:
    items = make_plan(6).train
    scored = [ScoreRequest(messages=one.messages, options=("red", "green")) for one in items]
    written = [GenerateRequest(messages=one.messages, max_new_tokens=6) for one in items]

    def answers() -> tuple[list[tuple[float, ...]], list[str], list[float], list[list[float]]]:
        with TorchEngine().open(sliding_base, None) as model:
            logprobs = [result.logprobs for result in model.score(scored, on_event=silent)]
            texts = [result.text for result in model.generate(written, on_event=silent)]
            nats = [result.nats for result in model.nll(["the card was red"], on_event=silent)]
            return logprobs, texts, nats, model.embed(["lost and found"], on_event=silent).tolist()

    here = answers()
    request.getfixturevalue("elsewhere")
    there = answers()
    assert there[1] == here[1]
    for own, other in zip(here[0], there[0], strict=True):
        assert own == pytest.approx(other, abs=1e-4)
    assert here[2] == pytest.approx(there[2], abs=1e-4) and here[3][0] == pytest.approx(there[3][0], abs=1e-4)


def test_checkpoints_of_another_device_go_on_anywhere(
    make_plan: Plan, base: Base, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    plan = make_plan(16, held_out=0, num_train_epochs=2, save_steps=2, max_new_tokens=2)
    whole = run(plan, base, tmp_path / "whole")

    class Killed(BaseException):
        pass

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "tuning" and event.done == 3:
            raise Killed

    request.getfixturevalue("elsewhere")
    with pytest.raises(Killed):
        run(plan, base, tmp_path / "again", kill)
    again = run(plan, base, tmp_path / "again")
    assert [p.loss for p in again.losses] == pytest.approx([p.loss for p in whole.losses], abs=1e-5)


@gpu
def test_a_run_on_a_gpu_is_that_on_the_processor(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    plan = make_plan(16)
    assert machine.device().type == "cuda"
    there = run(plan, base, tmp_path / "there")
    machine.use_device(torch.device("cpu"))
    machine.fast_linear.cache_clear()
    try:
        here = run(plan, base, tmp_path / "here")
    finally:
        machine.use_device(torch.device("cuda", 0))
        machine.fast_linear.cache_clear()
    assert [point.loss for point in there.losses] == pytest.approx([point.loss for point in here.losses], abs=1e-3)
    assert there.measured.peak_memory_bytes > 0


@gpu
def test_what_a_gpu_takes_is_measured_there() -> None:
    peak = machine.PeakMemory()
    taken = torch.ones(1 << 20, device=machine.device())
    assert peak.above_start() >= taken.numel() * 4
