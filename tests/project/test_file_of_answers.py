"""A file of today's answers is a rung like any other: in the table, the pick, the verdict, and what recomputes it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from strop.errors import InputError, SettingsError, UserError
from strop.project import Project, open_project
from strop.records import Candidate, Report

Make = Callable[..., Project]
Rows = list[tuple[str, str, str]]


def answers(
    tickets: Rows, folder: Path, name: str = "today.csv", *, wrong: int = 3, by: str = "id", leave_out: int = 0
) -> Path:
    """Every ticket's answer, each ``wrong``-th one the other queue, the last ``leave_out`` missing."""
    table = []
    for number, (ticket, text, queue) in enumerate(tickets):  # some untimed
        said = queue if number % wrong else {"cards": "refunds", "refunds": "cards"}[queue]
        table.append({"id": ticket} if by == "id" else {"input": text})
        table[-1] |= {"answer": said, "latency_ms": "250" if number % 4 else "", "cost": "0.002"}
    table = table[: len(table) - leave_out]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table), "utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
    return path


def today(project: Project) -> Candidate:
    return next(one for one in project.store.all(Candidate) if one.spec.method == "answers")


@pytest.mark.parametrize(("name", "by"), [("today.csv", "id"), ("today.jsonl", "input")])
def test_it_stands_in_the_table_the_pick_and_the_verdict(
    make: Make, tmp_path: Path, rows: Rows, name: str, by: str
) -> None:
    answers(rows, tmp_path / "tickets", name, by=by)
    project = make(name)
    ladder = project.choose()
    step = next(step for step in ladder.steps if step.method == "answers")
    assert step.measures["accuracy"].value == pytest.approx(2 / 3, abs=0.03)
    assert (step.latency_ms, step.memory_bytes, step.name) == (pytest.approx(250), None, f"today: {name}")
    assert step.cost == pytest.approx(0.002 * 50_000)
    assert ladder.steps[-1] is step, "it charges most, so it is the dearest rung"
    assert f"Against {name} (runs today): +" in ladder.because
    assert "brier" not in step.measures
    report = project.store.get(step.report, Report)
    assert report.not_measured["brier"] == "its answers carry no probabilities"
    decision = project.decide()
    check = next(check for check in decision.checks if check.name == "against_incumbent")
    assert (check.verdict, check.margin) == ("pass", -0.05)
    assert name in check.detail
    assert name in decision.sentence
    assert decision.reports["incumbent 1"]
    assert project.verify(decision.id) == []


