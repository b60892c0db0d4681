"""Two processes that share each batch (gloo): the losses and the adapter of one, resume, and a process that is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from strop.engines.base import TrainOutcome, TrainPlan
from strop.engines.torch import TorchEngine
from strop.errors import EngineError, SettingsError
from strop.records import Base, Event, Method, Progress, Spec, silent

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
    """The plan for one process, which has nothing to share out, and for two."""
    alone = {key: value for key, value in plan.settings.items() if key != "sharded"}
    return [
        plan.model_copy(update={"settings": {**settings, "processes": n}})
        for n, settings in ((1, alone), (2, plan.settings))
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"base_kl": 1.0, "per_device_train_batch_size": 7},
        {"label_share": 0.5},
        {"objective": "preference"},
        # short rows: in most steps one process has more of them than the other
        {"sharded": True, "base_kl": 1.0, "per_device_train_batch_size": 7, "row_tokens": 64},
        {"sharded": True, "label_share": 0.5, "row_tokens": 64},
        {"sharded": True, "objective": "preference", "row_tokens": 64},
    ],
    ids=["tokens, neutral text", "labels", "pairs", "sharded", "sharded, labels", "sharded, pairs"],
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


@pytest.mark.parametrize(("method", "why"), [("full", "changes its weights"), ("pissa", "changes its weights")])
def test_what_trains_its_base_is_not_shared_out(
    make_plan: Plan, base: Base, tmp_path: Path, method: Method, why: str
) -> None:
    plan = make_plan(sharded=True, processes=2)
    plan = plan.model_copy(update={"spec": Spec.of(method, base=base.id)})
    with pytest.raises(SettingsError, match=why):
        run(plan, base, tmp_path)


def test_one_process_has_nothing_to_share_out(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is one process"):
        run(make_plan(sharded=True), base, tmp_path)


def under_torchrun(plan: TrainPlan, base: Base, place: Path, *how: str) -> list[dict[str, Any]]:
    """Two runs of the plan by two processes that torchrun has started, as under_torchrun.py tells them."""
    (place / "told.json").write_text(json.dumps({"plan": plan.to_json(), "base": base.to_json()}), "utf-8")
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        str(Path(__file__).with_name("under_torchrun.py")), str(place), *how,
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=300, stdin=subprocess.DEVNULL)
    return list(json.loads((place / "found.json").read_text("utf-8")))


@pytest.mark.parametrize("sharded", [False, True])
def test_under_torchrun_one_process_tunes_and_the_others_compute_along(
    make_plan: Plan, base: Base, tmp_path: Path, sharded: bool
) -> None:
    plan = make_plan(15, learning_rate=5e-3, row_tokens=64)
    one = run(plan, base, tmp_path / "alone")
    settings = {**plan.settings, "sharded": True} if sharded else plan.settings
    for found in under_torchrun(plan.model_copy(update={"settings": settings}), base, tmp_path):
        assert found["losses"] == pytest.approx([p.loss for p in one.losses], abs=1e-5)
        assert found["processes"] == "2" and found["shared"] is sharded


def test_under_torchrun_a_lost_process_is_told_and_the_next_run_is_another(
    make_plan: Plan, base: Base, tmp_path: Path
) -> None:
    plan = make_plan(15, learning_rate=5e-3)
    lost, again = under_torchrun(plan, base, tmp_path, "lose")
    assert "one of the 2 processes was lost" in lost["error"] and "run again" in lost["error"]
    assert again["losses"] == pytest.approx([p.loss for p in run(plan, base, tmp_path / "alone").losses], abs=1e-5)


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
