"""When rows were written: which forms are read, what is refused, and that a cut by time is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from strop.curate.drafts import Draft
from strop.curate.splits.times import moments
from strop.errors import InputError
from strop.records import Said

Tickets = Callable[..., list[dict[str, str]]]
DAY = "2025-03-04T00:00:00+00:00"


def seconds(texts: Sequence[str | None], told: list[str] | None = None) -> list[float | None]:
    """What is read of a file of these times, row by row."""
    rows = [Draft("a.csv", 2 + n, None, (("user", "x"),), "y", time=text, number=n) for n, text in enumerate(texts)]
    found = moments(rows, {"a.csv": "at"}, ([] if told is None else told).append)
    return [found.get(n) for n in range(len(rows))]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        (DAY, DAY), ("2025-03-04", DAY), ("20250304", DAY), ("2025/3/4", DAY), ("2025.03.04 00:00", DAY),
        ("2025-03-04T02:30:00+02:30", DAY), ("2025", "2025-01-01"), ("2025-03", "2025-03-01"),
        ("03.2025", "2025-03-01"), ("3/2025", "2025-03-01"), ("2025.03", "2025-03-01"), ("2025/03", "2025-03-01"),
        ("1741046400", DAY),
        ("1741046400.0", DAY), ("1.7410464e9", DAY), ("1741046400000", DAY), ("1741046400000000", DAY),
        ("1741046400000000000", DAY), ("4 March 2025", DAY), ("4. März 2025", DAY), ("4 de marzo de 2025", DAY),
        ("Mar 4, 2025", DAY), ("March 4th, 2025 12:00 AM", DAY), ("04-Mar-2025", DAY), ("1er avril 2025", "2025-04-01"),
        ("Tue, 04 Mar 2025 01:00:00 +0100 (CET)", DAY), ("Tue Mar 04 00:00:00 +0000 2025", DAY),
        ("Tue Mar  4 00:00:00 2025", DAY), ('"2025-03-04 00:00:00"', DAY), ("31.12.2025, 23:59", "2025-12-31T23:59"),
        ("12/31/2025 11:59 PM", "2025-12-31T23:59"), ("03/03/2025", "2025-03-03"),
    ],
)  # fmt: skip
def test_a_time_is_read_in_its_form(text: str, iso: str) -> None:
    assert seconds([text]) == [datetime.fromisoformat(f"{iso}+00:00" if "+" not in iso else iso).timestamp()]


@pytest.mark.parametrize(
    "text",
    [
        "unknown",
        "31.02.2025",
        "13/13/2025",
        "3.4.25",
        "2025-13-01",
        "Mar 32, 2025",
        "25:00",
        "4 Foo 2025",
        "nan",
        "31.12",
        "2025.1",
    ],
)
def test_what_is_no_time_is_told_and_not_the_latest(text: str) -> None:
    told: list[str] = []
    assert seconds(["2025-03-04", text, "", None, text], told)[1:] == [None] * 4
    value = f"2 rows with a time that cannot be read (the first: a.csv:3 '{text}')"
    assert told == [
        f"2 rows with no time (the first: a.csv:4) and {value}: "
        "trained on, unless they stay together with rows that are held out."
    ]


def test_the_other_times_of_the_file_tell_day_from_month() -> None:
    march, april = (datetime.fromisoformat(f"2025-{day}T00:00+00:00").timestamp() for day in ("03-04", "04-03"))
    assert seconds(["03/04/2025", "13/01/2025"])[0] == april
    assert seconds(["03/04/2025", "01/13/2025"])[0] == march
    assert seconds(["03.04.2025", "2025-01-01", "", "31.01.2025"])[0] == april


def test_numbers_that_only_count_are_not_years() -> None:
    found = seconds([str(n) for n in (999, 1950, 2025, 20250101, 5)])
    assert found == [999, 1950, 2025, 20250101, 5]


@pytest.mark.parametrize(
    ("texts", "line", "why"),
    [
        (["2025-01-01", "03/04/2025"], 3, "`at` '03/04/2025' may have the day or the month first"),
        (["31/12/2025", "12/31/2025"], 3, "`at` '12/31/2025' has the month first, unlike '31/12/2025' in line 2"),
        (["12/31/2025", "31/12/2025"], 3, "`at` '31/12/2025' has the day first, unlike '12/31/2025' in line 2"),
        ([None, "soon", "later"], 3, "`at` 'soon' cannot be read as a time, nor can any other in the file"),
    ],
)
def test_times_that_cannot_be_told_are_refused(texts: list[str | None], line: int, why: str) -> None:
    with pytest.raises(InputError) as caught:
        seconds(texts)
    assert str(caught.value).startswith(f"a.csv:{line}: {why}")
    assert caught.value.remedy == "write ISO dates (2025-12-31), or take time out of data.splits.by"


def test_a_cut_by_time_without_a_time_is_refused(bench: Any, tickets: Tickets) -> None:
    bench.write("a.jsonl", tickets(60))
    with pytest.raises(InputError, match="no row has one") as caught:
        bench.run(["a.jsonl"], data={"splits": {"by": ["time"]}})
    assert "data.columns.time" in caught.value.remedy
    # Where files say the splits, nothing is cut.
    bench.write("b.jsonl", [{**row, "text": f"And {row['text']}"} for row in tickets(20)])
    sources = [{"path": "a.jsonl", "split": "train"}, {"path": "b.jsonl", "split": "test"}]
    bench.run(sources, data={"splits": {"by": ["time"]}})


def test_the_latest_days_are_held_out_however_they_are_written(bench: Any, tickets: Tickets) -> None:
    """Neither the letters of a date, nor a row without one, nor the few rows of a slice move the cut."""
    days = [datetime(2025, 1, 1) + timedelta(days=n) for n in range(240)]
    rows = [
        {**row, "at": f"{day:%d.%m.%Y %H:%M}", "lang": "de" if n % 9 == 0 else "en"}
        for n, (row, day) in enumerate(zip(tickets(240), days, strict=True))
    ]
    rows[3]["at"], rows[4]["at"] = "unknown", ""
    bench.write("a.jsonl", rows)
    said: list[Said] = []
    data = {"columns": {"time": "at", "slices": ["lang"]}, "splits": {"by": ["time"]}}
    curated = bench.run(["a.jsonl"], data=data, on_event=lambda e: said.append(e) if isinstance(e, Said) else None)
    lines = {split: sorted(curated.examples[i].origin.line for i in ids) for split, ids in curated.splits.items()}
    assert lines["train"] == list(range(1, 169))
    assert lines["validation"] == list(range(169, 193))
    assert lines["test"] == list(range(193, 241))
    assert any(one.warning and "a.jsonl:4 'unknown'" in one.text for one in said)


def by_day(tickets: Tickets, *, customers: Callable[[int], str]) -> list[dict[str, str]]:
    """A ticket a day."""
    return [
        {**row, "at": f"{datetime(2025, 1, 1) + timedelta(days=n):%Y-%m-%d}", "customer": customers(n)}
        for n, row in enumerate(tickets(200))
    ]


@pytest.mark.parametrize(
    ("by", "customers", "told"),
    [
        # each customer writes on ten days in a row; or on two, half a year apart; or once
        (["time"], lambda n: f"c{n // 11}", "2 of 19 groups stand in more than one split, so their test rows are not"),
        (["time", "group"], lambda n: f"c{n // 11}", ""),
        (["time", "group"], lambda n: f"c{n % 100}", "The cut by time is not clean: 70 of train not before the first"),
        (["time"], lambda n: f"c{n}", ""),
    ],
)  # fmt: skip
def test_what_a_cut_is_not_is_said(
    bench: Any, tickets: Tickets, by: list[str], customers: Callable[[int], str], told: str
) -> None:
    bench.write("a.jsonl", by_day(tickets, customers=customers))
    said: list[Said] = []
    data = {"columns": {"time": "at", "group": "customer"}, "splits": {"by": by}}
    curated = bench.run(["a.jsonl"], data=data, on_event=lambda e: said.append(e) if isinstance(e, Said) else None)
    spans = [one.text for one in said if one.text.startswith("Cut by time: train 2025-01-01 to 2025-")]
    assert len(spans) == 1 and curated.splits["test"]
    warned = [one.text for one in said if one.warning]
    assert [text[: len(told)] for text in warned] == ([told] if told else [])
