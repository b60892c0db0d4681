"""What all tests share: no project or cache of the user is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strop.cli.app import run

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


class Ran:
    """What one command printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@pytest.fixture
def strop(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command in this process: ``strop("--project", folder, "curate")``."""

    def call(*arguments: object) -> Ran:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return call


@pytest.fixture
def fake_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model cache: only the shipped fake base is at hand."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("STROP_CACHE", str(folder))
    return folder


@pytest.fixture
def shared() -> Path:
    """The folder of public data sets beside the checkout; skips visibly when it is not there."""
    if not SHARED.is_dir():
        pytest.skip("the public data sets are not beside this checkout")
    return SHARED
