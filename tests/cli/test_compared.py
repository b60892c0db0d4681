"""`strop compare`: every method with its quality, price and what it forgot, and whether the last one was worth it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strop import project

Strop = Callable[..., Any]


@pytest.fixture
def ready(tmp_path: Path, fake_cache: Path) -> Path:
    lines = []
    for number in range(80):
        label = ("refund", "delivery")[number % 2]
        words = {"refund": "money back twice", "delivery": "parcel late courier"}[label]
        lines.append({"text": f"{words} case {chr(97 + number % 26)}{number * 7919 % 977}", "label": label})
    for name, rows in (("train", lines[:50]), ("validation", lines[50:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\nladder: {bases: [fake-small]}\n"
        "data:\n  sources: [{path: train.jsonl, split: train}, {path: validation.jsonl, split: validation}]\n"
        "  splits: {test: 0}\ndecision: {primary: {accuracy: {margin: 0.1}}}\n",
        "utf-8",
    )
    made = project.open(tmp_path)
    made.curate()
    made.store.close()
    return tmp_path


def test_each_method_and_whether_the_last_was_worth_it(strop: Strop, ready: Path) -> None:
    ran = strop("--project", ready, "--json", "compare", "classical", "lora", "full", "--rates", 2)
    arms = {arm["method"]: arm for arm in ran.json["arms"]}
    assert list(arms) == ["classical", "lora", "full"] and ran.json["margin"] == 0.1
    assert arms["full"]["difference"] is None  # it is what the others are held against
    assert {"value", "low", "high", "n"} <= set(arms["lora"]["difference"])
    rates = [trial["learning_rate"] for trial in arms["lora"]["tried"]]
    assert len(rates) >= 2 and arms["lora"]["learning_rate"] in rates and arms["classical"]["tried"] == []
    assert arms["lora"]["cpu_seconds"] > 0 and ran.json["verdict"] in ("worth", "not_worth", "undecided")
    assert ran.code == (4 if ran.json["verdict"] == "undecided" else 0)
    twice = strop("--project", ready, "compare", "classical", "lora", "--rates", 1, "--seeds", 2)
    assert twice.out.count(" by seed: ") == 2  # the spread is told
    told = strop("--project", ready, "compare", "classical", "lora", "full", "--rates", 2)
    assert told.code == ran.code and ran.json["sentence"].split(":")[0] in " ".join(told.out.split())


@pytest.mark.parametrize("methods", [("lora",), ("lora", "lora")])
def test_two_different_methods_are_needed(strop: Strop, ready: Path, methods: tuple[str, ...]) -> None:
    ran = strop("--project", ready, "compare", *methods)
    assert ran.code == 2 and "needs two methods" in ran.err and "Traceback" not in ran.err
    assert strop("--project", ready, "compare", "lora", "prompt").code == 2
