"""``make`` on a machine that lacks something: one message with the remedy, and the next try starts clean."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GOOD = "*) exit 0;;"
NO_ENSUREPIP = (
    'case "$*" in "-m venv"*) mkdir -p .venv/bin; touch .venv/half; echo "ensurepip is missing" >&2; exit 1;;'
)
NO_PIP = (
    'case "$*" in "-m venv"*) mkdir -p .venv/bin; printf "#!/bin/sh\\nexit 1\\n" > .venv/bin/python; '
    "chmod +x .venv/bin/python; exit 0;;"
)
NO_INDEX = (
    'case "$*" in "-m venv"*) mkdir -p .venv/bin; '
    'printf "#!/bin/sh\\ncase \\"\\$*\\" in *install*) exit 1;; esac\\n" > .venv/bin/python; '
    "chmod +x .venv/bin/python; exit 0;;"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that ``make`` looks at before anything is installed."""
    if shutil.which("make") is None:
        pytest.skip("there is no make on this machine")
    for name in ("Makefile", "pyproject.toml", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(checkout: Path, python: str) -> subprocess.CompletedProcess[str]:
    """``make check`` with a Python that does as the script says."""
    path = checkout / "python"
    if python:
        path.write_text(f"#!/bin/sh\n{python} {GOOD} esac\n", "utf-8")
        path.chmod(0o755)
    command = ["make", "check", f"PYTHON={path}"]
    environment = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("", "strop needs Python 3.11, 3.12 or 3.13. Try: make PYTHON=python3.11"),
        ('case "$*" in *version_info*) exit 1;;', "strop needs Python 3.11, 3.12 or 3.13; "),
        (NO_ENSUREPIP, "apt install python3-venv python3-pip"),
        (NO_PIP, "apt install python3-venv python3-pip"),
        (NO_INDEX, "is a package index within reach"),
    ],
    ids=["no python", "another python", "no venv", "no pip", "no index"],
)
def test_what_is_missing_is_said_with_its_remedy(checkout: Path, python: str, said: str) -> None:
    for _ in range(2):  # what the first try left behind does not hide the reason
        ran = make(checkout, python)
        assert ran.returncode == 2
        assert said in ran.stdout.splitlines()[-1]
        assert not (checkout / ".venv" / ".installed").exists()
