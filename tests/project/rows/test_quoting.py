"""Examples of each fault with their text: masked, escaped, and only where the file still says it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop import lineage
from strop.project import Project, open_project
from strop.web import report

MAIL = "eve.adams@example.org"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Tickets; line 7 repeats line 1, line 8 holds an address and markup and contradicts line 2, line 9 is broken."""
    rows = [
        {
            "text": f"where is parcel {'abcdefgh'[number] * 4} of the order {number}",
            "label": ("late", "lost")[number % 2],
        }
        for number in range(6)
    ]
    rows.append(dict(rows[0]))
    rows += [
        {"text": f"<b>who</b> & what: write to {MAIL} please", "label": "late"},
        {"text": f"<b>who</b> & what: write to {MAIL} please", "label": "lost"},
    ]
    lines = [json.dumps(row) for row in rows] + ["{ not json"]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: parcels, kind: classification}\n"
        "data: {sources: [rows.jsonl], near_duplicate: 1, splits: {validation: 0, test: 0}}\n",
        "utf-8",
    )
    opened = open_project(tmp_path)
    yield opened
    opened.store.close()


def test_the_page_shows_what_rows_say_that_left_and_what_they_repeat(project: Project) -> None:
    dataset = project.curate()
    found = project.fault_examples(dataset)
    assert {"exact_duplicate", "conflicting_answers"} <= found.keys()
    (copy,) = found["exact_duplicate"]
    assert copy.asked == "where is parcel aaaa of the order 0" and copy.answer == "late"
    assert copy.other == f"{copy.asked} → {copy.answer}" and copy.fault.related
    assert [one.asked.startswith("<b>who</b> & what: write to ") for one in found["conflicting_answers"]] == [
        True,
        True,
    ]
    assert MAIL not in json.dumps([one.to_json() for group in found.values() for one in group])
    page = report.page(dataset, report.gather(project, dataset))
    assert "Examples of each fault" in page and MAIL not in page
    assert "&lt;b&gt;who&lt;/b&gt; &amp; what" in page and "<b>who" not in page


def test_a_sealed_test_row_and_its_copy_are_named_and_not_quoted(tmp_path: Path) -> None:
    rows = [
        {"text": f"where is parcel {'abcdefghij'[n] * 4} of it", "label": ("late", "lost")[n % 2]} for n in range(8)
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[7]]), "utf-8")
    (tmp_path / "test.jsonl").write_text(json.dumps(rows[7]) + "\n", "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: parcels, kind: classification}\n"
        "data: {sources: [{path: train.jsonl, split: train}, {path: test.jsonl, split: test}], near_duplicate: 1}\n",
        "utf-8",
    )
    opened = open_project(tmp_path)
    dataset = opened.curate()
    (leak,) = opened.fault_examples(dataset)["leaks_evaluation"]
    assert leak.asked == f"(beside the sealed test row {dataset.splits['test'][0]})"
    assert "hhhh" not in report.page(dataset, report.gather(opened, dataset)) and not (leak.answer or leak.other)
    opened.store.close()


def test_an_example_that_may_be_shown_comes_before_a_sealed_one(tmp_path: Path) -> None:
    """The worst row of a fault was a sealed one, of which a reader sees nothing."""
    texts = [f"where is parcel {'abcdefghij'[n] * 4} of it" for n in range(8)]
    rows = [{"text": text, "label": ("late", "lost")[n % 2]} for n, text in enumerate(texts)]
    copies = [rows[7]] * 4 + [rows[0]]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:7] + copies[4:]), "utf-8")
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in copies[:4]), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: parcels, kind: classification}\n"
        "data: {sources: [{path: test.jsonl, split: test}, {path: train.jsonl, split: train}], near_duplicate: 1}\n",
        "utf-8",
    )
    opened = open_project(tmp_path)
    found = opened.fault_examples(opened.curate())["exact_duplicate"]
    opened.store.close()
    assert found[0].asked == texts[0] and all("hhhh" not in one.asked for one in found)
    assert [one.asked.startswith("(") for one in found] == [False, True, True]


def test_a_file_that_has_changed_is_not_quoted(project: Project) -> None:
    path = project.folder / "rows.jsonl"
    asked = (
        "please tell me where my parcel with the blue tent and the two stoves is now, it was sent more than a week ago"
    )
    near = [json.dumps({"text": text, "label": "late"}) for text in (asked, asked.replace("stoves", "stovees"))]
    path.write_text("\n".join(near) + "\n" + path.read_text("utf-8"), "utf-8")
    opened = open_project(project.folder, overrides=["data.near_duplicate=0.8"])
    dataset = opened.curate()
    assert ["stovees" in one.asked for one in opened.fault_examples(dataset)["near_duplicate"]] == [True]
    path.write_text(path.read_text("utf-8").replace("parcel", "letter"), "utf-8")
    found = opened.fault_examples(dataset)
    assert [one.asked for one in found["near_duplicate"]] == [""]
    assert all(one.asked for one in found["conflicting_answers"]), "rows that wait for a person are kept themselves"
    assert "not at hand" in report.page(dataset, report.gather(opened, dataset))
    opened.store.close()


def test_nothing_is_quoted_from_files_once_a_row_was_forgotten(project: Project) -> None:
    dataset = project.curate()
    row = next(row for row in project.opened.rows(dataset, "train") if "bbbb" in row.input)
    assert project.fault_examples(dataset)["exact_duplicate"][0].asked
    lineage.forget(project.store, project.folder / ".strop", row.id)
    assert {one.asked for group in project.fault_examples(dataset).values() for one in group} <= {""}
