"""Each line of the never-silent contract notices the fault that is planted for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from statsmodels.stats.proportion import proportion_confint
from transformers import PreTrainedTokenizerFast

from strop.engines.base import ScoreRequest, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.network import Network, load_base, with_adapter
from strop.engines.torch.quiet import quiet
from strop.engines.torch.template import Row, Template
from strop.engines.torch.tuning import checks
from strop.errors import CheckFailed
from strop.records import Base, Spec, silent

Plan = Callable[..., TrainPlan]


@pytest.fixture
def rows(network: Network, make_plan: Plan) -> list[Row]:
    return checks.rows_of(network.template, make_plan().train, 512)


@pytest.fixture(scope="module")
def tuned(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random adapter that changes the answers, saved by PEFT itself."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("adapter")
    config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    with quiet():
        model = get_peft_model(load_base(base, torch.float32).model, config)
        model.save_pretrained(folder, save_embedding_layers=False)
    return folder


def test_trained_tokens(network: Network, rows: list[Row]) -> None:
    stop = network.template.stop
    assert checks.trained_tokens(rows, network.template).passed
    unlearned = Row(rows[0].ids, len(rows[0].ids))
    without_stop = Row(rows[0].ids[:-1], rows[0].prompt)
    assert rows[0].ids[-1] == stop
    for fault in (unlearned, without_stop):
        assert not checks.trained_tokens([*rows, fault], network.template).passed
    assert not checks.trained_tokens([], network.template).passed


def test_labels_that_would_teach_the_wrong_thing_are_refused(
    network: Network, make_plan: Plan, build_tokenizer: Callable[..., PreTrainedTokenizerFast]
) -> None:
    plan = make_plan()
    rows = checks.rows_of(network.template, plan.train, 512)

    def labelled(*labels: str) -> TrainPlan:
        return plan.model_copy(update={"spec": Spec.of("lora", base=plan.spec.base, labels=labels)})

    answers = sorted({item.answer for item in plan.train})
    ids = checks.label_ids(network.template, labelled(*answers), rows)
    assert len(ids) == 8 and all(one[-1] == network.template.stop for one in ids)
    with pytest.raises(CheckFailed, match=f"'{answers[3]}' is none of the 7 labels"):
        checks.label_ids(network.template, labelled(*answers[:3], *answers[4:]), rows)
    trimmed = network.template.text.replace("message['content']", "message['content'] | trim")
    trimming = Template(build_tokenizer(trimmed))
    with pytest.raises(CheckFailed, match="'red' and 'red ' alike"):
        checks.label_ids(trimming, labelled(*answers, "red "), rows)


def test_a_double_bos_or_another_prompt_is_noticed(network: Network, rows: list[Row], make_plan: Plan) -> None:
    items = make_plan().train
    assert checks.same_as_served(rows, items, network.template).passed
    doubled = Row([1, *rows[0].ids], rows[0].prompt + 1)
    other = Row([*rows[0].ids[: rows[0].prompt - 1], 7, *rows[0].answer], rows[0].prompt)
    for fault in (doubled, other):
        assert not checks.same_as_served([fault, *rows[1:]], items, network.template).passed


def test_a_tensor_that_did_not_move_or_is_not_finite_is_noticed() -> None:
    start = {"a": torch.zeros(2), "b": torch.ones(2)}
    assert checks.moved(start, {"a": torch.ones(2), "b": torch.zeros(2)}, 3).passed
    assert not checks.moved(start, {"a": torch.ones(2), "b": torch.ones(2)}, 3).passed
    assert not checks.moved(start, {"a": torch.tensor([1.0, float("nan")]), "b": torch.zeros(2)}, 3).passed
    assert not checks.moved({}, {}, 3).passed


def test_reload_notices_lost_and_changed_tensors(base: Base, tuned: Path, rows: list[Row], tmp_path: Path) -> None:
    trained = with_adapter(load_base(base, torch.float32), tuned, base)
    wanted = checks.logits(trained, rows)
    again = with_adapter(load_base(base, torch.float32), tuned, base)
    assert checks.reloads(tuned, again, wanted, checks.logits(again, rows)).passed
    tensors = load_file(tuned / "adapter_model.safetensors")
    name = sorted(tensors)[0]
    (tmp_path / "adapter_config.json").write_bytes((tuned / "adapter_config.json").read_bytes())
    save_file(tensors | {name: tensors[name] + 0.5}, tmp_path / "adapter_model.safetensors")
    other = with_adapter(load_base(base, torch.float32), tmp_path, base)
    assert not checks.reloads(tmp_path, other, wanted, checks.logits(other, rows)).passed
    del tensors[name]
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    with pytest.raises(CheckFailed, match="lacks 1 of"):
        with_adapter(load_base(base, torch.float32), tmp_path, base)


def test_an_adapter_with_the_bases_outputs_is_noticed(base: Base, tuned: Path, rows: list[Row], tmp_path: Path) -> None:
    alone = load_base(base, torch.float32)
    base_logits = checks.logits(alone, rows)
    assert not checks.differs(base_logits, checks.logits(alone, rows)).passed
    assert checks.differs(base_logits, checks.logits(with_adapter(alone, tuned, base), rows)).passed
    tensors = {k: t * ("lora_A" in k) for k, t in load_file(tuned / "adapter_model.safetensors").items()}
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_bytes((tuned / "adapter_config.json").read_bytes())
    with pytest.raises(CheckFailed, match="outputs of the base"):
        TorchEngine().open(base, tmp_path)


@pytest.mark.parametrize("method", ["pissa", "full"])
def test_a_fresh_process_answers_as_this_one(base: Base, make_plan: Plan, tmp_path: Path, method: str) -> None:
    """What only this process holds (a patched module, an adapter in memory) would make the folder look whole."""
    options, tuned, rate = ("red", "green", "blue"), tmp_path / "tuned", {"pissa": 1e-2, "full": 2e-3}[method]
    plan = make_plan(method=method, learning_rate=rate)
    TorchEngine().train(plan, base, folder=tuned, work=tmp_path / "work", on_event=silent)
    requests = [ScoreRequest(messages=item.messages, options=options) for item in plan.train[:3]]
    asked = {"base": base.to_json(), "folder": str(tuned), "requests": [one.to_json() for one in requests]}
    (tmp_path / "asked.json").write_text(json.dumps(asked), "utf-8")
    program = (
        "import json, sys; from pathlib import Path; from strop.engines.base import ScoreRequest;"
        "from strop.engines.torch import TorchEngine; from strop.records import Base, silent;"
        "asked = json.loads(Path(sys.argv[1]).read_text('utf-8'));"
        "model = TorchEngine().open(Base.model_validate(asked['base']), Path(asked['folder']));"
        "requests = [ScoreRequest.model_validate(one) for one in asked['requests']];"
        "print(json.dumps([found.logprobs for found in model.score(requests, on_event=silent)]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "asked.json")], capture_output=True, text=True, check=True
    )
    with TorchEngine().open(base, tuned) as model:
        expected = [found.logprobs for found in model.score(requests, on_event=silent)]
    for found, wanted in zip(json.loads(ran.stdout.splitlines()[-1]), expected, strict=True):
        assert found == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("share", [False, True], ids=["alone", "shared"])
def test_whole_weights_that_are_those_of_the_base_are_not_served(base: Base, tmp_path: Path, share: bool) -> None:
    for path in Path(base.path).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(CheckFailed, match="nothing was learned"):
        TorchEngine().open(base, tmp_path, share=share)


def test_a_model_that_never_stops_is_noticed(network: Network, rows: list[Row], make_plan: Plan) -> None:
    result, _ = checks.stops(network, make_plan(8), rows, 12, silent)
    assert not result.passed and "only 12 prompts" in result.detail
    network.template.stops = frozenset(range(320))
    result, texts = checks.stops(network, make_plan(60), rows, 12, silent)
    assert result.passed and [answer.text for _, answer in texts] == [""] * 50


@pytest.mark.parametrize(("good", "n"), [(50, 50), (49, 50), (45, 50), (0, 50), (7, 9), (1, 1)])
def test_wilson_against_statsmodels(good: int, n: int) -> None:
    low, _ = proportion_confint(good, n, alpha=0.10, method="wilson")
    assert checks.wilson_lower(good, n) == pytest.approx(low, abs=1e-9)


def test_an_adapter_of_another_base_or_template_is_refused(base: Base, tuned: Path, tmp_path: Path) -> None:
    import json
    import shutil

    for key in ("base", "template_hash"):
        folder = tmp_path / key
        shutil.copytree(tuned, folder)
        (folder / "strop.json").write_text(json.dumps({key: "another"}))
        with pytest.raises(CheckFailed, match="made on another"):
            TorchEngine().open(base, folder)


def test_what_was_written_for_the_stop_check_is_what_the_opened_model_writes(
    base: Base, make_plan: Plan, tmp_path: Path
) -> None:
    outcome = TorchEngine().train(
        make_plan(), base, folder=tmp_path / "adapter", work=tmp_path / "work", on_event=silent
    )
    assert outcome.answered is not None and outcome.answered.texts
    with TorchEngine().open(base, tmp_path / "adapter") as model:
        assert model.signature == outcome.answered.signature
        again = model.generate([request for request, _ in outcome.answered.texts], on_event=silent)
    assert [one.text for one in again] == [answer.text for _, answer in outcome.answered.texts]
