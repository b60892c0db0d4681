"""Ways out for a tuned model: plain transformers gives strop's answers, and the commands name what was written."""

from __future__ import annotations

import importlib.util
import json
import shlex
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from strop.engines import bases
from strop.errors import UserError
from strop.project import Project, open_project
from strop.records import Candidate, silent

pytest.importorskip("torch", reason="torch is not installed: no model was exported")

import gguf
import torch
import transformers
from tests.engines.torch import conftest as tiny
from transformers import AutoModelForCausalLM, AutoTokenizer

from strop.engines.torch.quiet import quiet

SYSTEM = "answer with one colour"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, str]]:
    """A project on a tiny random Llama, and a candidate tuned in it."""
    place = tmp_path_factory.mktemp("exports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STROP_CACHE", str(place / "cache"))
        tokenizer = tiny._tokenizer()
        tiny._model(len(tokenizer)).to(torch.bfloat16).save_pretrained(place / "tiny")  # as bases are
        tokenizer.save_pretrained(place / "tiny")
        bases.add(place / "cache", str(place / "tiny"), on_event=silent)
        project = write(place / "project")
        yield project, project.tune(project.spec("lora"))[1].id
        project.store.close()


def write(folder: Path) -> Project:
    folder.mkdir()
    for name, start, count in (("train", 0, 32), ("validation", 100, 8), ("test", 200, 8)):
        rows = (tiny.item(number) for number in range(start, start + count))
        lines = [json.dumps({"prompt": row.messages[-1].content, "completion": row.answer}) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "strop.yaml").write_text(
        f"task: {{name: colours, kind: generation, system: {SYSTEM}, max_new_tokens: 24}}\n"
        "data: {sources: [{path: train.jsonl, split: train}, {path: validation.jsonl, split: validation}, "
        "{path: test.jsonl, split: test}]}\n"
        "ladder: {bases: [tiny], methods: [lora]}\n"
        "tune: {learning_rate: 0.02, num_train_epochs: 10, per_device_train_batch_size: 8, lora_r: 4}\n",
        "utf-8",
    )
    project = open_project(folder)
    project.curate()
    return project


def plain_answers(folder: Path, questions: list[str], **file: str) -> list[str]:
    """By nothing but transformers, from the folder and the prompt that lies in it."""
    before = json.loads((folder / "prompt.json").read_text("utf-8"))
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(folder, **file)
        tokenizer = AutoTokenizer.from_pretrained(folder, **file)
    found = []
    for question in questions:
        turns = [*before["messages"], {"role": "user", "content": question}]
        ids = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with quiet(), torch.inference_mode():
            out = model.eval().generate(**ids, do_sample=False, max_new_tokens=before["max_tokens"])
        found.append(str(tokenizer.decode(out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)))
    return found


def test_merged_weights_answer_as_the_candidate_does(tuned: tuple[Project, str], tmp_path: Path) -> None:
    project, candidate = tuned
    made = project.export(candidate, "merged", tmp_path / "merged")
    questions = [tiny.item(number).messages[-1].content for number in range(300, 306)]
    own = [reply.answer for reply in project.ask(questions, candidate=candidate)]
    assert len(set(own)) > 1
    assert plain_answers(Path(made.path), questions) == own and made.command == ""
    note = json.loads((tmp_path / "merged" / "strop.json").read_text("utf-8"))
    assert note["candidate"] == candidate and note["base"] == "tiny"


