"""Planted leaks, each of which only one layer finds, at each place where rows come near to held-out ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from strop.curate import leaks, leaks_into_prompt, without_leaks
from strop.curate.leaks.revealing import layers
from strop.records import Example, Message, Origin
from strop.settings import Settings

Tickets = Callable[[int], list[dict[str, Any]]]
HELD = "The machine at the station swallowed my new card and gave me no receipt at all"
LEAKS = {
    "same question": HELD.upper(),
    "near duplicate": HELD.replace("gave me", "gave"),
    "quoted": f"Dear team, last week I wrote to you about a blocked account. I wrote: “{HELD}.” Nobody answered.",
    "rewritten": "no receipt at all and gave me my new card swallowed the machine at the station",
    "disguised": "The mchaine at teh sattion swlalowed my nwe crad adn gvae me no reecipt at lal",
    "meaning": "no receipt at all gave me the machine: at the station my new card it swallowed",
}
"""By the layer that finds it."""


def row(text: str, label: str, name: str) -> Example:
    told = (Message(role="user", content=text),)
    return Example(id=f"ex_{name}", messages=told, reference=label, origin=Origin(source="a.jsonl", line=1))


def settings(embedder: str | None) -> Settings:
    return Settings.model_validate({"task": {"kind": "classification"}, "data": {"embedder": embedder}})


@pytest.mark.parametrize("layer", LEAKS)
def test_at_ingest_the_row_leaves_and_names_the_one_that_it_gives_away(
    bench: Any, tickets: Tickets, layer: str
) -> None:
    bench.write("train.jsonl", [*tickets(120), {"text": LEAKS[layer], "label": "a"}])
    bench.write("test.jsonl", [{"text": HELD, "label": "a"}, {"text": "Where is my money?", "label": "b"}])
    data = {"splits": {"validation": 0}, "embedder": "svd" if layer == "meaning" else None}
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}], data=data)
    (line,) = [line for line in curated.ledger if line.reason == "leaks_evaluation"]
    assert (line.source, line.line, line.of) == ("train.jsonl", 121, "test.jsonl:1")
    (fault,) = [fault for fault in curated.fault_table if fault.fault == "leaks_evaluation"]
    assert 0 <= fault.score < 0.3 and fault.related == ("test.jsonl:1",) and fault.evidence == line.detail
    assert curated.leakage["from_train"] == 1
    assert ("meaning (svd)" in curated.leakage["layers"]) == (layer == "meaning")


def test_what_asks_nothing_new_leaves_before_faults_are_looked_for_and_shares_reckoned(
    bench: Any, tickets: Tickets
) -> None:
    """A copy of a row that the last version sealed, as it would have left while that one was not."""
    bench.write("a.jsonl", rows := tickets(200))
    first = bench.run(["a.jsonl"])
    sealed = [example.input for identity, example in first.examples.items() if identity in first.splits["test"]]
    copies = [{**row, "text": f"Hello, {row['text']} thanks"} for row in rows if row["text"] in sealed[:9]]
    bench.write("a.jsonl", rows + copies)
    before = {identity: split for split, ids in first.splits.items() for identity in ids}
    again, alone = bench.run(["a.jsonl"], previous=before), first.splits
    gone = [line.line for line in again.ledger if line.reason == "leaks_evaluation"]
    assert gone == list(range(201, 201 + len(copies))) and len(gone) == 9
    assert {fault.fault for fault in again.fault_table if fault.line > 200} == {"leaks_evaluation"}
    assert {split: set(ids) for split, ids in again.splits.items()} == {k: set(ids) for k, ids in alone.items()}
    compared = again.leakage["compared"]
    assert again.leakage["from_train"] == 9 and sum(compared.values()) == 200 + 9


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Was the card lost abroad? I would be glad to hear from you soon because I have waited for days now", True),
        ("Hello, here is one more question of mine: was the card lost abroad", True),
        ("Was the card lost abroad, or was it lost by post, while the account was closed", False),
        ("I fear it so much, was the card lost abroad", False),
        ("Oh dear, what a day. Was the card lost abroad? What shall I do about it now?", False),
    ],
)
def test_a_short_question_is_known_where_it_is_the_first_or_last_sentence(
    bench: Any, tickets: Tickets, text: str, gone: bool
) -> None:
    rows = [*tickets(120), {"text": text, "label": "a"}, {"text": f"{text} still", "label": "b"}]
    bench.write("train.jsonl", rows)
    bench.write("test.jsonl", [{"text": "Was the card lost abroad", "label": "a"}])
    sources = ["train.jsonl", {"path": "test.jsonl", "split": "test"}]
    curated = bench.run(sources, data={"splits": {"validation": 0}})
    assert [line.line for line in curated.ledger if line.reason == "leaks_evaluation"] == [121] * gone
    train = [row(one["text"], one["label"], str(n)) for n, one in enumerate(rows)]
    assert (
        leaks(
            [row(HELD, "a", "t"), row("Was the card lost abroad", "a", "u")],
            train,
            kind="classification",
            settings=settings(None),
        )
        == gone
    )


TURNS = ["Good day, I stand at the station with my luggage.", "Good day! What may I do for you there?"]


@pytest.mark.parametrize(
    ("last", "gone"),
    [(LEAKS["disguised"], True), ("Which platform does the next train to the coast leave from today?", False)],
)
def test_in_a_conversation_the_last_question_alone_may_be_in_disguise(bench: Any, last: str, gone: bool) -> None:
    def talk(*turns: str) -> dict[str, Any]:
        roles = ("user", "assistant") * 3
        return {"messages": [{"role": r, "content": t} for r, t in zip(roles, (*turns, "Let me see."), strict=False)]}

    others = [talk(f"Hello, it is about case {n}.", "Yes?", f"Where do I find page {n} of it?") for n in range(30)]
    bench.write("train.jsonl", [*others, talk(*TURNS, last), talk("Hello, it is about lamps.", "Yes?", last)])
    bench.write("test.jsonl", [talk(*TURNS, HELD)])
    sources = ["train.jsonl", {"path": "test.jsonl", "split": "test"}]
    curated = bench.run(sources, data={"splits": {"validation": 0}}, task={"kind": "chat"})
    left = [(line.line, line.of) for line in curated.ledger if line.reason == "leaks_evaluation"]
    assert left == ([(31, "test.jsonl:1")] if gone else [])


def test_rows_of_one_file_are_looked_through_too(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", [*tickets(60), {"text": HELD, "label": "a"}, {"text": LEAKS["quoted"], "label": "a"}])
    first = bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}})
    known = {row.origin.line: row.id for row in first.examples.values()}
    sealed = {known[61]: "test", **{known[line]: "test" for line in range(1, 11) if line in known}}
    found = {line.line: line for line in bench.run(["a.jsonl"], previous=sealed).ledger}
    assert (found[62].reason, found[62].of) == ("leaks_evaluation", "a.jsonl:61")
    assert found[62].detail == "quotes a test row"


def test_another_label_gives_nothing_away_and_further_attributes_are_another_question(
    bench: Any, tickets: Tickets
) -> None:
    bench.write("train.jsonl", [*tickets(60), {"text": LEAKS["quoted"], "label": "b"}])
    bench.write("test.jsonl", [{"text": HELD, "label": "a"}])
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}], data={"splits": {"validation": 0}})
    assert "leaks_evaluation" not in curated.reasons
    asked = "name: The Old Wheel Tavern\narea: riverside\nprice: moderate or cheap\nfood: English breakfast"
    rows = [
        {"prompt": f"name: Inn {n}\narea: town {n}\nfood: soup", "completion": f"Inn {n} has soup in town {n}."}
        for n in range(40)
    ]
    longer = {"prompt": f"{asked}\nrating: five of five", "completion": "The Old Wheel Tavern is rated five of five."}
    bench.write("train.jsonl", [*rows, longer])
    bench.write("test.jsonl", [{"prompt": asked, "completion": "The Old Wheel Tavern serves English breakfast."}])
    sources = ["train.jsonl", {"path": "test.jsonl", "split": "test"}]
    curated = bench.run(sources, task={"kind": "generation"}, data={"splits": {"validation": 0}})
    assert "leaks_evaluation" not in curated.reasons


@pytest.mark.parametrize("layer", LEAKS)
def test_when_deciding_rows_and_examples_of_a_prompt_are_held_against_the_test_set_again(
    tickets: Tickets, layer: str
) -> None:
    test = [row(HELD, "a", "0"), row("Where is my money?", "b", "1")]
    clean = [row(one["text"], one["label"], f"t{n}") for n, one in enumerate(tickets(120))]
    shown = row(LEAKS[layer], "a", "shown")  # a few-shot example, a replayed row, a correction: all come this way
    moved = settings("svd" if layer == "meaning" else None)
    assert leaks(test, clean, kind="classification", settings=moved) == 0
    assert leaks(test, [*clean, shown], kind="classification", settings=moved) == 1
    assert without_leaks(test, [*clean, shown], kind="classification", settings=moved) == clean


def test_the_instruction_is_searched_whatever_the_punctuation() -> None:
    test = [row(HELD, "a", "0"), row("Where is my money?", "b", "1")]
    assert leaks_into_prompt(test, [f"Answer like: {HELD.replace(' and', ' — and').lower()}… with a"]) == 1
    assert leaks_into_prompt(test, ["Where is my money?"]) == 0


def test_what_is_looked_for_is_named() -> None:
    assert layers(settings(None)) == ["same question", "near duplicate", "quoted", "rewritten", "disguised"]
    assert layers(settings("svd"))[-1] == "meaning (svd)"


WORDS = HELD.split()
REWRITTEN = {
    "the first 70 %": " ".join(WORDS[:11]),
    "the last 70 %": " ".join(WORDS[-11:]),
    "sorted": " ".join(sorted(WORDS)),
    "reversed": " ".join(reversed(WORDS)),
    "letters that look alike": HELD.translate(str.maketrans("aeopcTM", "аеорсТМ")),
    "letters that nobody sees": "\u200b".join(HELD),
    "full width": "".join(chr(ord(letter) + 0xFEE0) if letter != " " else letter for letter in HELD),
    "a long suffix": f"{HELD}. I would be glad to hear about it soon, since the other team did not answer my letters",
    "a prefix": f"I am new to all of this and hope that you can look into it: {HELD}",
    "a part, mixed up": " ".join(sorted(WORDS[:14])),
    "neighbours swapped": " ".join(word[:-2] + word[:-3:-1] for word in WORDS),
    "ends swapped": " ".join(word[-1:] + word[1:-1] + word[:1] for word in WORDS),
    "spaced out": " ".join(HELD),
    "without vowels": HELD.translate(str.maketrans("", "", "aeiou")),
    "with digits": HELD.translate(str.maketrans("aeiostT", "4310577")),
    "with signs": HELD.translate(str.maketrans("aieos", "@!€*$")),
    "swapped, without vowels, a part": " ".join(re.sub("[aeiou]", "", word)[::-1] for word in WORDS[:12]),
    "swapped, with a prefix": "Could you please help me? " + " ".join(word[:-2] + word[:-3:-1] for word in WORDS),
}


@pytest.mark.parametrize("way", REWRITTEN)
def test_a_test_item_that_was_rewritten_leaves_and_counts_when_deciding(bench: Any, tickets: Tickets, way: str) -> None:
    bench.write("train.jsonl", [*tickets(120), {"text": REWRITTEN[way], "label": "a"}])
    bench.write("test.jsonl", [{"text": HELD, "label": "a"}, {"text": "Where is my money?", "label": "b"}])
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}], data={"splits": {"validation": 0}})
    gone = {line.line: line.of for line in curated.ledger if line.reason == "leaks_evaluation"}
    assert gone == {121: "test.jsonl:1"}
    test = [row(HELD, "a", "0"), row("Where is my money?", "b", "1")]
    clean = [row(one["text"], one["label"], f"t{n}") for n, one in enumerate(tickets(120))]
    assert leaks(test, [*clean, row(REWRITTEN[way], "a", "x")], kind="classification", settings=settings(None)) == 1
    exact = "letters" in way or "width" in way  # one question with two labels gives it away, too
    found = leaks(test, [*clean, row(REWRITTEN[way], "b", "x")], kind="classification", settings=settings(None))
    assert found == exact


def test_few_words_that_anybody_says_and_a_few_of_a_held_out_row_give_nothing_away(
    bench: Any, tickets: Tickets
) -> None:
    good = ["my new card", "The machine at the station was cold today", "I gave my card to the station at the machine"]
    bench.write("train.jsonl", [*tickets(120), *({"text": text, "label": "a"} for text in good)])
    bench.write("test.jsonl", [{"text": HELD, "label": "a"}])
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}], data={"splits": {"validation": 0}})
    assert "leaks_evaluation" not in curated.reasons


def test_attributes_left_out_are_another_question_unless_the_answer_is_the_same(bench: Any) -> None:
    rows = [
        {"prompt": f"name: Inn {n}\narea: town {n}\nfood: soup", "completion": f"Inn {n} has soup in town {n}."}
        for n in range(40)
    ]
    asked = ["name: The Old Wheel Tavern", "area: riverside", "price: moderate or cheap", "food: English breakfast"]
    said = "The Old Wheel Tavern by the river serves an English breakfast at moderate prices."
    bench.write("test.jsonl", [{"prompt": "\n".join(asked), "completion": said}])
    for answer, gone in (("The Old Wheel Tavern is cheap.", 0), (said, 1)):
        bench.write("train.jsonl", [*rows, {"prompt": "\n".join(asked[:3]), "completion": answer}])
        sources = ["train.jsonl", {"path": "test.jsonl", "split": "test"}]
        curated = bench.run(sources, task={"kind": "generation"}, data={"splits": {"validation": 0}})
        assert curated.reasons.get("leaks_evaluation", 0) == gone
