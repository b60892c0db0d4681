"""Openings of the test set are counted by items: the cheat "tuned until it passes", with a line less each time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from strop.errors import NotReady
from strop.project import Project, open_project
from strop.records import Decision

Make = Callable[..., Project]


def look(folder: Path, alpha: float) -> Decision:
    """A decision under a protocol of its own, which is a further look."""
    project = open_project(folder, overrides=[f"decision.alpha={alpha}"])
    try:
        project.curate()
        project.choose()
        return project.decide()
    finally:
        project.store.close()


def test_a_test_line_taken_out_starts_no_new_count(make: Make, tmp_path: Path) -> None:
    folder = make(methods="classical").folder
    assert [look(folder, 0.05 - place / 1000).test_uses for place in range(4)] == [1, 2, 3, 4]
    test = folder / "test.csv"
    lines = test.read_text("utf-8").splitlines()
    test.write_text("\n".join(lines[:-1]) + "\n", "utf-8")
    fifth = look(folder, 0.05)
    assert (fifth.test_uses, fifth.alpha) == (5, 0.05 / 16)
    edited = [lines[0], *(line.replace(',"', ',"  ').replace(", case", ",  Case") for line in lines[1:])]
    test.write_text("\n".join(edited) + "\n", "utf-8")
    with pytest.raises(NotReady, match="this would be opening 6"):
        look(folder, 0.05)


def test_other_measures_are_another_verdict_and_another_look(make: Make, tmp_path: Path) -> None:
    """A style guide that was softened after the verdict does not leave the verdict as it was."""
    folder = make(methods="classical").folder
    first = look(folder, 0.05)
    assert look(folder, 0.05).id == first.id
    text = (folder / "strop.yaml").read_text("utf-8")
    (folder / "strop.yaml").write_text(f"{text}measures: [matthews]\n", "utf-8")
    second = look(folder, 0.05)
    assert second.id != first.id and second.test_uses == 2
    assert look(folder, 0.05).id == second.id
    (folder / "strop.yaml").write_text(text, "utf-8")
    assert look(folder, 0.05).id == first.id
