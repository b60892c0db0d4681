"""The import contracts fail when broken: a violation of each is planted in a copy of the tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLANTS = {
    "Rooms import downward only": ("measure/planted.py", "from strop import decide\n"),
    "Offline stages do not touch the store": ("curate/planted.py", "import strop.store\n"),
    "Model libraries live behind the torch engine's door": ("evaluate/planted.py", "import torch\n"),
    "scikit-learn lives in the classical engine": ("measure/planted.py", "import sklearn\n"),
    "HTTP libraries live in the web room": ("project/planted.py", "import fastapi\n"),
}


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("lint-imports")
    command = [str(tool), "--no-cache", "--config", str(folder / "pyproject.toml")]
    environment = {"PYTHONPATH": str(folder / "src"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("*.jsonl", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_tree_keeps_its_contracts(copy: Path) -> None:
    found = _lint(copy)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("contract", PLANTS)
def test_a_planted_violation_is_found(copy: Path, contract: str) -> None:
    place, text = PLANTS[contract]
    planted = copy / "src" / "strop" / place
    planted.write_text(text)
    try:
        found = _lint(copy)
    finally:
        planted.unlink()
    assert found.returncode == 1
    assert f"{contract} BROKEN" in found.stdout


def test_a_room_that_is_not_declared_is_found(copy: Path) -> None:
    room = copy / "src" / "strop" / "parlour"
    room.mkdir()
    (room / "__init__.py").write_text("")
    try:
        found = _lint(copy)
    finally:
        shutil.rmtree(room)
    assert found.returncode == 1
    assert "parlour" in found.stdout
