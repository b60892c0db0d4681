"""Killed over feedback, promotion, whole cycles: nothing acknowledged is lost, nothing twice, the next one goes on."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from strop import loop
from strop.project import Project, open_project
from strop.records import Dataset, Decision, Judgement, Message, Release
from strop.serve import Asked

from .crashing import check

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def _run(*arguments: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "tests.feedback.crashing", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)


@pytest.mark.parametrize("calls", ["fsync,fdatasync", "write,pwrite64", "flock,fcntl"])
def test_killed_at_chosen_writes(promoted: Project, calls: str) -> None:
    """20 moments of each kind: the system kills on the n-th call, before, between and after the steps of a commit."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed: chosen moments were not tried")
    folder, killed = promoted.folder, 0
    acknowledged: list[dict[str, str]] = []
    for number in (*range(1, 11), 13, 17, 22, 29, 38, 50, 65, 85, 110, 145):
        inject = (strace, "-f", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                  f"inject={calls}:signal=KILL:when={number}")  # fmt: skip
        ended = _run(folder, f"n{number}", 2, before=inject)
        if "ptrace" in ended.stderr:
            pytest.skip("strace may not trace here: chosen moments were not tried")
        killed += ended.returncode != 0
        acknowledged += [json.loads(line) for line in ended.stdout.splitlines(keepends=True) if line.endswith("\n")]
        check(promoted, acknowledged)
    assert killed >= 10
    again = _run(folder, "last", 2)
    assert again.returncode == 0, again.stderr[-2000:]


def _corrected(project: Project) -> list[Judgement]:
    """Thirty answers, each of them corrected."""
    gateway = project.gateway()
    made = []
    for number in range(30):
        asked = Asked("descriptions", (Message(role="user", content=f"type: mug\nmaterial: clay {number}"),))
        answered = gateway.answer(asked).interaction
        text = f"This mug of clay {number} holds your tea."
        made.append(project.review(answered.id, opinion="fix", correction=text, by="anna"))
    gateway.close()
    return made


@pytest.mark.parametrize("seed", range(4))
def test_a_cycle_killed_between_its_steps_goes_on(promoted: Project, seed: int) -> None:
    """Five kills each, then one that may end. Each correction is a row once, and there is one decision on the pick.

    The moments are drawn among the steps that the disk keeps, so that every kill lands: what was done before a kill is
    not done again, and the rest is at least as long as it was.
    """
    made, whole = _corrected(promoted), promoted.folder.with_name("whole")
    # Not by this process: closing a copy's source would drop the locks that SQLite holds on it here.
    subprocess.run(["cp", "-a", str(promoted.folder), str(whole)], check=True)
    counted = _run(whole, "cycle", 0)
    assert counted.returncode == 0, counted.stderr[-2000:]
    steps = json.loads(counted.stdout.splitlines()[-1])["steps"]
    done = 0
    for moment in sorted(random.Random(seed).sample(range(1, steps + 1), 5)):
        ended = _run(promoted.folder, "cycle", moment - done)
        assert ended.returncode == -signal.SIGKILL, f"before step {moment} of {steps}: {ended.stderr[-2000:]}"
        done = moment - 1
    again = open_project(promoted.folder)
    loop.cycle(again)
    reference = open_project(whole)
    newest, wanted = again.store.latest(Dataset), reference.store.latest(Dataset)
    assert newest is not None and wanted is not None and newest.splits == wanted.splits
    rows = [one.origin.judgement for one in again.store.examples(newest.id) if one.origin.judgement]
    assert len(rows) == len(set(rows)) and set(rows) <= {one.id for one in made}
    pairs = [(one.candidate, one.dataset) for one in again.store.all(Decision)]
    assert len(pairs) == len(set(pairs))
    opened = [(one.candidate, one.canary) for one in again.store.all(Release)]
    assert len(opened) == len(set(opened)), "no canary was opened twice"
    for one in (again, reference):
        one.store.close()
