"""Doubtful labels and rows off the topic: planted ones are found, they stay, and thresholds move without a new look."""

from __future__ import annotations

import random
from typing import Any

from strop.records import Progress

QUEUES = {
    "cards": ["card", "chip", "plastic", "contactless", "swallowed", "pin"],
    "transfers": ["transfer", "recipient", "sent", "wire", "beneficiary", "arrived"],
    "top up": ["top", "added", "loaded", "cheque", "deposit", "credited"],
}
FILLERS = [
    "please",
    "today",
    "again",
    "still",
    "yesterday",
    "abroad",
    "online",
    "twice",
    "friend",
    "help",
    "why",
    "since",
]
NO_SPLITS = {"splits": {"validation": 0, "test": 0}}


def rows_of(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Tickets of three queues, each with words of its queue."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        queue = sorted(QUEUES)[number % 3]
        words = rng.sample(QUEUES[queue], 3) + rng.sample(FILLERS, 5)
        rng.shuffle(words)
        made.append({"text": " ".join(words), "label": queue})
    return made


def planted(count: int = 240) -> tuple[list[dict[str, Any]], set[int], set[int]]:
    """Rows, the lines whose label was changed, and the lines that have nothing to do with any queue."""
    rows = rows_of(count)
    changed = set(range(5, count, 24))
    for line in changed:
        rows[line - 1]["label"] = sorted(QUEUES)[line % 3]  # the next queue's
    odd = ["bake bread", "who won in Rome", "rain likely at noon", "quiet jazz"]
    strange = set(range(count + 1, count + 5))
    rows += [{"text": text, "label": sorted(QUEUES)[number % 3]} for number, text in enumerate(odd)]
    return rows, changed, strange


def test_planted_ones_are_flagged_and_stay(bench: Any) -> None:
    rows, changed, strange = planted()
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data=NO_SPLITS)
    assert curated.rows.kept == len(rows)
    found = {fault.line: fault for fault in curated.fault_table if fault.fault == "label_suspect" and fault.is_fault}
    assert changed <= set(found) <= changed | strange
    first = found[min(changed)]
    assert first.evidence.startswith("labelled ") and "rows like it are " in first.evidence
    likely = rows_of(240)[first.line - 1]["label"]
    assert repr(likely) in first.evidence and first.example in curated.examples
    assert first.related and all(rows[int(place.rsplit(":")[1]) - 1]["label"] == likely for place in first.related)
    off = sorted((fault for fault in curated.fault_table if fault.fault == "off_topic"), key=lambda fault: fault.score)
    assert strange <= {fault.line for fault in off[:8]}
    assert off[0].is_fault and not off[8].is_fault and off[0].evidence.startswith("as near to any label as ")
    assert curated.faults["label_suspect"] == len(found)


def test_every_row_has_a_score_and_a_named_threshold_sets_rows_aside(bench: Any) -> None:
    rows, changed, _ = planted()
    bench.write("a.jsonl", rows)
    loose = bench.run(["a.jsonl"], data=NO_SPLITS)
    scores = {fault.line: fault.score for fault in loose.fault_table if fault.fault == "label_suspect"}
    assert len(scores) == len(rows)
    strict = bench.run(["a.jsonl"], data={**NO_SPLITS, "faults": {"label_suspect": 0.3}})
    gone = {line.line for line in strict.ledger if line.reason == "label_suspect"}
    assert gone == {line for line, score in scores.items() if score < 0.3} >= changed
    assert {line.action for line in strict.ledger if line.line in gone} == {"quarantined"}


def test_what_is_known_is_not_computed_again_and_gives_the_same(bench: Any) -> None:
    rows, _, _ = planted()
    bench.write("a.jsonl", rows)
    seen: list[Any] = []

    def looked() -> bool:
        return any(isinstance(event, Progress) and event.task == "labels" for event in seen)

    first = bench.run(["a.jsonl"], data=NO_SPLITS, on_event=seen.append)
    assert looked()
    seen.clear()
    known: dict[str, dict[str, float]] = {}
    for fault in first.fault_table:
        known.setdefault(fault.fault, {})[fault.example] = fault.score
    again = bench.run(["a.jsonl"], data=NO_SPLITS, scores=known, on_event=seen.append)
    assert not looked()
    assert [(f.line, f.fault, f.is_fault, f.score) for f in again.fault_table] == [
        (f.line, f.fault, f.is_fault, f.score) for f in first.fault_table
    ]


def test_good_rows_raise_no_doubt(bench: Any) -> None:
    bench.write("a.jsonl", rows_of(300))
    assert bench.run(["a.jsonl"], data=NO_SPLITS).faults == {}


def test_rows_that_a_file_holds_out_and_rare_labels_are_not_judged(bench: Any) -> None:
    rows, _, _ = planted()
    bench.write("train.jsonl", [*rows, {"text": "card chip pin swallowed", "label": "rare"}])
    bench.write("test.jsonl", [{"text": "transfer recipient wire sent now", "label": "cards"}])
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}])
    table = [fault for fault in curated.fault_table if fault.fault == "label_suspect"]
    assert {fault.source for fault in table} == {"train.jsonl"}
    assert len(rows) + 1 not in {fault.line for fault in table}


def test_too_few_rows_tell_nothing(bench: Any) -> None:
    bench.write("a.jsonl", rows_of(90))
    assert bench.run(["a.jsonl"], data=NO_SPLITS).fault_table == []
