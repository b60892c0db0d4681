"""The planted faults are what their key says, and a quick demo gets its share of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest

from strop import demo, privacy
from strop.measure.alike.near import near_duplicates
from strop.measure.answers.inclusion import inclusion
from strop.measure.writing.style import read_style, style_breaks
from strop.records import Reason

FOLDER = demo.data_folder()
LINES = (FOLDER / "train.jsonl").read_text("utf-8").split("\n")[:-1]
TEST = [json.loads(line) for line in (FOLDER / "test.jsonl").read_text("utf-8").split("\n")[:-1]]
KEY: list[dict[str, Any]] = [
    json.loads(line) for line in (FOLDER / "faults_key.jsonl").read_text("utf-8").split("\n")[:-1]
]


def _of_kind(kind: str) -> list[dict[str, Any]]:
    return [fault for fault in KEY if fault["kind"] == kind]


def _row(line: int) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(LINES[line - 1])
    return row


def _named(fault: dict[str, Any]) -> dict[str, Any]:
    """The row that a fault repeats or contradicts."""
    name, line = fault["of"].split(":")
    return _row(int(line)) if name == "train.jsonl" else TEST[int(line) - 1]


def _question(row: dict[str, Any]) -> str:
    return str(row["messages"][1]["content"])


def _answer(row: dict[str, Any]) -> str:
    return str(row["messages"][2]["content"])


def test_about_forty_faults_of_all_kinds() -> None:
    kinds = Counter(fault["kind"] for fault in KEY)
    assert 38 <= len(KEY) <= 45 and len(KEY) == len(LINES) - 240
    assert set(kinds) <= set(get_args(Reason))
    # Without the kinds that need a model or a selection to arise.
    assert set(get_args(Reason)) - set(kinds) == {
        "paraphrase_duplicate", "outlier", "imbalance", "label_suspect",
        "not_selected", "split_validation", "split_test",
    }  # fmt: skip


def test_ids_are_neutral() -> None:
    ids = [row["meta"]["id"] for line in LINES if line.endswith("}") and isinstance(row := json.loads(line), dict)]
    assert all(number.startswith("row-") for number in ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("fault", _of_kind("exact_duplicate"), ids=lambda f: f["line"])
def test_exact_duplicates(fault: dict[str, Any]) -> None:
    assert _row(fault["line"])["messages"] == _named(fault)["messages"]


@pytest.mark.parametrize("fault", _of_kind("near_duplicate"), ids=lambda f: f["line"])
def test_near_duplicates(fault: dict[str, Any]) -> None:
    row, twin = _row(fault["line"]), _named(fault)
    assert row["messages"] != twin["messages"]
    texts = ["\n".join(m["content"] for m in one["messages"][1:]) for one in (row, twin)]
    assert near_duplicates(texts, threshold=0.8)


@pytest.mark.parametrize("fault", _of_kind("conflicting_answers"), ids=lambda f: f["line"])
def test_conflicts(fault: dict[str, Any]) -> None:
    row, other = _row(fault["line"]), _named(fault)
    assert _question(row) == _question(other)
    assert not near_duplicates([_answer(row), _answer(other)], threshold=0.5)


@pytest.mark.parametrize("fault", _of_kind("leaks_evaluation"), ids=lambda f: f["line"])
def test_leaks(fault: dict[str, Any]) -> None:
    assert fault["of"].startswith("test.jsonl:")
    assert _question(_row(fault["line"])) == _question(_named(fault))


@pytest.mark.parametrize("fault", _of_kind("personal_data"), ids=lambda f: f["line"])
def test_personal_data_is_valid_and_only_there(fault: dict[str, Any]) -> None:
    row = _row(fault["line"])
    assert privacy.find(f"{_question(row)}\n{_answer(row)}")


def test_good_rows_hold_no_personal_data() -> None:
    spoiled = {fault["line"] for fault in KEY}
    rows = [_row(number) for number in range(1, len(LINES) + 1) if number not in spoiled]
    assert [row for row in [*rows, *TEST] if privacy.find(f"{_question(row)}\n{_answer(row)}")] == []


def test_unsupported_answers_miss_or_invent() -> None:
    for fault in _of_kind("unsupported_answer"):
        row = _row(fault["line"])
        missing = inclusion(_answer(row), row["expect"]["must_include"]).missing
        assert bool(missing) is fault["detail"].split(":")[0].endswith("missing")


def test_style_breaks_break_the_style() -> None:
    rules = read_style(json.loads((FOLDER / "style_guide.json").read_text("utf-8")))
    for fault in _of_kind("style_break"):
        row = _row(fault["line"])
        assert style_breaks(_answer(row), rules, row["expect"])


def test_broken_empty_and_long_rows() -> None:
    for fault in _of_kind("malformed"):
        try:
            messages = json.loads(LINES[fault["line"] - 1])["messages"]
        except ValueError:
            continue
        assert not isinstance(messages, list)
    assert all(not _question(_row(fault["line"])).strip() for fault in _of_kind("empty"))
    for fault in _of_kind("no_answer"):
        assert not any(m["role"] == "assistant" and m["content"] for m in _row(fault["line"])["messages"])
    assert all(len(_answer(_row(fault["line"])).split()) > 300 for fault in _of_kind("too_long"))
    assert all(not _answer(_row(fault["line"])).endswith(".") for fault in _of_kind("truncated"))


def test_a_quick_project_meets_most_kinds_of_faults(tmp_path: Path) -> None:
    demo.write_project_data(tmp_path, quick=True)
    copied = (tmp_path / "data" / "train.jsonl").read_text("utf-8").count("\n")
    kinds = Counter(fault["kind"] for fault in KEY if fault["line"] <= copied)
    assert copied == 80
    assert len(kinds) >= 13
