"""What would settle a check, said so that nobody starts to collect what would never pay."""

from __future__ import annotations

import pytest

from strop.decide import words
from strop.records import ItemResult, Needed


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
