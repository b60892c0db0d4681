"""Lines of JSON that are written without a record are what the record would give, byte for byte."""

from __future__ import annotations

import hmac
from typing import Any, get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from strop.curate.drafts import Draft
from strop.curate.lines import fault_lines, ledger_lines
from strop.records import Action, Reason, identity_of
from strop.records.base import id_of_bytes

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', "\\", "\x00\x1f\x7f", "\b\f\n\r\t", "é\u2028\U0001f600", "</script>", ""]
)
REASONS = st.sampled_from(get_args(Reason))
MAYBE = st.none() | WORDS
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
LEDGER = st.tuples(
    WORDS, st.integers(0, 10**9), st.sampled_from(get_args(Action)), st.none() | REASONS, MAYBE, MAYBE, WORDS, WORDS,
    WORDS,
)  # fmt: skip
SCORES = st.floats(0, 1).map(lambda score: round(score, 4)) | st.sampled_from([0, 1, 0.0001, 1.0])
FAULTS = st.tuples(
    WORDS, st.integers(0, 10**9), MAYBE, REASONS, st.booleans(), SCORES, WORDS, st.lists(WORDS, max_size=3).map(tuple)
)


@given(st.lists(LEDGER, max_size=3), st.lists(FAULTS, max_size=3))
def test_ledger_and_fault_table(ledger: list[Any], faults: list[Any]) -> None:
    for table in (ledger_lines(ledger), fault_lines(faults)):
        assert [line.encode() for line in table.to_json()] == [to_json(record) for record in table]
        assert [type(record).model_validate(record.to_json()) for record in table] == table
        assert len(table) == len(list(table)) and table[:1] == [*table][:1]


ROWS = st.builds(
    Draft,
    source=WORDS, line=st.integers(0, 10**9), fixed=st.none(),
    turns=st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), WORDS), max_size=3).map(tuple),
    reference=MAYBE, expect=st.dictionaries(WORDS, VALUES, max_size=2), context=st.lists(WORDS, max_size=2).map(tuple),
    slices=st.dictionaries(WORDS, WORDS, max_size=2), group=MAYBE, time=MAYBE,
    name=MAYBE | st.just("jdg_1"), identity=st.just("ex_0123"), judgement=MAYBE,
)  # fmt: skip


@given(ROWS)
@example(Draft("a", 1, None, (("user", "x"),), None, expect={"most": float("inf")}, identity="ex_1"))
def test_rows(row: Draft) -> None:
    assert row.to_json().encode() == to_json(row.to_example())


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=200), st.binary(max_size=200))
def test_identities_are_an_hmac_of_the_content(key: bytes, data: bytes) -> None:
    assert id_of_bytes("ex", key, data) == f"ex_{hmac.digest(key, data, 'sha256').hex()[:20]}"
    assert identity_of(key, [("user", "a")], "b", {}) == id_of_bytes("ex", key, b'[[["user","a"]],"b",{},[]]')
