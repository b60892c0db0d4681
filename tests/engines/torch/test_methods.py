"""Every method learns, saves, loads and answers alike; prefix methods equal transformers' own key-value cache."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import DynamicCache

from strop.engines.base import GenerateRequest, ScoreRequest, TrainPlan
from strop.engines.torch import TorchEngine, answer, methods
from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network, for_answering, load_base, with_adapter
from strop.engines.torch.tree import grow
from strop.errors import SettingsError
from strop.records import Base, Method, silent

Plan = Callable[..., TrainPlan]
RATES: dict[Method, float] = {
    "lora": 1e-2, "dora": 1e-2, "upper_layers": 2e-2, "prefix": 1e-2, "p_tuning_v2": 1e-1, "full": 3e-3,
}  # fmt: skip


@pytest.fixture(
    scope="module", params=[(m, d) for m in sorted(methods.METHODS) for d in ("float32", "bfloat16")], ids="-".join
)
def run(request: pytest.FixtureRequest, base: Base, tmp_path_factory: pytest.TempPathFactory) -> tuple[Method, Path]:
    """A short run by each method in each number format. The base is stored in fp32, so bf16 rounds it in training."""
    method, dtype = request.param
    place = tmp_path_factory.mktemp(method)
    plan: TrainPlan = request.getfixturevalue("make_plan")(
        40, method=method, dtype=dtype, learning_rate=RATES[method], num_train_epochs=4, num_virtual_tokens=5
    )
    outcome = TorchEngine().train(plan, base, folder=place / "a", work=place / "w", on_event=silent)
    assert outcome.losses[-1].loss < outcome.losses[0].loss - 1
    broken = [check for check in outcome.checks if not check.passed and check.name != "stops"]
    assert not broken
    return method, place / "a"


def test_a_method_answers_as_it_was_trained(run: tuple[Method, Path], base: Base, make_plan: Plan) -> None:
    folder = run[1]
    items = make_plan(6).train
    with TorchEngine().open(base, folder) as tuned, TorchEngine().open(base, None) as alone:
        requests = [ScoreRequest(messages=i.messages, options=(i.answer, "found")) for i in items]
        a, b = tuned.score(requests, on_event=silent), alone.score(requests, on_event=silent)
        assert sum(x.logprobs[0] for x in a) > sum(x.logprobs[0] for x in b) + 1
        assert tuned.signature != alone.signature and tuned.signature["template"] == alone.signature["template"]
        texts = tuned.generate([GenerateRequest(messages=i.messages, max_new_tokens=8) for i in items], on_event=silent)
        assert len(texts) == 6


def test_merging_does_not_change_answers(run: tuple[Method, Path], base: Base, make_plan: Plan) -> None:
    requests = [ScoreRequest(messages=i.messages, options=(i.answer, "lost")) for i in make_plan(5).train]
    tuned = with_adapter(load_base(base, torch.float32), run[1], base)
    before = answer.score(tuned, requests, silent)
    after = answer.score(for_answering(tuned), requests, silent)
    for x, y in zip(before, after, strict=True):
        assert x.logprobs == pytest.approx(y.logprobs, abs=1e-3)


@pytest.mark.parametrize("method", ["prefix", "p_tuning_v2"])
def test_virtual_tokens_equal_a_cache(network: Network, base: Base, method: Method) -> None:
    torch.manual_seed(0)
    knobs = methods.knobs(method, {"num_virtual_tokens": 5})
    tuned = methods.add_adapter(network, method, knobs, base)
    prompt = [1, 5, 9, 30, 31, 32]
    virtual = tuned.virtual()
    assert virtual is not None
    cache = DynamicCache()
    for layer, (key, value) in virtual.items():
        cache.update(key[None], value[None], layer)
    layout = tuned.lay_out(grow([prompt], [0]))
    own = hidden_states(tuned, layout.ids, layout.positions, layout)
    tuned.plain.set_attn_implementation("sdpa")
    positions = torch.arange(5, 5 + len(prompt))[None]
    ids = torch.tensor([prompt])
    plain = tuned.body(input_ids=ids, position_ids=positions, **{_cache_name(tuned): cache}).last_hidden_state[0]
    torch.testing.assert_close(own, plain, atol=2e-5, rtol=1e-4)
    own.sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in methods.trainable(tuned).values())


def _cache_name(network: Network) -> str:
    return "cache" if "cache" in inspect.signature(network.body.forward).parameters else "past_key_values"


def test_upper_layers_leaves_the_lower_ones_alone(network: Network, base: Base) -> None:
    tuned = methods.add_adapter(network, "upper_layers", methods.knobs("upper_layers", {}), base)
    assert {name.split(".layers.")[1].split(".")[0] for name in methods.trainable(tuned)} == {"1"}


def test_unknown_methods_and_the_users_settings(base: Base) -> None:
    with pytest.raises(SettingsError, match="it knows: dora, full, lora"):
        methods.knobs("remote", {})
    knobs = methods.knobs("lora", {"learning_rate": None, "lora_r": 3, "kind": "chat", "target_modules": ["q_proj"]})
    assert (knobs.learning_rate, knobs.lora_r, knobs.target_modules) == (1e-3, 3, ("q_proj",))
