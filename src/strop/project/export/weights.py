"""A candidate's model as other programs take it: an adapter, merged weights, and what it takes to serve them."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from strop import durable
from strop.engines import merge, prompts, to_gguf, turns_of
from strop.engines.base import Weights
from strop.errors import UserError
from strop.project.export import mlflow_folder
from strop.project.export.modelfile import modelfile
from strop.project.opened import Opened
from strop.records import JSON, Base, Candidate, Record

PROMPT = "prompt.json"
"""What stands before a question: a model that was tuned on a prompt has to be shown it."""
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # vLLM's choices for --max-lora-rank
_GGUF = "model.gguf"
_LEAST_CONTEXT = 4096
_NO_WEIGHTS = ("classical", "embeddings", "remote", "answers")


class Exported(Record):
    """Where something was written, and the command that serves it, if there is one."""

    path: str
    command: str = ""


def export_model(project: Opened, candidate: Candidate, to: str, path: Path) -> Exported:
    """Write a tuned model as ``to``, whole or not at all. Raises UserError where there is none."""
    if candidate.artifact is None or candidate.spec.method in _NO_WEIGHTS:
        raise UserError(f"{candidate.id} has no adapter: nothing was tuned", remedy="export a candidate of method lora")
    if path.exists():
        raise UserError("is there already", place=str(path), remedy="choose another path")
    with durable.new_folder(path) as folder:
        command = MODELS[to](project, candidate, folder, path.resolve())
    return Exported(path=str(path), command=command)


def _peft(project: Opened, candidate: Candidate, folder: Path, path: Path) -> str:
    _copy_adapter(project, candidate, folder)
    return ""


def _merged(project: Opened, candidate: Candidate, folder: Path, path: Path) -> str:
    base, artifact = project.base_of(candidate), candidate.artifact
    assert base is not None and artifact is not None
    merge(base, project.store.artifacts.path(artifact), folder)
    _write_prompt(project, candidate, folder)
    durable.write_json(folder / "strop.json", _note(candidate, base))
    return ""


def _mlflow(project: Opened, candidate: Candidate, folder: Path, path: Path) -> str:
    """Merged weights as an MLflow model that needs no strop."""
    base = project.base_of(candidate)
    assert base is not None
    _merged(project, candidate, folder / mlflow_folder.MODEL, path)
    mlflow_folder.complete(folder, _note(candidate, base))
    return ""


def _vllm(project: Opened, candidate: Candidate, folder: Path, path: Path) -> str:
    """The adapter and its base; where vLLM does not know the kind of adapter, the merged weights."""
    base, name = project.base_of(candidate), project.settings.task.name
    assert base is not None and candidate.artifact is not None
    adapter = project.store.artifacts.path(candidate.artifact) / "adapter_config.json"
    config = json.loads(adapter.read_text("utf-8")) if adapter.is_file() else {}
    # Greedy unless a request says otherwise: that is how the candidate was judged. By itself vLLM listens to everybody.
    served = ("--override-generation-config", '{"temperature": 0}', "--host", "127.0.0.1")
    if config.get("peft_type") == "LORA" and not config.get("use_dora") and config["r"] <= _RANKS[-1]:
        _copy_adapter(project, candidate, folder / "adapter")
        rank = next(rank for rank in _RANKS if rank >= config["r"])
        command = [
            "vllm", "serve", base.path, "--enable-lora", "--max-lora-rank", str(rank),
            "--lora-modules", f"{name}={path / 'adapter'}",
            "--chat-template", str(path / "adapter" / "chat_template.jinja"), *served,
        ]  # fmt: skip
        _write_prompt(project, candidate, folder)
    else:
        _merged(project, candidate, folder / "merged", path)
        # vLLM would round fp32 to half precision: other weights than those that were judged.
        command = ["vllm", "serve", str(path / "merged"), "--served-model-name", name, "--dtype", "float32", *served]
    return _serve(folder, command)


def _gguf(weights: Weights) -> Callable[[Opened, Candidate, Path, Path], str]:
    """One file for llama.cpp, and the command that serves it."""

    def fill(project: Opened, candidate: Candidate, folder: Path, path: Path) -> str:
        base, name = project.base_of(candidate), project.settings.task.name
        assert base is not None and candidate.artifact is not None
        to_gguf(base, project.store.artifacts.path(candidate.artifact), folder / _GGUF, weights)
        _write_prompt(project, candidate, folder)
        durable.write_json(folder / "strop.json", _note(candidate, base))
        command = [
            "llama-server", "--model", str(path / _GGUF), "--alias", name, "--host", "127.0.0.1", "--port", "8080",
            "--temp", "0", "--ctx-size", str(_context(project)),
        ]  # fmt: skip
        return _serve(folder, command)

    return fill


def _ollama(project: Opened, candidate: Candidate, folder: Path, path: Path) -> str:
    """The file for llama.cpp, and a Modelfile that shows it what it was tuned on."""
    base, artifact = project.base_of(candidate), candidate.artifact
    assert base is not None and artifact is not None
    to_gguf(base, project.store.artifacts.path(artifact), folder / _GGUF, "f32")
    turns = turns_of(project.store.artifacts.path(artifact))
    if turns is None:
        raise UserError(
            f"the chat template of {base.name} does more than write turn after turn: no Modelfile says the same",
            remedy="export as gguf, merged or vllm, which take the template as it is",
        )
    written = modelfile(
        turns, prompts.compose(candidate.spec, (), project.shots_of(candidate)), source=f"./{_GGUF}",
        longest=project.settings.task.max_new_tokens, context=_context(project), licence=base.licence,
    )  # fmt: skip
    durable.write_text(folder / "Modelfile", written)
    _write_prompt(project, candidate, folder)
    durable.write_json(folder / "strop.json", _note(candidate, base))
    return shlex.join(["ollama", "create", project.settings.task.name, "-f", str(path / "Modelfile")])


def _context(project: Opened) -> int:
    """Tokens that must fit: llama.cpp and Ollama refuse or cut off what does not."""
    return max(_LEAST_CONTEXT, project.settings.tune.max_length + project.settings.task.max_new_tokens)


def _serve(folder: Path, command: list[str]) -> str:
    line = shlex.join(command)
    durable.write_text(folder / "serve.sh", f'#!/bin/sh\nexec {line} "$@"\n')
    return line


def _copy_adapter(project: Opened, candidate: Candidate, folder: Path) -> None:
    assert candidate.artifact is not None
    artifact = project.store.artifacts.path(candidate.artifact)
    shutil.copytree(artifact, folder, copy_function=shutil.copyfile, dirs_exist_ok=True)


def _note(candidate: Candidate, base: Base) -> dict[str, JSON]:
    return {"candidate": candidate.id, "base": base.name, "base_revision": base.revision, "licence": base.licence}


def _write_prompt(project: Opened, candidate: Candidate, folder: Path) -> None:
    turns = prompts.compose(candidate.spec, (), project.shots_of(candidate))
    longest = project.settings.task.max_new_tokens
    asked: dict[str, JSON] = {
        "messages": [turn.to_json() for turn in turns], "max_tokens": longest, "temperature": 0,
    }  # fmt: skip
    if candidate.spec.labels:
        asked["labels"] = list(candidate.spec.labels)
    durable.write_json(folder / PROMPT, asked)


MODELS: dict[str, Callable[[Opened, Candidate, Path, Path], str]] = {
    "peft": _peft, "merged": _merged, "vllm": _vllm, "ollama": _ollama, "mlflow": _mlflow,
    "gguf": _gguf("f32"), "gguf-bf16": _gguf("bf16"), "gguf-f16": _gguf("f16"),
}  # fmt: skip
"""Ways out for a tuned model: each fills a folder that will lie at a path, and gives the command that serves it."""
