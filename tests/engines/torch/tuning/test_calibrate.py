"""What an estimate looks at: two steps on the run's own packed rows, and what they count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from strop.engines.base import TrainPlan
from strop.engines.torch.adapters import methods
from strop.engines.torch.network import Network
from strop.engines.torch.tuning import calibrate, checks, ranks
from strop.engines.torch.tuning.objective import Aim, computed
from strop.engines.torch.tuning.train import order
from strop.records import Base, Message


@pytest.mark.parametrize("processes", [1, 2])
def test_two_packed_rows_of_the_run_are_timed(
    network: Network, base: Base, make_plan: Callable[..., TrainPlan], processes: int
) -> None:
    plan = make_plan(40, held_out=0, row_tokens=60, num_train_epochs=3, processes=processes)
    knobs, aim = methods.knobs("lora", plan.settings), Aim(60)
    rows = checks.rows_of(network.template, plan.train, 512)
    torch.manual_seed(0)
    network = methods.add_adapter(network, "lora", knobs, base)
    sizes = list[int]()

    def note(_: Any, __: Any, given: dict[str, Any]) -> None:
        sizes.append(given["input_ids"].shape[1])

    network.body.register_forward_pre_hook(note, with_kwargs=True)
    cost = calibrate.estimate(network, rows, [], plan, knobs, aim)
    steps = order(len(rows), 3, knobs.batch, plan.seed)
    batches = [[rows[i] for i in step] for step in steps]
    parts = [[batch[i] for i in part] for batch in batches for part in ranks.dealt(batch, processes)]
    packed = sorted(size for part in parts for size, _ in computed(part, aim))
    assert len(set(packed)) > 2
    assert sizes[1:] == [packed[-1], packed[len(packed) // 2]]  # before them, what happens once in a process
    assert cost.examples == 120 and cost.tokens == 3 * sum(len(row.ids) for row in rows)
    assert cost.cpu_seconds > 0


def test_the_longest_example_is_looked_at_although_few_steps_are(
    network: Network, base: Base, make_plan: Callable[..., TrainPlan]
) -> None:
    plan = make_plan(200, held_out=0, num_train_epochs=1, per_device_train_batch_size=2)
    steps = order(200, 1, 2, plan.seed)
    missed = steps[1][0]  # of a hundred steps every third is laid out
    told = list(plan.train)
    told[missed] = told[missed].model_copy(
        update={"messages": (Message(role="user", content="the card was lost and found " * 12),)}
    )
    plan = plan.model_copy(update={"train": tuple(told)})
    knobs, aim = methods.knobs("lora", plan.settings), Aim(60)
    assert knobs.batch == 2
    rows = checks.rows_of(network.template, plan.train, 512)
    network = methods.add_adapter(network, "lora", knobs, base)
    sizes = list[int]()

    def note(_: Any, __: Any, given: dict[str, Any]) -> None:
        sizes.append(given["input_ids"].shape[1])

    network.body.register_forward_pre_hook(note, with_kwargs=True)
    calibrate.estimate(network, rows, [], plan, knobs, aim)
    longest = max(size for size, members in computed([rows[i] for i in steps[1]], aim))
    assert sizes[1] == longest > 1.5 * sizes[2]


def test_what_all_rows_begin_with_is_counted_in_each_process(
    network: Network, make_plan: Callable[..., TrainPlan]
) -> None:
    shared = Message(role="system", content="cards, cash and transfers are three queues of one bank " * 8)
    told = tuple(item.model_copy(update={"messages": (shared, *item.messages)}) for item in make_plan(16).train)
    rows = checks.rows_of(network.template, told, 1024)
    one, two = (calibrate._packed(rows, range(16), processes=n, aim=Aim(4096)) for n in (1, 2))
    beginning = len(network.template.tokenizer(shared.content)["input_ids"])
    assert sum(row.computed for row in two) > sum(row.computed for row in one) + 0.9 * beginning
    assert sorted(i for row in two for i in row.members) == list(range(16))
    assert sorted(len(part) for part in ranks.dealt(rows[:1], 2)) == [0, 1]
