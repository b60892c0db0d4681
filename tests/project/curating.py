"""A project that is curated, and killed. Run by test_curating_killed.py, apart from pytest.

``once FOLDER WHEN``: curate, and die before the WHEN-th step that a disk keeps (a commit that wrote, a file put in its
place); 0 lets it end and prints how many there are.
``often FOLDER SEED``: FOLDER holds ``parts`` (files of rows that come one after another) and two equal projects. In
``whole`` nothing disturbs ``strop curate``; in ``killed`` each is killed four times after a random part of the
processor time that it took there, and what it stored is looked at before the next one. Prints what happened.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

from tests.dying import die_after, die_before

from strop import project as projects
from strop.cli.running import run
from strop.records import Dataset, Example, LedgerLine


def once(folder: Path, when: int) -> dict[str, Any]:
    """One run of the verb."""
    seen = die_before(when)
    made = projects.open(folder).curate()
    return {"steps": seen(), "dataset": made.id}


def often(folder: Path, seed: int) -> dict[str, int]:
    """Many runs of the command; raises AssertionError where one stored anything but what an undisturbed one stores."""
    chance = random.Random(seed)
    whole, killed = folder / "whole", folder / "killed"
    died = finished = 0
    for part in sorted((folder / "parts").iterdir()):
        before = contents(killed)
        for project in (whole, killed):
            with (project / "rows.jsonl").open("ab") as file:
                file.write(part.read_bytes())
        code, seconds = _curate(whole)
        assert code == 0
        expected = contents(whole)
        assert len(expected) == len(before) + 1 and expected[:-1] == before
        for _ in range(4):
            code, _ = _curate(killed, die=chance.uniform(0, seconds))
            assert code in (0, -signal.SIGPROF)
            died, finished = died + (code != 0), finished + (code == 0)
            assert contents(killed) in (before, expected), "all of a version is stored, or nothing"
        assert _curate(killed)[0] == 0
        assert contents(killed) == expected
    return {"died": died, "finished": finished}


def _curate(folder: Path, die: float | None = None) -> tuple[int, float]:
    """``strop curate`` in a child: how it ended, and its seconds of processor time."""
    child = os.fork()
    if child == 0:
        if die is not None:
            die_after(die)
        os._exit(run(["--project", str(folder), "curate"]))
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


def contents(folder: Path) -> list[dict[str, Any]]:
    """All that is stored of each version, oldest first, but when it was made; raises where one is not whole."""
    with projects.open(folder).store as store:
        assert all(store.artifacts.verify(digest) for digest in store.artifacts.all())
        with store.database.reading() as connection:
            assert connection.exec_driver_sql("pragma integrity_check").fetchall() == [("ok",)]
            assert connection.exec_driver_sql("pragma foreign_key_check").fetchall() == []
        found = []
        for made in reversed(store.all(Dataset)):
            kept = store.examples(made.id)
            assert made.rows.read == len(store.artifacts.read_jsonl(made.ledger, LedgerLine))
            assert store.artifacts.read_jsonl(made.examples, Example) == kept
            found.append({**made.to_json(), "created": "", "rows_kept": kept})
        return found


if __name__ == "__main__":
    verb, place, number = sys.argv[1:]
    print(json.dumps({"once": once, "often": often}[verb](Path(place), int(number))))
