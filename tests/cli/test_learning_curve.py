"""`strop learning-curve`: points at growing numbers of rows, what more would buy, or why that cannot be said."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strop import project

Strop = Callable[..., Any]
WORDS = {"refund": ["money", "return", "twice"], "delivery": ["parcel", "late", "courier"]}
FILLER = ["please", "hello", "today", "since", "order", "again", "my", "the", "thanks", "help"]


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    rng, lines = random.Random(5), []
    for number in range(160):
        label = sorted(WORDS)[number % 2]
        text = " ".join([*rng.sample(FILLER, 4), rng.choice(WORDS[label]), *rng.sample(FILLER, 4), f"{number:04d}"])
        lines.append(json.dumps({"text": text, "label": label}))
    (tmp_path / "tickets.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    made = project.init(tmp_path / "tickets", tmp_path / "tickets.jsonl", kind="classification")
    made.curate()
    made.store.close()
    return made.folder


def test_points_and_what_more_rows_buy_or_why_not(strop: Strop, ready: Path) -> None:
    ran = strop("--project", ready, "--json", "learning-curve", "--seeds", 2, "--html", ready / "curve.html")
    assert ran.json["html"] == str(ready / "curve.html") and "<svg" in (ready / "curve.html").read_text("utf-8")
    found = ran.json
    rows = [point["rows"] for point in found["points"]]
    assert len(rows) == 5 and rows == sorted(rows) and all(len(point["values"]) == 2 for point in found["points"])
    assert all(point["value"]["low"] <= point["value"]["value"] <= point["value"]["high"] for point in found["points"])
    assert found["more"] == rows[-1]  # fewer than 200 are there, and a curve is not followed beyond twice its rows
    # Whether these few rows allow a forecast is chance; what is said of it is not.
    assert (ran.code, found["gain"] is None, bool(found["refused"])) in ((0, False, False), (4, True, True))
    assert found["sentence"].startswith("Another " if ran.code == 0 else "No forecast: ")
    far = strop("--project", ready, "learning-curve", "--seeds", 2, "--more", 10 * rows[-1])
    assert far.code == 4 and f"{10 * rows[-1]} more rows are farther than {rows[-1]} rows can tell" in far.out
    assert all(f"{count} rows" in far.out for count in rows)


def test_a_method_that_trains_nothing_is_the_users_mistake(strop: Strop, ready: Path) -> None:
    ran = strop("--project", ready, "learning-curve", "--method", "prompt")
    assert ran.code == 2 and "no method that is trained is called prompt" in ran.err and "Traceback" not in ran.err
