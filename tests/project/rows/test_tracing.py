"""What became of a row: from its line through corrections and edits of its file to what learned from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strop import lineage
from strop.project import Project, open_project

LINES = {"cards": "my card number {} was stolen in the {} street", "refunds": "where is the money of order {} for {}"}


def write(folder: Path, wrong: str = "refunds", text: str | None = None) -> None:
    """Forty tickets; the one of line 3 bears a queue of its own, and may have another text."""
    rows = []
    for number in range(40):
        queue = ("cards", "refunds")[number % 2]
        words = LINES[queue].format(f"{number:03}", "abcdefghij"[number % 10] * 5)
        rows.append({"text": words, "label": queue})
    rows[2] = {"text": text or rows[2]["text"], "label": wrong}
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data: {sources: [rows.jsonl], near_duplicate: 1, splits: {validation: 0, test: 0}}\n",
        "utf-8",
    )


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    write(tmp_path)
    opened = open_project(tmp_path)
    yield opened
    opened.store.close()


def line_three(project: Project) -> Any:
    (row,) = [row for row in project.opened.rows(project.opened.dataset(), "train") if row.origin.line == 3]
    return row


def test_a_row_is_followed_through_a_correction_an_edit_of_its_file_and_the_models_that_learned_from_it(
    project: Project, strop: Callable[..., Any]
) -> None:
    one = project.curate()
    first = line_three(project)
    _, learned = project.tune(project.spec("classical"))
    made, _ = project.judge_row(first.id, {"opinion": "fix", "correction": "cards"}, by="ada")
    two = project.curate()
    second = line_three(project)
    write(project.folder, "cards", "my card number 2 was lost and then found again")
    three = project.curate()
    third = line_three(project)
    assert len({first.id, second.id, third.id}) == 3
    for row in (first, second, third):  # from any of its forms both ways
        found = project.row_history(row)
        assert [form.id for form in found.forms] == [first.id, second.id, third.id]
        assert [[place.dataset for place in form.datasets] for form in found.forms] == [[one.id], [two.id], [three.id]]
        assert [[use.candidate for use in form.candidates] for form in found.forms] == [[learned.id], [], []]
        assert found.forms[0].read == "rows.jsonl:3" and found.forms[0].said == ("ada: cards",)
        corrected, edited = found.changes
        assert (corrected.before, corrected.after) == ({"reference": "refunds"}, {"reference": "cards"})
        assert (corrected.by, corrected.judgement, corrected.why) == ("ada", made.id, "a person gave the answer")
        assert (edited.before, edited.after) == ({"input": second.input}, {"input": third.input})
        assert (edited.by, edited.judgement, edited.why) == ("", None, "the source says something else")
    told = strop("-p", project.folder, "show", second.id, "--history").out
    for part in (first.id, third.id, "refunds → cards", "ada", made.id, learned.id, "trained on it", "rows.jsonl:3"):
        assert part in told
    body = strop("--json", "-p", project.folder, "show", second.id, "--history").json["history"]
    assert body["row"]["changes"][0]["after"] == {"reference": "cards"} and first.id in body["from"]


def test_a_row_that_nothing_happened_to_has_one_form_and_no_change(project: Project) -> None:
    dataset = project.curate()
    row = project.opened.rows(dataset, "train")[0]
    found = project.row_history(row)
    assert [form.id for form in found.forms] == [row.id] and found.changes == ()


def test_what_was_forgotten_has_no_text_in_the_history(project: Project) -> None:
    project.curate()
    first = line_three(project)
    project.judge_row(first.id, {"opinion": "fix", "correction": "cards"}, by="ada")
    project.curate()
    second = line_three(project)
    assert [form.id for form in project.row_history(second).forms] == [first.id, second.id]
    lineage.forget(project.store, project.folder / ".strop", first.id)
    found = project.row_history(second)
    assert {form.read for form in found.forms} == {"(forgotten)"} and "cards" not in json.dumps(found.to_json())
