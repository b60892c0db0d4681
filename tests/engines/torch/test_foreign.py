"""An adapter made elsewhere is an incumbent like any other; one of another base, or a pickled one, is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig

from strop.engines import foreign
from strop.engines.torch.network import Network, for_answering, load_base, with_adapter
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.quiet import quiet
from strop.errors import CheckFailed, InputError, UserError
from strop.project import Project, open_project
from strop.records import Base, Candidate, Report

Build = Callable[..., Path]
Make = Callable[[str], Project]
Tensors = dict[str, torch.Tensor]


@pytest.fixture
def adapter(tmp_path: Path) -> Build:
    """``adapter(base, says=…)``: a PEFT folder, as another program leaves it; ``says``: the base's name in it."""

    def build(base: Base, *, says: str | None = None, **settings: object) -> Path:
        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
        with quiet():
            made = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj", "down_proj"], **settings))  # type: ignore[arg-type]
            with torch.no_grad():
                for name, weight in made.named_parameters():
                    if "lora_B" in name:
                        weight.normal_(0, 0.5)
            folder = tmp_path / f"made {len(list(tmp_path.iterdir()))}"
            made.save_pretrained(folder)
        if says is not None:
            config = json.loads((folder / foreign.CONFIG).read_text("utf-8"))
            (folder / foreign.CONFIG).write_text(json.dumps(config | {"base_model_name_or_path": says}), "utf-8")
        return folder

    return build


