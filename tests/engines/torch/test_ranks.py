"""Two processes that share each batch (gloo): the losses and the adapter of one, resume, and a process that is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from strop.engines.base import TrainOutcome, TrainPlan
from strop.engines.torch import TorchEngine
from strop.errors import EngineError, SettingsError
from strop.records import Base, Event, Progress, Spec, silent

Plan = Callable[..., TrainPlan]
pytestmark = pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()), reason="this torch has no gloo"
)


class Killed(BaseException):
    """As a kill: nothing may catch it."""


def run(plan: TrainPlan, base: Base, place: Path, on_event: Callable[[Event], None] = silent) -> TrainOutcome:
    return TorchEngine().train(plan, base, folder=place / "adapter", work=place / "work", on_event=on_event)


def adapter(place: Path) -> dict[str, torch.Tensor]:
    return load_file(place / "adapter" / "adapter_model.safetensors")


def both(plan: TrainPlan) -> list[TrainPlan]:
    return [plan.model_copy(update={"settings": {**plan.settings, "processes": n}}) for n in (1, 2)]


@pytest.mark.parametrize(
    "settings",
    [{"base_kl": 1.0, "per_device_train_batch_size": 7}, {"label_share": 0.5}, {"objective": "preference"}],
    ids=["tokens, neutral text", "labels", "pairs"],
)
def test_losses_and_adapter_are_those_of_one_process(
    make_plan: Plan, base: Base, tmp_path: Path, settings: dict[str, Any]
) -> None:
    plan = make_plan(15, learning_rate=5e-3, **settings)
    if "label_share" in settings:
        labels = tuple(sorted({item.answer for item in (*plan.train, *plan.validation)}))
        plan = plan.model_copy(update={"spec": Spec.of("lora", base=base.id, labels=labels)})
    if "objective" in settings:
        pairs = tuple(item.model_copy(update={"rejected": f"{item.answer} me"}) for item in plan.train[::2])
        plan = plan.model_copy(update={"train": (*pairs, *plan.train[1::2])})
    one, two = (run(each, base, tmp_path / str(n)) for n, each in enumerate(both(plan)))
    assert two.environment["processes"] == "2"
    assert [p.loss for p in two.losses] == pytest.approx([p.loss for p in one.losses], abs=1e-5)
    assert [p.loss for p in two.validation_losses] == pytest.approx([p.loss for p in one.validation_losses], abs=1e-5)
    alone, shared = adapter(tmp_path / "0"), adapter(tmp_path / "1")
    for name, tensor in alone.items():
        torch.testing.assert_close(shared[name], tensor, atol=2e-4, rtol=1e-3)


def test_stopped_and_resumed_is_bitwise_the_same(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    plan = both(make_plan(save_steps=2))[1]
    whole = run(plan, base, tmp_path / "whole")

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "tuning" and event.done == 3:
            raise Killed

    with pytest.raises(Killed):
        run(plan, base, tmp_path / "again", kill)
    assert not list((tmp_path / "again" / "work").glob("ranks-*"))
    again = run(plan, base, tmp_path / "again")
    assert [p.loss for p in again.losses] == [p.loss for p in whole.losses]
    first, second = adapter(tmp_path / "again"), adapter(tmp_path / "whole")
    assert all(torch.equal(first[name], second[name]) for name in second)


def test_a_lost_process_ends_the_run_and_is_told(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    plan = both(make_plan(40, num_train_epochs=20))[1]

    def lose(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "tuning" and event.done == 2:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split()
            for child in children:
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"strop.engines.torch.along" in command:
                    os.kill(int(child), signal.SIGKILL)

    with pytest.raises(EngineError, match="process 1 of 2 ended"):
        run(plan, base, tmp_path, lose)


def test_dropout_is_refused(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="dropout"):
        run(both(make_plan(lora_dropout=0.1))[1], base, tmp_path)


@pytest.mark.gpu
def test_more_processes_than_gpus_are_refused(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    plan = make_plan(processes=torch.cuda.device_count() + 1)
    with pytest.raises(SettingsError, match="needs one of its own"):
        run(plan, base, tmp_path)


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_two_gpus_give_the_losses_of_one(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    one, two = (run(each, base, tmp_path / str(n)) for n, each in enumerate(both(make_plan(15, learning_rate=5e-3))))
    assert [p.loss for p in two.losses] == pytest.approx([p.loss for p in one.losses], abs=1e-3)
