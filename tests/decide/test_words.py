"""What would settle a check, said so that nobody starts to collect what would never pay."""

from __future__ import annotations

import pytest

from strop.decide import words
from strop.records import Needed


@pytest.mark.parametrize(("items", "worth"), [(30, True), (5_000, True), (5_001, False), (46_545, False)])
def test_a_number_of_items_that_nobody_collects_is_said_to_be_one(items: int, worth: bool) -> None:
    assert (words.seldom_worth(Needed(items=items)) == "") is worth
    assert words.further(Needed(items=items)) == f"{items:,} further test items"
