"""Grounded names and numbers, facts used, handing over: tables worked out by hand."""

from __future__ import annotations

import pytest

from strop.evaluate.answers import Answer
from strop.evaluate.kinds.escalation import escalations
from strop.evaluate.kinds.grounding import facts_of, facts_used, grounded, hands_over
from strop.measure.answers.stated import claims
from strop.settings import Costs

SOURCE = "The fee is 1,200 euros a year. Acme may end the contract within 30 days. Paid to Nordwind's agent."


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Acme can end it within 30 days.", 1.0),
        ("You pay 1200 euros.", 1.0),
        ("You pay 1.200 euros.", 1.0),
        ("You pay 1,300 euros.", 0.0),
        ("You pay 1200,00 euros.", 1.0),
        ("You pay Nordwind 1,200 euros within 60 days.", 2 / 3),
        ("They told Contoso.", 0.0),
        ("Users pay a yearly fee.", 1.0),
        ("", 1.0),
    ],
)
def test_grounded(row, answer, expected) -> None:
    assert grounded(row(SOURCE), Answer(answer)) == pytest.approx(expected)


def test_a_capital_at_the_start_of_a_sentence_is_no_name() -> None:
    assert claims("The fee. Users pay. And then Acme paid 3.5 to USB: It went.") == ["3.5", "Acme", "USB"]
    assert claims("Sure, I've booked it, and I’m glad; then I'd call Ann, I'll ask IV.") == ["Ann", "IV"]


FACTS = """Answer guests.

Facts:
[1] Gull Inn: The view was spacious.
[2] Gull Inn: Breakfast costs 9 pounds.
[3] Gull Inn: Dogs are welcome at the Gull Inn."""


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("Breakfast is 9 pounds.", [2], (1, 0, 0)),
        ("Breakfasts are served, dogs may come.", [2], (1, 1, 0)),
        ("Dogs are welcome.", [2], (0, 1, 1)),
        ("The Gull Inn is lovely.", [1, 2], (0, 0, 2)),
        ("", [1, 3], (0, 0, 2)),
    ],
)
def test_facts_used(row, answer, gold, expected) -> None:
    example = row("How much is breakfast?", system=FACTS, expect={"gold_facts": gold, "names": ["Gull Inn"]})
    assert facts_used(example, Answer(answer)) == expected


def test_facts_used_does_not_apply_without_facts_or_where_a_person_should_answer(row) -> None:
    assert facts_used(row("x", system=FACTS), Answer("Dogs.")) is None
    assert facts_used(row("x", expect={"gold_facts": [1]}), Answer("Dogs.")) is None
    assert facts_used(row("x", system=FACTS, expect={"gold_facts": [], "should_escalate": True}), Answer("x")) is None


def test_facts_are_read_by_number_without_their_names(row) -> None:
    assert facts_of(row("x", system=FACTS))[2] == "Breakfast costs 9 pounds."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Shall I pass you to a colleague who can check it?", True),
        ("I will escalate this.", True),
        ("Let me connect you with one of our agents.", True),
        ("The agent at the desk is nice.", False),
        ("You can pass the museum on the way.", False),
    ],
)
def test_hands_over(text, expected) -> None:
    assert hands_over(text) is expected


def test_escalation_counts(row) -> None:
    score = escalations(None, Costs())[0].score
    yes, no = row("a", expect={"should_escalate": True}), row("b", expect={"should_escalate": False})
    over, answer = Answer("I pass you to a colleague."), Answer("Breakfast is at nine.")
    assert [score(yes, over), score(no, over), score(yes, answer), score(no, answer)] == [
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
        (0, 0, 0),
    ]
    assert score(row("c"), over) is None


def test_escalation_precision_recall_and_cost(row) -> None:
    """A missed one costs 20, a needless one half a minute of a person who costs 60 an hour."""
    measures = {m.name: m for m in escalations(None, Costs(missed_escalation=20, expert_hour=60, minutes_per_item=0.5))}
    yes, no = row("a", expect={"should_escalate": True}), row("b", expect={"should_escalate": False})
    over, answer = Answer("I pass you to a colleague."), Answer("Breakfast is at nine.")
    pairs = [(yes, over), (no, over), (yes, answer), (no, answer)]

    def scores(name):
        return [measures[name].score(example, said) for example, said in pairs]

    assert scores("escalation_precision") == [1, 0, None, None]
    assert scores("escalation_recall") == [1, None, 0, None]
    assert scores("escalation_cost") == [0, 0.5, 20, 0]
    assert "missed:20" in measures["escalation_cost"].spec().signature
    assert "escalation_cost" not in {m.name for m in escalations(None, Costs())}
