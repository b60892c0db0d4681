"""Noise or content: what tells a copy from another question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.curate.alike.alignment import difference, is_typo
from strop.curate.alike.comparing import Comparison
from strop.measure.alike.near import canonical_text, figures

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


LONG = (
    "I wrote to you about the table and the four chairs that I had ordered in your shop and that came {} as promised."
)
OTHERWISE = [
    ("before March", "before May"), ("by 3 Jan", "by 3 Jun"), ("until Monday", "until Friday"), ("on Sat", "on Sun"),
    ("bis Dienstag", "bis Donnerstag"), ("am Mo", "am Fr"), ("am Do", "am So"), ("im März", "im Mai"),
    ("seit Jänner", "seit Juli"), ("avant mardi", "avant jeudi"), ("en juin", "en août"), ("en févr.", "en avr."),
    ("with 10 mg", "with 10 g"), ("after 3 days", "after 3 weeks"), ("nach 3 Tagen", "nach 3 Wochen"),
    ("at 5 am", "at 5 pm"), ("10 m away", "10 km away"), ("for 10 EUR", "for 10 USD"), ("for $10", "for €10"),
    ("for ten euros", "for ten dollars"), ("with the first van", "with the second van"),
    ("million-fold", "billion-fold"),
    ("for 1.5 kg", "for 15 kg"), ("for 12,5 Euro", "for 1,25 Euro"), ("at 0.15", "at 15"), ("at 2.75", "at 27.5"),
    ("at -5 degrees", "at 5 degrees"), ("at −12", "at 12"), ("at minus 5", "at 5"), ("by -$40", "by $40"),
    ("after it rose", "after it fell"), ("as prices increase", "as prices decrease"), ("to buy it", "to sell it"),
    ("before tea", "after tea"), ("with salt", "without salt"), ("up the hill", "down the hill"),
    ("on the left", "on the right"), ("a credit card", "a debit card"), ("vor dem Essen", "nach dem Essen"),
    ("mit Bad", "ohne Bad"), ("die gestiegen", "die gesunken"), ("zu kaufen", "zu verkaufen"),
    ("en hausse", "en baisse"), ("avec vue", "sans vue"), ("avant midi", "après midi"),
    ("from Rome to Paris", "from Paris to Rome"), ("von Bonn nach Ulm", "von Ulm nach Bonn"),
    ("from my savings account to my current account", "from my current account to my savings account"),
    ("de Lyon à Nice", "de Nice à Lyon"), ("to Ann from Bob", "to Bob from Ann"),
    ("mit dem ersten Wagen", "mit dem letzten Wagen"), ("yesterday", "today"), ("two times", "three times"),
]  # fmt: skip
LIKEWISE = [
    ("before March", "before march"), ("on Tuesday", "on Tuseday"), ("in Feb", "in February"),
    ("for 10 EUR", "for 10 euros"),
    ("which may be", "which might be"), ("in the sun", "in a sun"),
    ("for 1.5 kg", "for 1,5 kg"), ("for 1,000 km", "for 1000 km"), ("on 3-5 days", "on 3–5 days"),
    ("as prices rise", "as prices increase"),
    ("with -5", "with minus 5"), ("with tea", "with a tea"),
    ("on the march", "on a march"), ("im Jänner", "im Januar"), ("am Montag", "am Montags"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), OTHERWISE)
def test_another_month_day_unit_currency_or_place_is_content(one: str, other: str) -> None:
    for left, right in ((one, other), (other, one)):
        assert difference(left, right).is_content
        found = difference(LONG.format(left), LONG.format(right))
        assert found.is_content and not found.is_noise


@pytest.mark.parametrize(("one", "other"), LIKEWISE)
def test_the_same_one_written_otherwise_or_another_sense_is_not(one: str, other: str) -> None:
    for left, right in ((one, other), (other, one)):
        assert difference(LONG.format(left), LONG.format(right)).is_noise
    assert not difference("on Monday or Friday", "on Friday or Monday").is_content
    assert not difference("from Rome to Paris", "to Paris from Rome").is_content


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


@given(st.text("ab1 ²'\n", max_size=12), st.text("ab1 ²'\n", max_size=12))
def test_texts_with_other_digits_are_never_alike(one: str, other: str) -> None:
    """What `figures` takes for granted: such pairs are not even looked for."""
    if figures([canonical_text(one)]) != figures([canonical_text(other)]):
        assert not Comparison("classification", 0.1).alike(one, other)


SOME = ["what", "is", "not", "the", "card", "lost", "lots", "5", "now", "why", "May", "March", "please"]
WORDS = st.lists(st.sampled_from(SOME), max_size=7)


@given(WORDS.map(" ".join), WORDS.map(" ".join))
def test_a_second_hand_is_looked_for_where_something_hangs_on_it_and_nowhere_else(one: str, other: str) -> None:
    found = difference(one, other)
    told = {(with_it.is_noise, with_it.is_content) for with_it in (found._replace(retyped=r) for r in (True, False))}
    assert found.hangs_on_hand or len(told) == 1
