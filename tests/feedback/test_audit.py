"""The audit sample: so many of each period and arm, by chance alone."""

from __future__ import annotations

import datetime as dt

import pytest
from scipy import stats

from strop.errors import SettingsError
from strop.feedback import Sampler, seconds_of
from strop.records import new_id

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp()
DAY = 86_400.0


def drawn(sampler: Sampler, count: int, *, days: float, start: float = 0.0, candidate: str = "cand_a") -> list[bool]:
    """Requests spread over so many days; which of them were drawn."""
    times = (START + (start + days * number / count) * DAY for number in range(count))
    return [sampler.draw(new_id("int"), candidate, when) for when in times]


def test_a_new_candidate_is_looked_at_closely_and_then_by_its_share() -> None:
    sampler = Sampler(30, "7d")
    first = drawn(sampler, 7_000, days=7)
    later = drawn(sampler, 28_000, days=28, start=7)
    assert all(first[:29])
    assert stats.poisson.interval(0.9999, 30 * 4)[0] <= sum(later) <= stats.poisson.interval(0.9999, 30 * 4)[1]


def test_arms_are_drawn_apart() -> None:
    sampler = Sampler(20, "7d")
    drawn(sampler, 5_000, days=7)
    assert sum(drawn(sampler, 20, days=0.1, start=7, candidate="cand_b")) == 20


def test_what_is_drawn_does_not_depend_on_who_asks_again() -> None:
    identities = [new_id("int") for _ in range(200)]
    once, again = Sampler(5, "7d"), Sampler(5, "7d")
    assert [once.draw(i, "c", START) for i in identities] == [again.draw(i, "c", START) for i in identities]


def test_a_restart_goes_on_where_it_was() -> None:
    before = [
        ("cand_a", dt.datetime.fromtimestamp(START + number, dt.UTC).isoformat(timespec="milliseconds"))
        for number in range(2_000)
    ]
    sampler = Sampler(30, "7d", before=before)
    assert sum(drawn(sampler, 100, days=0.1, start=1)) < 15


def test_none_are_drawn_where_none_are_wanted() -> None:
    assert not any(drawn(Sampler(0, "7d"), 100, days=1))


@pytest.mark.parametrize(("text", "seconds"), [("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600)])
def test_periods(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "7 d", "7m", "1e3d", "９d"])
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(SettingsError, match="no period"):
        seconds_of(text)
