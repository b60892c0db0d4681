"""A dataset version and what it costs to make the next one."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strop.errors import InputError, SettingsError
from strop.project import open_project, questions
from strop.project.rows import doubtful
from strop.records import Dataset, Event, Ladder, Progress, Said

THINGS = {"cards": ("card", "chip", "pin", "plastic"), "transfers": ("transfer", "wire", "recipient", "sent")}


def test_moving_a_threshold_computes_no_score_again_and_sets_rows_aside_by_the_old_ones(tmp_path: Path) -> None:
    rows = []
    for number in range(160):
        queue = ("cards", "transfers")[number % 2]
        words = [THINGS[queue][number // 2 % 4], THINGS[queue][number // 8 % 4], f"case{number}", f"day{number % 9}"]
        rows.append({"text": " ".join(words), "label": "cards" if number == 41 else queue})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data: {sources: [rows.jsonl], near_duplicate: 1, splits: {validation: 0, test: 0}}\n",
        "utf-8",
    )
    seen: list[Event] = []

    def looked() -> bool:
        return any(isinstance(event, Progress) and event.task == "other rows" for event in seen)

    project = open_project(tmp_path, on_event=seen.append)
    first = project.curate()
    table = project.faults(first)
    project.store.close()
    assert looked() and first.faults["label_suspect"] == 1 and "label_suspect" not in first.reasons
    seen.clear()
    project = open_project(tmp_path, overrides=["data.faults={label_suspect: 0.5}"], on_event=seen.append)
    second = project.curate()
    assert not looked()
    assert project.faults(second) == table
    assert second.reasons["label_suspect"] == 1 and second.rows.kept == first.rows.kept - 1
    aside, shown = project.set_aside(second), doubtful.found_lines(project.opened, second)
    assert aside == [line for line in project.ledger(second) if line.action in ("dropped", "quarantined")] != []
    assert shown == [fault for fault in table if fault.is_fault] != []
    project.store.close()


def test_a_wrong_label_of_the_test_set_is_asked_about_and_stays_in_it_when_it_is_corrected(tmp_path: Path) -> None:
    rows = []
    for number in range(160):
        queue = ("cards", "transfers")[number % 2]
        words = [THINGS[queue][number // 2 % 4], THINGS[queue][number // 8 % 4], f"case{number}", f"day{number % 9}"]
        rows.append({"text": " ".join(words), "label": queue})
    held = [
        {"text": "card chip pin now", "label": "transfers"},
        {"text": "wire recipient sent now", "label": "transfers"},
    ]
    for name, lines in (("train", rows), ("test", held)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data:\n  sources: [train.jsonl, {path: test.jsonl, split: test}]\n"
        "  near_duplicate: 1\n  faults: {label_suspect: 0.5}\n  splits: {validation: 0, test: 0}\n",
        "utf-8",
    )
    project = open_project(tmp_path)
    first = project.curate()
    assert len(first.splits["test"]) == 2 and "label_suspect" not in first.reasons  # named, and yet it stays
    (asked,) = project.doubtful_rows()
    assert (asked.split, asked.question, asked.fault) == ("test", "card chip pin now", "label_suspect")
    project.judge_row(asked.id, {"opinion": "fix", "correction": "cards"}, by="ada")
    second = project.curate()
    answers = {row.input: row.reference for row in project.opened.rows(second, "test")}
    assert answers == {"card chip pin now": "cards", "wire recipient sent now": "transfers"}
    assert project.doubtful_rows() == []
    project.store.close()


def test_where_every_row_leaves_the_message_says_what_to_do_and_where_each_rows_reason_stands(
    tmp_path: Path, strop: Callable[..., Any]
) -> None:
    rows = [{"text": "Where is it?", "label": label} for label in "abcd"] * 5
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text("task: {name: t, kind: classification}\ndata: {sources: [rows.jsonl]}\n")
    ran = strop("--project", tmp_path, "--json", "curate")
    assert ran.code == 2
    assert ran.json["error"]["message"] == "rows.jsonl: no row is left to train on"
    told, _, path = ran.json["error"]["remedy"].partition(". Each row's reason: ")
    assert told == "of 20 rows: exact_duplicate 16, conflicting_answers 4; keep the row with the right answer only"
    ledger = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    assert [line["line"] for line in ledger] == list(range(1, 21))
    assert {line["action"] for line in ledger} == {"dropped", "quarantined"}
    assert {line["remedy"] for line in ledger if line["action"] == "quarantined"} == {
        "keep the row with the right answer only"
    }


def test_storing_tells_how_far_it_is(tmp_path: Path) -> None:
    rows = [{"text": f"Where is the {thing} {n}?", "label": "ab"[n % 2]} for n in range(9) for thing in ("cup", "lid")]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text("task: {name: t, kind: classification}\ndata: {sources: [rows.jsonl]}\n")
    seen: list[Event] = []
    project = open_project(tmp_path, on_event=seen.append)
    project.curate()
    project.store.close()
    told = [(one.done, one.total) for one in seen if isinstance(one, Progress) and one.task == "storing"]
    assert told == [(0, 18), (18, 18)]


def test_a_disk_that_will_hardly_hold_it_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"text": f"Where is the cup {n}?", "label": "ab"[n % 2]} for n in range(30)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text("task: {name: t, kind: classification}\ndata: {sources: [rows.jsonl]}\n")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    seen: list[Event] = []
    project = open_project(tmp_path, on_event=seen.append)
    project.curate()
    project.store.close()
    told = [one for one in seen if isinstance(one, Said) and "The disk has 0 MiB free" in one.text]
    assert len(told) == 1 and told[0].warning
    assert seen.index(told[0]) < next(n for n, one in enumerate(seen) if isinstance(one, Progress))


def test_what_a_killed_run_left_half_written_among_the_findings_is_removed_a_day_later(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "Where is my card?", "label": "cards"}\n', "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: t, kind: classification}\ndata: {sources: [rows.jsonl], splits: {validation: 0, test: 0}}\n",
        "utf-8",
    )
    findings = tmp_path / ".strop" / "work" / "kept" / "curation"
    findings.mkdir(parents=True)
    old, new = findings / ".labels.one.tmp", findings / ".labels.other.tmp"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    project = open_project(tmp_path)
    project.curate()
    project.store.close()
    assert not old.exists() and new.exists(), "another run may be writing what is new"


def test_who_goes_back_to_earlier_settings_goes_on_from_their_dataset(tmp_path: Path) -> None:
    rows = [{"text": f"ticket {n} about {('cards', 'wires')[n % 2]} x{n * n}", "label": "ab"[n % 2]} for n in range(60)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data: {sources: [rows.jsonl], near_duplicate: 1}\nladder: {methods: [classical]}\n",
        "utf-8",
    )
    project = open_project(tmp_path)
    whole, climbed = project.curate(), project.choose()
    project.store.close()
    project = open_project(tmp_path, overrides=["data.budget=10"])
    small = project.curate()
    assert project.opened.dataset() == small and project.choose().dataset == small.id
    project.store.close()
    project = open_project(tmp_path)
    assert project.curate() == whole and project.opened.dataset() == whole
    assert project.choose().id == climbed.id == project.store.latest(Ladder).id  # type: ignore[union-attr]
    made = project.store.history(whole.id)
    assert project.curate() == whole and project.store.history(whole.id) == made, "asked again, nothing is added"
    assert [one.id for one in project.store.all(Dataset)] == [small.id, whole.id]
    project.store.close()


def test_another_division_leaves_the_sealed_rows_and_says_so(tmp_path: Path) -> None:
    rows = [{"text": f"{THINGS['cards'][n % 4]} case{n} day{n % 9}", "label": "ab"[n % 2], "at": f"{2000 + n}-01-01"}
            for n in range(60)]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data: {sources: [rows.jsonl], near_duplicate: 1, columns: {time: at}, splits: {validation: 0}}\n",
        "utf-8",
    )
    seen: list[Event] = []
    tests = []
    for overrides in ([], ["data.splits.by=[time]", "data.splits.test=0.3"], ["data.max_tokens=1000"]):
        seen.clear()
        project = open_project(tmp_path, overrides=overrides, on_event=seen.append)
        tests.append(project.curate().splits["test"])
        project.store.close()
        told = [event.text for event in seen if isinstance(event, Said) and "data.splits changed" in event.text]
        if len(tests) == 2:
            assert "(test was 0.2, is 0.3; by was [group, near_duplicates], is [time])" in told[0]
        else:
            assert len(told) == (len(tests) == 3)  # the third goes back to the first division
    assert set(tests[0]) == set(tests[1]) == set(tests[2])


def test_an_addition_uses_what_was_found_before_and_gives_what_a_run_without_it_gives(tmp_path: Path) -> None:
    rows = [
        {"text": f"{THINGS[queue][number % 4]} case{number} day{number % 9} please", "label": queue}
        for number in range(200)
        for queue in (("cards", "transfers")[number % 2],)
    ]
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "strop.yaml").write_text("task: {kind: classification}\ndata: {sources: [rows.jsonl]}\n", "utf-8")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:190]), "utf-8")
    project = open_project(folder)
    project.curate()
    project.store.close()
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    shutil.copytree(folder, tmp_path / "bare")
    found = folder / ".strop" / "work" / "kept" / "curation"
    assert {"labels", "personal data", "texts"} <= {step.name for step in found.iterdir()}
    shutil.rmtree(tmp_path / "bare" / ".strop" / "work")
    made = []
    for place in (folder, tmp_path / "bare"):
        project = open_project(place)
        made.append(project.curate().to_json() | {"created": ""})
        project.store.close()
    assert made[0] == made[1]


def test_a_file_that_grows_while_it_is_read_makes_no_version(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    line = json.dumps({"text": "where is my card", "label": "cards"}) + "\n"
    path.write_text(line * 30, "utf-8")
    (tmp_path / "strop.yaml").write_text("task: {kind: classification}\ndata: {sources: [rows.jsonl]}\n", "utf-8")

    def write_on(event: Event) -> None:
        if isinstance(event, Progress) and path.stat().st_size == len(line) * 30:
            path.write_text(line * 31, "utf-8")

    project = open_project(tmp_path, on_event=write_on)
    with pytest.raises(InputError, match=r"rows.jsonl: changed while it was read\n  → wait"):
        project.curate()
    assert project.store.latest(Dataset) is None
    assert project.curate().rows.read == 31
    project.store.close()


@pytest.mark.parametrize(
    ("groups", "told", "settings"),
    [
        (4, {"validation": "data.splits.validation: 0.15 holds out 75"}, ["validation=0.15"]),
        (
            2,
            {
                "test": "data.splits.by: [near_duplicates] divides groups and holds out 60",
                "validation": "data.splits.by: [near_duplicates] divides groups and holds out 30",
            },
            ["by=[near_duplicates]"],
        ),
        (6, {}, []),
    ],
)
def test_where_groups_are_larger_than_a_share_the_setting_that_works_is_named(
    groups: int, told: dict[str, str], settings: list[str], tmp_path: Path
) -> None:
    """Four groups of 75 and a share of 30 gave no row, and no word on which share would; one of 60 gave none either."""
    chance, usual = random.Random(4), "cards"  # of each group, so that the project's key decides nothing
    sounds = [f"{a}{b}" for a in "bdfghklmnprst" for b in "aeiou"]
    rows = []
    for number in range(300):
        queue = usual if number // groups % 2 else ("transfers", "login")[chance.randrange(2)]
        words = ["".join(chance.sample(sounds, 3)) for _ in range(6)]
        rows.append({"text": " ".join([queue, *words]), "label": queue, "meta": {"group": f"g{number % groups}"}})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text("task: {kind: classification}\ndata: {sources: [rows.jsonl]}\n", "utf-8")
    seen: list[Event] = []
    project = open_project(tmp_path, on_event=seen.append)
    made = project.curate()
    assert made.unfilled == told
    said = [event.text for event in seen if isinstance(event, Said) and event.text.startswith("No row is held out")]
    assert [f"; {told[split]}." in one for split, one in zip(told, said, strict=True)] == [True] * len(told)
    assert all(f"those that stay together are {300 // groups} or more" in one for one in said)
    assert made.lacking.endswith(told.get("validation", ""))
    project.store.close()
    project = open_project(tmp_path, overrides=[f"data.splits.{one}" for one in settings])
    again = project.curate()
    for split, promise in told.items():
        assert f" holds out {len(again.splits[split])}" in promise, again.splits.keys()
    assert again.unfilled == {} and again.lacking == ""
    project.store.close()


@pytest.mark.parametrize(
    ("rows", "lacking"),
    [
        ([("where is my card", "cards")], "rows of a second label: all have 'cards'"),
        ([(f"where is card {n}", "cards") for n in range(30)], "rows of a second label: all have 'cards'"),
        ([("where is my card", "cards"), ("send me money", "transfers")], "validation rows"),
        ([(f"{w} {n}", w) for n in range(30) for w in THINGS], ""),
    ],
)
def test_what_a_version_lacks_before_anything_can_be_chosen(
    rows: list[tuple[str, str]], lacking: str, tmp_path: Path
) -> None:
    lines = [json.dumps({"text": text, "label": label}) + "\n" for text, label in rows]
    (tmp_path / "rows.jsonl").write_text("".join(lines), "utf-8")
    (tmp_path / "strop.yaml").write_text("task: {kind: classification}\ndata: {sources: [rows.jsonl]}\n", "utf-8")
    project = open_project(tmp_path)
    made = project.curate()
    assert made.lacking.startswith(lacking) and bool(made.lacking) == bool(lacking)
    first = questions.answers(project.opened)[0]
    assert first.command == ("strop curate" if lacking else "strop choose")
    project.store.close()


def test_what_needs_a_base_says_so_where_the_ladder_names_none(tmp_path: Path) -> None:
    rows = [{"text": f"{THINGS[q][n % 4]} case{n} day{n % 9}", "label": q} for n in range(60) for q in THINGS]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {kind: classification}\ndata: {sources: [rows.jsonl]}\nladder: {bases: []}\n", "utf-8"
    )
    for more in ("data.embedder=hidden_states", "data={sources: [rows.jsonl], selection: ifd, budget: 9}"):
        project = open_project(tmp_path, overrides=[more])
        with pytest.raises(SettingsError, match="is empty, and") as caught:
            project.curate()
        assert caught.value.key == ("ladder", "bases")
        project.store.close()
    project = open_project(tmp_path)
    project.curate()
    assert project.spec("classical").base is None
    with pytest.raises(SettingsError, match="method lora needs a base"):
        project.spec("lora")
    project.store.close()
