"""Datasets as files: nothing leaves that is to be masked, and what is read again is the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strop.errors import InputError
from strop.project import Project, open_project

MAIL = "anna.berg@web.de"
SYSTEM = "Answer as the shop does."


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """``project(rows, personal_data=…)``: opened, its rows in rows.jsonl."""
    opened: list[Project] = []

    def make(rows: list[dict[str, Any]], *, personal_data: str = "mask") -> Project:
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        (tmp_path / "strop.yaml").write_text(
            "task: {name: shop, kind: chat}\n"
            "data: {sources: [rows.jsonl], columns: {slices: [language]}, splits: {validation: 0, test: 0}}\n",
            "utf-8",
        )
        opened.append(open_project(tmp_path, overrides=[f"data.personal_data={personal_data}"]))
        return opened[-1]

    yield make
    for one in opened:
        one.store.close()


def rows() -> list[dict[str, Any]]:
    """Eight conversations with one instruction, all that a row can hold, and one with an answer that was rejected."""
    made: list[dict[str, Any]] = []
    for n in range(12):
        turns = [("system", SYSTEM), ("user", f"Do you have tent {n * n}?"), ("assistant", "Which colour?")]
        turns += [("user", f"The {n}th one, in green or in number {n}"), ("assistant", f"Yes, {n + 3} of them.")]
        made.append({
            "messages": [{"role": role, "content": text} for role, text in turns],
            "context": [f"Stock: {n + 3} tents of number {n}"], "expect": {"gold_facts": [f"{n + 3}"]},
            "meta": {"id": f"r{n}", "group": f"g{n // 2}", "time": f"2024-01-{n + 10}", "language": "ed"[n % 2] + "n"},
        })  # fmt: skip
    made[0]["messages"][0]["content"] = "Answer in one word."
    made.append({"system": SYSTEM, "prompt": "Is the lamp in stock?", "chosen": "It is.", "rejected": "Dunno."})
    return made


def test_what_is_written_and_read_again_is_the_same(project: Callable[..., Project], tmp_path: Path) -> None:
    made = project(rows())
    first = made.curate()
    before = {row.id: row for row in made.opened.rows(first, "train")}
    made.export(first.id, "jsonl", tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [line["messages"][0]["content"] for line in lines].count(SYSTEM) == 12
    (tmp_path / "rows.jsonl").write_bytes((tmp_path / "out.jsonl").read_bytes())
    second = made.curate()
    after = {row.id: row for row in made.opened.rows(second, "train")}
    assert second.system == first.system == SYSTEM and set(before) == set(after)
    for identity, row in before.items():
        again = after[identity]
        assert (row.name, row.group, row.time, row.slices) == (again.name, again.group, again.time, again.slices)


def test_preferences_are_written_with_the_instruction(project: Callable[..., Project], tmp_path: Path) -> None:
    made = project(rows())
    dataset = made.curate()
    made.export(dataset.id, "preference", tmp_path / "pairs.jsonl")
    (line,) = (json.loads(text) for text in (tmp_path / "pairs.jsonl").read_text("utf-8").splitlines())
    assert line == {
        "prompt": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Is the lamp in stock?"}],
        "chosen": [{"role": "assistant", "content": "It is."}],
        "rejected": [{"role": "assistant", "content": "Dunno."}],
    }
    (tmp_path / "rows.jsonl").write_bytes((tmp_path / "pairs.jsonl").read_bytes())
    again = made.curate()
    (row,) = made.opened.rows(again, "train")
    assert row.id in set(dataset.splits["train"])


def test_no_preference_is_told(project: Callable[..., Project], tmp_path: Path) -> None:
    made = project(rows()[:12])
    dataset = made.curate()
    with pytest.raises(InputError, match="no row can be written as preference"):
        made.export(dataset.id, "preference", tmp_path / "pairs.jsonl")
    assert not (tmp_path / "pairs.jsonl").exists()


def test_rows_with_personal_data_do_not_leave(project: Callable[..., Project], tmp_path: Path) -> None:
    held = rows()
    held[2]["context"] = [f"Written by {MAIL}"]
    dataset = project(held, personal_data="keep").curate()
    out = tmp_path / "out.jsonl"
    with pytest.raises(InputError) as refused:
        project(held).export(dataset.id, "jsonl", out)
    assert "rows.jsonl:3 (context 1: email); nothing was written" in str(refused.value)
    assert MAIL not in str(refused.value) and not out.exists()
    project(held, personal_data="keep").export(dataset.id, "jsonl", out)
    assert MAIL in out.read_text("utf-8")
