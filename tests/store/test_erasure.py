"""The one exception: text is erased, ids and numbers stay, and the row is not read, derived from or stored again."""

from __future__ import annotations

from typing import Any

import pytest

from strop.errors import InputError, UnknownRecord
from strop.records import Interaction, Message, Origin, new_id, now
from strop.store import Holder, Store

WORDS = "a sentence that nobody else would write"


def test_erased_text_is_in_no_table(store: Store, make: Any) -> None:
    row, other = make.example(WORDS, group=WORDS, origin=Origin(source="a.csv", line=4)), make.example("other")
    dataset = make.dataset({"train": (row.id, other.id)})
    store.save_dataset(dataset, [row, other])
    request = Interaction(
        id=new_id("int"), release=None, candidate="c", arm="direct", messages=(Message(role="user", content=WORDS),),
        created=now(),
    )  # fmt: skip
    store.journal.begin(request)
    store.journal.complete(request.model_copy(update={"answer": WORDS, "complete": True}))
    assert store.erasure.holders([row.id]) == [Holder(dataset.id, "train", "a.csv", 4, row.id, None)]
    assert sum(WORDS in text for _, text in store.erasure.text()) == 4

    store.erasure.erase([row.id], [request.model_copy(update={"messages": ()})], [dataset.id], request="forget_1")

    assert [place for place, text in store.erasure.text() if WORDS in text] == []
    assert store.erasure.effects() == {row.id: "erased", request.id: "erased", dataset.id: "blocked"}
    assert store.examples(dataset.id) == list(store.erasure.examples()) == [other]
    assert store.get(request.id, Interaction).answer is None
    assert store.history(row.id).downstream[0].id == dataset.id
    for ask in (store.get, store.find, store.example):
        with pytest.raises(UnknownRecord, match="was forgotten on 2"):
            ask(row.id)


def test_an_erased_row_is_refused_with_its_line(store: Store, make: Any) -> None:
    row = make.example(WORDS, origin=Origin(source="a.csv", line=4))
    store.save_dataset(make.dataset({"train": (row.id,)}), [row])
    store.erasure.erase([row.id], [], [], request="forget_1")
    again = make.dataset({"test": (row.id,)})
    with pytest.raises(InputError, match=r"a\.csv:4: this row was forgotten"):
        store.save_dataset(again, [row])
    with pytest.raises(UnknownRecord):
        store.get(again.id)


def test_a_correction_that_was_erased_does_not_count_as_used(store: Store, make: Any) -> None:
    rows = [make.example(f"row {n}", origin=Origin(source="f", judgement=f"jdg_{n}")) for n in range(3)]
    store.save_dataset(make.dataset({"train": tuple(row.id for row in rows)}), rows)
    assert store.erasure.corrected() == {f"jdg_{n}": {rows[n].id} for n in range(3)}
    assert store.judgements_in_datasets() == {"jdg_0", "jdg_1", "jdg_2"}
    store.erasure.erase([rows[0].id], [], ["jdg_0"], request="forget_1")
    assert store.judgements_in_datasets() == {"jdg_1", "jdg_2"}
