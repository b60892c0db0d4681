"""Numbers, times and names as people read them."""

from __future__ import annotations

import math

import pytest

from strop.web import words


@pytest.mark.parametrize(
    ("value", "name", "shown"),
    [
        (None, "", "–"),
        (math.nan, "accuracy", "–"),
        (math.inf, "", "∞"),
        (-math.inf, "", "−∞"),
        (0.9134, "macro_f1", "0.913"),
        (-0.0204, "accuracy", "−0.020"),
        (350.4, "p95_ms", "350 ms"),
        (0.84, "latency_ms", "0.84 ms"),
        (612 * 2**20, "memory", "612 MiB"),
        (4 * 2**30, "memory", "4.0 GiB"),
        (412.0, "cpu_seconds", "6.9 min"),
        (9000.0, "cpu_seconds", "2.5 h"),
        (0, "leakage", "0"),
        (0.00034, "cost", "< 0.01"),
        (0.00034, "brier", "0.0003"),
        (0.0, "cost", "0.000"),
        (31_000, "tokens", "31,000"),
    ],
)
def test_numbers_carry_the_unit_of_their_name(value: float | None, name: str, shown: str) -> None:
    assert words.number(value, name) == shown


def test_an_interval_names_both_ends_and_an_open_end_is_infinite() -> None:
    assert words.interval(0.27, 0.45, signed=True) == "[+0.270, +0.450]"
    assert words.interval(None, 0.5) == "[−∞, 0.500]"
    assert words.interval(None, None) == ""


def test_every_verdict_has_a_word_and_an_icon_of_its_own() -> None:
    for badges in (words.VERDICTS.values(), words.CHECKS.values()):
        assert len({badge.word for badge in badges}) == len({badge.icon for badge in badges}) == len(badges)


def test_names_of_checks() -> None:
    assert words.check("slices.language=de=at") == "Slice: language = de=at"
    assert words.check("against_release") == "Against what serves now"
    assert words.check("something_new") == "Something new"


def test_times_are_in_utc_and_odd_text_is_left_alone() -> None:
    assert words.moment("2026-03-04T11:30:00+02:00") == "4 March 2026, 09:30 UTC"
    assert words.moment("soon") == "soon"
