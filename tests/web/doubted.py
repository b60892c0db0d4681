"""A project with rows in doubt: 160 tickets in two queues whose words say which; six bear the other label."""

from __future__ import annotations

import json
from pathlib import Path

from strop.project import Project, open_project

THINGS = {"cards": ("card", "chip", "pin", "plastic"), "transfers": ("transfer", "wire", "recipient", "sent")}
FLIPPED = (11, 40, 71, 101, 131, 151)


def doubted(folder: Path, review: str = "guidelines: guide.md") -> Project:
    """Curated; ``review`` are its settings of that name."""
    rows = []
    for number in range(160):
        queue, other = ("cards", "transfers")[number % 2], ("transfers", "cards")[number % 2]
        words = [THINGS[queue][number // 2 % 4], THINGS[queue][number // 8 % 4], f"case{number}", f"day{number % 9}"]
        rows.append({"text": " ".join(words), "label": other if number in FLIPPED else queue})
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "guide.md").write_text("A lost card is <b>cards</b>; money on its way is transfers.\n", "utf-8")
    (folder / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data: {sources: [rows.jsonl], near_duplicate: 1, splits: {validation: 0, test: 0}}\n"
        f"review: {{{review}}}\n",
        "utf-8",
    )
    project = open_project(folder)
    project.curate()
    return project


def right(question: str) -> str:
    """The queue whose words a ticket holds."""
    return "cards" if question.split()[0] in THINGS["cards"] else "transfers"
