"""The loss of a batch and its gradient, against the same written plainly with torch's own functions."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from strop.engines.base import ScoreRequest, TrainPlan
from strop.engines.torch.adapters import methods
from strop.engines.torch.answering import answer
from strop.engines.torch.network import Network
from strop.engines.torch.template import Row
from strop.engines.torch.tuning import checks
from strop.engines.torch.tuning.objective import Aim, batch_loss, computed
from strop.records import Base, silent

LABELS = ("red", "green", "blue", "black", "white", "grey", "yellow", "brown")


@pytest.fixture
def tuned(network: Network, base: Base) -> Network:
    torch.manual_seed(0)
    tuned = methods.add_adapter(network, "lora", methods.knobs("lora", {"lora_r": 4}), base)
    for parameter in methods.trainable(tuned).values():
        torch.nn.init.normal_(parameter, std=0.1)
    return tuned


@pytest.fixture
def rows(network: Network, make_plan: Callable[..., TrainPlan]) -> list[Row]:
    return checks.rows_of(network.template, make_plan(9).train, 512)


@pytest.fixture
def labels(network: Network, make_plan: Callable[..., TrainPlan]) -> tuple[tuple[int, ...], ...]:
    messages = make_plan(1).train[0].messages
    return tuple(tuple(network.template.row(messages, label).answer) for label in LABELS)


def gradients(network: Network) -> dict[str, torch.Tensor]:
    found = {name: p.grad.clone() for name, p in methods.trainable(network).items()}
    network.model.zero_grad()
    return found


def token_losses(network: Network, ids: list[int], prompt: int) -> torch.Tensor:
    logits = network.plain(torch.tensor([ids]), use_cache=False).logits[0, prompt - 1 : -1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(ids[prompt:]), reduction="none")


@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("row_tokens", [60, 10_000])
def test_loss_and_gradient(
    tuned: Network, rows: list[Row], labels: tuple[tuple[int, ...], ...], share: float, row_tokens: int
) -> None:
    value = batch_loss(tuned, rows, Aim(row_tokens, labels, share), train=True)
    own = gradients(tuned)
    tuned.plain.set_attn_implementation("sdpa")
    tokens = torch.cat([token_losses(tuned, row.ids, row.prompt) for row in rows]).mean()
    among = []
    for row in rows:
        prompt = row.ids[: row.prompt]
        scores = torch.stack([-token_losses(tuned, [*prompt, *label], row.prompt).sum() for label in labels])
        among.append(-torch.log_softmax(scores, 0)[[list(label) for label in labels].index(row.answer)])
    plain = (1 - share) * tokens + share * torch.stack(among).mean()
    assert value == pytest.approx(float(plain.detach()), abs=1e-4)
    plain.backward()
    for name, expected in gradients(tuned).items():
        assert float((own[name] - expected).abs().max()) < 1e-4 * max(float(expected.abs().max()), 1e-3), name


def test_labels_weigh_as_they_are_scored(
    tuned: Network, rows: list[Row], labels: tuple[tuple[int, ...], ...], make_plan: Callable[..., TrainPlan]
) -> None:
    items = make_plan(9).train
    scored = answer.score(tuned, [ScoreRequest(messages=item.messages, options=LABELS) for item in items], silent)
    right = [one.probabilities()[LABELS.index(item.answer)] for one, item in zip(scored, items, strict=True)]
    value = batch_loss(tuned, rows, Aim(10_000, labels, 1.0), train=False)
    assert value == pytest.approx(-sum(map(math.log, right)) / len(right), abs=1e-5)


def test_without_train_nothing_is_added(tuned: Network, rows: list[Row]) -> None:
    batch_loss(tuned, rows, Aim(100), train=False)
    assert all(p.grad is None for p in methods.trainable(tuned).values())


def test_shared_prompts_are_counted_once(rows: list[Row]) -> None:
    apart = sum(len(row.ids) - 1 for row in rows)
    assert sum(size for size, _ in computed(rows, Aim(10_000))) < 0.6 * apart
    assert len(computed(rows, Aim(60))) > len(computed(rows, Aim(10_000))) == 1
