"""What answers rest on: nothing invented, citations, retrieved facts. Tables worked out by hand."""

from __future__ import annotations

import pytest

from strop.evaluate.answers import Answer
from strop.evaluate.kinds.catalogue import BUILT_IN
from strop.evaluate.kinds.citing import cited
from strop.measure.answers.stated import amounts

SHEET = "name: Aldo 2\nweight: 1,200 g\nsleeps: 2 people\nprice: €199\nwaterproof: 3000 mm"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("The Aldo 2 weighs 1200 grams and sleeps 2 people.", 1),
        ("A tent for 2 at 199 euros.", 1),
        ("It costs €199.00.", 1),
        ("It weighs 1.2 kg.", 1),
        ("It weighs 1.3 kg.", 0),
        ("It weighs 1 200 g.", 1),
        ("It weighs 1.200 kg.", 1),
        ("It sleeps two, costs 199,00 euros and holds 3 m of water.", 1),
        ("It holds 3 km of water.", 0),
        ("It weighs 1,200 kg.", 0),
        ("It weighs 1,300 g.", 0),
        ("It weighs 1200 g, says the Alpine Club.", 0),
        ("1. Light: 1200 g.\n2. Dry: 3000 mm.\n7. Aldo 2.", 1),
        ("A light tent.", 1),
    ],
)
def test_nothing_invented(row, answer, expected) -> None:
    assert BUILT_IN["nothing_invented"].score(row(SHEET), Answer(answer)) == expected


def test_numbers_of_a_source_may_stand_in_words(row) -> None:
    example, score = row("burners: three, warranty: two years"), BUILT_IN["nothing_invented"].score
    assert score(example, Answer("It has 3 burners and 24 months of warranty.")) == 1
    assert score(example, Answer("It has 4 burners.")) == 0


def test_context_counts_as_given(row) -> None:
    example = row("How heavy is it?", context=("The Aldo weighs 900 g.",))
    assert BUILT_IN["nothing_invented"].score(example, Answer("The Aldo has 900 g.")) == 1
    assert BUILT_IN["nothing_invented"].score(row("How heavy is it?"), Answer("It has 900 g.")) == 0


def test_amounts_are_written_one_way() -> None:
    assert amounts("1,200 grams, 1200g and $5, 5 dollars") == {("1200", "g"), ("5", "$")}


FACTS = (
    "Facts:\n[1] Gull Inn: The view was spacious.\n[2] Gull Inn: Breakfast costs 9 pounds.\n[3] Gull Inn: Dogs bark."
)


def test_citations(row) -> None:
    assert cited("As said [2], and [1, 3]; not (4) nor [a].") == {1, 2, 3}
    example = row("q", system=FACTS, expect={"citations": [1, 2]})
    answers = [Answer("A view [1] and breakfast [2]."), Answer("A view [1], dogs [3]."), Answer("A view.")]

    def scores(name):
        return [BUILT_IN[name].score(example, answer) for answer in answers]

    assert scores("citation_f1") == [(2, 0, 0), (1, 1, 1), (0, 0, 2)]
    assert scores("citation_precision") == [1, 0.5, None]
    assert scores("citation_recall") == [1, 0.5, 0]
    assert BUILT_IN["citation_f1"].score(row("q", system=FACTS), answers[0]) is None


def test_retrieval_is_told_by_the_facts_used(row) -> None:
    example = row("q", system=FACTS, expect={"gold_facts": [1, 2]})
    answer = Answer("The view is spacious, and dogs bark.")
    assert BUILT_IN["facts_used"].score(example, answer) == (1, 1, 1)
    assert BUILT_IN["retrieval_precision"].score(example, answer) == 0.5
    assert BUILT_IN["retrieval_recall"].score(example, answer) == 0.5
    assert BUILT_IN["retrieval_recall"].score(row("q", system=FACTS), answer) is None
