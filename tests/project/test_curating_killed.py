"""Curation killed before every step that the disk keeps, or anywhere: the next run makes what it would have made."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import no_space
from tests.project.curating import contents

from strop import project as projects
from strop.errors import StorageError

ROOT = Path(__file__).parents[2]
WORDS = ("parcel", "card", "invoice", "account", "lamp", "refund", "password", "address")


def rows(first: int, last: int) -> str:
    """Tickets with a copy, a contradiction and an e-mail among them."""
    made = [
        {"text": f"Where is my {WORDS[n % 8]} of order {n}, please?", "label": f"queue {n % 4}"}
        for n in range(first, last)
    ]
    made += [made[0], {**made[1], "label": "queue 9"}, {"text": f"Mail me{first}@shop.org", "label": "queue 0"}]
    return "".join(json.dumps(row) + "\n" for row in made)


def run(folder: Path, number: int, verb: str = "once") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.project.curating", verb, folder, str(number)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=ROOT)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A project that was never opened; its key lies there, so that the same rows get the same ids."""
    folder = tmp_path / "fresh"
    (folder / ".strop").mkdir(parents=True)
    (folder / ".strop" / "key").write_bytes(bytes(range(32)))
    (folder / "rows.jsonl").write_text(rows(0, 60), "utf-8")
    (folder / "strop.yaml").write_text(
        "task: {name: t, kind: classification}\ndata: {sources: [rows.jsonl]}\n", "utf-8"
    )
    return folder


@pytest.mark.parametrize("versions", [1, 2])
def test_killed_before_any_step_the_next_run_makes_the_same(fresh: Path, tmp_path: Path, versions: int) -> None:
    if versions == 2:
        assert run(fresh, 0).returncode == 0
        with (fresh / "rows.jsonl").open("a") as file:
            file.write(rows(60, 75))
    whole = shutil.copytree(fresh, tmp_path / "whole")
    ended = json.loads(run(whole, 0).stdout)
    expected = contents(whole)
    assert len(expected) == versions and expected[-1]["id"] == ended["dataset"]
    assert ended["steps"] >= 4, "three files and a commit at least"
    for when in range(1, ended["steps"] + 1):
        killed = shutil.copytree(fresh, tmp_path / f"killed-{when}")
        assert run(killed, when).returncode == -signal.SIGKILL
        again = run(killed, 0)
        assert again.returncode == 0, again.stderr
        assert contents(killed) == expected


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_killed_at_random_moments_the_next_run_makes_the_same(fresh: Path, tmp_path: Path, seed: int) -> None:
    (fresh / "rows.jsonl").unlink()
    for name in ("whole", "killed"):
        shutil.copytree(fresh, tmp_path / name)
    (tmp_path / "parts").mkdir()
    for first, last in ((0, 200), (200, 230)):
        (tmp_path / "parts" / f"{first:03}.jsonl").write_text(rows(first, last), "utf-8")
    done = run(tmp_path, seed, "often")
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["died"] >= 3 and seen["died"] + seen["finished"] == 8


def test_a_disk_that_is_full_at_any_file_is_told_and_the_same_command_goes_on(fresh: Path, tmp_path: Path) -> None:
    """No file may grow beyond a size, from none to enough: findings, the rows, the ledger, the database meet it."""
    (fresh / "rows.jsonl").write_text(rows(0, 200), "utf-8")
    projects.open(fresh).curate()
    with (fresh / "rows.jsonl").open("a") as file:
        file.write(rows(200, 260))
    full = shutil.copytree(fresh, tmp_path / "full")
    projects.open(fresh).curate()
    project, places = projects.open(full), set()
    for size in (100, 9_000, 30_000, 60_000, 200_000, 400_000, 10**8):
        try:
            with no_space(size):
                project.curate()
            break
        except StorageError as error:
            assert "full" in error.message or "no space" in error.message
            assert "run the same command again" in error.remedy
            places.add(Path(error.place or "").name)
            assert contents(full) == contents(fresh)[:1], "nothing lost, and nothing of the new version there"
    assert places >= {"artifacts", "strop.db"}
    assert contents(full) == contents(fresh)
