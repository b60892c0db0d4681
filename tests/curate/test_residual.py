"""What personal data finished rows still hold, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from strop.curate import personal_data_left
from strop.privacy import Masker
from strop.records import Example, Message, Origin

MAIL = "anna.berg@web.de"


def row(**parts: Any) -> Example:
    """A clean row, but for ``parts``."""
    plain: dict[str, Any] = {
        "id": "ex_1", "messages": (Message(role="user", content="Where is my card?"),), "reference": "On its way.",
        "origin": Origin(source="a.jsonl", line=3), "slices": {"language": "en"}, "group": "c1", "name": "r1",
    }  # fmt: skip
    return Example(**{**plain, **parts})


def said(role: str) -> tuple[Message, ...]:
    early = Message(role=role, content=f"From {MAIL}.")  # type: ignore[arg-type]
    return (early, Message(role="user", content="Where is my card?"))


@pytest.mark.parametrize(
    ("parts", "part"),
    [
        ({"messages": said("system")}, "turn 1"),
        ({"messages": said("assistant")}, "turn 1"),
        ({"messages": (*said("user")[1:], Message(role="user", content=f"I am {MAIL}"))}, "turn 2"),
        ({"reference": f"Sent to {MAIL}."}, "answer"),
        ({"context": ("nothing here", f"{MAIL} is known")}, "context 2"),
        ({"expect": {"must_include": [{"attribute": "mail", "value": MAIL}]}}, "expect"),
        ({"name": MAIL}, "id"),
        ({"group": MAIL}, "group"),
        ({"slices": {"customer": MAIL}}, "customer"),
    ],
)
def test_no_part_of_a_row_is_left_out(parts: dict[str, Any], part: str) -> None:
    (left,) = personal_data_left([row(), row(**parts)], "chat")
    assert str(left) == f"a.jsonl:3 ({part}: email)"


def test_a_clean_row_and_a_label_hold_none() -> None:
    assert personal_data_left([row()], "chat") == []
    assert personal_data_left([row(reference=MAIL)], "classification") == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [("card 4111\u00a01111\u00a01111\u00a01111", "card"), ("at https://user:secretpw@host.example/path", "secret")],
)
def test_it_sees_what_masking_sees_and_is_content_with_what_that_leaves(text: str, kind: str) -> None:
    (left,) = personal_data_left([row(reference=text)], "chat")
    assert left.kind == kind
    masked = Masker(bytes(range(32))).mask(text).text
    assert personal_data_left([row(reference=masked)], "chat") == []
