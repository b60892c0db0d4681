"""How far a tuned model is from its base on a text: against transformers and peft, with torch's own divergence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from strop.engines.base import TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.answering import answer
from strop.engines.torch.network import load_base
from strop.engines.torch.quiet import quiet
from strop.records import Base, silent

TEXTS = ["the card was lost and found", "", "émoji 🙂 نص", "x", "answer with one colour of a card " * 20]


@pytest.fixture(scope="module", params=["lora", "prefix", "full"])
def tuned(request: pytest.FixtureRequest, base: Base, make_plan: Callable[..., TrainPlan], tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp(request.param)
    plan = make_plan(8, method=request.param)
    TorchEngine().train(plan, base, folder=folder, work=folder / "work", on_event=silent)
    return folder


def plainly(base: Base, folder: Path) -> list[float]:
    """KL(base || tuned) in nats, summed over each text's tokens, on transformers' own attention."""
    with quiet(), torch.inference_mode():
        alone = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32).eval()
        if (folder / "adapter_config.json").is_file():
            plain = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
            own = PeftModel.from_pretrained(plain, folder).eval()
        else:
            own = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        found = []
        for text in TEXTS:
            ids = load_base(base, torch.float32).template.tokenizer(text, add_special_tokens=False)["input_ids"]
            read = torch.tensor([[1, *ids]])
            mine, before = (model(read).logits[0, -len(ids) - 1 :].log_softmax(-1) for model in (own, alone))
            apart = torch.nn.functional.kl_div(mine, before, log_target=True, reduction="none").sum(-1)
            found.append(float(apart[: len(ids)].sum()))
    return found


@pytest.mark.parametrize("share", [False, True])
def test_it_is_what_transformers_and_peft_give(base: Base, tuned: Path, share: bool) -> None:
    with TorchEngine().open(base, tuned, share=share) as model:
        first, again = model.nll(TEXTS, on_event=silent), model.nll(TEXTS, on_event=silent)
        assert first == again, "the base that was put beside it leaves nothing behind"
    wanted = plainly(base, tuned)
    assert max(wanted) > 1e-3, "the model has moved"
    assert [one.divergence for one in first] == pytest.approx(wanted, rel=1e-3, abs=1e-4)


def test_a_base_is_no_way_from_itself(base: Base) -> None:
    with TorchEngine().open(base, None) as model:
        assert {one.divergence for one in model.nll(TEXTS, on_event=silent)} == {0.0}


def test_it_does_not_hang_on_what_else_is_read(base: Base, tuned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TorchEngine().open(base, tuned) as model:
        together = [one.divergence for one in model.nll(TEXTS, on_event=silent)]
        monkeypatch.setattr(answer, "BUDGET", 40)
        alone = [model.nll([text], on_event=silent)[0].divergence for text in TEXTS]
    assert together == pytest.approx(alone, rel=1e-3, abs=1e-4)