def test_the_command_for_vllm_names_what_was_written(
    tuned: tuple[Project, str], tmp_path: Path, strop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, candidate = tuned
    ran = strop("--project", project.folder, "export", candidate, "--to", "vllm", "-o", tmp_path / "a folder" / "out")
    assert ran.code == 0
    folder = tmp_path / "a folder" / "out"
    line = next(line for line in ran.out.splitlines() if "vllm serve" in line).removeprefix("next:  ")
    words = shlex.split(line)
    assert words[:3] == ["vllm", "serve", project.opened.base("tiny").path]
    options = dict(pairwise(words))
    name, _, adapter = options["--lora-modules"].partition("=")
    assert name == "colours" and Path(adapter) == folder.resolve() / "adapter"
    config = json.loads((Path(adapter) / "adapter_config.json").read_text("utf-8"))
    assert config["r"] == 4 and options["--max-lora-rank"] == "8" and "--enable-lora" in words
    assert json.loads(options["--override-generation-config"]) == {"temperature": 0}
    assert options["--host"] == "127.0.0.1", "no key guards it"
    template = Path(options["--chat-template"]).read_text("utf-8")
    assert template == (Path(words[2]) / "chat_template.jinja").read_text("utf-8")
    assert (folder / "serve.sh").read_text("utf-8") == f'#!/bin/sh\nexec {line} "$@"\n'
    assert json.loads((folder / "prompt.json").read_text("utf-8"))["messages"] == [
        {"role": "system", "content": SYSTEM}
    ]


def test_an_adapter_that_vllm_does_not_know_leaves_merged(tuned: tuple[Project, str], tmp_path: Path) -> None:
    project, _ = tuned
    candidate = project.tune(project.spec("dora"))[1].id
    made = project.export(candidate, "vllm", tmp_path / "out")
    words = shlex.split(made.command)
    assert words[2] == str((tmp_path / "out" / "merged").resolve()) and words[3:5] == ["--served-model-name", "colours"]
    assert (tmp_path / "out" / "merged" / "model.safetensors").is_file()
    assert dict(pairwise(words))["--dtype"] == "float32", "the weights that were judged"


def test_ollama_is_shown_what_the_candidate_was(tuned: tuple[Project, str], tmp_path: Path) -> None:
    project, candidate = tuned
    made = project.export(candidate, "ollama", tmp_path / "out")
    text = (tmp_path / "out" / "Modelfile").read_text("utf-8")
    assert text.startswith("FROM ./model.gguf\n") and f'\nSYSTEM """{SYSTEM}"""\n' in text
    for line in ("temperature 0", "repeat_penalty 1", "num_predict 24", 'stop "<|im_end|>"', "num_ctx 4096"):
        assert f"\nPARAMETER {line}\n" in text
    folder = (tmp_path / "out").resolve()
    assert (folder / "model.gguf").read_bytes()[:4] == b"GGUF"
    assert shlex.split(made.command) == ["ollama", "create", "colours", "-f", str(folder / "Modelfile")]


@pytest.mark.parametrize(("to", "weights"), [("gguf", "F32"), ("gguf-f16", "F16"), ("gguf-bf16", "BF16")])
def test_gguf_answers_as_the_candidate_does(tuned: tuple[Project, str], tmp_path: Path, to: str, weights: str) -> None:
    """By transformers' own reader of such files."""
    project, candidate = tuned
    made = project.export(candidate, to, tmp_path / "out")
    folder = (tmp_path / "out").resolve()
    words = shlex.split(made.command)
    assert words[:3] == ["llama-server", "--model", str(folder / "model.gguf")]
    options = dict(pairwise(words))
    assert options["--alias"] == "colours" and options["--host"] == "127.0.0.1", "no key guards it"
    assert options["--temp"] == "0" and options["--ctx-size"] == "4096"
    assert (folder / "serve.sh").read_text("utf-8") == f'#!/bin/sh\nexec {made.command} "$@"\n'
    assert json.loads((folder / "strop.json").read_text("utf-8"))["candidate"] == candidate
    kinds = {one.tensor_type.name for one in gguf.GGUFReader(folder / "model.gguf").tensors if len(one.shape) > 1}
    assert kinds == {weights}
    questions = [tiny.item(number).messages[-1].content for number in range(300, 306)]
    if weights == "F32":  # rounded weights may answer otherwise
        own = [reply.answer for reply in project.ask(questions, candidate=candidate)]
        assert len(set(own)) > 1 and plain_answers(folder, questions, gguf_file="model.gguf") == own


def test_mlflow_is_told_how_to_open_the_model(tuned: tuple[Project, str], tmp_path: Path) -> None:
    """As ``mlflow.pyfunc.load_model`` does it: the code's folder, the loader's name, the data's folder."""
    project, candidate = tuned
    folder = Path(project.export(candidate, "mlflow", tmp_path / "out").path)
    told = YAML(typ="safe").load((folder / "MLmodel").read_text("utf-8"))
    how = told["flavors"]["python_function"]
    assert json.loads(told["signature"]["inputs"]) == [{"type": "string", "name": "input", "required": True}]
    assert told["metadata"]["candidate"] == candidate and (folder / how["env"]["virtualenv"]).is_file()
    assert f"transformers=={transformers.__version__}" in (folder / "requirements.txt").read_text("utf-8").split()
    source = folder / how["code"] / f"{how['loader_module']}.py"
    spec = importlib.util.spec_from_file_location(how["loader_module"], source)
    assert spec is not None and spec.loader is not None
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    questions = [tiny.item(number).messages[-1].content for number in range(300, 306)]
    own = [reply.answer for reply in project.ask(questions, candidate=candidate)]
    with quiet():
        assert loader._load_pyfunc(str(folder / how["data"])).predict(questions) == own


def test_what_fits_nothing_is_told(decided: Project, tmp_path: Path) -> None:
    lora = next(one for one in decided.store.all(Candidate) if one.spec.method == "lora")
    prompt = next(one for one in decided.store.all(Candidate) if one.spec.method == "prompt")
    for candidate, to, said in (
        (lora, "merged", "no weights that other programs read"), (lora, "vllm", "no weights that other programs read"),
        (lora, "gguf", "no weights that other programs read"), (lora, "ollama", "no weights that other programs read"),
        (prompt, "merged", "nothing was tuned"), (lora, "jsonl", "a candidate cannot be exported as jsonl"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=said):
            decided.export(candidate.id, to, tmp_path / "out")
        assert list(tmp_path.glob("*out*")) == []  # nothing is left behind
    decided.export(lora.id, "peft", tmp_path / "out")
    with pytest.raises(UserError, match="is there already"):
        decided.export(lora.id, "peft", tmp_path / "out")
