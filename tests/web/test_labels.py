"""How many labels are right stands beside macro F1, which may say the opposite."""

from __future__ import annotations

import samples

from strop.records import ItemResult, MeasureSpec
from strop.web import changes, labels, report

F1 = MeasureSpec(name="macro_f1", how="macro_f1", primary=True)
GOLD = ["neutral"] * 6 + ["good", "bad"]


def said(*given: str) -> list[ItemResult]:
    return [
        ItemResult(example=f"e{n}", answer=label, label=label, gold=gold)
        for n, (label, gold) in enumerate(zip(given, GOLD, strict=True))
    ]


# Finds both rare labels and two of six common ones, where the rung finds the common ones alone.
OWN = said("neutral", "neutral", "good", "bad", "good", "bad", "good", "bad")
RUNG = said(*["neutral"] * 8)


def test_right_labels_are_counted_beside_the_rung_and_the_commonest_label() -> None:
    told = [("Right labels", "4 of 8", "50 %; old: 6; always “neutral”: 6")]
    assert labels.right(F1, [("new", OWN), ("old", RUNG)]) == told
    assert labels.right(F1, [("new", OWN), ("old", [])]) == labels.right(F1, [("new", OWN)])
    assert labels.right(F1, [("new", OWN)]) == [("Right labels", "4 of 8", "50 %; always “neutral”: 6")]
    assert labels.right(F1, [("new", [])]) == labels.right(F1, []) == []
    assert labels.right(samples.SPEC, [("new", OWN)]) == []


def test_items_that_changed_are_counted_by_what_an_item_has() -> None:
    found = changes.compare(F1, RUNG, OWN, names=("old", "new"), examples={})
    assert (found.measure, found.better, found.worse) == ("accuracy", 2, 4)


def test_the_page_of_a_decision_on_labels_shows_them() -> None:
    own, items = samples.tickets()
    context = samples.context(reports={own.id: own}, items={own.id: items})
    page = report.page(samples.decision(reports={"candidate": own.id}, rungs=()), context)
    assert "Right labels" in page and "102 of 120" in page and "always “queue a”: 24" in page
