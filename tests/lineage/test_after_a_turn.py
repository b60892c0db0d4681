"""Forget one row of a real turn (fake engine): grep finds no word of it, and what was decided still stands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from strop import lineage, loop
from strop.demo.play import prepare
from strop.records import silent

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fake_cache")]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_row_of_a_turn_is_forgotten(tmp_path: Path, split: str) -> None:
    opened = prepare(tmp_path / "demo", engine="fake", quick=True, on_event=silent)
    turns = [loop.turn(opened)]
    turn, state = turns[-1], opened.folder / ".strop"
    identity = turn.dataset.splits[split][3]  # type: ignore[index]
    row = opened.store.example(identity)
    assert row.reference
    plan, proof = lineage.forget(opened.store, state, identity)
    assert proof.clean, proof.places
    assert proof.files > 10
    assert (state / "strop.db").is_file()
    assert plan.datasets == (turn.dataset.id,)
    assert bool(plan.candidates) == (split == "train")
    for piece in (row.input[:40].splitlines()[0], row.reference[:40], row.reference[-40:]):
        found = subprocess.run(["grep", "-rlaF", "--", piece, state], capture_output=True, text=True, check=False)
        assert found.stdout == "" or piece in "\n".join(e.input for e in opened.store.examples(turn.dataset.id))
    blocked = opened.store.erasure.effects()
    assert all(blocked[candidate] == "blocked" for candidate in plan.candidates)
    assert opened.verify(turn.decision.id) == []
