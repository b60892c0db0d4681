"""Rows of a question and an answer alone are read in a shorter way, and become the same."""

from __future__ import annotations

from typing import Any

import pytest

from strop.curate.drafts import RowProblem
from strop.curate.files.plain_rows import PlainRows
from strop.curate.files.shapes import draft
from strop.settings import Columns

PLAIN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"text": "Where is my card?", "label": "cards"}, {}),
    ({"Question": "Où est ma carte ?", "Answer": "\tcards\n", "score": 3, "group": "g", "time": "t"}, {}),
    ({"a": "Where?", "b": "cards", "text": "not this"}, {"input": "a", "output": "b"}),
    ({"text": "a backslash \\u0041", "label": "", "note": None}, {}),
]
OTHERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"text": "Where?", "label": "cards", "id": 7}, {}),
    ({"text": "Where?", "label": "cards", "customer_name": "Jo"}, {}),
    ({"text": "Where?", "label": "cards", "meta": {"id": "x", "reviewer": "b"}}, {}),
    ({"text": "Where?", "label": "cards", "system": "Be brief."}, {}),
    ({"text": "Where?", "label": "cards", "context": ["a page"]}, {}),
    ({"text": "Where?", "label": "cards", "expect": {"tests": "x"}}, {}),
    ({"prompt": "Where?", "completion": "cards"}, {}),
    ({"instruction": "Where?", "output": "cards"}, {}),
    ({"text": "Where?", "label": 3}, {}),
    ({"text": "Where?", "label": None}, {}),
    ({"text": "Where?"}, {}),
    ({"text": " ", "label": "cards"}, {}),
    ({"text": "half \ud800", "label": "cards"}, {}),
    ({"text": "Where?", "label": "\0"}, {}),
    ({"text": "Where?", "label": "\\u0000"}, {}),
    ({"text": "Where?", "label": "cards", "lang": "en"}, {"slices": ("lang",)}),
    ({"text": "Where?", "label": "cards", "who": "p"}, {"group": "who"}),
    ({"text": "Where?", "reference": "cards", "label": "no"}, {"input": "text"}),
    ({"a": "Where?", "label": "cards"}, {"input": "a", "output": "b"}),
]


@pytest.mark.parametrize(("row", "columns"), [*PLAIN, *OTHERS])
def test_what_is_read_in_the_shorter_way_is_what_shapes_read(row: dict[str, Any], columns: dict[str, Any]) -> None:
    plain = PlainRows(Columns(**columns), "s", "test")
    for _ in range(2):  # the second time its fields are known
        made = plain.draft(row, 4)
        assert (made is not None) == ((row, columns) in PLAIN)
        if made is not None:
            assert made == draft(row, Columns(**columns), source="s", line=4, fixed="test")


def test_what_it_leaves_is_refused_or_read_by_shapes() -> None:
    """Else the list above would not show that these rows need it."""
    refused = 0
    for row, columns in OTHERS:
        try:
            draft(row, Columns(**columns), source="s", line=1, fixed=None)
        except RowProblem:
            refused += 1
    assert 0 < refused < len(OTHERS)
