"""When rows were written: their times as seconds, so that a cut by time is one.

Read are ISO 8601 (a year, or a year and a month, too), seconds and smaller units since 1970, a month and a year by
numbers (12.2025), dates by numbers with the year in four digits, and dates that name the month. A time without a zone
is taken as UTC. Whether 03/04/2025 is in March or in April is told by the other times of the same file; where they do
not tell it, nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, NamedTuple, TypeAlias

from strop.curate.drafts import Draft
from strop.curate.files.rows import shortened
from strop.errors import InputError

Both: TypeAlias = tuple[float | None, float | None]
"""Seconds since 1970 where the day comes first, and where the month does; None: no date so."""
_INSTEAD: Final = "or take time out of data.splits.by"
_NUMBER = re.compile(r"-?(\d+|\d{9,}\.\d+|\d+(\.\d+)?[eE]\+?\d+)")
"""A count; with a point it is one from 1973 on: 12.2025 is a month, 31.12 a day, 2025.1 January or October."""
_MONTH_AND_YEAR = re.compile(r"(?P<month>\d{1,2})[./-](?P<year>\d{4})|(?P<_year>\d{4})[./](?P<_month>\d{2})")
_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From which size on a number counts nanoseconds, microseconds or milliseconds: each from 1973 to 5138."""
_CLOCK = (
    r"(?:[T,\s]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})(?:\s*\([^)]*\))?)?)?"
)
_BY_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})" + _CLOCK, re.IGNORECASE)
_WEEKDAY = r"(?:[^\W\d_]+\.?,?\s+)?"
_MONTH = r"(?P<month>[^\W\d_]+)\.?"
_NAMED = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        _WEEKDAY + r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.)?[\s-]*(?:de\s+)?" + _MONTH
        + r",?[\s-]+(?:de\s+)?(?P<year>\d{4})" + _CLOCK,
        _WEEKDAY + _MONTH + r"\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})" + _CLOCK,
        r"[^\W\d_]+\s+" + _MONTH + r"\s+(?P<day>\d{1,2})" + _CLOCK + r"\s+(?P<year>\d{4})",
    )
]  # fmt: skip
_LANGUAGES: Final = (
    "january february march april may june july august september october november december",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
)


def _months() -> dict[str, int]:
    """By name, and by its first three and four letters where these are of one month only."""
    stands: defaultdict[str, set[int]] = defaultdict(set)
    for language in _LANGUAGES:
        for number, name in enumerate(language.split(), start=1):
            for form in (name, name[:3], name[:4]):
                stands[form].add(number)
    return {form: next(iter(numbers)) for form, numbers in stands.items() if len(numbers) == 1}


_BY_NAME: Final = _months()


class _Said(NamedTuple):
    """A row's place and what it says of its time."""

    row: Draft
    text: str


def moments(rows: Sequence[Draft], columns: Mapping[str, str], say: Callable[[str], None]) -> dict[int, float]:
    """By number the seconds since 1970 at which rows were written; those that do not say it are left out, and told.

    Args:
        rows: rows that a cut by time is to divide.
        columns: of each source the column of its times.
        say: is told how many rows have no time that can be read, and where the first stands.
    Raises:
        InputError: where no row has a time, none of a file can be read, or day and month cannot be told apart.
    """
    by_source: defaultdict[str, list[_Said]] = defaultdict(list)
    lost: list[_Said] = []
    for row in rows:
        said = _Said(row, (row.time or "").strip().strip('"').strip())
        (by_source[row.source] if said.text else lost).append(said)
    if rows and not by_source:
        raise InputError(
            "data.splits.by names time, and no row has one",
            source="strop.yaml",
            remedy=f"name its column in data.columns.time, {_INSTEAD}",
        )
    found: dict[int, float] = {}
    for source, stated in by_source.items():
        read = _of_source(stated, columns.get(source, "time"))
        found |= {said.row.number: moment for said, moment in zip(stated, read, strict=True) if moment is not None}
        lost += [said for said, moment in zip(stated, read, strict=True) if moment is None]
    if lost:
        say(_told(lost))
    return found


