"""Held-out rows that changed in their file stay held out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from strop.curate import Before, Curated
from strop.records import Said

Tickets = Callable[..., list[dict[str, Any]]]


def before(version: Curated) -> Before:
    splits = {i: split for split, ids in version.splits.items() for i in ids}
    return Before(splits, lambda ids: [version.examples[i] for i in ids])


def asked(version: Curated, split: str) -> set[str]:
    return {version.examples[i].input for i in version.splits[split]}  # type: ignore[index]


@pytest.mark.parametrize(
    ("named", "edit"),
    [
        (True, lambda row: {**row, "label": "b" if row["label"] == "a" else "a"}),
        (False, lambda row: {**row, "label": "b" if row["label"] == "a" else "a"}),
        (True, lambda row: {**row, "text": row["text"] + " Now"}),
        (False, lambda row: {**row, "text": row["text"] + " Now"}),
    ],
)
@pytest.mark.parametrize("split", ["test", "validation"])
def test_a_held_out_row_that_was_corrected_in_its_file_stays_held_out(
    bench: Any, tickets: Tickets, named: bool, edit: Callable[[dict[str, Any]], dict[str, Any]], split: str
) -> None:
    rows = [{**row, "id": f"r{n}"} if named else row for n, row in enumerate(tickets(200))]
    bench.write("a.jsonl", rows)
    first = bench.run(["a.jsonl"])
    edited = sorted(asked(first, split))[:5]
    bench.write("a.jsonl", [edit(row) if row["text"] in edited else row for row in rows])
    heard: list[Any] = []
    second = bench.run(["a.jsonl"], previous=before(first), on_event=heard.append)
    now = {edit(row)["text"] for row in rows if row["text"] in edited}
    assert now <= asked(second, split)
    assert len(second.splits["test"]) == len(first.splits["test"])
    told = [event.text for event in heard if isinstance(event, Said) and "sealed test rows" in event.text]
    assert [text.split(" (")[0] for text in told] == (
        ["5 of 40 sealed test rows changed in their files and stay sealed, as they are now"] if split == "test" else []
    )


def test_another_row_in_the_place_of_a_sealed_one_does_not_take_its_seal(bench: Any, tickets: Tickets) -> None:
    rows = [{**row, "id": f"r{n}"} for n, row in enumerate(tickets(200))]
    bench.write("a.jsonl", rows)
    first = bench.run(["a.jsonl"])
    gone = sorted(asked(first, "test"))[:5]
    strange = "The violet umbrella of aunt Petunia whistles loudly on Sundays"
    bench.write("a.jsonl", [{**row, "text": strange} if row["text"] == gone[0] else row for row in rows])
    heard: list[Any] = []
    second = bench.run(["a.jsonl"], previous=before(first), on_event=heard.append)
    assert strange not in asked(second, "test") and len(second.splits["test"]) == 39
    assert "1 of 40 sealed test rows are not among the rows any more; no others take their place." in [
        event.text for event in heard if isinstance(event, Said)
    ]
