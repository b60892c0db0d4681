"""What makes a folder of weights an MLflow model: MLmodel, environment, and the code that answers. Needs no MLflow."""

from __future__ import annotations

import io
import json
import platform
import shutil
import uuid
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from strop import durable
from strop.engines import ALONE
from strop.records import JSON

MODEL = "model"
"""The folder inside that holds weights, tokenizer and prompt."""
_LOADER = "strop_answers"
_NEEDED = ("torch", "transformers", "safetensors")


def complete(folder: Path, note: dict[str, JSON]) -> None:
    """Put beside ``folder/model`` what ``mlflow.pyfunc.load_model`` looks for; ``note`` becomes its metadata."""
    needed = ["mlflow", *(f"{name}=={version(name).partition('+')[0]}" for name in _NEEDED)]
    python = platform.python_version()
    durable.make_folder(folder / "code")
    shutil.copyfile(ALONE, folder / "code" / f"{_LOADER}.py")
    durable.write_text(folder / "requirements.txt", "".join(f"{one}\n" for one in needed))
    _write(folder / "python_env.yaml", {"python": python, "dependencies": ["-r requirements.txt"]})
    conda = {"channels": ["conda-forge"], "dependencies": [f"python={python}", "pip", {"pip": needed}], "name": "strop"}
    _write(folder / "conda.yaml", conda)
    how = {
        "loader_module": _LOADER, "code": "code", "data": MODEL, "python_version": python,
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
    }  # fmt: skip
    _write(folder / "MLmodel", {
        "flavors": {"python_function": how}, "metadata": note, "model_uuid": uuid.uuid4().hex,
        "signature": {"inputs": _column("input"), "outputs": _column("answer")},
        "utc_time_created": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}",
    })  # fmt: skip


def _column(name: str) -> str:
    return json.dumps([{"type": "string", "name": name, "required": True}])


def _write(path: Path, value: dict[str, Any]) -> None:
    writer, text = YAML(typ="safe"), io.StringIO()
    writer.default_flow_style = False
    writer.dump(value, text)
    durable.write_text(path, text.getvalue())