def _told(lost: Sequence[_Said]) -> str:
    """How many rows have no time, and where the first of each kind stands."""
    parts = []
    for what, group in (
        ("no time", [said for said in lost if not said.text]),
        ("a time that cannot be read", [said for said in lost if said.text]),
    ):
        if group:
            first = min(group, key=lambda said: said.row.number)
            value = f" '{shortened(first.text, 40)}'" if first.text else ""
            parts.append(f"{len(group)} row{'s' * (len(group) > 1)} with {what} (the first: {first.row.place}{value})")
    return f"{' and '.join(parts)}: trained on, unless they stay together with rows that are held out."


def _of_source(stated: Sequence[_Said], column: str) -> list[float | None]:
    """The seconds of each time of one file, None where it cannot be read."""
    texts = dict.fromkeys(said.text for said in stated)
    counted = {len(text) for text in texts if text.isdigit()} not in ({4}, {8})
    known = {text: _readings(text, counted=counted) for text in texts}
    read = [known[said.text] for said in stated]
    by_day, by_month = (
        next((said for said, both in zip(stated, read, strict=True) if both[one] is None is not both[other]), None)
        for one, other in ((1, 0), (0, 1))
    )
    if by_day and by_month:
        later, earlier = sorted((by_day, by_month), key=lambda said: -said.row.number)
        order = "month" if later is by_month else "day"
        message = f"has the {order} first, unlike '{shortened(earlier.text, 40)}' in line {earlier.row.line}"
        _refuse(later, column, message)
    unclear = next((said for said, both in zip(stated, read, strict=True) if both[0] != both[1]), None)
    if unclear and not by_day and not by_month:
        _refuse(unclear, column, "may have the day or the month first, and no time in the file tells which")
    if all(both == (None, None) for both in read):
        _refuse(stated[0], column, "cannot be read as a time, nor can any other in the file")
    return [both[1] if by_month else both[0] for both in read]


def _refuse(said: _Said, column: str, message: str) -> None:
    raise InputError(
        f"`{column}` '{shortened(said.text, 40)}' {message}",
        source=said.row.source,
        line=said.row.line,
        remedy=f"write ISO dates (2025-12-31), {_INSTEAD}",
    )


def _readings(text: str, *, counted: bool) -> Both:
    """What a time means in each order of day and month; ``counted``: digits alone are a count, not a year or a day."""
    try:
        if (sure := _iso(text, counted=counted)) is not None:
            return sure, sure
        if numbers := _BY_NUMBERS.fullmatch(text):
            return _by_numbers(numbers)
        for pattern in _NAMED:
            found = pattern.fullmatch(text)
            if found and (month := _month(found["month"])):
                moment = _moment(int(found["year"]), month, int(found["day"]), found)
                return moment, moment
    except (ValueError, OverflowError):
        pass
    return None, None


def _iso(text: str, *, counted: bool) -> float | None:
    """ISO 8601, or a count since 1970."""
    if _NUMBER.fullmatch(text) and (counted or not text.isdigit()):
        number = float(text)
        return number / next((unit for least, unit in _UNITS if abs(number) >= least), 1.0)
    if parts := _MONTH_AND_YEAR.fullmatch(text):
        text = f"{parts['year'] or parts['_year']}-{(parts['month'] or parts['_month']):0>2}"
    if re.fullmatch(r"\d{4}(-\d{2})?", text):
        text = f"{text}-01-01"[:10]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _seconds(found if found.tzinfo else found.replace(tzinfo=UTC))


def _by_numbers(found: re.Match[str]) -> Both:
    first, _, second, third = found.groups()[:4]
    if len(first) == 4:
        moment = _moment(int(first), int(second), int(third), found)
        return moment, moment
    if len(third) != 4 or len(first) > 2:
        return None, None
    year, one, other = int(third), int(first), int(second)
    return _moment(year, other, one, found), _moment(year, one, other, found)


def _month(name: str) -> int | None:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return _BY_NAME.get(plain) or (9 if plain == "sept" else None)


def _moment(year: int, month: int, day: int, found: re.Match[str]) -> float | None:
    """Seconds since 1970; None where there is no such day or hour."""
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    if half := found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half in "pP")
    zone: timezone = UTC
    if (said := found["zone"]) and said[0] in "+-":
        sign, digits = (-1 if said[0] == "-" else 1), said[1:].replace(":", "")
        zone = timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
    try:
        return _seconds(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone))
    except ValueError:
        return None


def _seconds(when: datetime) -> float:
    return (when - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
