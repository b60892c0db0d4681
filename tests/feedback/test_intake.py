"""What is taken in, and in what shape; what is edited; caps that no author can pass."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from strop.errors import InputError
from strop.feedback import judgement, said_first, standing, suggested, within_caps
from strop.feedback.intake import MOST_FROM_ONE
from strop.privacy import Masker
from strop.records import Judgement

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(kind=st.sampled_from(["rating", "comment", "correction", "preference", "outcome:x"]) | st.text(), value=ANY_JSON)
def test_whatever_comes_it_is_taken_in_or_told_why_not(kind: str, value: Any) -> None:
    try:
        made = judgement("int_1", kind, value, by="shop")
    except InputError as error:
        assert error.message
        return
    assert not made.trusted
    if made.kind == "rating":
        assert -1 <= float(made.value) <= 1
    if made.kind in ("comment", "correction"):
        assert isinstance(made.value, str) and made.value.strip()
    if made.kind == "outcome":
        assert re.fullmatch(r"[\w.-]+", made.name, re.ASCII)
    assert Judgement.model_validate_json(made.model_dump_json()) == made


def test_texts_are_masked_and_the_same_key_stays_the_same() -> None:
    masker = Masker(b"k" * 32)
    made = [
        judgement("int_1", "correction", "Ask jo@acme-corp.example", by="shop", comment="jo@acme-corp.example",
                  key="jo@acme-corp.example", masker=masker)
        for _ in range(2)
    ]  # fmt: skip
    assert "acme" not in made[0].model_dump_json()
    assert made[0].key == made[1].key and made[0].value == made[1].value


def _made(count: dict[str, int]) -> list[Judgement]:
    return [
        judgement(f"int_{author}_{number}", "correction", "x", by=author)
        for author, most in count.items()
        for number in range(most)
    ]


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 40), min_size=1))
def test_nobody_has_more_than_the_share_and_nothing_is_lost(counts: dict[str, int]) -> None:
    made = _made(counts)
    through, held = within_caps(made)
    assert sorted(one.id for one in through + held) == sorted(one.id for one in made)
    largest = max(MOST_FROM_ONE, 1 / len(counts)) * len(made) + 1
    for author in counts:
        assert sum(one.by == author for one in through) <= largest
    assert through, "something always goes through"


def test_a_flood_from_one_does_not_steer_and_the_others_all_go_through() -> None:
    through, held = within_caps(_made({"bot": 900, **{f"person {number}": 5 for number in range(20)}}))
    assert sum(one.by == "bot" for one in through) == 200
    assert {one.by for one in held} == {"bot"}


def test_one_alone_may_say_everything() -> None:
    through, held = within_caps(_made({"anna": 60}))
    assert (len(through), held) == (60, [])


def test_a_sender_is_capped_among_senders_and_what_nobody_sent_is_not() -> None:
    """Whose a judgement is may be told by something else than its author: here by who brought it up."""
    made = _made({"anna": 60})
    sender = {one.id: "bot" if number < 40 else "shop" if number < 50 else None for number, one in enumerate(made)}
    through, held = within_caps(made, source=lambda one: sender[one.id])
    assert [sum(sender[one.id] == name for one in through) for name in ("bot", "shop", None)] == [25, 10, 10]
    assert len(held) == 15 and {sender[one.id] for one in held} == {"bot"}
    assert within_caps(made, source=lambda one: None) == (made, [])


def _said(subject: str, kind: str, value: Any, by: str, at: int, edits: str | None = None) -> Judgement:
    made = judgement(subject, kind, value, by=by)
    return made.model_copy(update={"id": f"jdg_{at:02}", "created": f"2026-01-01T00:00:{at:02}", "edits": edits})


def test_an_expert_reads_corrections_first_and_no_sender_talks_the_others_down() -> None:
    flood = [_said("int_1", "comment", f"flood {n}", "bot", n) for n in range(30)]
    theirs = [
        _said("int_1", "correction", "A mug.", "shop", 31), _said("int_1", "rating", -1, "shop", 32),
        _said("int_1", "correction", "A red mug.", "shop", 33, edits="jdg_31"),
        _said("int_1", "correction", "forgotten", "anna", 34).model_copy(update={"value": None}),
    ]  # fmt: skip
    found = said_first([*flood, *theirs])
    assert [(one.kind, one.value) for one in found[:2]] == [("correction", "A red mug."), ("rating", -1)]
    assert [one.value for one in found[2:]] == [f"flood {n}" for n in (29, 28, 27, 26, 25)]
    assert suggested(found) == found[0] and suggested(found[1:]) is None


def test_what_was_edited_no_longer_stands() -> None:
    first, other = _made({"anna": 2})
    edit = first.model_copy(update={"id": "jdg_2", "edits": first.id})
    again = first.model_copy(update={"id": "jdg_3", "edits": "jdg_2"})
    assert standing([first, other, edit, again]) == [other, again]
