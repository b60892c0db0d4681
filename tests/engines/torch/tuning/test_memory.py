"""Memory that is short before the run, or runs out in it: shorter rows, the same batches, the same losses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from strop.engines.base import TrainPlan
from strop.engines.torch import machine
from strop.engines.torch.adapters import methods
from strop.engines.torch.network import Network, load_base
from strop.engines.torch.template import Row
from strop.engines.torch.tuning import checks, memory, train
from strop.engines.torch.tuning.objective import Aim
from strop.errors import EngineError
from strop.records import Base, Event, Said, silent

Plan = Callable[..., TrainPlan]


def ready(base: Base, plan: TrainPlan) -> tuple[Network, methods.Knobs, list[Row]]:
    """A network to train by a plan, and its rows."""
    knobs = methods.knobs("lora", plan.settings)
    torch.manual_seed(plan.seed)
    network = methods.add_adapter(load_base(base, torch.float32), "lora", knobs, base)
    return network, knobs, checks.rows_of(network.template, plan.train, knobs.max_length)


def losses(
    base: Base, plan: TrainPlan, place: Path, *, row_tokens: int, room: int = 10**9,
    on_event: Callable[[Event], None] = silent,
) -> list[float]:  # fmt: skip
    """Losses of a run whose machine cannot hold rows of more than ``room`` tokens."""
    network, knobs, rows = ready(base, plan)

    def ask(_: Any, __: Any, given: dict[str, Any]) -> None:
        if given["input_ids"].shape[1] > room:
            torch.empty(1 << 60, dtype=torch.uint8)  # torch's own error, from its own allocator

    network.body.register_forward_pre_hook(ask, with_kwargs=True)
    held_out = checks.rows_of(network.template, plan.validation, knobs.max_length)
    done = train.train(network, rows, held_out, plan, knobs, Aim(row_tokens), work=place, on_event=on_event)
    return [point.loss for point in (*done.losses, *done.validation)]


def test_a_run_survives_that_memory_runs_out(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    plan = make_plan(40, lora_dropout=0.1)
    said: list[Event] = []
    survived = losses(base, plan, tmp_path / "a", row_tokens=512, room=100, on_event=said.append)
    told = [event.text for event in said if isinstance(event, Said)]
    assert told == [
        f"Memory ran out: the step is done again with rows of {n} tokens. Its batch stays what it is."
        for n in (256, 128, 64)
    ]
    assert survived == losses(base, plan, tmp_path / "b", row_tokens=64)  # to the last bit, dropout included
    plain = make_plan(40)
    whole = losses(base, plain, tmp_path / "c", row_tokens=512)
    assert losses(base, plain, tmp_path / "d", row_tokens=512, room=100) == pytest.approx(whole, abs=1e-4)


def test_what_never_fits_is_told_and_other_errors_stay(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="memory ran out with rows of 64 tokens"):
        losses(base, make_plan(8), tmp_path / "a", row_tokens=512, room=3)

    def broken(aim: Aim) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1"):
        memory.surviving(broken, Aim(512), lambda: None, silent)


def test_memory_that_runs_out_outside_a_step_is_told() -> None:
    """As where not even the shortest row can be weighed, or the tuned model be opened for its checks."""
    with (
        pytest.raises(EngineError, match="memory ran out while a model was opened") as caught,
        memory.told("a model was opened"),
    ):
        torch.empty(1 << 60, dtype=torch.uint8)
    assert "more memory" in caught.value.remedy
    with pytest.raises(RuntimeError, match="mat1"), memory.told("a model was opened"):
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_rows_are_shortened_before_the_run(make_plan: Plan, base: Base) -> None:
    network, _, rows = ready(base, make_plan())
    said: list[Event] = []
    assert memory.fitting(network, rows, Aim(1024), None, said.append) == Aim(1024)
    assert memory.fitting(network, rows, Aim(1024), 1 << 40, said.append) == Aim(1024)
    assert not said
    shortest = min(rows, key=lambda row: len(row.ids))
    a_token = memory.kept_for_backward(network, shortest, Aim(1024)) / (len(shortest.ids) - 1)
    state = 12 * sum(p.numel() for p in methods.trainable(network).values())
    half = memory.fitting(network, rows, Aim(1024), int((state + 512 * a_token) / 0.8), said.append)
    assert half.row_tokens in (511, 512)
    assert memory.fitting(network, rows, Aim(1024), 0, said.append).row_tokens == 64
    told = [event.text.split(": ")[0] for event in said if isinstance(event, Said)]
    assert told == [f"Rows of {n} tokens, not 1024" for n in (half.row_tokens, 64)]
    assert all(p.grad is None for p in methods.trainable(network).values())


def test_what_a_row_keeps_grows_with_its_tokens(make_plan: Plan, base: Base) -> None:
    network, _, rows = ready(base, make_plan())
    row = rows[0]
    ids = [*row.ids[: row.prompt], *row.ids[1 : row.prompt] * 3, *row.answer]
    long = Row(ids, len(ids) - len(row.answer))
    short, more = (memory.kept_for_backward(network, one, Aim(1024)) / (len(one.ids) - 1) for one in (row, long))
    assert short > 0 and abs(more - short) < 0.25 * short


def test_what_is_available_is_read() -> None:
    found = machine.available_memory()
    assert found is None or 0 < found < 1 << 50


def test_what_the_process_may_take_at_most_counts() -> None:
    """``ulimit -v``: in a process of its own, as a limit stays."""
    program = (
        "import resource; from pathlib import Path; from strop.engines.torch import machine;"
        "taken = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize();"
        "resource.setrlimit(resource.RLIMIT_AS, (taken + 2**28,) * 2); print(machine.available_memory())"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 0 < int(ran.stdout) <= 2**28
