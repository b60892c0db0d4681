"""Rows that a person is asked to judge, because their fault is a matter of judgement; and what became of the answers.

What is said of a row holds for that row as it was read: the next curation puts the right answer in its place, or doubts
it no longer.
"""

from __future__ import annotations

from collections.abc import Sequence

from strop.curate import Reviewed, is_judged
from strop.errors import InputError
from strop.project.listening import keep_review
from strop.project.opened import Opened
from strop.records import JSON, Dataset, Example, Fault, Judgement, Record, Split, new_id, now


def fault_lines(project: Opened, dataset: Dataset) -> list[Fault]:
    """The fault table of a version, in the order of its rows; empty for versions that an older strop made."""
    return list(project.store.artifacts.read_jsonl(dataset.fault_table, Fault)) if dataset.fault_table else []


class DoubtfulRow(Record):
    """A row with a judged fault, as a person sees it."""

    id: str
    place: str
    split: Split
    question: str
    answer: str
    fault: str
    score: float
    because: str


def waiting(project: Opened) -> list[DoubtfulRow]:
    """Rows of the newest dataset that nobody judged yet, the most doubtful first; a row under its worst fault.

    Of the test set only labels are asked about that the rows to train on contradict: a wrong one there spoils a
    verdict, and no candidate's answer has a part in which are asked about.
    """
    dataset = project.store.latest(Dataset)
    if dataset is None:
        return []
    done = {judgement.subject for judgement in project.store.traffic.said("row")}
    splits: dict[str, Split] = {i: split for split, ids in dataset.splits.items() for i in ids if i not in done}
    rows = project.store.examples_by_id(set(splits))
    found: dict[str, DoubtfulRow] = {}
    for fault in sorted(fault_lines(project, dataset), key=lambda fault: fault.score):
        row = rows.get(fault.example or "")
        if row is None or not fault.is_fault or not is_judged(fault.fault, dataset.kind) or row.id in found:
            continue
        if splits[row.id] != "test" or fault.fault == "label_suspect":
            found[row.id] = DoubtfulRow(
                id=row.id, place=fault.place, split=splits[row.id], question=row.input,
                answer=row.reference or "", fault=fault.fault, score=fault.score, because=fault.evidence,
            )  # fmt: skip
    return list(found.values())


def judge(project: Opened, row: str, *, correction: str | None, by: str, key: str) -> tuple[Judgement, bool]:
    """Store what a person said of a row: its answer is right (no correction), or what it should be; whether it is new.

    Raises InputError for a label that the task does not have.
    """
    example = project.store.get(row, Example)
    right = (
        None if correction is None or correction.strip() == (example.reference or "").strip() else correction.strip()
    )
    dataset = project.store.latest(Dataset)
    if right is not None and dataset is not None and dataset.labels and right not in dataset.labels:
        raise InputError(f"{right[:80]!r} is no label of this task", remedy=f"one of {', '.join(dataset.labels)}")
    value: dict[str, JSON] = {"opinion": "good"} if right is None else {"opinion": "fix", "correction": right}
    made = Judgement(
        id=new_id("jdg"), subject=row, kind="row", value=value, by=by, source="review", trusted=True, key=key,
        created=now(),
    )  # fmt: skip
    return keep_review(project, made)


def judgements(project: Opened) -> list[Judgement]:
    """The newest word on each row, in a fixed order."""
    newest: dict[str, Judgement] = {}
    for one in project.store.traffic.said("row"):  # newest first
        newest.setdefault(one.subject, one)
    return sorted(newest.values(), key=lambda one: one.id)


def reviewed(said: Sequence[Judgement]) -> dict[str, Reviewed]:
    """By the identity of the row as it was read. What was forgotten has no words and says nothing."""
    found = {}
    for one in said:
        if isinstance(one.value, dict) and one.value.get("opinion") in ("good", "fix"):
            correction = one.value.get("correction")
            if one.value["opinion"] == "good" or isinstance(correction, str):
                found[one.subject] = Reviewed(one.id, correction if isinstance(correction, str) else None)
    return found
