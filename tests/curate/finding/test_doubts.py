"""Doubtful labels and rows off the topic: planted ones are found, they stay, and thresholds move without a new look."""

from __future__ import annotations

import random
from typing import Any

from strop.curate import Kept
from strop.records import Progress

QUEUES = {
    "app": ["login", "screen", "update", "crash", "password", "phone"],
    "cards": ["card", "chip", "plastic", "contactless", "swallowed", "pin"],
    "identity": ["passport", "verify", "selfie", "document", "proof", "name"],
    "loans": ["loan", "mortgage", "lend", "borrow", "rate", "instalment"],
    "top up": ["top", "added", "loaded", "cheque", "deposit", "credited"],
    "transfers": ["transfer", "recipient", "sent", "wire", "beneficiary", "arrived"],
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
    """Tickets of six queues, each with two to five words of its queue: some are clearer than others."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        queue = sorted(QUEUES)[number % 6]
        words = rng.sample(QUEUES[queue], rng.randint(2, 5)) + rng.sample(FILLERS, 5)
        rng.shuffle(words)
        made.append({"text": " ".join(words), "label": queue})
    return made


def planted(count: int = 480) -> tuple[list[dict[str, Any]], set[int], set[int]]:
    """Rows, the lines whose label was changed, and the lines that have nothing to do with any queue."""
    rows = rows_of(count)
    changed = set(range(5, count, 40))
    for line in changed:
        rows[line - 1]["label"] = sorted(QUEUES)[(line + line // 40 % 5) % 6]  # another queue's
    odd = ["bake bread", "who won in Rome", "rain likely at noon", "quiet jazz"]
    strange = set(range(count + 1, count + 5))
    rows += [{"text": text, "label": sorted(QUEUES)[number % 6]} for number, text in enumerate(odd)]
    return rows, changed, strange


def test_planted_ones_are_flagged_and_stay(bench: Any) -> None:
    rows, changed, strange = planted()
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data=NO_SPLITS)
    assert curated.rows.kept == len(rows)
    found = {fault.line: fault for fault in curated.fault_table if fault.fault == "label_suspect" and fault.is_fault}
    assert set(found) <= changed | strange and len(set(found) & changed) > len(changed) / 2
    first = found[min(set(found) & changed)]
    assert first.evidence.startswith("labelled ") and "rows like it are " in first.evidence
    likely = rows_of(480)[first.line - 1]["label"]
    assert repr(likely) in first.evidence and first.example in curated.examples
    assert first.related and all(rows[int(place.rsplit(":")[1]) - 1]["label"] == likely for place in first.related)
    off = sorted((fault for fault in curated.fault_table if fault.fault == "off_topic"), key=lambda fault: fault.score)
    assert strange <= {fault.line for fault in off[:8]}
    assert off[0].is_fault and not off[8].is_fault and off[0].evidence.startswith("hardly like the rows of any label: ")
    assert curated.faults["label_suspect"] == len(found)


def test_every_row_has_a_score_and_a_named_threshold_sets_rows_aside(bench: Any) -> None:
    rows, changed, _ = planted()
    bench.write("a.jsonl", rows)
    loose = bench.run(["a.jsonl"], data=NO_SPLITS)
    scores = {fault.line: fault.score for fault in loose.fault_table if fault.fault == "label_suspect"}
    assert len(scores) == len(rows)
    strict = bench.run(["a.jsonl"], data={**NO_SPLITS, "faults": {"label_suspect": 0.9}})
    gone = {line.line for line in strict.ledger if line.reason == "label_suspect"}
    assert gone == {line for line, score in scores.items() if score < 0.9}
    assert len(gone & changed) > len(changed) / 2
    assert {line.action for line in strict.ledger if line.line in gone} == {"quarantined"}


def test_what_is_known_is_not_computed_again_and_gives_the_same(bench: Any) -> None:
    rows, _, _ = planted()
    bench.write("a.jsonl", rows)
    seen: list[Any] = []

    def looked() -> bool:
        return any(isinstance(event, Progress) and event.task == "other rows" for event in seen)

    first = bench.run(["a.jsonl"], data=NO_SPLITS, on_event=seen.append)
    assert looked()
    seen.clear()
    known: dict[str, dict[str, float]] = {}
    for fault in first.fault_table:
        known.setdefault(fault.fault, {})[fault.example] = fault.score
    again = bench.run(["a.jsonl"], data=NO_SPLITS, kept=Kept(scores=known), on_event=seen.append)
    assert not looked()
    assert [(f.line, f.fault, f.is_fault, f.score) for f in again.fault_table] == [
        (f.line, f.fault, f.is_fault, f.score) for f in first.fault_table
    ]


def test_good_rows_raise_no_doubt(bench: Any) -> None:
    bench.write("a.jsonl", rows_of(300))
    assert bench.run(["a.jsonl"], data=NO_SPLITS).faults == {}


def test_rare_labels_are_not_judged(bench: Any) -> None:
    rows, _, _ = planted()
    bench.write("a.jsonl", [*rows, {"text": "card chip pin swallowed", "label": "rare"}])
    curated = bench.run(["a.jsonl"], data=NO_SPLITS)
    assert len(rows) + 1 not in {fault.line for fault in curated.fault_table if fault.fault == "label_suspect"}


def test_rows_that_a_file_holds_out_are_doubted_by_the_others_and_stay(bench: Any) -> None:
    rows, _, _ = planted()
    wrong = {"text": "transfer recipient wire sent beneficiary now", "label": "cards"}
    right = {"text": "transfer recipient sent wire arrived now", "label": "transfers"}
    bench.write("train.jsonl", rows)
    bench.write("test.jsonl", [wrong, right])
    named = {"faults": {"label_suspect": 0.5}}
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}], data=named)
    table = {fault.line: fault for fault in curated.fault_table if fault.source == "test.jsonl"}
    assert table[1].is_fault and "rows like it are 'transfers'" in table[1].evidence and not table[2].is_fault
    assert all(place.startswith("train.jsonl:") for place in table[1].related)
    assert len(curated.splits["test"]) == 2
    # They say nothing of the rows that are trained on.
    bench.write("alone.jsonl", rows)
    alone = bench.run(["alone.jsonl"], data=NO_SPLITS)
    scores = {fault.line: fault.score for fault in alone.fault_table if fault.fault == "label_suspect"}
    table = {f.line: f.score for f in curated.fault_table if f.fault == "label_suspect" and f.source == "train.jsonl"}
    assert scores == table


def test_too_few_rows_tell_nothing(bench: Any) -> None:
    bench.write("a.jsonl", rows_of(90))
    assert bench.run(["a.jsonl"], data=NO_SPLITS).fault_table == []


def described(count: int) -> list[dict[str, Any]]:
    """Attributes in words of their own: what stands in the input does not stand in the answer."""
    rng = random.Random(2)
    said = {
        "warmth": {"low": "for mild nights", "high": "for frost and snow"},
        "use": {"camping": "made to sleep in beside the lake", "running": "made to race in on hard roads"},
        "care": {"machine": "goes into the washer", "hand": "wants a gentle soak"},
    }
    made = []
    for number in range(count):
        chosen = {name: rng.choice(sorted(values)) for name, values in said.items()}
        words = [said[name][value] for name, value in chosen.items()]
        given = "\n".join([f"name: Thing {number}", *(f"{name}: {value}" for name, value in chosen.items())])
        opening = rng.choice(["Look", "See here", "New this year", "Back again"])
        made.append({"prompt": given, "completion": f"{opening}: it is {words[0]}, {words[1]}, and {words[2]}."})
    return made


def test_answers_that_do_not_fit_their_attributes_are_flagged(bench: Any) -> None:
    rows = described(200)
    wrong = [11, 60, 133]
    for line in wrong:
        given = rows[line - 1]["prompt"]
        old, new = ("camping", "running") if "use: camping" in given else ("running", "camping")
        rows[line - 1]["prompt"] = given.replace(f"use: {old}", f"use: {new}")
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "generation"}, data=NO_SPLITS)
    table = [fault for fault in curated.fault_table if fault.fault == "unsupported_answer"]
    found = [fault for fault in table if fault.is_fault]
    assert [fault.line for fault in found] == wrong
    assert all(fault.evidence.startswith("use: ") and "such answers have" in fault.evidence for fault in found)
    assert curated.rows.kept == len(table) == len(rows)


def test_a_value_that_stands_in_the_answer_is_supported_whatever_others_say(bench: Any) -> None:
    rows = described(200)
    told = "Look: it is for mild nights, made to sleep in beside the lake while running, and wants a gentle soak."
    rows[20] = {"prompt": "name: Thing 20\nwarmth: low\nuse: running\ncare: hand", "completion": told}
    rows[21] = {
        **rows[20],
        "prompt": rows[20]["prompt"].replace("20", "21"),
        "completion": told.replace("running", "out"),
    }
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "generation"}, data=NO_SPLITS)
    scores = {fault.line: fault.score for fault in curated.fault_table if fault.fault == "unsupported_answer"}
    assert scores[22] < 0.5 < scores[21]


def many_flipped(count: int = 480) -> tuple[list[dict[str, Any]], set[int]]:
    """Rows of which one in ten has another queue's label, and their lines."""
    rows = rows_of(count)
    changed = set(range(5, count, 10))
    for line in changed:
        rows[line - 1]["label"] = sorted(QUEUES)[(line + 1 + line // 10 % 4) % 6]
    return rows, changed


def test_training_rows_with_doubted_labels_wait_and_held_out_ones_stay(bench: Any) -> None:
    rows, changed = many_flipped()
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0.25}, "doubted_labels": "wait"})
    waiting = {row.origin.line for row in curated.waiting}
    assert len(waiting & changed) > 0.6 * len(waiting) and len(waiting) > 10
    lines = {line.line: line for line in curated.ledger}
    assert {lines[line].action for line in waiting} == {"quarantined"}
    assert all(lines[line].detail.startswith("waits for a person: labelled ") for line in waiting)
    faulty = {fault.line for fault in curated.fault_table if fault.fault == "label_suspect" and fault.is_fault}
    held = {line for line in faulty if lines[line].reason == "split_test"}
    assert held and waiting == faulty - held
    assert not {row.id for row in curated.waiting} & set(curated.examples)


