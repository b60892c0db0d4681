"""JSON answers against tables worked out by hand."""

from __future__ import annotations

import json

import pytest

from strop.evaluate.answers import Answer
from strop.evaluate.kinds.catalogue import BUILT_IN
from strop.evaluate.kinds.structured import fields, gold_entities, valid_json

TEXT = "Severe liver failure after aspirin and aspirin again."
GOLD = [
    {"text": "liver failure", "type": "Disease", "start": 7, "end": 20},
    {"text": "aspirin", "type": "Chemical", "start": 27, "end": 34},
    {"text": "aspirin", "type": "Chemical", "start": 39, "end": 46},
]


def said(*entities: tuple[str, str]) -> Answer:
    return Answer(json.dumps([{"text": text, "type": kind} for text, kind in entities]))


@pytest.mark.parametrize(
    ("answer", "strict", "partial"),
    [
        (said(("liver failure", "Disease"), ("aspirin", "Chemical"), ("aspirin", "Chemical")), (3, 0, 0), (3, 0, 0)),
        (said(("liver failure", "Disease"), ("aspirin", "Chemical")), (2, 0, 1), (2, 0, 1)),
        (said(("Severe liver failure", "Disease")), (0, 1, 3), (0.5, 0.5, 2.5)),
        (said(("aspirin", "Disease")), (0, 1, 3), (1, 0, 2)),
        (said(("aspirin", "Chemical"), ("aspirin", "Chemical"), ("aspirin", "Chemical")), (2, 1, 1), (2, 1, 1)),
        (Answer("[]"), (0, 0, 3), (0, 0, 3)),
        (Answer("The entities are: aspirin"), (0, 0, 3), (0, 0, 3)),
        (Answer('[{"text": "aspirin", "type": "Chemical"'), (0, 0, 3), (0, 0, 3)),
    ],
)
def test_entities(row, answer, strict, partial) -> None:
    example = row(TEXT, json.dumps([{"text": e["text"], "type": e["type"]} for e in GOLD]), expect={"entities": GOLD})
    assert BUILT_IN["entity_f1"].score(example, answer) == pytest.approx(strict)
    assert BUILT_IN["entity_f1_partial"].score(example, answer) == pytest.approx(partial)


def test_gold_entities_come_from_the_reference_where_nothing_else_says(row) -> None:
    assert [e.text for e in gold_entities(row(TEXT, '[{"text": "aspirin", "type": "Chemical"}]')) or ()] == ["aspirin"]
    assert gold_entities(row(TEXT, "[]")) == ()
    assert gold_entities(row(TEXT, '{"drug": "aspirin"}')) is None
    assert gold_entities(row(TEXT, "aspirin")) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("[]", 1), ('```json\n[{"text": "a", "type": "b"}]\n```', 1), ("{}", 0), ("[] done", 0), ("", 0), ("nothing", 0)],
)
def test_valid_json_asks_for_the_outer_type_of_the_reference(row, answer, expected) -> None:
    assert valid_json(row(TEXT, "[]"), Answer(answer)) == expected


def test_fields_by_hand(row) -> None:
    example = row(TEXT, '{"party": "Acme Ltd.", "years": 3, "law": {"state": "Texas"}}')
    assert fields(example, Answer('{"party": "ACME Ltd", "years": 3.0, "law": {"state": "Ohio"}, "x": 1}')) == (2, 2, 1)
    assert fields(example, Answer("Acme")) == (0, 0, 3)
    lines = '[{"item": "bolt", "price": 2}, {"item": "nut", "price": 1}]'
    assert fields(row(TEXT, lines), Answer('[{"item": "nut", "price": 1}, {"item": "bolt", "price": 2}]')) == (4, 0, 0)
    assert fields(row(TEXT, lines), Answer('[{"item": "nut", "price": 2}, {"item": "bolt", "price": 1}]')) == (2, 2, 2)
    assert fields(row(TEXT, "[]"), Answer("[]")) == (0, 0, 0)
    assert fields(row(TEXT, '[{"text": "aspirin", "type": "Drug"}]'), Answer("[]")) is None
    assert fields(row(TEXT, "aspirin"), Answer("[1]")) is None
