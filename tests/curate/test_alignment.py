"""Noise or content: what tells a copy from another question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.curate.alignment import difference, is_typo

NOISE = [
    ("Where is my new card?", "where is my new card"),
    ("Where is my new card?", "Hello, where is my new crad? Thanks"),
    ("I want to know your exchange rates.", "I want know your exchange rates. thank you!"),
    ("My phone was stolen, what should I do first?", "Hi, My phone was stolen what should I do first"),
    ("A percentage fee was charged to my withdrawal.", "Please help: A percentage fee was charged to my witdhrawal."),
    ("I don't have it", "i dont have it"),
    ("Wo ist meine Karte geblieben?", "Guten Tag, wo ist meine karte geblieben? Danke"),
]
CONTENT = [
    ("Is my card blocked?", "Is my card not blocked?"),
    ("Send 20 dollars to Ann", "Send 30 dollars to Ann"),
    ("How do I top up by card?", "How do I top up by cheque?"),
    ("Why is my payment pending?", "Why is my card payment pending?"),
    ("The Tent 12 weighs 3 kg", "The Tent 13 weighs 3 kg"),
]


@pytest.mark.parametrize(("one", "other"), NOISE)
def test_noise(one: str, other: str) -> None:
    assert difference(one, other).is_noise
    assert difference(other, one).is_noise


@pytest.mark.parametrize(("one", "other"), CONTENT)
def test_content(one: str, other: str) -> None:
    assert not difference(one, other).is_noise
    assert not difference(other, one).is_noise


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("card", "crad", True), ("withdrawal", "witdhrawal", True), ("cannot", "cannoot", True),
        ("card", "cart", False), ("charge", "charhe", True), ("2023", "2024", False), ("not", "now", False),
    ],
)  # fmt: skip
def test_typos(one: str, other: str, slip: bool) -> None:
    assert is_typo(one, other) is slip
    assert is_typo(other, one) is slip


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert difference(one, one).is_noise
    found = difference(one, other)
    assert not (found.is_noise and found.is_content)
