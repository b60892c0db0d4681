"""Killed at any moment, or with no space left: nothing acknowledged is lost, nothing torn is seen, the next goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CRASHING = Path(__file__).with_name("crashing.py")


def _run(*arguments: object, given: str = "", before: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(CRASHING), *map(str, arguments)]
    if before:
        command = ["sh", "-c", f'{before}; exec "$@"', "sh", *command]
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, env=os.environ)


@pytest.mark.parametrize(("kills", "seed"), [(5, 1), pytest.param(30, 2, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path: Path, kills: int, seed: int) -> None:
    done = _run("rounds", tmp_path, kills, seed)
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)
    assert seen["acknowledged"] >= kills // 2


@pytest.mark.slow
@pytest.mark.parametrize(("blocks", "at_least"), [(40, 0), (1000, 1), (2000, 4)])
def test_no_space_left_for_larger_files(tmp_path: Path, blocks: int, at_least: int) -> None:
    """``ulimit -f`` in blocks of 512 bytes: the database, an adapter or the journal meets the limit first."""
    full = _run("write", tmp_path, "a", 40, before=f"ulimit -f {blocks}")
    assert full.returncode == 2, full.stderr[-2000:]
    assert full.stderr.startswith("StorageError: "), full.stderr[-2000:]
    assert full.stdout.count("\n") >= at_least
    _then_goes_on(tmp_path, full.stdout)


@pytest.mark.slow
def test_no_space_left_on_the_disk(tmp_path: Path) -> None:
    """A disk of 1 MiB of our own, filled by the store itself; it is looked at while it is still full, then emptied."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed: a full disk was not tried")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f"""
        mount -t tmpfs -o size=1m tmpfs {disk} || exit 77
        {sys.executable} {CRASHING} write {disk} a 100 > {tmp_path}/acknowledged; echo $? > {tmp_path}/code
        cat {tmp_path}/acknowledged | {sys.executable} {CRASHING} check {disk} > {tmp_path}/while_full || exit 1
        cp -a {disk}/. {tmp_path}/copy
    """
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=120)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("a file system of our own may not be mounted here: a full disk was not tried")
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "code").read_text().strip() == "2", done.stderr[-2000:]
    assert "StorageError: " in done.stderr
    assert json.loads((tmp_path / "while_full").read_text())["acknowledged"] >= 3
    _then_goes_on(tmp_path / "copy", (tmp_path / "acknowledged").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("calls", ["fsync,fdatasync", "rename,renameat2,link,unlink", "write,pwrite64"])
def test_killed_at_chosen_calls(tmp_path: Path, calls: str) -> None:
    """The system kills the writer on its first, second, fifth … call of a kind: before, between and after all steps."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed: chosen moments were not tried")
    acknowledged, killed = "", 0
    for number in (1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 36):
        inject = f"{strace} -f -o /dev/null -e trace={calls} -e inject={calls}:signal=KILL:when={number}"
        ended = _run("write", tmp_path, f"n{number}", 2, before=f'set -- {inject} "$@"')
        if "ptrace" in ended.stderr:
            pytest.skip("strace may not trace here: chosen moments were not tried")
        killed += ended.returncode != 0
        acknowledged += ended.stdout
        checked = _run("check", tmp_path, given=acknowledged)
        assert checked.returncode == 0, f"{calls} {number}: {checked.stderr[-2000:]}"
    assert killed >= 1
    again = _run("write", tmp_path, "last", 2)
    assert again.returncode == 0, again.stderr[-2000:]


def _then_goes_on(folder: Path, acknowledged: str) -> None:
    """With space again: what was acknowledged is there, the work that failed is done, and more is added."""
    again = _run("write", folder, "a", 15)
    assert again.returncode == 0, again.stderr[-2000:]
    checked = _run("check", folder, given=acknowledged + again.stdout)
    assert checked.returncode == 0, checked.stderr[-2000:]
    assert json.loads(checked.stdout)["candidates"] >= 15
