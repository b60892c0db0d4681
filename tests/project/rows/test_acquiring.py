"""Which rows to ask for, as a file: from weak slices, with training rows as examples and no held-out item."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strop.evaluate import WeakSlice
from strop.evaluate.weak import Trait
from strop.measure import Beside, Weak
from strop.project import Project
from strop.project.rows import acquiring


def test_a_wish_says_how_many_of_what_and_shows_training_rows(make: Callable[..., Project]) -> None:
    project = make()
    _, candidate = project.tune(project.spec("classical"))
    (report,) = project.evaluate([candidate.id]).reports
    told = Weak("right label: refunds", 0.4, 0.9, -0.6, -0.4, 20, 20, 0.001)
    said = Beside("accuracy", 0.4, 0.9)
    slices = [
        WeakSlice(Trait("label", "refunds"), told, said, 54),
        WeakSlice(Trait("sign", "a digit"), told, said, None),
    ]
    (wish,) = acquiring.wishes(project.opened, report, slices)
    assert (wish.ask_for, wish.where, wish.training_has) == (54, "right label: refunds", 54)
    assert (wish.value, wish.elsewhere, wish.n) == (0.4, 0.9, 20)
    dataset = project.opened.dataset()
    trained = {row.input for row in project.opened.rows(dataset, "train") if row.reference == "refunds"}
    assert len(wish.like) == 3 and set(wish.like) < trained
    held = {row.input for split in ("validation", "test") for row in project.opened.rows(dataset, split)}  # type: ignore[arg-type]
    assert held.isdisjoint(wish.like)


def test_the_command_writes_a_line_for_each_weak_slice(
    make: Callable[..., Project], strop: Callable[..., Any], tmp_path: Path
) -> None:
    project = make()
    _, candidate = project.tune(project.spec("classical"))
    out = tmp_path / "wishes.jsonl"
    body = strop("--json", "-p", project.folder, "evaluate", candidate.id, "--acquire", out).json
    written = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert written == body["acquire"] and len(written) == len(body["weak"][body["reports"][0]["id"]])
    assert f"sorts of rows to ask for → {out}" in strop(
        "-p", project.folder, "evaluate", candidate.id, "--acquire", out
    ).out.replace("1 sort ", "1 sorts ")
