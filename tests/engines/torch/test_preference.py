"""Preferred answers: per-step losses against a plain DPO loop of transformers and peft, resume, estimate, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from torch.nn.functional import logsigmoid
from transformers import AutoModelForCausalLM

from strop.engines.base import TrainOutcome, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.adapters import methods
from strop.engines.torch.network import load_base
from strop.engines.torch.quiet import quiet
from strop.engines.torch.tuning import checks, train
from strop.engines.torch.tuning.objective import Aim, computed
from strop.errors import CheckFailed
from strop.records import Base, Event, Progress, silent

Plan = Callable[..., TrainPlan]


class Killed(BaseException):
    """As a kill: nothing may catch it."""


@pytest.fixture
def paired_plan(make_plan: Plan) -> Plan:
    """Every third row has no pair; the others reject another colour, or the right one with more behind it."""

    def make(**settings: Any) -> TrainPlan:
        every = bool(settings.get("preference_answers", 1) == 0)
        plan = make_plan(20, **{"objective": "preference", "learning_rate": 5e-3, **settings})

        def pair(number: int, item: Any) -> Any:
            worse = ("grey and lost", f"{item.answer} me", None)[number % (2 if every else 3)]
            return item.model_copy(update={"rejected": worse})

        train_rows, watched = ([pair(n, one) for n, one in enumerate(some)] for some in (plan.train, plan.validation))
        return plan.model_copy(update={"train": tuple(train_rows), "validation": tuple(watched)})

    return make


def run(plan: TrainPlan, base: Base, place: Path, on_event: Callable[[Event], None] = silent) -> TrainOutcome:
    return TorchEngine().train(plan, base, folder=place / "adapter", work=place / "work", on_event=on_event)


def plain(plan: TrainPlan, base: Base, *, full: bool = False) -> list[float]:
    """Rafailov et al. 2023, equation 7, as TRL's DPOTrainer writes it: one sequence after the other, a second model as
    reference, whole logits; with the mean over answer tokens beside it (TRL's ``rpo_alpha`` is a mean over rows)."""
    knobs = methods.knobs(plan.spec.method, plan.settings)
    template = load_base(base, torch.float32).template
    reference: Any = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32).eval()
    policy: Any = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    torch.manual_seed(plan.seed)
    if not full:
        lora = LoraConfig(r=knobs.lora_r, lora_alpha=knobs.lora_alpha, target_modules="all-linear")
        with quiet():
            policy = get_peft_model(policy, lora)
    moved = [p for p in policy.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moved, lr=1, weight_decay=0.0)

    def told(model: Any, item: Any, text: str) -> torch.Tensor:
        row = template.row(item.messages, text)
        ids = torch.tensor([row.ids])
        logprobs = torch.log_softmax(model(ids).logits[0, :-1], -1)
        return logprobs[range(len(row.ids) - 1), ids[0, 1:]][row.prompt - 1 :]

    losses = []
    steps = train.order(len(plan.train), knobs.num_train_epochs, knobs.batch, plan.seed)
    for number, step in enumerate(steps, 1):
        pairs, tokens = list[torch.Tensor](), list[torch.Tensor]()
        for item in (plan.train[i] for i in step):
            chosen = told(policy, item, item.answer)
            tokens.append(-chosen)
            if item.rejected is None:
                continue
            with torch.no_grad():
                ref = told(reference, item, item.answer).sum() - told(reference, item, item.rejected).sum()
            ratio = chosen.sum() - told(policy, item, item.rejected).sum() - ref
            pairs.append(-logsigmoid(knobs.preference_beta * ratio))
        loss = knobs.preference_answers * torch.cat(tokens).mean()
        loss = loss + (torch.stack(pairs).mean() if pairs else 0.0)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(moved, knobs.max_grad_norm)
        optimizer.param_groups[0]["lr"] = methods.learning_rate(number, len(steps), knobs)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


