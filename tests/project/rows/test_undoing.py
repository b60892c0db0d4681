"""What was said of rows and answers is taken back: by judgement, row, answer or file; and a changed file changes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strop.errors import InputError
from strop.project import Project, exchange, open_project
from strop.records import Dataset, Interaction, Message, new_id, now

THINGS = {"cards": ("card", "chip", "pin", "plastic"), "transfers": ("transfer", "wire", "recipient", "sent")}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """160 tickets, six with the other label."""
    rows = []
    for number in range(160):
        queue, other = ("cards", "transfers")[number % 2], ("transfers", "cards")[number % 2]
        words = [THINGS[queue][number // 2 % 4], THINGS[queue][number // 8 % 4], f"case{number}", f"day{number % 9}"]
        label = other if number in (11, 40, 71, 101, 131, 151) else queue
        rows.append({"text": " ".join(words), "label": label})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data: {sources: [rows.jsonl], near_duplicate: 1, splits: {validation: 0, test: 0}}\n",
        "utf-8",
    )
    opened = open_project(tmp_path)
    opened.curate()
    yield opened
    opened.store.close()


def judged(project: Project, path: Path, *opinions: str) -> list[str]:
    """A file with these opinions of the first rows that wait, imported; the rows' ids."""
    if path.exists():
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    else:
        rows = [one.to_json() for one in project.doubtful_rows()]
    for row, opinion in zip(rows, opinions, strict=False):
        row["opinion"], row["correction"] = opinion, None
        if opinion == "fix":
            row["correction"] = "cards" if row["answer"] == "transfers" else "transfers"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    exchange.import_reviews(project, path, by="ada")
    return [str(row["id"]) for row in rows]


def texts(project: Project) -> dict[str, str]:
    dataset = project.store.latest(Dataset)
    assert dataset is not None
    return {row.input: row.reference or "" for row in project.opened.rows(dataset, "train")}


def test_all_that_a_file_brought_is_taken_back(project: Project, tmp_path: Path, strop: Callable[..., Any]) -> None:
    before, waiting = texts(project), [one.id for one in project.doubtful_rows()]
    judged(project, tmp_path / "r.jsonl", "fix", "drop", "good")
    project.curate()
    assert texts(project) != before and len(project.doubtful_rows()) == len(waiting) - 3
    ran = strop("-p", tmp_path, "review", "undo", "r.jsonl", "--by", "ada")
    assert "3 taken back" in ran.out and ran.code == 0
    project.curate()
    assert texts(project) == before and [one.id for one in project.doubtful_rows()] == waiting
    ran = strop("-p", tmp_path, "review", "undo", "r.jsonl")
    assert ran.code == 2 and "nothing that was said stands under 'r.jsonl'" in ran.err
    assert exchange.import_reviews(project, tmp_path / "r.jsonl", by="ada").accepted == 3, "and said once more"


def test_one_row_is_taken_back_by_any_of_its_names(project: Project, tmp_path: Path) -> None:
    before = texts(project)
    ids = judged(project, tmp_path / "r.jsonl", "fix", "drop", "fix")
    project.curate()
    row = project.store.get(ids[2])
    fixed = next(i for j, i in project.store.rows_of_judgements() if project.store.get(j).subject == ids[0])  # type: ignore[union-attr]
    assert row is not None and fixed != ids[0]
    said = next(one for one in project.store.traffic.said("row") if one.subject == ids[2])
    assert [one.subject for one in project.take_back(fixed)] == [ids[0]]
    assert [one.subject for one in project.take_back(ids[1], by="ada")] == [ids[1]]
    with pytest.raises(InputError, match="by ben stands"):
        project.take_back(said.id, by="ben")
    assert [one.id for one in project.take_back(said.id)] == [said.id]
    project.curate()
    assert texts(project) == before


def test_a_last_word_is_taken_back_and_others_count_again(project: Project) -> None:
    row = project.doubtful_rows()[0].id
    project.judge_row(row, {"opinion": "good"}, by="ada")
    project.judge_row(row, {"opinion": "drop", "settles": True}, by="eve")
    assert len(project.take_back(row, by="eve")) == 1
    held = {row.id for row in project.opened.rows(project.curate(), "train")}
    assert row in held and project.agreement().disputed == 0


def test_a_file_that_says_otherwise_now_replaces_what_it_said(project: Project, tmp_path: Path) -> None:
    path, before = tmp_path / "r.jsonl", texts(project)
    for opinions in (("fix", "drop"), ("good", "drop"), ("fix", "drop"), ("good", "good")):
        judged(project, path, *opinions)
    said = project.store.traffic.said("row")
    assert [one.value["opinion"] for one in said] == ["good", "good", "fix", "good", "drop", "fix"]  # type: ignore[index, call-overload]
    assert exchange.import_reviews(project, path, by="ada").accepted == 0, "the same once more changes nothing"
    project.curate()
    assert texts(project) == before


def asked(project: Project, number: int) -> str:
    """An answered request in the store; its id."""
    one = Interaction(
        id=new_id("int"),
        release=None,
        candidate="cand_1",
        arm="direct",
        messages=(Message(role="user", content=f"wire sent case{900 + number * number} again"),),
        answer="cards",
        label="cards",
        complete=True,
        created=now(),
    )
    project.store.journal.begin(one)
    project.store.journal.complete(one)
    return one.id


def test_a_correction_that_became_a_row_is_changed_and_taken_back(project: Project, tmp_path: Path) -> None:
    before, ids, path = texts(project), [asked(project, number) for number in range(6)], tmp_path / "said.jsonl"

    def said(right: str) -> None:
        lines = [json.dumps({"id": i, "opinion": "fix", "correction": right}) + "\n" for i in ids]
        path.write_text("".join(lines), "utf-8")
        exchange.import_reviews(project, path, by="ada")

    said("transfers")
    project.take_corrections()
    new = texts(project).keys() - before.keys()
    assert 1 <= len(new) <= 6 and {texts(project)[text] for text in new} == {"transfers"}
    said("cards")
    assert not project.opened.store.judgements_in_datasets() - {one.id for one in project.store.traffic.said("review")}
    project.curate()
    assert {texts(project).get(text) for text in new} == {"cards"}
    assert len(project.take_back("said.jsonl")) == 6
    project.curate()
    assert not new & texts(project).keys()
