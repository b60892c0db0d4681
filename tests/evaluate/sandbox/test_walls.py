"""Both forms of bubblewrap: root's, and everybody's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from strop.evaluate.sandbox import Limits, Walls, walls

LOOK = "import os; print(os.getuid(), sorted(os.listdir('/')), sorted(os.environ), os.listdir())"


@pytest.fixture
def bubblewrap() -> Walls:
    found = [known for known in walls.known_walls() if known.name == "bubblewrap"]
    if not found:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    return found[0]


def ran(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_inside_there_is_next_to_nothing(bubblewrap: Walls) -> None:
    user, rest = ran(bubblewrap.command(["-c", LOOK], Limits())).split(" ", 1)
    assert int(user) not in (0, os.getuid())
    names = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "python", "tmp", "usr"}
    folders, _, rest = rest.partition("] ")
    assert {name.strip("[' ") for name in folders.split(",")} <= names
    variables, _, files = rest.partition("] ")
    assert "SECRET" not in variables
    assert "PATH" in variables
    assert files.strip() == "[]"


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/usr/bin/python3").exists(), reason="changes its user, as root")
def test_without_root_a_user_namespace_does_the_same(bubblewrap: Walls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    command = bubblewrap.command(["-c", f"{LOOK}\n{FORKS}"], Limits())
    assert command[0] == "bwrap"
    said = ran([str(shutil.which("setpriv")), "--reuid=1000", "--regid=1000", "--clear-groups", *command])
    if not said:
        pytest.skip("this machine gives no user namespaces to users")
    assert said.startswith("65534 ")
    assert int(said.splitlines()[1]) < Limits().processes


FORKS = """
count = 0
try:
    while count < 1000 and os.fork():
        count += 1
    else:
        import time; time.sleep(60)
except OSError:
    print(count, flush=True)
"""


def test_every_run_of_root_has_a_user_of_its_own(bubblewrap: Walls) -> None:
    if os.geteuid():
        pytest.skip("only root changes its user")
    users = {ran(bubblewrap.command(["-c", "import os; print(os.getuid())"], Limits())) for _ in range(5)}
    assert len(users) > 1


def test_the_environment_of_the_caller_stays_outside(bubblewrap: Walls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    assert "SECRET" not in ran(bubblewrap.command(["-c", LOOK], Limits()))


def test_an_environment_with_a_copy_of_python_runs_the_one_it_was_copied_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "bin" / "python3"
    copy.parent.mkdir()
    copy.write_bytes(b"")
    monkeypatch.setattr(sys, "executable", str(copy))
    found = walls._interpreter()
    assert found.is_relative_to(os.path.realpath(sys.base_prefix)) and os.access(found, os.X_OK)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's code changes its user")
def test_a_folder_that_keeps_others_from_the_interpreter_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    python = home / "bin" / "python3"
    python.touch(mode=0o755)
    above = Path(tempfile.gettempdir())
    for place in (*tmp_path.parents, tmp_path, home, home / "bin"):
        if place.is_relative_to(above) and place != above:
            place.chmod(0o755)
    assert walls.kept_out(python) is None
    home.chmod(0o700)
    assert walls.kept_out(python) == home
    home.chmod(0o711)  # to enter is enough
    assert walls.kept_out(python) is None
    python.chmod(0o700)
    assert walls.kept_out(python) == python
