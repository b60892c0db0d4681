"""Which label a written answer names: exactly one, or none."""

from __future__ import annotations

import pytest

from strop.engines.base import ScoreResult
from strop.engines.labels import chosen, named

LABELS = ("cards", "refund", "refund not showing up", "top_up limit")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("refund", "refund"),
        ("  Refund.\n", "refund"),
        ('"cards"', "cards"),
        ("**Top-up limit**", None),
        ("top up limit", "top_up limit"),
        ("The queue is: refund not showing up", "refund not showing up"),
        ("This is about cards, I think.", "cards"),
        ("cards or refund", None),
        ("not cards", None),
        ("It isn't a refund.", None),
        ("cards, not sure why", "cards"),
        ("discards", None),
        ("", None),
        ("I cannot tell.", None),
    ],
)
def test_a_written_answer_names_one_label_or_none(text: str, label: str | None) -> None:
    assert named(text, LABELS) == label


def test_a_label_that_is_itself_a_denial_is_named() -> None:
    assert named("It is not spam.", ("spam", "not spam")) == "not spam"


def test_labels_that_differ_by_case_alone_are_told_apart_word_for_word_only() -> None:
    assert named("A", ("A", "a")) == "A"
    assert named("a.", ("A", "a")) is None


def test_probabilities_where_there_are_some_else_what_was_written() -> None:
    scored = chosen(("a", "b"), ScoreResult(logprobs=(-2.0, -1.0)))
    assert scored.label == "b" and sum(scored.probabilities.values()) == pytest.approx(1)
    assert chosen(("a", "b"), ScoreResult(logprobs=(), wrote="A.")) == ("a", "a", {})
    assert chosen(("a", "b"), ScoreResult(logprobs=(), wrote="neither")) == ("neither", None, {})
