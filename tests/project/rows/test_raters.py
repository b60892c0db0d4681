"""Rows that several people judge: who is asked, files of three forms both ways, agreement, disputes, gold rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from strop.curate import Doubted, expected_effects
from strop.errors import InputError
from strop.lineage import forget
from strop.measure import krippendorff_alpha
from strop.project import Project, exchange, open_project
from strop.project.rows import row_files
from strop.records import Example

THINGS = {"cards": ("card", "chip", "pin", "plastic"), "transfers": ("transfer", "wire", "recipient", "sent")}
FLIPPED = (11, 40, 71, 101, 131, 151)
GUIDELINES = "A lost card is cards; money on its way is transfers.\n"


def write_rows(folder: Path, review: str) -> None:
    """160 tickets in two queues whose words say which; six bear the other label."""
    rows = []
    for number in range(160):
        queue, other = ("cards", "transfers")[number % 2], ("transfers", "cards")[number % 2]
        words = [THINGS[queue][number // 2 % 4], THINGS[queue][number // 8 % 4], f"case{number}", f"day{number % 9}"]
        rows.append({"text": " ".join(words), "label": other if number in FLIPPED else queue})
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "guide.md").write_text(GUIDELINES, "utf-8")
    (folder / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data: {sources: [rows.jsonl], near_duplicate: 1, splits: {validation: 0, test: 0}}\n"
        f"review: {{{review}}}\n",
        "utf-8",
    )


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Project]]:
    """``make(review)``: a curated project with those settings of ``review``."""
    opened: list[Project] = []

    def project(review: str = "guidelines: guide.md") -> Project:
        write_rows(tmp_path, review)
        opened.append(open_project(tmp_path))
        opened[-1].curate()
        return opened[-1]

    yield project
    for one in opened:
        one.store.close()


def right(row: Any) -> str:
    """The queue whose words the row holds."""
    question = row["question"] if isinstance(row, dict) else row.question
    return "cards" if question.split()[0] in THINGS["cards"] else "transfers"


def filled(form: str, path: Path, opinion: Callable[[dict[str, Any]], tuple[str, str | None]], by: str) -> None:
    """What a tool gives back after somebody went through an export, the way that tool writes it."""
    if form == "jsonl":
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for line in lines:
            line["opinion"], line["correction"] = opinion(line)
            line["by"] = by
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        return
    items = json.loads(path.read_text("utf-8"))
    for item in items:
        if form == "labelstudio":
            said, text = opinion(item["data"])
            shown = item["predictions"][0]["result"][0]
            result = [
                {**shown, "value": {"text": [text or item["data"]["answer"]]}},
                {"from_name": "opinion", "to_name": "question", "type": "choices", "value": {"choices": [said]}},
            ]
            item["annotations"] = [{"result": result, "completed_by": {"email": by}}]
        else:
            said, text = opinion({**item["fields"]})
            user = {"user_id": by, "status": "submitted"}
            suggested = item["suggestions"]["correction"]["value"]
            item["responses"] = {
                "opinion": [{"value": said, **user}],
                "correction": [{"value": text or suggested, **user}, {"value": "no", **user, "status": "draft"}],
            }
    path.write_text(json.dumps(items), "utf-8")


def mends(row: dict[str, Any]) -> tuple[str, str | None]:
    return ("good", None) if right(row) == row["answer"] else ("fix", right(row))


@pytest.mark.parametrize("form", row_files.FORMATS)
def test_rows_go_out_in_each_form_and_come_back_with_the_guidelines_they_were_judged_by(
    make: Callable[..., Project], tmp_path: Path, form: str
) -> None:
    project = make()
    waiting = project.doubtful_rows()
    assert {int(one.question.split("case")[1].split()[0]) for one in waiting} == set(FLIPPED)
    assert waiting[0].place == "rows.jsonl:41" and waiting[0].effect > waiting[1].effect  # the rarer label
    by = row_files.guidelines(project.opened)
    assert by is not None
    written = row_files.export_rows(project.opened, waiting, form, tmp_path / "out.json", by)
    assert (tmp_path / "out.guidelines.md").read_text("utf-8") == GUIDELINES
    beside = {"labelstudio": [".xml"], "argilla": [".settings.json"], "jsonl": []}[form]
    assert [path.name for path in written[1:]] == [f"out{ending}" for ending in (*beside, ".guidelines.md")]
    filled(form, written[0], mends, "ada")
    found = exchange.import_reviews(project, written[0], by="local")
    assert (found.accepted, found.duplicates, found.rejected) == (6, 0, ())
    assert exchange.import_reviews(project, written[0], by="local").duplicates == 6
    said = list(project.store.traffic.said("row"))
    assert {one.by for one in said} == {"ada"} and {one.value["guidelines"] for one in said} == {by.hash}
    (tmp_path / "guide.md").write_text("Other words.\n", "utf-8")
    assert project.store.artifacts.path(by.hash).read_text("utf-8") == GUIDELINES
    assert project.doubtful_rows() == []
    answers = Counter(
        row.reference == right({"question": row.input}) for row in project.opened.rows(project.curate(), "train")
    )
    assert answers == {True: 160}


def test_the_tools_show_the_guidelines_and_by_what_rows_are_ranked(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    project = make()
    waiting = project.doubtful_rows()
    by = row_files.Guidelines('# Judge\n\n$5 is < $6 & "so"\n \x00 \u2028\n', "0" * 64)
    xml = row_files.export_rows(project.opened, waiting, "labelstudio", tmp_path / "a.json", by)[1]
    root = ElementTree.fromstring(xml.read_text("utf-8"))
    assert [one.get("value") for one in root.iter("Header")] == ["# Judge", ' $5 is < $6 & "so"']
    plain = row_files.export_rows(project.opened, waiting, "labelstudio", tmp_path / "b.json")[1]
    assert plain.read_text("utf-8") == row_files.LABEL_STUDIO
    records, setup = row_files.export_rows(project.opened, waiting, "argilla", tmp_path / "c.json", by)[:2]
    told = json.loads(setup.read_text("utf-8"))
    assert told["guidelines"] == by.text
    first = json.loads(records.read_text("utf-8"))[0]
    assert set(first["fields"]) == {one["name"] for one in told["fields"]}
    assert (first["metadata"]["effect"], first["metadata"]["score"]) == (waiting[0].effect, waiting[0].score)
    task = json.loads((tmp_path / "b.json").read_text("utf-8"))[0]
    for because in (first["fields"]["because"], task["data"]["because"]):
        assert because.startswith(waiting[0].because) and len(because.split("\n\n")) == 1 + len(waiting[0].related) > 1
        assert all(f"{one.place}\n{one.question}\n→ {one.answer}" in because for one in waiting[0].related)


def test_the_commands_say_who_is_asked_what_was_written_and_how_far_people_agree(
    make: Callable[..., Project], strop: Callable[..., Any], tmp_path: Path
) -> None:
    project = make("guidelines: guide.md")
    ask = ("--json", "-p", project.folder, "review")
    out = tmp_path / "out" / "rows.json"
    out.parent.mkdir()
    shown = strop(*ask, "rows", "--to", "argilla", "-o", out).json
    assert (
        shown["files"]
        == [str(out), *(str(out.with_name(f"rows{ending}")) for ending in (".settings.json", ".guidelines.md"))]
        and len(shown["rows"]) == 6
    )
    assert strop(*ask, "rows", "--to", "csv", "-o", out).code == 2
    filled("argilla", out, mends, "ada")
    found = strop(*ask, "import", out).json
    assert found["accepted"] == 6 and found["agreement"]["alpha"] is None
    assert found["agreement"]["why_not"].startswith("0 rows were judged by several")
    assert strop(*ask, "import", out, "--settles", "--by", "eve").json["accepted"] == 6
    told = strop("-p", project.folder, "review", "agreement")
    assert "ada" in told.out and "6 rows" in told.out
    assert "0 rows in dispute" in strop("-p", project.folder, "review", "disputes").out


def test_people_who_differ_are_told_and_nobodys_word_is_taken_before_the_last(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    project = make("people: [ada, ben], overlap: 1")
    before = project.opened.rows(project.curate(), "train")
    first = project.doubtful_rows("ada")[0]
    for name in ("ada", "ben"):
        (path,) = row_files.export_rows(
            project.opened, project.doubtful_rows(name), "jsonl", tmp_path / f"{name}.jsonl"
        )
        assert len(path.read_text("utf-8").splitlines()) == 6  # what one said takes nothing from the other
        wrong = name == "ben"
        filled(
            "jsonl",
            path,
            lambda row, wrong=wrong: ("good", None) if wrong and row["id"] == first.id else mends(row),
            name,
        )  # type: ignore[misc]
        exchange.import_reviews(project, path, by=name)
    assert project.doubtful_rows() == project.doubtful_rows("ada") == []
    found = project.agreement()
    said = {one.subject for one in project.store.traffic.said("row")}
    units = [[right({"question": row.input})] * 2 for row in before if row.id in said and row.id != first.id]
    assert found.alpha is not None and (found.rows, found.same, found.disputed) == (6, 5, 1)
    assert found.alpha.value == pytest.approx(krippendorff_alpha([*units, [right(first), "as it is"]]))
    assert found.alpha.low <= found.alpha.value <= found.alpha.high and found.alpha.n == 6
    (disputed,) = project.disputed_rows()
    assert disputed.id == first.id and disputed.said == {"ada": right(first), "ben": "good"}
    assert {row.input: row.reference for row in project.opened.rows(project.curate(), "train")}[
        first.question
    ] == first.answer
    (path,) = row_files.export_rows(project.opened, [disputed], "jsonl", tmp_path / "disputes.jsonl")
    filled("jsonl", path, mends, "eve")
    assert exchange.import_reviews(project, path, by="eve", settles=True).accepted == 1
    assert project.disputed_rows() == [] and project.agreement().disputed == 0
    assert [rater.gold for rater in project.agreement().people] == [None, None]  # they spoke before, it was no trial
    assert {row.input: row.reference for row in project.opened.rows(project.curate(), "train")}[
        first.question
    ] == right(first)


def test_an_export_that_holds_no_judgement_we_can_read_is_not_passed_over(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    project, path = make("people: [ada]"), tmp_path / "export.json"
    mini = {"id": 3, "question": "card 3", "opinion": "fix", "correction": "cards", "annotator": 1, "annotation_id": 8}
    path.write_text(json.dumps([mini]), "utf-8")
    with pytest.raises(InputError, match=r"is Label Studio's JSON-MIN, .*: export it as JSON"):
        exchange.import_reviews(project, path, by="ada")
    path.write_text(json.dumps([{"id": "ex_1", "result": {"opinion": "fix"}}]), "utf-8")
    with pytest.raises(InputError, match="holds neither annotations"):
        exchange.import_reviews(project, path, by="ada")
    path.write_text(json.dumps([{"id": "ex_1", "fields": {}}, {"id": 1, "data": {}, "predictions": []}]), "utf-8")
    assert exchange.import_reviews(project, path, by="ada").accepted == 0  # written out, and not filled in


def test_a_further_word_that_is_the_same_makes_no_new_dataset(make: Callable[..., Project]) -> None:
    project = make("people: [ada, ben], overlap: 1")
    row = project.doubtful_rows("ada")[0]
    project.judge_row(row.id, {"opinion": "fix", "correction": right(row)}, by="ada")
    once = project.curate().id
    project.judge_row(row.id, {"opinion": "fix", "correction": f" {right(row)} "}, by="ben")
    assert project.curate().id == once
    project.judge_row(row.id, {"opinion": "cannot_judge"}, by="eve")
    assert project.curate().id == once


def test_rows_are_dealt_so_that_each_waits_for_as_many_as_it_should(make: Callable[..., Project]) -> None:
    project = make("people: [ada, ben, cara], overlap: 0")
    alone = {name: {row.id for row in project.doubtful_rows(name)} for name in ("ada", "ben", "cara")}
    assert sum(map(len, alone.values())) == len(set().union(*alone.values())) == 6
    with pytest.raises(InputError, match="no rows are dealt to 'eve'"):
        project.doubtful_rows("eve")
    project.store.close()
    project = make("people: [ada, ben, cara], overlap: 1, raters: 2")
    twice = {name: {row.id for row in project.doubtful_rows(name)} for name in ("ada", "ben", "cara")}
    assert set(Counter(row for rows in twice.values() for row in rows).values()) == {2}
    assert all(alone[name] <= twice[name] for name in alone)  # more overlap takes nobody's rows away


def test_settled_rows_are_mixed_in_unmarked_and_say_how_often_a_person_is_right(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    project = make("gold: 2")
    known = project.doubtful_rows()[:3]
    for row in known:
        project.judge_row(row.id, {"opinion": "fix", "correction": right(row), "settles": True}, by="eve")
    project.curate()  # their ids change: what is shown is the row as it was
    shown = project.doubtful_rows("ada")
    gold = [row for row in shown if row.id in {one.id for one in known}]
    assert len(shown) == 5 and len(gold) == 2 and len(project.doubtful_rows()) == 3
    assert {one.id: (one.place, one.answer, one.because) for one in gold} == {
        one.id: (one.place, one.answer, one.because) for one in known if one.id in {row.id for row in gold}
    }
    project.judge_row(gold[0].id, {"opinion": "fix", "correction": right(gold[0])}, by="ada")
    project.judge_row(gold[1].id, {"opinion": "good"}, by="ada")
    (rater,) = project.agreement().people
    assert rater.name == "ada" and rater.judged == 2 and rater.gold is not None
    assert (rater.gold.value, rater.gold.n) == (0.5, 2) and rater.gold.low < 0.5 < rater.gold.high
    assert len([row for row in project.doubtful_rows("ada") if row.id in {one.id for one in known}]) == 1
    assert {row.id for row in known}.isdisjoint(row.id for row in project.doubtful_rows("eve"))
    last = project.curate()
    answers = {row.input: row.reference for row in project.opened.rows(last, "train")}
    assert answers[gold[1].question] == right(gold[1])  # the last word stands


def test_a_row_that_a_person_drops_leaves_for_its_fault(make: Callable[..., Project]) -> None:
    project = make()
    row = project.doubtful_rows()[0]
    made, _ = project.judge_row(row.id, {"opinion": "drop"}, by="ada")
    dataset = project.curate()
    (line,) = [line for line in project.ledger(dataset) if f"{line.source}:{line.line}" == row.place]
    assert (line.action, line.reason, line.detail) == ("quarantined", "label_suspect", f"a person said so ({made.id})")
    assert dataset.rows.kept == 159
    with pytest.raises(InputError, match="opinion is good, drop"):
        project.judge_row(row.id, {"opinion": "great"})


def test_what_costs_most_comes_first() -> None:
    answers = {"test": ["a"] * 8 + ["b"] * 2, "validation": ["a"] * 10, "train": ["a"] * 80 + ["b"] * 20}
    doubted = [
        Doubted("label_suspect", 0.1, "train", "a"),
        Doubted("label_suspect", 0.4, "train", "b"),
        Doubted("label_suspect", 0.4, "test", "a"),
        Doubted("label_suspect", 0.4, "test", "b"),
        Doubted("off_topic", 0.1, "train", "a"),
    ]
    effects = expected_effects(doubted, answers, ["a", "b"])
    # A test row of label b is half of its label, and that label a half of macro-F1; a training row's share weighs .6.
    assert effects == pytest.approx([0.9 * 0.6 / 160, 0.6 * 0.6 / 40, 0.6 / 16, 0.6 / 4, 0.89 * 0.9 * 0.6 / 160])
    free = expected_effects(doubted[:1] + doubted[3:4], answers, [])
    assert free == pytest.approx([0.9 * 0.6 / 100, 0.6 / 10])


def test_rows_that_wait_outside_are_asked_about_first_and_come_back(tmp_path: Path) -> None:
    write_rows(tmp_path, "guidelines: guide.md")
    path = tmp_path / "rows.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows += [{"text": "where is it", "label": "cards"}, {"text": "where is it", "label": "transfers"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    project = open_project(tmp_path, overrides=["data.doubted_labels=wait"])
    first = project.curate()
    asked = project.doubtful_rows()
    assert len(first.waiting) == 8 and {row.id for row in asked[: len(first.waiting)]} == set(first.waiting)
    assert all(row.waits for row in asked[: len(first.waiting)])
    pair = sorted((row for row in asked if row.fault == "conflicting_answers"), key=lambda row: row.answer)
    assert [row.answer for row in pair] == ["cards", "transfers"] and "rows.jsonl:162" in pair[0].because
    good, mended, dropped = [row for row in asked if row.fault == "label_suspect"][:3]
    project.judge_row(good.id, {"opinion": "good"}, by="ada")
    project.judge_row(mended.id, {"opinion": "fix", "correction": right(mended)}, by="ada")
    project.judge_row(dropped.id, {"opinion": "drop"}, by="ada")
    project.judge_row(pair[1].id, {"opinion": "good"}, by="ada")
    second = project.curate()
    kept = {row.input: row.reference for row in project.opened.rows(second, "train")}
    assert kept[good.question] == good.answer and kept[mended.question] == right(mended)
    assert dropped.question not in kept and kept["where is it"] == "transfers"
    waits = set(second.waiting)
    assert waits.isdisjoint({good.id, mended.id, dropped.id, *(row.id for row in pair)})
    assert second.rows.kept == first.rows.kept + 3
    assert not {row.id for row in project.doubtful_rows()} & {good.id, mended.id, dropped.id, pair[0].id}
    forms = project.row_history(project.store.get(mended.id)).forms
    assert forms[0].datasets[0].split == "aside" and "waits for a person" in forms[0].datasets[0].detail
    assert forms[-1].datasets[-1].split == "train"
    project.store.close()


def test_a_row_that_waits_is_forgotten_like_any_other(tmp_path: Path) -> None:
    write_rows(tmp_path, "guidelines: guide.md")
    project = open_project(tmp_path, overrides=["data.doubted_labels=wait"])
    first = project.curate()
    row = first.waiting[0]
    words = project.store.get(row, Example).input
    planned, proof = forget(project.store, tmp_path / ".strop", row)
    assert row in planned.records and first.id in planned.datasets and planned.candidates == ()
    assert proof.clean and proof.pieces > 0
    with pytest.raises(InputError, match="forgotten on request"):
        project.curate()
    rows = (tmp_path / "rows.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "rows.jsonl").write_text("".join(line for line in rows if words not in line), "utf-8")
    assert row not in project.curate().waiting
    project.store.close()
