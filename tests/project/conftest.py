"""Projects of tickets in two queues on the fake base, each with something that runs today."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strop.project import Project, open_project

WORDS = {
    "cards": ("my card was stolen", "the card does not arrive", "card blocked after three tries"),
    "refunds": ("I want my money back", "where is the refund", "the refund is not on my account"),
}

FILES = {"train": (0, 1, 2), "validation": (3,), "test": (4,)}
"""Which tickets of five stand in which file."""


def tickets(count: int = 30) -> list[tuple[str, str, str]]:
    """Id, text and queue of each ticket."""
    return [
        (f"t{number:03}-{place}-{queue}", f"{text}, case {number} {'abcdefghij'[number % 10] * 3}", queue)
        for number in range(count)
        for queue, texts in WORDS.items()
        for place, text in enumerate(texts)
    ]


def write_project(folder: Path, incumbent: Any = None, *, methods: str = "prompt, lora", more: str = "") -> None:
    """A project's folder: its rows, and a strop.yaml that names what runs today."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, turns in FILES.items():
        lines = [f'{name},"{text}",{queue}' for name, text, queue in tickets() if int(name[1:4]) % 5 in turns]
        (folder / f"{file}.csv").write_text("\n".join(["ticket_id,text,queue", *lines]) + "\n", "utf-8")
    today = f"  incumbent: {json.dumps(incumbent)}\n" if incumbent is not None else ""
    (folder / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data:\n  columns: {input: text, output: queue, id: ticket_id}\n"
        "  sources: [train.csv, {path: validation.csv, split: validation}, {path: test.csv, split: test}]\n"
        f"ladder:\n  bases: [fake-small]\n  methods: [{methods}]\n{today}"
        "decision: {guard: {general_ability: null}, primary: {accuracy: {margin: 0.05}}}\n" + more,
        "utf-8",
    )


@pytest.fixture
def rows() -> list[tuple[str, str, str]]:
    """Id, text and queue of each ticket."""
    return tickets()


@pytest.fixture
def make(tmp_path: Path, fake_cache: Path) -> Iterator[Callable[..., Project]]:
    """``make(incumbent)``: a curated project; asked again, the same folder with other settings."""
    opened: list[Project] = []

    def project(incumbent: Any = None, **options: Any) -> Project:
        write_project(tmp_path / "tickets", incumbent, **options)
        found = open_project(tmp_path / "tickets")
        opened.append(found)
        found.curate()
        return found

    yield project
    for one in opened:
        one.store.close()
