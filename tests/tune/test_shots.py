"""Sets of examples for a prompt: different ideas, the same every time, never a row that was not offered."""

from __future__ import annotations

from collections import Counter

from strop.records import Example, Message, Origin
from strop.tune import shot_sets


def row(number: int, text: str, answer: str | None) -> Example:
    asked = (Message(role="user", content=text),)
    return Example(id=f"ex_{number:03}", messages=asked, reference=answer, origin=Origin(source="rows"))


# Three topics of forty rows, and one row that is like no other.
TOPICS = ("card payment declined shop", "refund not on account", "change address of delivery")
ROWS = [row(n, f"{TOPICS[n % 3]} case {'x' * (n // 3 % 7)}", ("cards", "refunds", "post")[n % 3]) for n in range(120)]
ROWS.append(row(120, "wombat trapezoid", "cards"))
BY_ID = {one.id: one for one in ROWS}


def test_the_same_rows_in_any_order_give_the_same_sets() -> None:
    assert shot_sets(ROWS, 4, by_label=True) == shot_sets(ROWS[::-1], 4, by_label=True)
    assert shot_sets(ROWS, 4, by_label=True, seed=1) != shot_sets(ROWS, 4, by_label=True, seed=2)


def test_every_set_is_another_and_holds_as_many_rows_as_asked() -> None:
    sets = shot_sets(ROWS, 4, by_label=False)
    assert 5 <= len(sets) <= 8
    assert len({frozenset(one.shots) for one in sets}) == len(sets)
    assert all(len(set(one.shots)) == 4 and set(one.shots) <= BY_ID.keys() for one in sets)


def test_labels_are_balanced_where_there_are_labels() -> None:
    for one in shot_sets(ROWS, 6, by_label=True):
        if one.name != "coverage":  # its order ends where everything is covered
            assert Counter(BY_ID[shot].reference for shot in one.shots) == {"cards": 2, "refunds": 2, "post": 2}, one


def test_coverage_takes_one_of_each_topic_and_central_rows_are_no_outliers() -> None:
    sets = {one.name: one.shots for one in shot_sets(ROWS, 3, by_label=False)}
    assert {BY_ID[shot].reference for shot in sets["coverage"]} == {"cards", "refunds", "post"}
    assert "ex_120" not in sets["central"]


def test_rows_without_an_answer_and_very_long_rows_are_no_examples() -> None:
    rows = [row(n, f"question number {n}", "a" if n < 6 else " " if n < 8 else None) for n in range(10)]
    rows.append(row(10, "long " * 200, "a"))
    assert {shot for one in shot_sets(rows, 3, by_label=True) for shot in one.shots} <= {f"ex_{n:03}" for n in range(6)}
    assert shot_sets(rows, 0, by_label=True) == shot_sets(rows[6:10], 3, by_label=True) == []
    assert [one.shots for one in shot_sets(rows[:2], 4, by_label=True)] == [("ex_000", "ex_001")]
