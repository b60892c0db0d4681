"""Curation killed before every step that the disk keeps: the next run makes what an undisturbed one makes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from strop import project as projects
from strop.records import Dataset, Example, LedgerLine

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


def run(folder: Path, when: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.project.curating", folder, str(when)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)


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


def content(folder: Path, dataset: str) -> dict[str, Any]:
    """All that is stored of a version but when it was made; raises where it is not whole."""
    with projects.open(folder).store as store:
        made = store.get(dataset, Dataset)
        kept = store.examples(dataset)
        ledger = store.artifacts.read_jsonl(made.ledger, LedgerLine)
        assert made.rows.read == len(ledger) == len((folder / "rows.jsonl").read_bytes().splitlines())
        assert store.artifacts.read_jsonl(made.examples, Example) == kept
        assert all(store.artifacts.verify(digest) for digest in store.artifacts.all())
        with store.database.reading() as connection:
            assert connection.exec_driver_sql("pragma integrity_check").fetchall() == [("ok",)]
            assert connection.exec_driver_sql("pragma foreign_key_check").fetchall() == []
        return {**made.to_json(), "created": "", "all": [one.id for one in store.all(Dataset)], "rows_kept": kept}


@pytest.mark.parametrize("versions", [1, 2])
def test_killed_before_any_step_the_next_run_makes_the_same(fresh: Path, tmp_path: Path, versions: int) -> None:
    if versions == 2:
        assert run(fresh, 0).returncode == 0
        with (fresh / "rows.jsonl").open("a") as file:
            file.write(rows(60, 75))
    whole = shutil.copytree(fresh, tmp_path / "whole")
    ended = json.loads(run(whole, 0).stdout)
    expected = content(whole, ended["dataset"])
    assert len(expected["all"]) == versions
    assert ended["steps"] >= 4, "three files and a commit at least"
    for when in range(1, ended["steps"] + 1):
        killed = shutil.copytree(fresh, tmp_path / f"killed-{when}")
        assert run(killed, when).returncode == -signal.SIGKILL
        again = run(killed, 0)
        assert again.returncode == 0, again.stderr
        assert content(killed, json.loads(again.stdout)["dataset"]) == expected
