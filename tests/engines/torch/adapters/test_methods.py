"""Every method learns, saves, loads and answers alike; prefix methods equal transformers' own key-value cache."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, DynamicCache

from strop.engines.base import GenerateRequest, ScoreRequest, TrainPlan
from strop.engines.torch import TorchEngine, quantised
from strop.engines.torch.adapters import methods
from strop.engines.torch.answering import answer
from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network, for_answering, load_base, with_adapter
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.quiet import quiet
from strop.engines.torch.tuning import checks, train
from strop.engines.torch.tuning.anchor import Anchor
from strop.errors import SettingsError
from strop.records import Base, Method, Spec, silent

Plan = Callable[..., TrainPlan]
RATES: dict[Method, float] = {
    "lora": 1e-2, "dora": 1e-2, "upper_layers": 2e-2, "prefix": 1e-2, "p_tuning_v2": 1e-1, "full": 3e-3,
    "qlora": 1e-2, "rslora": 5e-3, "lora_plus": 3e-3, "pissa": 1e-2, "ia3": 1e-1, "p_tuning": 1e-2,
    "prompt_tuning": 2e-1,
}  # fmt: skip


WAYS = ("base", "float32"), ("base", "bfloat16"), ("sliding_base", "bfloat16")


class Ran(NamedTuple):
    """A short run: its method, its base, and the folder with what it made."""

    method: Method
    base: Base
    folder: Path


@pytest.fixture(scope="module", params=[(m, *way) for m in sorted(methods.METHODS) for way in WAYS], ids="-".join)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A short run by each method; bases are stored in fp32, so training in bf16 rounds them."""
    method, kind, dtype = request.param
    if method == "qlora":
        pytest.importorskip("bitsandbytes", reason="the extra qlora is not installed")
    base: Base = request.getfixturevalue(kind)
    place = tmp_path_factory.mktemp(method)
    plan: TrainPlan = request.getfixturevalue("make_plan")(
        40, method=method, dtype=dtype, learning_rate=RATES[method], num_train_epochs=4, num_virtual_tokens=5
    )
    plan = plan.model_copy(update={"spec": Spec.of(method, base=base.id)})
    outcome = TorchEngine().train(plan, base, folder=place / "a", work=place / "w", on_event=silent)
    learned = 1 if kind == "base" else 0.05  # virtual tokens are out of a window's sight after a few tokens
    assert outcome.losses[-1].loss < outcome.losses[0].loss - learned
    broken = [check for check in outcome.checks if not check.passed and check.name != "stops"]
    assert not broken
    return Ran(method, base, place / "a")


def test_a_method_answers_as_it_was_trained(run: Ran, make_plan: Plan) -> None:
    _, base, folder = run
    items = make_plan(6).train
    with TorchEngine().open(base, folder) as tuned, TorchEngine().open(base, None) as alone:
        requests = [ScoreRequest(messages=i.messages, options=(i.answer, "found")) for i in items]
        a, b = tuned.score(requests, on_event=silent), alone.score(requests, on_event=silent)
        assert sum(x.logprobs[0] for x in a) > sum(x.logprobs[0] for x in b) + 0.1
        assert tuned.signature != alone.signature and tuned.signature["template"] == alone.signature["template"]
        texts = tuned.generate([GenerateRequest(messages=i.messages, max_new_tokens=8) for i in items], on_event=silent)
        assert len(texts) == 6


def test_peft_reads_the_same_model_from_the_folder(run: Ran, make_plan: Plan) -> None:
    """And finds each label as likely as the tree does, whose labels and questions share what they have in common."""
    tuned = with_adapter(load_base(run.base, torch.float32), run.folder, run.base)
    items = make_plan(3).train
    rows = checks.rows_of(tuned.template, items, 512)
    own = checks.logits(tuned, rows)
    asked = [ScoreRequest(messages=item.messages, options=(item.answer, "lost", "lot")) for item in items]
    scored = answer.score(tuned, asked, silent)
    with quiet(), torch.inference_mode():
        if run.method == "full":
            plain = AutoModelForCausalLM.from_pretrained(run.folder, dtype=torch.float32)
        else:
            alone = AutoModelForCausalLM.from_pretrained(run.base.path, dtype=torch.float32)
            if run.method == "qlora":
                quantised.round_off(alone.get_decoder().layers, tuned.quantised)
            plain = PeftModel.from_pretrained(alone, run.folder)
        for row, ours, found in zip(rows, own, scored, strict=True):
            logits = plain.eval()(torch.tensor([row.ids]), attention_mask=torch.ones(1, len(row.ids))).logits[0]
            theirs = logits[row.prompt - 1 - len(row.ids) :]
            torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
            likely = theirs[:-1].log_softmax(-1).gather(1, torch.tensor(row.ids[row.prompt :])[:, None])
            assert found.logprobs[0] == pytest.approx(float(likely.sum()), abs=1e-3)


