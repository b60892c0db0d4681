"""`strop curated-vs-raw`: the arms with what curation gains over each, or that it is not shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strop import project

Strop = Callable[..., Any]
WORDS = {"delivery": ("parcel", "late", "courier"), "refund": ("money", "return", "twice")}
LETTERS = "abcdefghij"


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    lines = []
    for number in range(160):
        label = sorted(WORDS)[number % 2]
        case = "".join(LETTERS[int(digit)] for digit in f"{number * 7919 % 100000:05d}")
        lines.append({"text": f"{WORDS[label][number // 2 % 3]} again case {case} of {case[::-1]}", "label": label})
    train, held = lines[:120], lines[120:]
    for name, rows in (("train", [*train, *train[:30]]), ("validation", held)):  # thirty copies, which curation drops
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data:\n  sources: [{path: train.jsonl, split: train}, {path: validation.jsonl, split: validation}]\n"
        "  splits: {test: 0}\n",
        "utf-8",
    )
    made = project.open(tmp_path)
    made.curate()
    made.store.close()
    return tmp_path


def test_each_choice_of_rows_with_its_gain(strop: Strop, ready: Path) -> None:
    ran = strop("--project", ready, "--json", "curated-vs-raw", "--seeds", 2)
    arms = {arm["name"]: arm for arm in ran.json["arms"]}
    assert list(arms) == ["curated", "raw", "random, as many", "longest, as many"]
    assert arms["raw"]["rows"] > arms["curated"]["rows"] == arms["random, as many"]["rows"]
    assert all(len(arm["values"]) == 2 for arm in arms.values())
    assert ran.code == (0 if ran.json["sentence"].startswith("Curation helped") else 4)
    told = strop("--project", ready, "curated-vs-raw", "--seeds", 2)
    assert told.code == ran.code and "●" in told.out and "random, as many" in told.out


def test_rows_that_changed_are_the_users_to_curate(strop: Strop, ready: Path) -> None:
    with (ready / "train.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps({"text": "the parcel went elsewhere", "label": "delivery"}) + "\n")
    ran = strop("--project", ready, "curated-vs-raw")
    assert ran.code == 2 and "changed since this dataset was made" in ran.err and "Traceback" not in ran.err
