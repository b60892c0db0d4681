"""Four bits under an adapter: packed as transformers packs, served as it was trained, refused where it cannot be."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, GPT2Config

from strop.engines.base import ScoreRequest, TrainOutcome, TrainPlan
from strop.engines.torch import TorchEngine, quantised
from strop.engines.torch.adapters import methods
from strop.engines.torch.adapters.fused import fuse
from strop.engines.torch.adapters.merged import open_merged
from strop.engines.torch.adapters.several import Shared
from strop.engines.torch.network import Network, load_base, with_adapter
from strop.engines.torch.quiet import quiet
from strop.engines.torch.tuning import checks, memory
from strop.engines.torch.tuning.objective import Aim
from strop.errors import EngineError, MissingExtra
from strop.records import Base, Spec, silent

Plan = Callable[..., TrainPlan]
HERE = importlib.util.find_spec("bitsandbytes") is not None
packs = pytest.mark.skipif(not HERE, reason="the extra qlora (bitsandbytes) is not installed")


def run(plan: TrainPlan, base: Base, place: Path) -> TrainOutcome:
    return TorchEngine().train(plan, base, folder=place / "adapter", work=place / "work", on_event=silent)


@packs
@pytest.mark.filterwarnings("ignore")  # transformers' and bitsandbytes' own
def test_transformers_four_bit_base_with_the_adapter_gives_the_same(
    make_plan: Plan, base: Base, tmp_path: Path
) -> None:
    outcome = run(make_plan(16, method="qlora"), base, tmp_path)
    assert outcome.environment["base_weights"] == "nf4 of float32"
    tuned = with_adapter(load_base(base, torch.float32), tmp_path / "adapter", base)
    rows = checks.rows_of(tuned.template, make_plan(3).train, 512)
    own = checks.logits(tuned, rows)
    config = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32,
    )  # fmt: skip
    with quiet(), torch.inference_mode():
        plain = AutoModelForCausalLM.from_pretrained(
            base.path, dtype=torch.float32, quantization_config=config, device_map="cpu"
        )
        # Answering, bitsandbytes packs again, for wide layers only; learning it does not (there is no dropout).
        plain = PeftModel.from_pretrained(plain, tmp_path / "adapter").train()
        for row, ours in zip(rows, own, strict=True):
            theirs = plain(torch.tensor([row.ids])).logits[0, row.prompt - 1 :].float()
            torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


@packs
def test_what_serves_is_what_was_trained_on(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    plan = make_plan(16, method="qlora")
    outcome = run(plan, base, tmp_path)
    assert outcome.losses[-1].loss < outcome.losses[0].loss
    folder = tmp_path / "adapter"
    assert json.loads((folder / "strop.json").read_text("utf-8"))["quantised"] == "nf4 of float32"
    requests = [ScoreRequest(messages=one.messages, options=(one.answer, "found")) for one in plan.train[:3]]
    with TorchEngine().open(base, folder) as tuned, TorchEngine().open(base, folder, share=True) as again:
        assert tuned.signature["base_weights"] == again.signature["base_weights"] == "nf4 of float32"
        told, same = (model.score(requests, on_event=silent) for model in (tuned, again))
    assert [one.logprobs for one in told] == [one.logprobs for one in same]
    assert Shared(base).read(folder) is None  # others answer on the base as it is
    with TorchEngine().open(base, None) as alone:
        assert "base_weights" not in alone.signature
    rows = checks.rows_of(load_base(base, torch.float32).template, plan.train, 512)
    merged = checks.logits(open_merged(base, folder), rows)
    apart = checks.logits(with_adapter(load_base(base, torch.float32), folder, base), rows)
    for a, b in zip(merged, apart, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@packs
def test_packed_weights_are_a_quarter_and_nothing_unpacked_is_kept(network: Network, base: Base) -> None:
    knobs = methods.knobs("qlora", {"lora_r": 2})
    plain = next(network.layers[0].mlp.children()).weight.numel()
    told = quantised.pack(network.layers, network.dtype)
    assert next(network.layers[0].mlp.children()).weight.numel() == plain / 2  # bytes, two numbers each
    packed = methods.add_adapter(network, "qlora", knobs, base)
    assert told == "nf4 of float32" and fuse(packed)["lora"] == 14
    row = checks.rows_of(packed.template, [one_row()], 512)[0]
    kept = memory.kept_for_backward(packed, row, Aim(1024))
    lora = methods.add_adapter(load_base(base, torch.float32), "lora", knobs, base)
    fuse(lora)
    assert kept <= memory.kept_for_backward(lora, row, Aim(1024))


def one_row() -> object:
    from tests.engines.torch.conftest import item

    return item(0)


@packs
def test_layers_without_linear_maps_are_refused(
    build_base: Callable[..., Base], make_plan: Plan, tmp_path: Path
) -> None:
    config = GPT2Config(vocab_size=320, n_embd=32, n_layer=1, n_head=2, n_positions=256, bos_token_id=1, eos_token_id=2)
    bare = build_base(config)
    plan = make_plan(4, method="qlora").model_copy(update={"spec": Spec.of("qlora", base=bare.id)})
    with pytest.raises(EngineError, match="no linear maps"):
        run(plan, bare, tmp_path)


@pytest.mark.skipif(HERE, reason="bitsandbytes is installed")
def test_without_bitsandbytes_it_is_refused(make_plan: Plan, base: Base, tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match="needs bitsandbytes"):
        run(make_plan(4, method="qlora"), base, tmp_path)
    assert not (tmp_path / "adapter").exists()
