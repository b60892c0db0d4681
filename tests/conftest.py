"""What all tests share: no project or cache of the user is touched."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strop import demo, loop
from strop.cli.app import run
from strop.project import Project, open_project

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


@pytest.fixture(scope="session")
def _decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's first turn on the fake engine, once a session; never opened but by those who copy it."""
    folder = tmp_path_factory.mktemp("decided")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STROP_CACHE", str(folder / "cache"))
        demo.write_project_data(folder / "demo")
        # The fake base knows no language: what it could forget is chance.
        settings = demo.SETTINGS.format(base="fake-small") + "decision: {guard: {general_ability: null}}\n"
        (folder / "demo" / "strop.yaml").write_text(settings, "utf-8")
        opened = open_project(folder / "demo")
        assert loop.turn(opened).decision.verdict == "promote"
        opened.store.close()
    return folder / "demo"


@pytest.fixture
def decided(_decided: Path, tmp_path: Path, fake_cache: Path) -> Iterator[Project]:
    """A project of one's own, whose pick was decided on (promote) and does not serve yet."""
    shutil.copytree(_decided, tmp_path / "demo")
    opened = open_project(tmp_path / "demo")
    yield opened
    opened.store.close()


@pytest.fixture
def promoted(decided: Project) -> Project:
    """As ``decided``, and its pick serves."""
    decided.promote()
    return decided


@contextlib.contextmanager
def no_space(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size`` bytes: the system then answers as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def without_privileges() -> None:
    """In a child before it starts: permissions hold for the superuser, too (Linux; elsewhere nothing happens)."""
    if os.geteuid() == 0 and sys.platform == "linux":
        bounding_set_drop, dac_override, dac_read_search = 24, 1, 2
        for capability in (dac_override, dac_read_search):
            ctypes.CDLL(None).prctl(bounding_set_drop, capability, 0, 0, 0)


@pytest.fixture
def full_disk(promoted: Project) -> contextlib.AbstractContextManager[None]:
    """While entered, the database of ``promoted`` can grow by a little only."""
    state = promoted.folder / ".strop"
    return no_space(
        max((state / name).stat().st_size for name in ("strop.db", "strop.db-wal") if (state / name).exists())
    )
