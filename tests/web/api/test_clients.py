"""Clients that others made, unchanged, against a served project: curl, and LiteLLM's where it is installed.

LiteLLM's package alone has 200 MB, so it is not among the dependencies of development: its test skips, visibly.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.served import Server

from strop.project import Project
from strop.records import Interaction

pytestmark = pytest.mark.slow  # a server process for each

QUESTION = "type: mug\nmaterial: clay"
CHAT = {"model": "descriptions", "messages": [{"role": "user", "content": QUESTION}]}


class Served:
    """A served project that asks for keys, and the key of an application."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.key = project.add_person("shop", "app")
        self.server = Server(project.folder)
        self.url = f"http://127.0.0.1:{self.server.port}/v1"


@pytest.fixture
def served(promoted: Project) -> Iterator[Served]:
    found = Served(promoted)
    yield found
    found.server.end()


def curl(*arguments: str) -> tuple[int, dict[str, str], str]:
    """What curl got: the status, the headers, the body."""
    if not (program := shutil.which("curl")):
        pytest.skip("curl is not installed: it was not tried")
    ran = subprocess.run(
        [program, "--silent", "--show-error", "--max-time", "60", "--noproxy", "*", "--include", *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    head, _, said = ran.stdout.partition("\n\n")
    first, *lines = head.splitlines()
    pairs = (line.partition(": ") for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, said


def test_curl(served: Served) -> None:
    """As the how-tos of such servers show it: ``-H``, ``-d`` and ``-N``."""
    key = ("-H", f"Authorization: Bearer {served.key}")
    typed = ("-H", "Content-Type: application/json")
    chat = f"{served.url}/chat/completions"

    status, headers, said = curl(chat, *key, *typed, "-d", json.dumps(CHAT))
    made = json.loads(said)
    assert status == 200 and headers["content-type"] == "application/json"
    answer = made["choices"][0]["message"]["content"]
    assert "clay" in answer
    stored = served.project.store.get(made["id"], Interaction)
    assert stored.complete and stored.release == headers["x-strop-release"]

    status, headers, said = curl("-N", chat, *key, *typed, "-d", json.dumps({**CHAT, "stream": True}))
    assert status == 200 and headers["content-type"].startswith("text/event-stream")
    *events, end = [line.removeprefix("data: ") for line in said.split("\n\n") if line]
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events]
    assert end == "[DONE]" and "".join(delta.get("content", "") for delta in deltas) == answer

    status, _, said = curl(f"{served.url}/models", *key)
    assert status == 200 and json.loads(said)["data"][0]["id"] == "descriptions"
    plain = json.dumps({"model": "descriptions", "prompt": "type: mug"})
    status, _, said = curl(f"{served.url}/completions", *key, *typed, "-d", plain)
    assert status == 200 and json.loads(said)["choices"][0]["text"]

    refused: list[tuple[tuple[str, ...], int, str | None]] = [
        ((chat, *typed, "-d", json.dumps(CHAT)), 401, "invalid_api_key"),
        ((chat, "-H", "Authorization: Bearer strop_wrong", *typed, "-d", json.dumps(CHAT)), 401, "invalid_api_key"),
        ((f"{served.url}/models", "-H", "Authorization: Bearer strop_wrong"), 401, "invalid_api_key"),
        ((chat, *key, *typed, "-d", json.dumps({**CHAT, "model": "gpt-4"})), 404, "model_not_found"),
        ((f"{served.url}/models/gpt-4", *key), 404, "model_not_found"),
        ((chat, *key, *typed, "-d", "{"), 422, None),
        ((chat, *key, *typed, "-d", json.dumps({**CHAT, "temperature": 0.7})), 400, "unsupported_value"),
        ((chat, *key), 405, None), ((chat, *key, "-d", json.dumps(CHAT)), 422, None),  # curl's own type is a form's
    ]  # fmt: skip
    for arguments, wanted, code in refused:
        status, _, said = curl(*arguments)
        error = json.loads(said)["error"]
        assert (status, error["code"]) == (wanted, code), arguments
        assert set(error) == {"message", "type", "param", "code"} and error["message"]
    assert len(served.project.store.all(Interaction)) == 3


LITELLM = Path(__file__).parent / "litellm_client.py"


def test_the_client_of_litellm(served: Served) -> None:
    """In a process of its own: it keeps threads, and changes what is global."""
    if importlib.util.find_spec("litellm") is None:
        pytest.skip("litellm is not installed: its client was not tried (pip install litellm)")
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENAI_API_KEY": "none"}
    ran = subprocess.run(
        [sys.executable, str(LITELLM), served.url, served.key], capture_output=True, text=True, env=environment
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    assert "clay" in found["plain"] and found["id"].startswith("int_")
    assert found["streamed"] == found["async"] == found["fields"] == found["parts"] == found["plain"]
    assert found["usage"] > 3 and found["stream_usage"] == found["usage"]
    assert found["text"]
    assert found["errors"] == {
        "wrong key": ["AuthenticationError", 401], "unknown model": ["NotFoundError", 404],
        "temperature": ["BadRequestError", 400], "too long": ["APIError", 413], "n": ["BadRequestError", 400],
    }  # fmt: skip
