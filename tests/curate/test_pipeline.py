"""Curation as a whole: planted faults, splits, leaks, personal data, versions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from strop.curate import Curated, Kept, Reviewed, curate, diff
from strop.curate.alike.comparing import Comparison
from strop.curate.drafts import Draft
from strop.errors import InputError
from strop.records import Progress, Said
from strop.settings import Settings

Tickets = Callable[..., list[dict[str, Any]]]


def by_line(curated: Curated, source: str = "a.jsonl") -> dict[int, Any]:
    return {line.line: line for line in curated.ledger if line.source == source}


def test_planted_faults_get_their_reason_and_name_the_other_row(bench: Any, tickets: Tickets) -> None:
    rows = tickets(40)
    planted = [
        {**rows[0]},  # 41: exact
        {**rows[2], "text": rows[2]["text"].upper()},  # 42: exact but for case
        {**rows[4], "text": "Hello, " + rows[4]["text"] + " Thanks!"},  # 43: near
        {**rows[6], "label": "b"},  # 44: conflicts with 7
        {"text": "", "label": "a"},  # 45
        {"text": "What about no answer?", "label": ""},  # 46
        {"text": "so many words " * 3000, "label": "a"},  # 47
        {"other": "shape"},  # 48
    ]
    bench.write("a.jsonl", rows + planted)
    found = by_line(bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}}))
    told = {n: (found[n].action, found[n].reason, found[n].of) for n in (7, *range(41, 49))}
    assert told == {
        7: ("quarantined", "conflicting_answers", "a.jsonl:44"),
        41: ("dropped", "exact_duplicate", "a.jsonl:1"),
        42: ("dropped", "exact_duplicate", "a.jsonl:3"),
        43: ("dropped", "near_duplicate", "a.jsonl:5"),
        44: ("quarantined", "conflicting_answers", "a.jsonl:7"),
        45: ("quarantined", "empty", None),
        46: ("quarantined", "no_answer", None),
        47: ("quarantined", "too_long", None),
        48: ("quarantined", "malformed", None),
    }
    assert all(found[n].action == "kept" for n in range(1, 41) if n != 7)


def test_rows_that_differ_in_a_month_day_unit_or_currency_are_no_copies(bench: Any, tickets: Tickets) -> None:
    told = "I have written to you about the lamp and the four chairs that I had ordered and that shall come {} at last"
    slots = ["in March", "in May", "on Monday", "on Sunday", "within 3 days", "within 3 weeks", "for $10", "for €10"]
    asked = [told.format(slot) for slot in slots] + ["Send $10 to Ann", "Send €10 to Ann"]
    bench.write("a.jsonl", [*tickets(30), *({"text": text, "label": "a"} for text in asked)])
    plain = bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}})
    assert plain.reasons == {}


def test_the_fault_table_lists_evidence_and_relations(bench: Any, tickets: Tickets) -> None:
    rows = tickets(20)
    bench.write("a.jsonl", [*rows, rows[3]])
    curated = bench.run(["a.jsonl"])
    assert [(f.line, f.fault, f.score, f.related) for f in curated.fault_table] == [
        (21, "exact_duplicate", 0.0, ("a.jsonl:4",))
    ]
    assert curated.faults == {"exact_duplicate": 1}


def test_of_copies_the_one_stays_that_a_person_stands_for(bench: Any, tickets: Tickets) -> None:
    rows = tickets(40)
    person = {"meta": {"reviewer": "ann"}}
    later = [
        {**rows[0], **person},  # 41: exact
        {**rows[2], "text": "Hello, " + rows[2]["text"] + " Thanks!", **person},  # 42: near
        {**rows[4], "label": "b", **person},  # 43: contradicts 5, and is right
    ]
    bench.write("a.jsonl", rows + later)
    found = by_line(bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}}))
    told = {n: (found[n].action, found[n].reason, found[n].of) for n in (1, 3, 5, 41, 42, 43)}
    assert told == {
        1: ("dropped", "exact_duplicate", "a.jsonl:41"),
        3: ("dropped", "near_duplicate", "a.jsonl:42"),
        5: ("quarantined", "conflicting_answers", "a.jsonl:43"),
        **dict.fromkeys((41, 42, 43), ("kept", None, None)),
    }


def test_a_row_that_a_person_judged_is_nobodys_copy(bench: Any, tickets: Tickets) -> None:
    rows = tickets(20)
    near = [{**rows[2], "text": "Hello, " + rows[2]["text"] + " Thanks!"}]
    bench.write("a.jsonl", rows + near)
    splits = {"splits": {"validation": 0, "test": 0}}
    whole = bench.run(["a.jsonl"], data=splits)
    assert by_line(whole)[21].of == "a.jsonl:3"
    bench.write("b.jsonl", [*near, *tickets(3, 500)])
    identity = next(e.id for e in bench.run(["b.jsonl"], data=splits).examples.values() if e.origin.line == 1)
    said = {identity: Reviewed("jdg_1", None)}
    assert by_line(bench.run(["a.jsonl"], data=splits, reviewed=said))[3].of == "a.jsonl:21"
    both = said | {i: Reviewed("jdg_2", None) for i, e in whole.examples.items() if e.origin.line == 3}
    assert bench.run(["a.jsonl"], data=splits, reviewed=both).rows.kept == 21


def test_rows_called_training_are_compared_with_those_that_nobody_placed(bench: Any, tickets: Tickets) -> None:
    rows = tickets(40)
    bench.write("a.jsonl", rows)
    bench.write("more.jsonl", [rows[0], {**rows[2], "label": "b"}])
    curated = bench.run(
        ["a.jsonl", {"path": "more.jsonl", "split": "train"}], data={"splits": {"validation": 0, "test": 0}}
    )
    found = by_line(curated, "more.jsonl")
    assert [(found[n].reason, found[n].of) for n in (1, 2)] == [
        ("exact_duplicate", "a.jsonl:1"),
        ("conflicting_answers", "a.jsonl:3"),
    ]


def test_near_questions_with_different_labels_are_both_kept(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", [*tickets(20), {"text": "How do I top up by card now?", "label": "a"},
                            {"text": "Hi, how do I top up by card now", "label": "b"}])  # fmt: skip
    curated = bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}})
    assert curated.rows.kept == 22


def test_forms_filled_with_other_values_are_no_duplicates(bench: Any) -> None:
    rows = [
        {"prompt": f"name: Tent {n}\ntype: tent\nweight: {n} kg\ncolour: green\nseason: summer and autumn",
         "completion": f"The Tent {n} is a green tent of {n} kg for summer and autumn."}
        for n in range(50)
    ]  # fmt: skip
    rows.append({**rows[0], "completion": "the tent 0 is a green tent of 0 kg, for summer and autumn"})
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "generation"})
    assert curated.reasons.get("near_duplicate") == 1
    assert curated.rows.dropped == 1


def test_long_contracts_with_one_clause_exchanged_are_no_duplicates(bench: Any) -> None:
    excerpt = " ".join(f"clause{n} shall bind the parties" for n in range(40))
    claims = [
        "The receiver may copy the papers",
        "All papers must be destroyed at the end",
        "Employees may see the papers",
    ]
    rows = [{"text": f"Excerpt: {excerpt}\n\nStatement: {claim}.", "label": "yes"} for claim in claims]
    rows += [{"text": f"Something else entirely, {n} and {n * n}", "label": "no"} for n in range(10)]
    bench.write("a.jsonl", rows)
    assert bench.run(["a.jsonl"]).rows.dropped == 0


def test_free_answers_to_one_question_do_not_conflict(bench: Any, tickets: Tickets) -> None:
    rows = [{"prompt": row["text"], "completion": f"Answer about {row['text']}"} for row in tickets(20)]
    rows.append({"prompt": rows[0]["prompt"], "completion": "Quite another answer."})
    bench.write("a.jsonl", rows)
    assert bench.run(["a.jsonl"], task={"kind": "chat"}, data={"splits": {"validation": 0, "test": 0}}).rows.kept == 21


def test_a_training_row_that_asks_what_a_test_row_asks_is_dropped(bench: Any, tickets: Tickets) -> None:
    rows = tickets(60)
    bench.write(
        "train.jsonl", [*rows[:40], rows[50], {**rows[52], "text": "Hi, " + rows[52]["text"].lower() + " thanks"}]
    )
    bench.write("test.jsonl", rows[40:])
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}], data={"splits": {"validation": 0}})
    found = by_line(curated, "train.jsonl")
    assert (found[41].reason, found[41].of) == ("leaks_evaluation", "test.jsonl:11")
    assert (found[42].reason, found[42].of) == ("leaks_evaluation", "test.jsonl:13")
    assert curated.leakage["from_train"] == 2
    assert curated.rows.held_out == 20


def test_a_label_that_only_the_test_file_has_is_quarantined_and_told(bench: Any, tickets: Tickets) -> None:
    rows = tickets(40)
    bench.write("train.jsonl", rows[:30])
    bench.write("test.jsonl", [*rows[30:], {"text": "Something quite new here", "label": "zebra"}])
    said: list[Any] = []
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}], on_event=said.append)
    line = by_line(curated, "test.jsonl")[11]
    assert (line.action, line.reason) == ("quarantined", "label_suspect")
    assert "'zebra' stands in no training row" in line.detail
    assert any(isinstance(event, Said) and event.warning and "zebra" in event.text for event in said)
    assert curated.labels == ("a", "b")


def test_declared_labels_hold_for_training_rows_too(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", [*tickets(30), {"text": "Misspelt label here", "label": "aa"}])
    curated = bench.run(["a.jsonl"], task={"labels": ["a", "b", "c"]})
    assert "nearest: 'a'" in by_line(curated)[31].detail
    assert curated.labels == ("a", "b", "c")


def test_splits_are_stratified_deterministic_and_independent_of_order(bench: Any, tickets: Tickets) -> None:
    rows = tickets(300)
    bench.write("a.jsonl", rows)
    bench.write("b.jsonl", rows[::-1])
    one, again, other = bench.run(["a.jsonl"]), bench.run(["a.jsonl"]), bench.run(["b.jsonl"])
    assert one.splits == again.splits
    assert {split: set(ids) for split, ids in one.splits.items()} == {s: set(ids) for s, ids in other.splits.items()}
    for split, share in (("test", 60), ("validation", 30)):
        labels = Counter(one.examples[i].reference for i in one.splits[split])  # type: ignore[index]
        assert labels == {"a": share // 2, "b": share // 2}


def test_a_rare_label_stays_in_training(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", [*tickets(50), {"text": "Only once ever", "label": "rare"}])
    curated = bench.run(["a.jsonl"])
    assert "rare" in {curated.examples[i].reference for i in curated.splits["train"]}


def test_a_group_stands_on_one_side(bench: Any, tickets: Tickets) -> None:
    rows = [{**row, "customer": f"c{n // 5}"} for n, row in enumerate(tickets(200))]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={"columns": {"group": "customer"}})
    sides = {curated.examples[i].group: split for split, ids in curated.splits.items() for i in ids}
    for split, ids in curated.splits.items():
        assert all(sides[curated.examples[i].group] == split for i in ids)
    assert 30 <= len(curated.splits["test"]) <= 50


def test_time_holds_out_the_latest(bench: Any, tickets: Tickets) -> None:
    rows = [{**row, "at": f"2024-{1 + n // 20:02d}-{1 + n % 20:02d}"} for n, row in enumerate(tickets(200))]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={"columns": {"time": "at"}, "splits": {"by": ["time"]}})
    times = {split: [curated.examples[i].time for i in ids] for split, ids in curated.splits.items()}
    assert max(times["train"]) < min(times["validation"]) <= max(times["validation"]) < min(times["test"])  # type: ignore[type-var]


def test_the_sealed_test_set_keeps_its_identity(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", tickets(200))
    first = bench.run(["a.jsonl"])
    before = {i: split for split, ids in first.splits.items() for i in ids}
    bench.write("a.jsonl", tickets(400))
    second = bench.run(["a.jsonl"], previous=before)
    assert set(second.splits["test"]) == set(first.splits["test"])
    assert set(first.splits["validation"]) <= set(second.splits["validation"])
    assert len(second.splits["validation"]) == 40  # a tenth of all, the sealed rows among them
    # Without memory the larger set would have been divided otherwise.
    assert set(bench.run(["a.jsonl"]).splits["test"]) != set(first.splits["test"])
    # A user who calls the whole file training cannot move a sealed row into training, nor a copy of it.
    copies = [{**row, "text": "Hello, " + row["text"]} for row in tickets(200)]
    bench.write("a.jsonl", copies + tickets(400))
    third = bench.run([{"path": "a.jsonl", "split": "train"}], previous=before)
    assert set(third.splits["test"]) == set(first.splits["test"])
    assert third.reasons["leaks_evaluation"] >= len(first.splits["test"])


@pytest.mark.parametrize("more", [0, 1, 30])
def test_validation_rows_stay_what_they_are_when_rows_come_in(bench: Any, tickets: Tickets, more: int) -> None:
    bench.write("a.jsonl", tickets(300))
    first = bench.run(["a.jsonl"])
    before = {i: split for split, ids in first.splits.items() for i in ids}
    bench.write("a.jsonl", tickets(300 + more))
    second = bench.run(["a.jsonl"], previous=before)
    assert set(second.splits["validation"]) >= set(first.splits["validation"])
    assert len(second.splits["validation"]) == 30 + more // 10
    assert not set(second.splits["train"]) & set(first.splits["validation"])
    assert not set(second.splits["validation"]) & set(first.splits["train"])


def test_validation_rows_stay_what_they_are_when_training_rows_go(bench: Any, tickets: Tickets) -> None:
    rows = tickets(300)
    bench.write("a.jsonl", rows)
    first = bench.run(["a.jsonl"])
    before = {i: split for split, ids in first.splits.items() for i in ids}
    held = {first.examples[i].input for split in ("test", "validation") for i in first.splits[split]}
    bench.write("a.jsonl", [row for n, row in enumerate(rows) if n % 3 or row["text"] in held])
    second = bench.run(["a.jsonl"], previous=before)
    assert set(second.splits["validation"]) == set(first.splits["validation"])


def test_sealed_rows_that_are_gone_are_not_told_as_too_few(bench: Any, tickets: Tickets) -> None:
    rows = tickets(100)
    bench.write("a.jsonl", rows)
    first = bench.run(["a.jsonl"])
    before = {i: split for split, ids in first.splits.items() for i in ids}
    sealed = {first.examples[i].input for i in first.splits["test"]}
    bench.write("a.jsonl", [row for row in rows if row["text"] not in sealed])
    heard: list[Any] = []
    second = bench.run(["a.jsonl"], previous=before, on_event=heard.append)
    assert not second.splits["test"]
    (told,) = [event.text for event in heard if isinstance(event, Said) and "held out for test" in event.text]
    assert "those of the last version are not among these rows" in told


def test_a_validation_row_that_a_person_corrects_stays_one(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", tickets(100))
    first = bench.run(["a.jsonl"])
    before = {i: split for split, ids in first.splits.items() for i in ids}
    held = first.splits["validation"][0]
    right = "a" if first.examples[held].reference == "b" else "b"
    second = bench.run(["a.jsonl"], previous=before, reviewed={held: Reviewed("jdg_1", right)})
    validation = {second.examples[i].input: second.examples[i].reference for i in second.splits["validation"]}
    assert validation[first.examples[held].input] == right
    assert len(second.splits["validation"]) == len(first.splits["validation"])


def test_what_replaces_a_copy_in_validation_stands_there(bench: Any, tickets: Tickets) -> None:
    rows = tickets(100)
    bench.write("a.jsonl", rows)
    first = bench.run(["a.jsonl"])
    before = {i: split for split, ids in first.splits.items() for i in ids}
    line = first.examples[first.splits["validation"][0]].origin.line or 0
    reviewed = {**rows[line - 1], "text": "Hello, " + rows[line - 1]["text"], "meta": {"reviewer": "ann"}}
    bench.write("a.jsonl", [*rows, reviewed])
    second = bench.run(["a.jsonl"], previous=before)
    assert by_line(second)[line].of == "a.jsonl:101"
    assert by_line(second)[101].reason == "split_validation"


def test_a_small_slice_is_held_out_too(bench: Any, tickets: Tickets) -> None:
    rows = [{**row, "language": "de" if n % 40 == 7 else "en"} for n, row in enumerate(tickets(800))]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={"columns": {"slices": ["language"]}})
    held = {
        split: Counter(curated.examples[i].slices["language"] for i in ids) for split, ids in curated.splits.items()
    }
    assert held["test"]["de"] >= 5 and held["validation"]["de"] >= 5 and held["train"]["de"] >= 8
    assert (held["test"].total(), held["validation"].total()) == (160, 80)
    # Of a few rows a quarter at most goes into each: nothing could be learnt otherwise.
    rows = [{**row, "language": "de" if n < 3 else "en"} for n, row in enumerate(tickets(80))]
    bench.write("a.jsonl", rows)
    few = bench.run(["a.jsonl"], data={"columns": {"slices": ["language"]}, "splits": {"validation": 0, "test": 0.01}})
    assert all(few.examples[i].slices["language"] == "en" for i in few.splits["test"])


def test_a_label_does_not_leave_training_for_a_slices_sake(bench: Any, tickets: Tickets) -> None:
    rows = [{**row, "language": "en"} for row in tickets(80)]
    rare = [{"text": f"Seltene Frage Nummer {n} von {n * n}", "label": "c", "language": "de"} for n in range(4, 12)]
    for n, row in enumerate(rare):
        row["label"] = "cdef"[n // 2]
    bench.write("a.jsonl", [*rows, *rare])
    curated = bench.run(["a.jsonl"], data={"columns": {"slices": ["language"]}})
    assert {"c", "d", "e", "f"} <= {curated.examples[i].reference for i in curated.splits["train"]}


def test_new_rows_of_a_sealed_group_stay_out_of_training(bench: Any, tickets: Tickets) -> None:
    rows = [{**row, "customer": f"c{n % 20}"} for n, row in enumerate(tickets(200))]
    bench.write("a.jsonl", rows[:100])
    first = bench.run(["a.jsonl"], data={"columns": {"group": "customer"}})
    sealed = {first.examples[i].group for i in first.splits["test"]}
    bench.write("a.jsonl", rows)
    second = bench.run(
        ["a.jsonl"],
        data={"columns": {"group": "customer"}},
        previous={i: split for split, ids in first.splits.items() for i in ids},
    )
    assert set(second.splits["test"]) == set(first.splits["test"])
    assert not sealed & {second.examples[i].group for i in second.splits["train"]}


def test_personal_data_is_masked_in_every_part_alike(bench: Any, tickets: Tickets) -> None:
    mail, text = "anna.berg@web.de", "Write to anna.berg@web.de about Bo Li."
    row = {
        "messages": [{"role": "user", "content": text}, {"role": "assistant", "content": f"Sent to {mail}."}],
        "context": [f"{mail} is known"],
        "expect": {
            "must_include": [{"attribute": "mail", "pattern": r"anna\.berg@web\.de"}],
            "entities": [
                {"text": mail, "type": "Mail", "start": 9, "end": 25},
                {"text": "Bo Li", "start": 32, "end": 37},
            ],
        },
        "meta": {"id": mail, "group": mail},
    }
    others = [{"prompt": r["text"], "completion": f"About {r['text']}"} for r in tickets(10)]
    bench.write("a.jsonl", [row, *others])
    curated = bench.run(["a.jsonl"], task={"kind": "chat"}, data={"splits": {"validation": 0, "test": 0}})
    example = next(e for e in curated.examples.values() if e.origin.line == 1)
    assert mail not in example.model_dump_json() and r"anna\\.berg" not in example.model_dump_json()
    stand_in = example.input.split()[2]
    assert stand_in.endswith("@example.invalid")
    assert example.reference == f"Sent to {stand_in}."
    assert example.context == (f"{stand_in} is known",)
    assert example.group == example.name == stand_in
    for entity in example.expect["entities"]:
        assert example.input[entity["start"] : entity["end"]] == entity["text"]
    assert [e["text"] for e in example.expect["entities"]] == [stand_in, "Bo Li"]
    assert example.expect["must_include"][0]["pattern"] == stand_in.replace("-", r"\-").replace(".", r"\.")
    assert curated.personal_data == {"email": 3}
    assert by_line(curated)[1].detail == "masked: email"


def test_what_one_part_shows_to_be_a_name_is_masked_in_all_parts(bench: Any) -> None:
    rows = [{"text": f"My name is Zora Quist, I take {w} daily.", "output": [{"text": "Zora Quist", "type": "Person"}]}
            for w in ("aspirin", "heparin", "insulin")]  # fmt: skip
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "extraction"}, data={"splits": {"validation": 0, "test": 0}})
    for example in curated.examples.values():
        (entity,) = json.loads(example.reference or "")
        assert entity["text"] in example.input
        assert "Zora" not in example.model_dump_json()


def test_labels_are_never_masked(bench: Any, tickets: Tickets) -> None:
    rows = [
        {**row, "label": ["Anna Berg", "Bo Li"][n % 2], "customer_name": "Anna Berg"}
        for n, row in enumerate(tickets(20))
    ]
    rows[0]["text"] = "Anna Berg wants a card"
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"])
    assert curated.labels == ("Anna Berg", "Bo Li")
    assert {e.reference for e in curated.examples.values()} == set(curated.labels)
    assert not any("Anna" in e.input for e in curated.examples.values())


def test_a_label_that_is_personal_data_is_set_aside_unless_declared(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", [*tickets(20), {"text": "who answers refunds?", "label": "anna@web.de"}])
    curated = bench.run(["a.jsonl"])
    line = by_line(curated)[21]
    assert (line.action, line.reason) == ("quarantined", "personal_data")
    assert "task.labels" in line.detail and "anna@web.de" not in line.detail
    assert "anna@web.de" not in curated.labels
    declared = bench.run(["a.jsonl"], task={"labels": [*curated.labels, "anna@web.de"]})
    assert by_line(declared)[21].action != "quarantined"


def test_an_unknown_label_is_masked_where_it_is_told(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", tickets(20))
    stranger = {"text": "who answers refunds?", "label": "anna@web.de"}
    bench.write("b.jsonl", [stranger, {"text": "is this an amber card?", "label": "a"}])
    sources, labels = ["a.jsonl", {"path": "b.jsonl", "split": "test"}], {"labels": ["a", "b", "c", "d"]}
    curated = bench.run(sources, task=labels)
    assert not any("anna@web.de" in line.detail for line in curated.ledger)
    bench.write("b.jsonl", [stranger])
    with pytest.raises(InputError) as refused:
        bench.run(sources, task=labels)
    assert "anna@web.de" not in str(refused.value)


@pytest.mark.parametrize(("task", "where"), [({}, "in the training rows"), ({"labels": ["a", "b"]}, "in task.labels")])
def test_a_file_with_unknown_labels_only_is_a_mistake_told_with_both_sides(
    bench: Any, tickets: Tickets, task: dict[str, Any], where: str
) -> None:
    bench.write("a.jsonl", tickets(20))
    others = [{"text": f"ticket number {n} asks", "label": ("Cards!", "Refund", "Cards!")[n % 3]} for n in range(9)]
    bench.write("b.jsonl", others)
    with pytest.raises(InputError) as refused:
        bench.run([{"path": "a.jsonl", "split": "train"}, {"path": "b.jsonl", "split": "test"}], task=task)
    assert refused.value.place == "b.jsonl:1"
    assert refused.value.message == (
        f"none of its 9 labels is known; seen: 'Cards!' (6), 'Refund' (3); known: 'a', 'b' {where}"
    )
    assert "task.labels" in refused.value.remedy


def test_personal_data_refused_or_kept(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", [*tickets(20), {"text": "I am at anna@web.de, help", "label": "a"}])
    refused = bench.run(["a.jsonl"], data={"personal_data": "refuse"})
    assert by_line(refused)[21].reason == "personal_data"
    kept = bench.run(["a.jsonl"], data={"personal_data": "keep"})
    assert any("anna@web.de" in e.input for e in kept.examples.values())


def test_names_from_metadata_are_masked_in_all_texts(bench: Any, tickets: Tickets) -> None:
    rows = [*tickets(20), {"text": "Zebulon Quist lost his card", "label": "a", "customer_name": "Zebulon Quist"}]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"])
    assert curated.personal_data == {"name": 1}
    assert not any("Zebulon" in e.model_dump_json() for e in curated.examples.values())


def test_a_shared_instruction_is_the_tasks_and_an_own_one_the_rows(bench: Any, tickets: Tickets) -> None:
    rows = [{"system": "Route.", **row} for row in tickets(30)]
    rows[4]["system"] = "Route in French."
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"])
    assert curated.system == "Route."
    assert Counter(e.system for e in curated.examples.values()) == {None: 29, "Route in French.": 1}
    assert bench.run(["a.jsonl"], task={"system": "Do route."}).system == "Do route."


def test_attribute_checks_are_derived_where_rows_have_none(bench: Any) -> None:
    given = "name: Tent {n}\ntype: tent\nwaterproof: yes\nheating: no\nweight: {n}.5 kg\nsearch term: light tent"
    said = "Tent {n} is a waterproof, light tent: {n}.5 kg."
    rows: list[dict[str, Any]] = [{"prompt": given.format(n=n), "completion": said.format(n=n)} for n in range(1, 20)]
    rows[0]["expect"] = {"must_include": ["mine"]}
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "generation"})
    expect = {e.origin.line: e.expect for e in curated.examples.values()}
    assert expect[1] == {"must_include": ["mine"]}
    assert [check["attribute"] for check in expect[2]["must_include"]] == ["name", "type", "waterproof", "weight"]
    assert expect[2]["keywords"] == [{"term": "light tent", "min_count": 1}]
    assert expect[2]["name"] == "Tent 2"


def test_scores_of_models_are_faults_with_thresholds_that_move(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", tickets(50))
    plain = bench.run(["a.jsonl"])
    suspects = {i: 0.05 if n < 3 else 0.9 for n, i in enumerate(plain.splits["train"])}
    judged = bench.run(["a.jsonl"], kept=Kept(scores={"label_suspect": suspects}))
    assert judged.faults["label_suspect"] == 3 and "label_suspect" not in judged.reasons  # a person decides

    def moved(limit: float) -> Any:
        return bench.run(
            ["a.jsonl"], kept=Kept(scores={"label_suspect": suspects}), data={"faults": {"label_suspect": limit}}
        )

    assert moved(0.1).reasons["label_suspect"] == moved(0.1).faults["label_suspect"] == 3
    assert "label_suspect" not in moved(0.01).reasons
    assert len([fault for fault in moved(0.01).fault_table if fault.fault == "label_suspect"]) == len(suspects)
    with pytest.raises(ValueError, match="no model scores"):
        bench.run(["a.jsonl"], kept=Kept(scores={"malformed": {}}))


def test_test_rows_may_come_without_a_reference(bench: Any, tickets: Tickets) -> None:
    bench.write("train.jsonl", [{"prompt": r["text"], "completion": f"On {r['text']}"} for r in tickets(20)])
    items = [
        {"messages": [{"role": "user", "content": f"Ask {r['text']}"}], "eval": {"names": ["x"]}}
        for r in tickets(5, 50)
    ]
    bench.write("test.jsonl", items)
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}], task={"kind": "chat"})
    assert [curated.examples[i].reference for i in curated.splits["test"]] == [None] * 5


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "empty file": ({"a.jsonl": ""}, ["a.jsonl:1", "the file is empty"]),
    "blank file": ({"a.jsonl": "\n \n\n"}, ["a.jsonl:1", "the file is empty"]),
    "only a header": ({"a.csv": "text,label\n"}, ["a.csv:1", "no row below the header", "→ add rows to it"]),
    "cp1251": (
        {"a.csv": "text,label\nгде,да\n".encode("cp1251")},  # too few letters to tell it
        ["a.csv:2", "is not UTF-8", "→ save the file as UTF-8", "{path: a.csv, encoding: cp1251}"],
    ),
    "Shift-JIS": (
        {"a.jsonl": '{"text": "カードはどこ", "label": "カード"}\n'.encode("shift_jis")},
        ["a.jsonl:1", "is not UTF-8", "{path: a.jsonl, encoding: cp1251}] (or shift_jis"],
    ),
    "ISO-8859-2": (
        {"a.csv": "text,label\nŹle działa moja karta,błąd\n".encode("iso8859-2")},
        ["a.csv:2", "is not UTF-8", "encoding: "],
    ),
    "missing column": ({"a.csv": "txt,label\nhi,a\n"}, ["a.csv:1", "no column `text`", "did you mean `txt`?"]),
    "no answers": (
        {"a.jsonl": '{"prompt": "Hi", "completion": ""}\n' * 3},
        ["a.jsonl:1", "has no answer", "no_answer 3"],
    ),
    "only garbage": ({"a.jsonl": b"\xff\xfe\x00garbage\x00"}, ["a.jsonl:1"]),
    "all NUL": ({"a.jsonl": b"\0" * 5000}, ["a.jsonl:1"]),
    "no shape": ({"a.jsonl": '{"foo": 1}\n'}, ["a.jsonl:1", "no known shape", "foo"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_source_without_a_usable_row_is_one_clear_message(case: str, bench: Any) -> None:
    files, told = WRONG[case]
    for name, content in files.items():
        bench.write(name, content)
    columns = {"columns": {"input": "text", "output": "label"}} if case == "missing column" else {}
    with pytest.raises(InputError) as caught:
        bench.run(list(files), data=columns)
    assert caught.value.exit_code == 2
    for words in told:
        assert words in str(caught.value)
    assert "→" in str(caught.value)


def test_a_source_names_its_encoding(bench: Any, tickets: Tickets) -> None:
    lines = "".join(f'"{row["text"]} счёт",{row["label"]}\n' for row in tickets(20))
    bench.write("a.csv", f"text,label\n{lines}".encode("cp1251"))
    curated = bench.run([{"path": "a.csv", "encoding": "windows-1251"}])
    assert all(example.input.endswith(" счёт") for example in curated.examples.values())
    assert curated.recipe["sources"][0]["encoding"] == "cp1251"
    for wrong in ("cp12551", "hex"):
        with pytest.raises(ValueError, match="no encoding is called"):
            Settings.model_validate({"data": {"sources": [{"path": "a.csv", "encoding": wrong}]}})


def test_a_row_that_cannot_be_used_says_where_and_what_to_do(bench: Any, tickets: Tickets) -> None:
    odd = [{"messages": [{"role": "wizard", "content": "x"}]}, {"prompt": "Hi", "completion": ""}, {"foo": 1}]
    bench.write("a.jsonl", [*tickets(20), *odd])
    found = by_line(bench.run(["a.jsonl"]))
    assert [(found[n].column, found[n].remedy) for n in (21, 22)] == [
        ("messages", found[21].remedy),
        ("", "give it its answer, or take it out"),
    ]
    assert found[21].remedy.startswith("known roles: system") and found[23].remedy


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        (["gone.jsonl"], "no such file"),
        (["."], "a folder, not a file"),
        (["a.jsonl", "./a.jsonl"], "named twice"),
        ([], "no data source"),
    ],
)
def test_wrong_sources(sources: list[str], told: str, bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", tickets(5))
    with pytest.raises(InputError, match=told):
        bench.run(sources)


def test_all_rows_alike_and_a_single_row(bench: Any) -> None:
    bench.write("a.jsonl", [{"text": "Where is it?", "label": "a"}] * 100)
    alike = bench.run(["a.jsonl"])
    assert (alike.rows.kept, alike.rows.dropped) == (1, 99)
    bench.write("a.jsonl", [{"text": "Where is it?", "label": "a"}])
    assert bench.run(["a.jsonl"]).rows.kept == 1


def test_nothing_left_to_train_on_is_an_error_with_the_reasons(bench: Any) -> None:
    bench.write("a.jsonl", [{"text": "Where is it?", "label": label} for label in "abc"])
    with pytest.raises(InputError, match="no row is left to train on") as caught:
        bench.run(["a.jsonl"])
    assert "conflicting_answers 3; keep the row with the right answer only" in str(caught.value)


def test_progress_runs_from_nothing_to_all(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", tickets(20))
    seen: list[Any] = []
    bench.run(["a.jsonl"], on_event=seen.append)
    steps = [event for event in seen if isinstance(event, Progress) and event.task == "curate"]
    assert steps[0].done == 0
    assert steps[-1].done == steps[-1].total
    assert [step.done for step in steps] == sorted(step.done for step in steps)


def test_several_sources_of_several_shapes(bench: Any, tickets: Tickets) -> None:
    rows = tickets(30)
    bench.write("a.csv", "text,label\n" + "".join(f'"{r["text"]}",{r["label"]}\n' for r in rows[:10]))
    bench.write("b.jsonl", [{"prompt": r["text"], "completion": r["label"]} for r in rows[10:20]])
    turns = [[{"role": "user", "content": r["text"]}, {"role": "assistant", "content": r["label"]}] for r in rows[20:]]
    bench.write("c.json", json.dumps([{"messages": t} for t in turns]))
    curated = bench.run(["a.csv", "b.jsonl", "c.json"])
    assert curated.rows.kept + curated.rows.held_out == 30
    assert [source["rows"] for source in curated.recipe["sources"]] == [10, 10, 10]


def test_files_are_further_sources_whose_names_say_their_split(bench: Any, tickets: Tickets) -> None:
    rows = tickets(40)
    bench.write("a.jsonl", rows[:30])
    extra = bench.write("test.jsonl", rows[30:])
    assert len(bench.run(["a.jsonl"], files=[extra]).splits["test"]) == 10


def test_diff_tells_added_removed_moved_and_changed(bench: Any, tickets: Tickets) -> None:
    rows = [{**row, "id": f"r{n}"} for n, row in enumerate(tickets(60))]
    bench.write("a.jsonl", rows)
    old = bench.run(["a.jsonl"])
    altered = [{**row} for row in rows[1:]] + [{"text": "Brand new here", "label": "a", "id": "new"}]
    altered[10]["label"] = "a" if altered[10]["label"] == "b" else "b"
    bench.write("a.jsonl", altered)
    new = bench.run(["a.jsonl"], previous={i: s for s, ids in old.splits.items() for i in ids})
    found = diff(old.examples, old.splits, new.examples, new.splits)
    assert [new.examples[i].name for i in found.added] == ["new"]
    assert [old.examples[i].name for i in found.removed] == ["r0"]
    assert [(new.examples[c.new].name, c.fields) for c in found.changed] == [(altered[10]["id"], ("reference",))]
    same = diff(old.examples, old.splits, old.examples, old.splits)
    assert not (same.added or same.removed or same.moved or same.changed)


def test_diff_knows_rows_without_ids_by_what_they_ask_and_by_what_stands_around_them(
    bench: Any, tickets: Tickets
) -> None:
    rows = tickets(60)
    bench.write("a.jsonl", rows)
    old = bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}})
    altered = [{"text": f"Put in front as number {n} of some", "label": "ab"[n % 2]} for n in range(3)] + list(rows)
    altered[10 + 3] = {**rows[10], "label": "b" if rows[10]["label"] == "a" else "a"}
    altered[20 + 3] = {
        **rows[20],
        "text": "Nothing of what stood here before is left in it",
        "label": rows[20]["label"],
    }
    altered[30 + 3] = {**rows[30], "meta": {"language": "it"}}
    del altered[40 + 3]
    bench.write("a.jsonl", altered)
    data = {"splits": {"validation": 0, "test": 0}, "columns": {"slices": ["language"]}}
    new = bench.run(["a.jsonl"], data=data)
    found = diff(old.examples, old.splits, new.examples, new.splits)
    assert [new.examples[i].origin.line for i in found.added] == [1, 2, 3]
    assert [old.examples[i].origin.line for i in found.removed] == [41]
    by_line = {old.examples[one.old].origin.line: one for one in found.changed}
    assert {line: one.fields for line, one in by_line.items()} == {
        11: ("reference",), 21: ("messages",), 31: ("slices",)
    }  # fmt: skip
    assert by_line[31].old == by_line[31].new and by_line[31].after == {"slices": {"language": "it"}}
    assert [new.examples[by_line[line].new].origin.line for line in (11, 21, 31)] == [14, 24, 34]


def test_of_two_wholly_other_files_no_row_is_a_changed_one(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", tickets(40))
    old = bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}})
    others = [
        {"text": f"{'abcdefgh'[n % 8] * 4} {n * n} {'stuvwxyz'[n // 8] * 5}", "label": "ab"[n % 2]} for n in range(40)
    ]
    bench.write("a.jsonl", others)
    new = bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}})
    found = diff(old.examples, old.splits, new.examples, new.splits)
    assert not found.changed and len(found.removed) == len(old.examples) and len(found.added) == len(new.examples)


def test_equal_input_gives_equal_output_and_another_key_other_ids(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", tickets(30))
    assert bench.run(["a.jsonl"]) == bench.run(["a.jsonl"])
    settings = Settings.model_validate({"task": {"kind": "classification"}, "data": {"sources": ["a.jsonl"]}})
    other = curate(settings, project=bench.folder, key=bytes(32))
    assert not set(other.examples) & set(bench.run(["a.jsonl"]).examples)


@pytest.mark.parametrize("by", [["near_duplicates"], ["group", "near_duplicates"], ["near_duplicates", "time"]])
def test_near_questions_that_both_stay_never_stand_on_two_sides(bench: Any, tickets: Tickets, by: list[str]) -> None:
    rows = [{**row, "meta": {"time": f"2026-01-{1 + n % 28:02}"}} for n, row in enumerate(tickets(120))]
    # Each third row is asked again in nearly the same words with another label, so both stay; a third copy links to it.
    again = [{**row, "text": f"{row['text']} now", "label": "b" if row["label"] == "a" else "a"} for row in rows[::3]]
    bench.write("a.jsonl", rows + again)
    data = {"splits": {"validation": 0.2, "test": 0.2, "by": by}, "columns": {"time": "time"}}
    curated = bench.run(["a.jsonl"], data=data)
    side = {curated.examples[i].origin.line: split for split, ids in curated.splits.items() for i in ids}
    pairs = [(1 + 3 * n, 121 + n) for n in range(len(again)) if 1 + 3 * n in side and 121 + n in side]
    assert len(pairs) > 30 and len({side[one] for one, _ in pairs}) == 3
    assert all(side[one] == side[other] for one, other in pairs)


def test_rows_that_hang_together_through_others_are_not_compared(
    bench: Any, tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = "I wrote to you about the {} that we had bought in your shop last week, and until today nobody told us {}."
    rest = "when it will come or whether we get our money back, although the page says that it takes two days at most"
    things = ("table", "sofa", "lamp", "mirror", "carpet", "shelf", "pillow", "radio", "kettle", "blanket")
    rows = [{"text": letter.format(thing, rest), "label": f"q{n}"} for n, thing in enumerate(things)]
    asked = []
    same_question = Comparison.same_question

    def counting(self: Comparison, one: Draft, other: Draft) -> bool:
        asked.append(one)
        return same_question(self, one, other)

    monkeypatch.setattr(Comparison, "same_question", counting)
    bench.write("a.jsonl", rows + tickets(40))
    curated = bench.run(["a.jsonl"])
    assert curated.rows.dropped == 0
    assert len(asked) == len(rows) - 1  # of 45 pairs


def test_a_row_is_written_as_its_record_is(bench: Any) -> None:
    rows = [
        {"messages": [{"role": "user", "content": "é \u2028 \"q\" \\ 😀"}, {"role": "assistant", "content": "a\tb"}],
         "expect": {"n": 1e-7, "m": [1.0, None, True, {"k": 1e22}], "inf": 1e999}, "context": ["one", "two"],
         "meta": {"group": "g", "time": "2026", "id": "jdg_1", "slices": {"s": "ü"}}},
        {"prompt": "plain", "completion": "answer"},
    ]  # fmt: skip
    (bench.folder / "a.jsonl").write_text("".join(json.dumps(row).replace("Infinity", "1e999") + "\n" for row in rows))
    made = bench.run(["a.jsonl"], task={"kind": "chat"}, data={"splits": {"validation": 0, "test": 0}})
    assert len(made.examples) == 2 and list(made.stored) == list(made.examples)
    for identity, row in made.examples.items():
        assert made.stored.line(identity) == row.model_dump_json()
        assert made.stored.beside(identity) == row.beside
    assert {row.origin.judgement for row in made.examples.values()} == {"jdg_1", None}
