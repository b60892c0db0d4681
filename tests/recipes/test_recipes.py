"""Every recipe runs by itself, as a reader would run it, and says what it is there to show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SHOWS = {
    "01_first_turn.py": r"321 read, \d+ kept.*1 dropped.*rung lora.*Promote:.*recomputed: the same",
    "02_two_candidates.py": r"tuned - prompt, paired: \+0\.\d+ \[\+.*shown to be better",
    "03_measure_alone.py": r"new - old \+0\.090 \[\+.*on 200 pairs.*near duplicates: 0 and 1",
    "04_curation_alone.py": r"382 read = .*one line: True.*leaks_evaluation",
    "05_serve_and_listen.py": r"verdict: promote.*known already.*expert: True.*next version: 1",
    "06_own_measure.py": r"short_sentences +[01]\.\d{3} \[",
}

WITH_A_BASE = {"07_plain_loop.py"}
"""Recipes that want a real base: tests/slow/test_torch_smollm.py runs them."""


def test_every_recipe_is_run() -> None:
    assert {path.name for path in (ROOT / "recipes").glob("*.py")} == set(SHOWS) | WITH_A_BASE


@pytest.mark.parametrize("name", SHOWS)
def test_recipe_shows_what_it_promises(name: str, tmp_path: Path) -> None:
    path = ROOT / "recipes" / name
    assert path.read_text("utf-8").count("\n") <= 60
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "STROP_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-W", "error", str(path)]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=1200)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.search(SHOWS[name], ran.stdout, re.DOTALL), ran.stdout
