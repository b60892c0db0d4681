"""The audit sample: so many of each period and arm, by chance alone."""

from __future__ import annotations

import datetime as dt

import pytest
from scipy import stats

from strop.errors import SettingsError
from strop.feedback import audited, seconds_of
from strop.records import Interaction, Message, new_id

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def traffic(count: int, *, days: float = 28, candidate: str = "cand_a") -> list[Interaction]:
    return [
        Interaction(
            id=new_id("int"), release="rel_1", candidate=candidate, arm="release", complete=True,
            messages=(Message(role="user", content="x"),),
            created=(START + dt.timedelta(days=days * number / count)).isoformat(),
        )
        for number in range(count)
    ]  # fmt: skip


def test_so_many_of_each_period_and_candidate() -> None:
    both = traffic(800) + traffic(60, candidate="cand_b")
    drawn = audited(both, items=10, every="7d")
    periods: dict[tuple[str, int], int] = {}
    for one in both:
        if one.id in drawn:
            week = int(dt.datetime.fromisoformat(one.created).timestamp()) // seconds_of("7d")
            periods[one.candidate, week] = periods.get((one.candidate, week), 0) + 1
    assert set(periods.values()) <= set(range(1, 11)) and len(periods) >= 8
    assert sum(count == 10 for count in periods.values()) >= 6


def test_any_request_is_as_likely_as_any_other() -> None:
    hits = [0] * 10
    for _ in range(400):
        made = traffic(10, days=0.1)
        drawn = audited(made, items=3, every="7d")
        hits = [hit + (one.id in drawn) for hit, one in zip(hits, made, strict=True)]
    assert sum(hits) == 1200
    assert stats.chisquare(hits).pvalue > 1e-4


def test_nothing_incomplete_is_judged() -> None:
    made = [one.model_copy(update={"complete": False}) for one in traffic(20)]
    assert audited(made, items=5, every="7d") == set()


@pytest.mark.parametrize(("text", "seconds"), [("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600)])
def test_periods(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "7 d", "7m", "1e3d", "９d"])
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(SettingsError, match="no period"):
        seconds_of(text)