@pytest.fixture
def larger(build_base: Callable[..., Base]) -> Base:
    """Another base: the same kind, wider."""
    config = LlamaConfig(
        vocab_size=320, hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=True, initializer_range=0.2,
        bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    return build_base(config)


@pytest.fixture
def make(tmp_path: Path, base: Base) -> Iterator[Callable[[str], Project]]:
    """``make(incumbent)``: a curated project on the tiny base, with that under ``ladder.incumbent``."""
    opened: list[Project] = []

    def project(incumbent: str) -> Project:
        folder = tmp_path / "tickets"
        folder.mkdir(exist_ok=True)
        for name, first, count in (("train", 0, 40), ("validation", 40, 20), ("test", 60, 24)):
            lines = [f"the card {n} was {'lost' if n % 2 else 'found'},{'red' if n % 2 else 'green'}" for n in
                     range(first, first + count)]  # fmt: skip
            (folder / f"{name}.csv").write_text("\n".join(["text,label", *lines]) + "\n", "utf-8")
        (folder / "strop.yaml").write_text(
            "task: {name: tickets, kind: classification, system: answer with one colour}\n"
            "data:\n  columns: {input: text, output: label}\n  near_duplicate: 1\n"
            "  sources: [train.csv, {path: validation.csv, split: validation}, {path: test.csv, split: test}]\n"
            f"ladder:\n  bases: [{base.name}]\n  methods: [classical]\n  incumbent: {incumbent}\n"
            "decision: {guard: {general_ability: null}, primary: {accuracy: {margin: 0.05}}}\n",
            "utf-8",
        )
        found = open_project(folder)
        opened.append(found)
        found.curate()
        return found

    yield project
    for one in opened:
        one.store.close()


def test_it_stands_in_the_ladder_and_the_verdict(make: Make, adapter: Build, base: Base) -> None:
    folder = adapter(base)
    (folder / "run.py").write_text("raise SystemExit('never')\n", "utf-8")
    project = make(json.dumps({"adapter": str(folder), "base": base.name, "name": "the old adapter"}))
    ladder = project.choose()
    step = next(step for step in ladder.steps if step.method == "adapter")
    assert (step.name, step.base) == ("today: the old adapter", base.id)
    assert step.memory_bytes and step.latency_ms
    candidate = project.store.get(step.candidate, Candidate)
    assert candidate.artifact is not None
    kept = {path.name for path in project.store.artifacts.path(candidate.artifact).iterdir()}
    assert {foreign.CONFIG, foreign.WEIGHTS} <= kept and "run.py" not in kept
    shutil.rmtree(folder)  # it was copied
    assert project.ask(["the card 3 was lost"], candidate=candidate.id)[0].answer in ("red", "green")
    shutil.copytree(project.store.artifacts.path(candidate.artifact), folder)
    decision = project.decide()
    assert "the old adapter" in next(c for c in decision.checks if c.name == "against_incumbent").detail
    assert project.verify(decision.id) == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_an_adapter_with_a_number_that_is_none_is_refused(
    adapter: Build, base: Base, dtype: torch.dtype, value: float
) -> None:
    folder = adapter(base)
    weights = {name: tensor.to(dtype) for name, tensor in load_file(folder / foreign.WEIGHTS).items()}
    save_file(weights, folder / foreign.WEIGHTS)
    foreign.check_fits(folder, foreign.read_config(folder), base)
    name = next(name for name in weights if "lora_B" in name)
    weights[name][0, 1] = value
    save_file(weights, folder / foreign.WEIGHTS)
    with pytest.raises(InputError, match="not finite") as error:
        foreign.check_fits(folder, foreign.read_config(folder), base)
    assert name in error.value.message and error.value.exit_code == 2
    (folder / foreign.WEIGHTS).write_bytes((folder / foreign.WEIGHTS).read_bytes()[:-3])
    with pytest.raises(InputError):
        foreign.check_fits(folder, foreign.read_config(folder), base)


def test_an_adapter_of_another_base_is_refused_by_its_shapes(
    make: Make, adapter: Build, base: Base, larger: Base
) -> None:
    """The cheat: it says that it is this base's."""
    folder = adapter(larger, says=base.name)
    with pytest.raises(InputError, match=r"does not fit .*down_proj is \[32, 64\] there, lora_A is \[2, 96\]") as told:
        make(json.dumps({"adapter": str(folder), "base": base.name})).choose()
    assert "its own base" in told.value.remedy


@pytest.mark.parametrize("says", ["somebody/another-135m", "another-135m", "somebody/tiny-chat-bnb-4bit"])
def test_an_adapter_of_another_base_is_refused_by_its_name(make: Make, adapter: Build, base: Base, says: str) -> None:
    """The cheat: another model of the very same shapes."""
    folder = adapter(base, says=says)
    with pytest.raises(InputError, match=f"was made for {says}, not for {base.name}"):
        make(json.dumps({"adapter": str(folder), "base": base.name})).choose()


def test_an_adapter_of_another_base_is_refused_by_strops_note(make: Make, adapter: Build, base: Base) -> None:
    """The cheat: one that strop exported, of a model of the very same shapes, and its configuration says this base."""
    folder = adapter(base, says=base.name)
    note = {"base": "base_of_another", "base_name": "another-135m", "base_revision": "1"}
    (folder / foreign.NOTE).write_text(json.dumps(note), "utf-8")
    with pytest.raises(
        InputError, match=rf"made for another-135m \(base_of_another\), not for {base.name} \({base.id}"
    ):
        make(json.dumps({"adapter": str(folder), "base": base.name})).choose()
    (folder / foreign.NOTE).write_text(json.dumps({**note, "base_name": base.name}), "utf-8")  # from another source
    foreign.check_fits(folder, foreign.read_config(folder), base)


def test_by_the_command_it_is_one_sentence_before_anything_was_asked_of_it(
    make: Make, adapter: Build, base: Base, strop: Callable[..., Any]
) -> None:
    folder = adapter(base, says="somebody/another-135m")
    project = make(json.dumps({"adapter": str(folder), "base": base.name}))
    ran = strop("--project", project.folder, "choose")
    assert ran.code == 2 and f"was made for somebody/another-135m, not for {base.name}" in ran.err
    assert "Traceback" not in ran.err and not project.store.all(Report)


def test_a_base_that_nobody_names_is_the_ladders_only_one(base: Base, adapter: Build, make: Make) -> None:
    folder = adapter(base, says=f"somebody/{base.name}-bnb-4bit")
    step = next(s for s in make(json.dumps(str(folder))).choose().steps if s.method == "adapter")
    assert step.base == base.id


def test_what_is_no_safe_adapter_is_refused_with_a_remedy(base: Base, adapter: Build, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no adapter_config\.json"):
        foreign.read_config(tmp_path / "nowhere")
    folder = adapter(base)
    (folder / foreign.WEIGHTS).rename(folder / "adapter_model.bin")
    with pytest.raises(InputError, match=r"holds no adapter_model\.safetensors") as told:
        foreign.read_config(folder)
    assert "pickled weights are never read" in told.value.remedy
    (folder / foreign.WEIGHTS).write_bytes(b"\xff" * 40)
    with pytest.raises(InputError, match="is no safetensors file"):
        foreign.check_fits(folder, foreign.read_config(folder), base)
    (folder / foreign.CONFIG).write_text('{"peft_type": "PREFIX_TUNING"}', "utf-8")
    with pytest.raises(InputError, match="kind PREFIX_TUNING"):
        foreign.read_config(folder)
    (folder / foreign.CONFIG).write_text("{", "utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        foreign.read_config(folder)


def test_dora_and_whole_modules_fit_by_their_shapes(base: Base, adapter: Build, larger: Base) -> None:
    folder = adapter(base, use_dora=True)
    foreign.check_fits(folder, foreign.read_config(folder), base)
    with pytest.raises(InputError, match="does not fit"):
        foreign.check_fits(folder, foreign.read_config(folder) | {"base_model_name_or_path": ""}, larger)


def test_an_adapter_without_a_base_at_hand_says_how_to_name_one(make: Make, adapter: Build, base: Base) -> None:
    with pytest.raises(UserError) as told:
        make(json.dumps({"adapter": str(adapter(base)), "base": "never-heard-of"})).choose()
    assert "strop.yaml:" in str(told.value.place)


def _kept(weights: Tensors, word: str) -> Tensors:
    return {name: tensor for name, tensor in weights.items() if word not in name}


def _logits(network: Network) -> torch.Tensor:
    layout = network.lay_out(grow([[5, 9, 30]], [0]))
    with torch.inference_mode():
        return network.logits(network.run(layout.ids, layout.positions, layout))


def _of_rank_one(weights: Tensors) -> Tensors:
    return {name: tensor[:1] if "lora_A" in name else tensor[:, :1] for name, tensor in weights.items()}


def _with_another_map(weights: Tensors) -> Tensors:
    return weights | {
        name.replace("q_proj", "o_proj"): tensor.clone() for name, tensor in _kept(weights, "mlp").items()
    }


@pytest.mark.parametrize(
    ("change", "config", "told"),
    [
        (lambda weights: _kept(weights, "layers.1"), {}, "lacks 4 of 8"),
        (lambda weights: _kept(weights, "layers.1.mlp.down_proj.lora_A"), {}, "lacks 1 of 8"),
        (_with_another_map, {}, "no place for 4 of 12"),
        (dict, {"target_modules": ["q_proj"]}, "no place for 4 of 8"),
        (dict, {"layers_to_transform": [1]}, "no place for 4 of 8"),
        (dict, {"use_dora": True}, "lacks 4 of 12"),
        (_of_rank_one, {}, "cannot read the adapter"),
        (dict, {"r": 16}, "cannot read the adapter"),
        (dict, {"modules_to_save": ["lm_head"]}, "cannot read the adapter"),
        (dict, {"r": "two"}, "cannot read the adapter"),
    ],
)
def test_an_adapter_that_is_not_what_its_configuration_says_is_refused_and_the_base_is_as_it_was(
    adapter: Build, base: Base, change: Callable[[Tensors], Tensors], config: dict[str, object], told: str
) -> None:
    folder = adapter(base)
    save_file(
        {n: t.contiguous() for n, t in change(load_file(folder / foreign.WEIGHTS)).items()}, folder / foreign.WEIGHTS
    )
    written = json.loads((folder / foreign.CONFIG).read_text("utf-8"))
    (folder / foreign.CONFIG).write_text(json.dumps(written | config), "utf-8")
    network = load_base(base, torch.float32)
    before = _logits(network)
    with pytest.raises(CheckFailed, match=told) as error:
        with_adapter(network, folder, base)
    assert error.value.remedy and str(folder) in error.value.place
    assert torch.equal(_logits(network), before)


def test_an_adapter_with_a_bias_of_its_own_that_cannot_be_merged_answers_all_the_same(
    adapter: Build, base: Base
) -> None:
    folder = adapter(base, lora_bias=True)
    tuned = with_adapter(load_base(base, torch.float32), folder, base)
    wanted = _logits(tuned)
    torch.testing.assert_close(_logits(for_answering(tuned)), wanted)
