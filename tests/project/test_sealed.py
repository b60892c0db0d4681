"""Openings of the test set are counted by items: the cheat "tuned until it passes", with a line less each time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def touched(folder: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Every test item changed, each line given as id, text, queue."""
    test = folder / "test.csv"
    head, *lines = (line.replace('"', "") for line in test.read_text("utf-8").splitlines())
    said = []
    for line in lines:
        name, rest = line.split(",", 1)
        text, queue = rest.rsplit(",", 1)
        name, text, queue = change([name, text, queue])
        said.append(f'{name},"{text}",{queue}')
    test.write_text("\n".join([head, *said]) + "\n", "utf-8")


def swapped(text: str) -> str:
    """Two letters of each word in each other's place."""
    return re.sub(r"(\w)(\w)(\w)(?=\w*)", r"\1\3\2", text)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: [row[0], f"{row[1]} please", row[2]],
        lambda row: [f"new-{row[0]}", f"{row[1]} please", row[2]],
        lambda row: [f"new-{row[0]}", f"Hello, {row[1]}", row[2]],
        lambda row: [f"new-{row[0]}", row[1].replace("case", "no"), row[2]],
        lambda row: [f"new-{row[0]}", swapped(row[1]), row[2]],
        lambda row: [row[0], f"quite another text {row[0][::-1]} {hash(row[0])}", row[2]],
    ],
    ids=["a word", "a word and another id", "a word before", "a word for another", "letters swapped", "the id alone"],
)
def test_items_that_were_touched_up_give_no_look_back(make: Make, change: Callable[[list[str]], list[str]]) -> None:
    """The cheat "tuned until it passes": every test item is edited before each look."""
    folder = make(methods="classical").folder
    settings = open_project(folder, overrides=["decision.test_uses=1"])
    settings.choose()
    assert settings.decide().test_uses == 1
    settings.store.close()
    touched(folder, change)
    again = open_project(folder, overrides=["decision.test_uses=1"])
    try:
        again.curate()
        again.choose()
        with pytest.raises(NotReady, match=r"36 of the 36 items were touched up since.*this would be opening 2"):
            again.decide()
    finally:
        again.store.close()


def test_a_label_that_was_put_right_has_not_left_and_is_told(make: Make) -> None:
    folder = make(methods="classical").folder
    look(folder, 0.05)
    queues = {"cards": "refunds", "refunds": "cards"}
    touched(folder, lambda row: [row[0], row[1], queues.get(row[2], row[2]) if "1" in row[0][:4] else row[2]])
    second = look(folder, 0.049)
    checks = {check.name: check for check in second.checks}
    assert second.test_uses == 2 and "departed" not in checks and checks["altered"].verdict == "pass"
    assert "items that earlier verdicts looked at have another text or another right answer since: the " in (
        checks["altered"].detail
    )


def test_an_item_that_somebody_had_erased_is_none_that_left(make: Make, strop: Callable[..., Any]) -> None:
    folder = make(methods="classical").folder
    first = look(folder, 0.05)
    project = open_project(folder)
    item = next(row for row in project.store.examples(first.dataset, "test") if row.origin.source == "test.csv")
    project.store.close()
    assert strop("--project", folder, "forget", item.id, "--apply").code == 0
    ran = strop("--project", folder, "verify", first.id)
    assert ran.code == 0, ran.err  # what takes no model was answered by rows of which one is gone
    lines = (folder / "test.csv").read_text("utf-8").splitlines()
    assert item.origin.line is not None
    del lines[item.origin.line - 1]
    (folder / "test.csv").write_text("\n".join(lines) + "\n", "utf-8")
    second = look(folder, 0.049)
    assert second.test_uses == 2 and not {"departed", "altered"} & {check.name for check in second.checks}


def test_more_openings_than_were_promised_have_nothing_to_spend(make: Make) -> None:
    """The cheat: one opening spends all of alpha, and then `test_uses` is raised."""
    folder = make(methods="classical").folder
    first = open_project(folder, overrides=["decision.test_uses=1"])
    first.choose()
    assert first.decide().alpha == 0.05
    first.store.close()
    second = open_project(folder, overrides=["decision.test_uses=9"])
    try:
        with pytest.raises(NotReady, match=r"they spent 0.05 .*nothing is left for opening 2, however many") as caught:
            second.decide()
        assert caught.value.place is not None and "strop.yaml" in caught.value.place
    finally:
        second.store.close()


def test_a_wider_error_pays_for_what_was_spent(make: Make) -> None:
    """Two of five openings spent 3/4 of alpha; a stricter protocol has what is left of its own."""
    folder = make(methods="classical").folder
    assert [look(folder, alpha).alpha for alpha in (0.05, 0.049)] == [0.025, 0.049 / 4]
    third = look(folder, 0.04)
    assert third.alpha == pytest.approx(0.04 - 0.025 - 0.049 / 4) and third.alpha < 0.04 / 8
    assert third.spent_before == pytest.approx(0.025 + 0.049 / 4)
    (check,) = [check for check in third.checks if check.name == "test_uses"]
    assert "earlier ones left less" in check.detail
    project = open_project(folder)
    assert project.verify(third.id) == []
    project.store.close()