def test_among_few_rows_none_waits_by_itself(bench: Any) -> None:
    bench.write("a.jsonl", many_flipped(480)[0])
    assert bench.run(["a.jsonl"], data=NO_SPLITS).waiting == ()
    assert len(bench.run(["a.jsonl"], data={**NO_SPLITS, "doubted_labels": "wait"}).waiting) > 10


def test_labels_that_do_not_hang_on_the_texts_set_no_row_aside(bench: Any) -> None:
    rng = random.Random(7)
    words = [f"word{n}" for n in range(400)]
    rows = [{"text": " ".join(rng.choices(words, k=12)), "label": f"queue {rng.randrange(15)}"} for _ in range(1_200)]
    bench.write("a.jsonl", rows)
    seen: list[Any] = []
    curated = bench.run(["a.jsonl"], data=NO_SPLITS, on_event=seen.append)
    assert curated.waiting == () and curated.rows.kept == 1_200
    assert any("No row waits for that" in getattr(event, "text", "") for event in seen)


def test_few_wrong_labels_stay_and_the_settings_have_the_last_word(bench: Any) -> None:
    rows, _, _ = planted()
    bench.write("few.jsonl", rows)
    few = bench.run(["few.jsonl"], data=NO_SPLITS)
    assert few.waiting == () and few.faults["label_suspect"] > 0
    told = bench.run(["few.jsonl"], data={**NO_SPLITS, "doubted_labels": "wait"})
    assert {row.origin.line for row in told.waiting} == {
        fault.line for fault in few.fault_table if fault.fault == "label_suspect" and fault.is_fault
    }
    bench.write("many.jsonl", many_flipped()[0])
    many = bench.run(["many.jsonl"], data={**NO_SPLITS, "doubted_labels": "stay"})
    assert many.waiting == () and many.rows.kept == 480 and many.faults["label_suspect"] > 20


def test_texts_without_a_common_word_have_no_doubted_label(bench: Any) -> None:
    signs = [{"text": "🙂" * (n + 1) if n % 2 else "?!" * (n + 1), "label": "ab"[n // 2 % 2]} for n in range(120)]
    bench.write("signs.jsonl", signs)
    assert "label_suspect" not in bench.run(["signs.jsonl"], data={"near_duplicate": 1}).faults
