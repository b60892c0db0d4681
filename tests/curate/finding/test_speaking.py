"""How many rows speak for all others: additions seldom cross a step, and few rows are silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.curate.finding.speaking import step_below


@given(st.integers(0, 10_000_000))
def test_at_least_four_in_five_rows_speak_and_of_few_all(count: int) -> None:
    step = step_below(count)
    assert 0.8 * count <= step <= count
    assert step == count or count > 5_000


@given(st.integers(5_001, 5_000_000), st.integers(0, 5_000_000))
def test_more_rows_have_no_lower_step(count: int, more: int) -> None:
    assert step_below(count) <= step_below(count + more)


@pytest.mark.parametrize("rows", [9_000, 10_000, 20_000, 50_000, 100_000])
def test_files_of_a_round_number_of_rows_take_a_hundred_more_without_a_step(rows: int) -> None:
    assert step_below(rows - 100) == step_below(rows + 100)