def test_merging_does_not_change_answers(run: Ran, make_plan: Plan) -> None:
    requests = [ScoreRequest(messages=i.messages, options=(i.answer, "lost")) for i in make_plan(5).train]
    tuned = with_adapter(load_base(run.base, torch.float32), run.folder, run.base)
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


@pytest.mark.parametrize("method", ["p_tuning", "prompt_tuning"])
def test_virtual_input_vectors_get_gradients(network: Network, base: Base, method: Method) -> None:
    torch.manual_seed(0)
    tuned = methods.add_adapter(network, method, methods.knobs(method, {"num_virtual_tokens": 5}), base)
    layout = tuned.lay_out(grow([[1, 5, 9, 30, 31, 32], [1, 5, 40]], [0, 1]))
    assert layout.positions.min() == 5
    hidden_states(tuned, layout.ids, layout.positions, layout).sin().sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in methods.trainable(tuned).values())


def test_lora_plus_moves_the_second_matrices_faster(network: Network, base: Base) -> None:
    knobs = methods.knobs("lora_plus", {"learning_rate": 1e-3})
    parameters = methods.trainable(methods.add_adapter(network, "lora_plus", knobs, base))
    before = {name: p.detach().clone() for name, p in parameters.items()}
    optimizer = train.make_optimizer(parameters, knobs, "lora_plus")
    train.set_rate(optimizer, 5e-4)
    for p in parameters.values():
        p.grad = torch.ones_like(p)
    optimizer.step()
    for name, p in parameters.items():  # the first step of Adam is the rate, whatever the gradient
        step = float((before[name] - p.detach()).mean())
        assert step == pytest.approx(5e-4 * (16 if "lora_B" in name else 1), rel=1e-3)


def test_pissa_starts_as_its_base_and_is_held_to_it(base: Base) -> None:
    plain = load_base(base, torch.float32)
    layout = plain.lay_out(grow([plain.probe_ids], [0]))
    wanted = plain.run(layout.ids, layout.positions, layout)
    tuned = methods.add_adapter(load_base(base, torch.float32), "pissa", methods.knobs("pissa", {"lora_r": 4}), base)
    torch.testing.assert_close(tuned.run(layout.ids, layout.positions, layout), wanted, atol=1e-4, rtol=1e-4)
    with tuned.model.disable_adapter():
        assert not torch.allclose(tuned.run(layout.ids, layout.positions, layout), wanted, atol=1e-2)
    assert Anchor(tuned, 1.0, 8).pull(tuned, 0, 1) < 1e-5  # not to what is left of the base without its adapter


def _cache_name(network: Network) -> str:
    return "cache" if "cache" in inspect.signature(network.body.forward).parameters else "past_key_values"


def test_upper_layers_leaves_the_lower_ones_alone(network: Network, base: Base) -> None:
    tuned = methods.add_adapter(network, "upper_layers", methods.knobs("upper_layers", {}), base)
    assert {name.split(".layers.")[1].split(".")[0] for name in methods.trainable(tuned)} == {"1"}


def test_unknown_methods_and_the_users_settings(base: Base) -> None:
    with pytest.raises(SettingsError, match="it knows: dora, full, ia3, lora, lora_plus"):
        methods.knobs("remote", {})
    knobs = methods.knobs("lora", {"learning_rate": None, "lora_r": 3, "kind": "chat", "target_modules": ["q_proj"]})
    assert (knobs.learning_rate, knobs.lora_r, knobs.target_modules) == (1e-3, 3, ("q_proj",))
