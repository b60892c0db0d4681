"""Faults beyond labels and surfaces: odd lengths, rare labels, answers that their input does not hold, strangers."""

from __future__ import annotations

import json
import random
from typing import Any

from strop.records import Said

NO_SPLITS = {"splits": {"validation": 0, "test": 0}}
PLACES = ["liver", "kidney", "lung", "heart", "brain", "skin", "colon", "spleen"]
DRUGS = ["aspirin", "heparin", "lithium", "morphine", "caffeine", "insulin", "warfarin", "codeine"]


def entities(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Sentences on drugs and organs, with the drug as the entity."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        drug, place = rng.choice(DRUGS), rng.choice(PLACES)
        case = f"case {chr(97 + number % 26)}{number}"
        text = f"Patients with a weak {place} were given {drug} and observed over several days, {case}."
        rows.append({"prompt": text, "completion": json.dumps([{"text": drug, "type": "Drug"}])})
    return rows


def faulty(curated: Any, fault: str) -> dict[int, Any]:
    return {one.line: one for one in curated.fault_table if one.fault == fault and one.is_fault}


def test_a_row_of_another_length_is_an_outlier_for_a_person(bench: Any, tickets: Any) -> None:
    rows = tickets(120)
    rows.append({"text": " ".join(f"and then word{n} came" for n in range(150)), "label": "a"})
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={**NO_SPLITS, "max_tokens": 4000})
    found = faulty(curated, "outlier")
    assert list(found) == [121] and found[121].evidence.startswith("length of the question: ")
    assert 0 < found[121].score < 0.5 and curated.rows.kept == 121
    named = bench.run(["a.jsonl"], data={**NO_SPLITS, "max_tokens": 4000, "faults": {"outlier": 0.5}})
    assert named.reasons == {"outlier": 1} and [row.origin.line for row in named.waiting] == [121]


def test_numbers_that_many_rows_have_make_none_an_outlier(bench: Any, tickets: Any) -> None:
    rows = tickets(120)
    for number in range(0, 120, 6):
        rows[number]["text"] += f" {number * 7919 % 99991} {number * 104729 % 99991}"
    bench.write("a.jsonl", rows)
    assert len(faulty(bench.run(["a.jsonl"], data=NO_SPLITS), "outlier")) <= 2


def test_rare_labels_and_slices_are_told_with_what_they_do_and_stay(bench: Any, tickets: Any) -> None:
    rows = tickets(200)
    for number, row in enumerate(rows):
        row["label"] = "c" if number in (50, 120, 121) else row["label"]
        row["meta"] = {"language": "de" if number in (7, 8) else "en"}
    bench.write("a.jsonl", rows)
    seen: list[Any] = []
    data = {**NO_SPLITS, "columns": {"slices": ["language"]}}
    curated = bench.run(["a.jsonl"], data=data, on_event=seen.append)
    found = faulty(curated, "imbalance")
    assert set(found) == {8, 9, 51, 121, 122} and curated.rows.kept == 200
    assert found[51].evidence == "label 'c': 3 of 200 rows, an even share is 67"
    assert found[8].evidence == "language 'de': 2 of 200 rows, an even share is 100"
    (told,) = [event.text for event in seen if isinstance(event, Said) and event.text.startswith("Rare: ")]
    assert "label 'c' 3 rows to train on, none in the test set" in told and "macro-F1" in told
    quiet = bench.run(["a.jsonl"], data={**data, "faults": {"imbalance": 0.01}})
    assert not faulty(quiet, "imbalance") and any(one.fault == "imbalance" for one in quiet.fault_table)


def test_an_entity_that_stands_nowhere_in_its_text_is_not_supported(bench: Any) -> None:
    rows = entities(120)
    rows[30]["completion"] = json.dumps([{"text": "aspirin", "type": "Drug"}, {"text": "penicillin", "type": "Drug"}])
    bench.write("a.jsonl", rows)
    found = faulty(bench.run(["a.jsonl"], task={"kind": "extraction"}, data=NO_SPLITS), "unsupported_answer")
    assert list(found) == [31] and "penicillin" in found[31].evidence and found[31].score < 0.05


def test_a_tenth_of_invented_entities_is_asked_about_row_by_row(bench: Any) -> None:
    rows = entities(120)
    for row in rows[:12]:
        row["completion"] = json.dumps([*json.loads(row["completion"]), {"text": "gold salts", "type": "Drug"}])
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "extraction"}, data=NO_SPLITS)
    assert list(faulty(curated, "unsupported_answer")) == list(range(1, 13)) and curated.rows.kept == 120