@pytest.mark.parametrize(
    "settings",
    [
        {"preference_answers": 0},
        {},
        {"row_tokens": 60, "preference_beta": 0.5},
        {"method": "full", "learning_rate": 1e-3, "preference_answers": 0},
    ],
    ids=["pairs alone", "beside right answers", "many rows a batch", "all weights"],
)
def test_losses_are_those_of_a_plain_loop(
    paired_plan: Plan, base: Base, tmp_path: Path, settings: dict[str, Any]
) -> None:
    plan = paired_plan(**settings)
    outcome = run(plan, base, tmp_path)
    expected = plain(plan, base, full=settings.get("method") == "full")
    assert [point.loss for point in outcome.losses] == pytest.approx(expected, abs=1e-4)
    assert expected[-1] < expected[0] - 0.02
    if not settings.get("preference_answers", 1):
        assert outcome.losses[0].loss == pytest.approx(0.6931, abs=1e-3)  # nothing has moved: log 2
    shown = next(check.detail for check in outcome.checks if check.name == "trained_tokens")
    assert f"{sum(item.rejected is not None for item in plan.train)} are held against a rejected answer" in shown


def test_what_virtual_tokens_and_upper_layers_learn_starts_from_the_base(
    paired_plan: Plan, base: Base, tmp_path: Path
) -> None:
    for method in ("upper_layers", "prefix", "ia3", "pissa"):
        plan = paired_plan(method=method, preference_answers=0, learning_rate=2e-2)
        losses = [point.loss for point in run(plan, base, tmp_path / method).losses]
        if method != "prefix":  # its virtual tokens change answers from the first step on, the reference has none
            assert losses[0] == pytest.approx(0.6931, abs=1e-3), method
        assert losses[-1] < losses[0], method


def test_resume_is_bitwise(paired_plan: Plan, base: Base, tmp_path: Path) -> None:
    plan = paired_plan(save_steps=2, lora_dropout=0.1)
    whole = run(plan, base, tmp_path / "whole")
    for killed_after in (1, 3, 5):
        place = tmp_path / str(killed_after)

        def kill(event: Event, at: int = killed_after) -> None:
            if isinstance(event, Progress) and event.task == "tuning" and event.done == at:
                raise Killed

        with pytest.raises(Killed):
            run(plan, base, place, kill)
        again = run(plan, base, place)
        assert [p.loss for p in again.losses] == [p.loss for p in whole.losses]
        assert [p.loss for p in again.validation_losses] == [p.loss for p in whole.validation_losses]
        one, other = (load_file(p / "adapter" / "adapter_model.safetensors") for p in (place, tmp_path / "whole"))
        assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_pair_shares_its_prompt_and_stays_in_one_row(paired_plan: Plan, base: Base) -> None:
    plan = paired_plan(preference_answers=0)
    rows = checks.rows_of(load_base(base, torch.float32).template, plan.train, 512)
    found = computed(rows, Aim(60, beta=0.1))
    assert sorted(i for _, members in found for i in members) == list(range(20)) and len(found) > 5
    assert sum(size for size, _ in computed(rows, Aim(10_000, beta=0.1))) < 0.5 * sum(row.size for row in rows)


def test_the_estimate_counts_both_answers(paired_plan: Plan, base: Base) -> None:
    plan = paired_plan()
    single = plan.model_copy(update={"settings": {**plan.settings, "objective": "supervised"}})
    alone = single.model_copy(
        update={"train": tuple(one.model_copy(update={"rejected": None}) for one in single.train)}
    )
    engine = TorchEngine()
    assert engine.estimate(plan, base).tokens > 1.5 * engine.estimate(alone, base).tokens


def test_a_pair_of_equal_or_cut_answers_is_refused(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    plan = make_plan(objective="preference", max_length=80)
    for text, why in ((plan.train[0].answer, "is the right one"), ("", "is empty"), ("a " * 90, "would be cut")):
        first = plan.train[0].model_copy(update={"rejected": text})
        with pytest.raises(CheckFailed, match=why):
            run(plan.model_copy(update={"train": (first, *plan.train[1:])}), base, tmp_path)
