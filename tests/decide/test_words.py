"""What would settle a check, said so that nobody starts to collect what would never pay."""

from __future__ import annotations

import pytest

from strop.decide import words
from strop.measure import estimate
from strop.records import Check, ItemResult, Measured, MeasureSpec, Needed


@pytest.mark.parametrize(("items", "worth"), [(30, True), (5_000, True), (5_001, False), (46_545, False)])
def test_a_number_of_items_that_nobody_collects_is_said_to_be_one(items: int, worth: bool) -> None:
    assert (words.seldom_worth(Needed(items=items)) == "") is worth
    assert words.further(Needed(items=items)) == f"{items:,} further test items"


def test_items_that_hang_together_are_counted_with_their_groups() -> None:
    def item(number: int, group: str | None = None) -> ItemResult:
        return ItemResult(example=f"ex_{number}", answer="", cluster=group)

    assert words.together([item(1), item(2)], "item") == "2 items"
    assert words.together([item(n, f"doc{n % 3}") for n in range(7)], "test item") == "7 test items in 3 groups"
    assert words.together([item(1, "a"), item(2, "a"), item(3)], "item") == "3 items in 2 groups"
    assert words.together([item(1, "a")], "item") == "1 item"


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (Check(name="primary", verdict="pass", n=72, items=144, unit="item"), "144 items in 72 groups"),
        (Check(name="final_model", verdict="pass", n=16, items=32, unit="sealed item"), "32 sealed items in 16 groups"),
        (Check(name="primary", verdict="pass", n=1, unit="item"), "1 item"),
        (Check(name="run_checks", verdict="pass", n=1_006, unit="run check"), "1,006 run checks"),
        (Check(name="memory", verdict="pass"), ""),
        (Check(name="primary", verdict="pass", n=72), "n = 72"),  # a decision from before
    ],
)
def test_a_check_says_what_it_counted(check: Check, said: str) -> None:
    assert words.behind(check) == said


def test_a_number_says_how_many_items_its_groups_hold() -> None:
    spec = MeasureSpec(name="quality", how="mean")
    items = [
        ItemResult(example=f"ex_{n}", answer="", scores={"quality": n % 2}, cluster=f"doc{n % 5}" if n else None)
        for n in range(12)
    ]
    found = estimate(spec, items)
    assert (found.n, found.items) == (6, 12)
    assert words.counted(found) == "12 items in 6 groups"
    alone = estimate(spec, [item.model_copy(update={"cluster": None}) for item in items])
    assert (alone.n, alone.items, words.counted(alone, "row")) == (12, None, "12 rows")
    before = Measured(value=0.5, low=0.1, high=0.9, n=6, method="score, clustered")
    assert words.counted(before) == "6 groups"  # how many items they hold was not noted