def test_without_a_price_it_is_the_cheapest_and_wins_a_tie(make: Make, tmp_path: Path, rows: Rows) -> None:
    folder = tmp_path / "tickets"
    folder.mkdir()
    table = [{"id": name, "answer": f" {queue.title()}. "} for name, _, queue in rows]
    (folder / "today.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table), "utf-8")
    project = make({"answers": "today.jsonl", "name": "the rules of 2019"})
    ladder = project.choose()
    assert ladder.steps[0].measures["accuracy"].value == 1.0, "case and punctuation are no mistakes"
    assert ladder.pick == today(project).id
    assert "no rung has a case against it" in ladder.because and "cheapest" not in ladder.because
    assert "over the rules of 2019 (runs today)" in ladder.fine_tune and "Yes" not in ladder.fine_tune
    decision = project.decide()
    assert not [check for check in decision.checks if check.verdict == "missing"]
    assert project.verify(decision.id) == []
    with pytest.raises(UserError, match="cannot serve"):
        project.promote(today(project).id)
    with pytest.raises(UserError, match="file of answers"):
        project.ask(["where is my card"], candidate=today(project).id)


def test_a_worse_candidate_is_refused_although_it_beats_the_prompt(make: Make, tmp_path: Path, rows: Rows) -> None:
    answers(rows, tmp_path / "tickets", wrong=1000)
    project = make("today.csv", methods="classical, prompt")
    worse = next(step for step in project.choose().steps if step.method == "prompt" and "zero" in step.name)
    decision = project.decide(worse.candidate)
    check = next(check for check in decision.checks if check.name == "against_incumbent")
    assert check.verdict == "fail"
    assert decision.verdict == "refuse"


def test_missing_items_are_counted_and_named_before_anything_is_opened(make: Make, tmp_path: Path, rows: Rows) -> None:
    answers(rows, tmp_path / "tickets", leave_out=60)
    project = make("today.csv")
    with pytest.raises(
        InputError, match=r"\d+ of the \d+ items have no answer in it: validation\.csv:\d+ \(id t0"
    ) as told:
        project.choose()
    assert "and" in str(told.value) and "more" in str(told.value)
    assert not project.store.all(Report), "nothing was judged before the file was read"


def test_missing_test_items_do_not_cost_a_look_at_the_test_set(make: Make, tmp_path: Path, rows: Rows) -> None:
    path = answers(rows, tmp_path / "tickets")
    project = make("today.csv")
    project.choose()
    sealed = {row.name for row in project.store.examples(project.opened.dataset().id, "test")}
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if line.split(",")[0] not in sealed) + "\n", "utf-8")
    project.choose()
    with pytest.raises(InputError, match="have no answer in it"):
        project.decide()
    answers(rows, tmp_path / "tickets")
    assert project.decide().test_uses == 1


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("id,answer\na,cards\nb\n", 3, "has 1 field,"),
        ("id,label\na,cards\n", 2, "has no `answer` among its columns .id, label"),
        ("name,answer\na,cards\n", 2, "neither `id` nor `input`"),
        ("id,answer,cost\na,cards,-3\n", 2, "`cost` is '-3'"),
        ("id,answer\n", None, "holds no answer"),
    ],
)
def test_a_bad_file_names_its_line(make: Make, tmp_path: Path, text: str, line: int | None, reason: str) -> None:
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / "today.csv").write_text(text, "utf-8")
    project = make("today.csv")
    with pytest.raises(InputError, match=reason) as told:
        project.choose()
    assert told.value.line == line


def test_two_answers_to_one_row_are_refused(make: Make, tmp_path: Path, rows: Rows) -> None:
    path = answers(rows, tmp_path / "tickets")
    again = "".join(f"{name},other,250,0.002\n" for name, _, _ in rows)
    path.write_text(path.read_text("utf-8") + again, "utf-8")
    with pytest.raises(InputError, match="answers the same row otherwise"):
        make("today.csv").choose()


def test_what_it_holds_is_kept_without_personal_data(make: Make, tmp_path: Path, rows: Rows) -> None:
    path = answers(rows, tmp_path / "tickets")
    path.write_text(path.read_text("utf-8") + "x1,write to john.doe@example.com,250,0.002\n", "utf-8")
    project = make("today.csv")
    project.choose()
    artifact = today(project).artifact
    assert artifact is not None
    kept = project.store.artifacts.read_bytes(artifact)
    assert b"john.doe" not in kept and b"write to " in kept


def test_a_file_that_is_not_there_names_its_line_in_the_settings(make: Make) -> None:
    with pytest.raises(InputError, match=r"strop\.yaml:8: there is no gone\.csv"):
        make("gone.csv").choose()


def test_a_measure_that_says_nothing_of_a_file_spends_no_look(make: Make, tmp_path: Path, rows: Rows) -> None:
    answers(rows, tmp_path / "tickets")
    chosen = make("today.csv")
    own = next(step for step in chosen.choose().steps if step.method != "answers").candidate
    chosen.store.close()
    brier = "decision.primary={brier: {target: 0.9}}"
    project = open_project(chosen.folder, overrides=[brier])
    for candidate in (own, today(project).id):
        with pytest.raises(SettingsError, match=r"`brier` says nothing of today\.csv"):
            project.decide(candidate)
    assert project.store.sealed.last() is None
    project.store.close()
    project = open_project(chosen.folder, overrides=[brier, "decision.against={incumbent: ignore}"])
    assert project.decide(own).test_uses == 1
    project.store.close()