def test_an_extraction_that_is_no_json_is_no_answer_and_one_that_stops_is_truncated(bench: Any) -> None:
    rows = entities(120)
    rows[4]["completion"], rows[9]["completion"] = "I see no drug in this sentence.", rows[9]["completion"][:-9]
    rows[20]["completion"] = "[]"
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "extraction"}, data=NO_SPLITS)
    found = {line.line: line.reason for line in curated.ledger if line.reason}
    assert found == {5: "no_answer", 10: "truncated"}
    for row in rows[:60]:
        row["completion"] = json.loads(rows[100]["completion"])[0]["text"]
    bench.write("b.jsonl", rows)
    assert bench.run(["b.jsonl"], task={"kind": "extraction"}, data=NO_SPLITS).rows.kept == 120


def test_a_stranger_among_few_rows_of_one_kind_is_one_though_it_lies_nearer(bench: Any) -> None:
    rng = random.Random(3)
    names, ways = ("tax", "rent", "wage", "loan"), ("paid", "due", "late", "sent", "owed")
    rows = [
        {
            "text": f"Your {name} bill number {n} is {rng.choice(ways)} and {rng.choice(ways)} by the bank today",
            "label": name,
        }
        for n in range(60)
        for name in names
    ]
    rows.append({"text": "The number of legs by which a spider is known and told", "label": "tax"})
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={**NO_SPLITS, "near_duplicate": 1})
    assert list(faulty(curated, "off_topic")) == [241]


def test_a_summary_with_a_number_or_name_from_nowhere_is_not_supported(bench: Any) -> None:
    rows = [
        {
            "prompt": f"The tenant of flat {n} pays rent by the fifth day of each month to Harbour Homes.",
            "completion": f"Rent for flat {n} is due by the fifth day.",
        }
        for n in range(60)
    ]
    rows[10]["completion"] = "Rent for flat 10 is due by the fifth day, and Bolt Bank charges 25 euros."
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "summarisation"}, data={**NO_SPLITS, "near_duplicate": 1})
    found = faulty(curated, "unsupported_answer")
    assert list(found) == [11] and "Bolt" in found[11].evidence and "25 €" in found[11].evidence


def test_chat_rests_on_documents_only_where_there_are_some(bench: Any) -> None:
    rows = [
        {"prompt": f"Who opened shop {n}?", "completion": f"That was Ada Nilsson in {1900 + n}."} for n in range(60)
    ]
    bench.write("a.jsonl", rows)
    plain = bench.run(["a.jsonl"], task={"kind": "chat"}, data={**NO_SPLITS, "near_duplicate": 1})
    assert not [one for one in plain.fault_table if one.fault == "unsupported_answer"]
    with_documents = [
        {**row, "context": [f"Shop {n} was opened by Ada Nilsson in {1900 + n}."]} for n, row in enumerate(rows)
    ]
    with_documents[5]["completion"] = "That was Eva Berg in 1905."
    bench.write("b.jsonl", with_documents)
    data = {**NO_SPLITS, "near_duplicate": 1, "columns": {"context": "context"}}
    found = faulty(bench.run(["b.jsonl"], task={"kind": "chat"}, data=data), "unsupported_answer")
    assert list(found) == [6] and "Berg" in found[6].evidence


def test_what_most_answers_do_is_no_fault_but_keeps_its_score(bench: Any) -> None:
    rows = entities(120)
    for number in range(0, 120, 4):
        rows[number]["completion"] = json.dumps([{"text": "penicillin", "type": "Drug"}])
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "extraction"}, data=NO_SPLITS)
    assert not faulty(curated, "unsupported_answer")
    assert len([one for one in curated.fault_table if one.fault == "unsupported_answer"]) == 30


def test_a_stranger_among_questions_of_another_kind_is_asked_about(bench: Any) -> None:
    rows = entities(150)
    rows.append({"prompt": "Who won the cup final yesterday evening?", "completion": "[]"})
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "extraction"}, data=NO_SPLITS)
    found = faulty(curated, "off_topic")
    assert list(found) == [151] and found[151].evidence.startswith("hardly like other questions: ")
    assert curated.rows.kept == 151
