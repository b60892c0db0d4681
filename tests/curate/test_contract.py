"""Whatever the rows: each is in the ledger once, counts add up, ids are distinct, no split gives another away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strop.errors import InputError

WORDS = st.sampled_from(
    ["card", "Card", "lost", "my", "12", "not", "zahlung", "+44 7700 900123", "a@b.org", "\n", "", "ü", ";"]
)
TEXT = st.one_of(st.lists(WORDS, max_size=6).map(" ".join), st.text(max_size=20))
LABEL = st.sampled_from(["a", "b", " a", "A", "", '["x"]', "a longer answer of some words"])
META = st.fixed_dictionaries(
    {}, optional={"group": st.sampled_from(["g", "h"]), "id": TEXT, "slices": st.just({"s": "t"})}
)
ROW = st.one_of(
    st.fixed_dictionaries({"text": TEXT, "label": LABEL}, optional={"meta": META, "customer_name": TEXT}),
    st.fixed_dictionaries({"prompt": TEXT, "completion": LABEL}, optional={"expect": st.just({"names": ["card"]})}),
    st.builds(
        lambda turns: {"messages": [{"role": role, "content": text} for role, text in turns]},
        st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "boss"]), TEXT), max_size=4),
    ),
    st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5), max_size=3),
)
LINE = st.one_of(ROW.map(lambda row: json.dumps(row).encode()), st.binary(max_size=30).filter(lambda b: b"\n" not in b))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    train=st.lists(LINE, min_size=1, max_size=25),
    test=st.lists(LINE, max_size=8),
    kind=st.sampled_from(["classification", "extraction", "generation", "chat", "code"]),
    personal=st.sampled_from(["mask", "refuse", "keep"]),
)
def test_the_ledger_adds_up_for_any_rows(
    train: list[bytes], test: list[bytes], kind: str, personal: str, bench: Any
) -> None:
    bench.write("a.jsonl", b"\n".join([*train, *train[:3]]))
    bench.write("b.jsonl", b"\n".join(test))
    sources: list[Any] = ["a.jsonl", {"path": "b.jsonl", "split": "test"}] if test else ["a.jsonl"]
    try:
        curated = bench.run(sources, task={"kind": kind}, data={"personal_data": personal})
    except InputError as error:
        assert error.remedy
        return
    asked = {split: {curated.examples[i].input for i in ids} for split, ids in curated.splits.items()}
    assert (
        not asked["train"] & asked["test"]
        or kind == "code"
        or any(len(e.messages) > 1 for e in curated.examples.values())
    )
    if personal == "mask":
        assert not any("a@b.org" in e.model_dump_json() for e in curated.examples.values())


@pytest.mark.parametrize("kind", ["classification", "generation"])
def test_curating_what_was_curated_changes_nothing(kind: str, bench: Any, tickets: Any) -> None:
    bench.write("a.jsonl", tickets(60))
    once = bench.run(["a.jsonl"], task={"kind": kind}, data={"splits": {"validation": 0, "test": 0}})
    rows = [
        {
            "messages": [m.model_dump() for m in e.messages] + [{"role": "assistant", "content": e.reference}],
            "expect": e.expect,
        }
        for e in once.examples.values()
    ]
    bench.write("b.jsonl", rows)
    again = bench.run(["b.jsonl"], task={"kind": kind}, data={"splits": {"validation": 0, "test": 0}})
    assert set(again.examples) == set(once.examples)
    assert again.rows.kept == len(rows)
