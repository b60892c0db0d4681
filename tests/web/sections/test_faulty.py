"""What the curation report says of each fault: how many rows, what became of them, what a person does."""

from __future__ import annotations

import html

import pytest
import samples

from strop.project.rows.quoting import FaultExample
from strop.records import Fault, LedgerLine
from strop.web import report
from strop.web.sections import faulty


def found(name: str, lines: range) -> list[Fault]:
    return [
        Fault(source="rows.jsonl", line=line, fault=name, is_fault=True, score=0.1, evidence="so") for line in lines
    ]


LEDGER = [
    LedgerLine(source="rows.jsonl", line=1, action="quarantined", reason="label_suspect"),
    LedgerLine(source="rows.jsonl", line=2, action="dropped", reason="exact_duplicate", of="rows.jsonl:9"),
    LedgerLine(source="rows.jsonl", line=3, action="kept"),
    LedgerLine(source="rows.jsonl", line=4, action="held_out", reason="split_test"),
]


def told(name: str, lines: range = range(1, 5), **changes: object) -> faulty.FaultyRows:
    faults = found(name, lines)
    context = samples.context(
        faults=faults, ledger=LEDGER, fault_examples={name: [FaultExample(fault=faults[0], asked="(a sealed row)")]}
    )
    subject = samples.dataset().model_copy(update={"kind": "classification", "faults": {name: len(faults)}, **changes})
    page = html.unescape(report.page(subject, context))
    (group,) = faulty.rows(subject, context)
    assert f"Such rows: {group.became}. What to do: {group.remedy}." in page
    assert "(a sealed row)</td>" in page, "no arrow to an answer that is not shown"
    return group


def test_of_each_fault_it_says_what_its_rows_became() -> None:
    assert told("label_suspect").became == "1 dropped, 1 quarantined, 2 stay"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("label_suspect", "or name its label in task.labels; strop review rows asks about each"),
        ("truncated", "complete it, or take it out"),
        ("exact_duplicate", "nothing: one copy stays"),
        ("outlier", "look whether it belongs to the task: strop review rows"),
    ],
)
def test_of_each_fault_it_says_what_to_do(name: str, words: str) -> None:
    assert told(name).remedy.endswith(words)


@pytest.mark.parametrize(("mode", "words"), [("mask", "nothing: it is replaced"), ("keep", "take it out of the row")])
def test_personal_data_that_was_replaced_asks_nothing_of_anybody(mode: str, words: str) -> None:
    assert told("personal_data", recipe={"data": {"personal_data": mode}}).remedy.startswith(words)
