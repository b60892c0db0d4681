"""Numbers, times and verdicts as people read them."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass

from strop.decide.words import counted
from strop.measure import display_name
from strop.records import CheckVerdict, Measured, Verdict

ABSENT = "–"
MINUS = "\N{MINUS SIGN}"
PERCENT = "\N{NO-BREAK SPACE}%"
ITEMS = {
    "validation": "validation items",
    "test": "sealed test items",
    "cross_fit": "items, each answered by a model that did not see it",
    "general": "items of general ability",
    "secrets": "planted secrets",
}
"""What a report was measured on, as a picture says it."""
_HYPHEN = re.compile(r"(?<![\w.])-(?=\d)")
"""A minus as plain text has it."""
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True)
class Badge:
    """A verdict as a word, an icon and a tone: never by colour alone."""

    word: str
    icon: str
    tone: str


VERDICTS: dict[Verdict, Badge] = {
    "promote": Badge("Promote", "✓", "good"),
    "refuse": Badge("Refuse", "✕", "bad"),
    "not_enough_evidence": Badge("Not enough evidence", "?", "open"),
}
CHECKS: dict[CheckVerdict, Badge] = {
    "pass": Badge("passed", "✓", "good"),
    "fail": Badge("failed", "✕", "bad"),
    "undecided": Badge("undecided", "?", "open"),
    "missing": Badge("missing", "!", "bad"),
}


_CHECK_NAMES = {
    "primary": "The primary measure",
    "against_lower_rungs": "Against the cheaper rungs",
    "against_constant": "Against what takes no model",
    "against_release": "Against what serves now",
    "against_incumbent": "Against what runs today",
    "gain_over_release": "A gain over what serves now",
    "input_dependence": "Its answers depend on the input",
    "general_ability": "General ability is kept",
    "stops": "Answers end by themselves",
    "format": "Answers have the form that is asked for",
    "own_words": "Answers do not repeat their input",
    "abstain": "Wrong answers among those given",
    "p95_ms": "Latency, 95 of 100 answers",
    "blind_pairs": "Blind pairs, judged by people",
    "leakage": "No test item in the training rows",
    "personal_data": "No personal data in the rows",
    "run_checks": "The run kept the never-silent contract",
    "reports": "Reports agree with their items",
    "test_uses": "Openings of the test set",
    "departed": "No failed item left the test set",
    "altered": "Test items that were altered",
    "lines": "Lines that were moved after a look",
}
_KEYS = re.compile(rf"\b({'|'.join(name for name in _CHECK_NAMES if '_' in name)})\b")
"""Names that are no words of a sentence: those with an underscore."""
_COUNTS = frozenset({"leakage", "personal_data", "run_checks", "reports", "test_uses"})


def typeset(text: str) -> str:
    """A sentence with minus signs where plain text has hyphens."""
    return _HYPHEN.sub(MINUS, text)


def check(name: str) -> str:
    """The name of a check as words; slices as ``Slice: language = de``."""
    if name.startswith("slices."):
        return "Slice: " + name.removeprefix("slices.").replace("=", " = ", 1)
    return first_upper(_CHECK_NAMES.get(name, display_name(name)))


def named(detail: str) -> str:
    """A check's detail with other checks called as the page calls them, where it names them by their keys."""
    return _KEYS.sub(lambda found: f"“{_CHECK_NAMES[found.group()]}”", detail)


def first_upper(text: str) -> str:
    """The text with its first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


def number(value: float | None, name: str = "", *, signed: bool = False) -> str:
    """``value`` with the unit that ``name`` implies: milliseconds, bytes, seconds, or a plain number."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    return sign + _unsigned(abs(value), name.lower())


def _unsigned(value: float, name: str) -> str:
    if name.endswith("_ms") or "latency" in name:
        return f"{value:,.0f} ms" if value >= 10 else f"{value:.2g} ms"
    if "memory" in name or "bytes" in name:
        return size(value)
    if name.endswith("seconds"):
        return duration(value)
    if value >= 1000 or name in _COUNTS:
        return f"{value:,.0f}"
    if value == int(value) and value >= 2:
        return f"{value:.0f}"
    if name == "cost" and 0 < value < 0.01:
        return "< 0.01"
    if 0 < value < 0.001:
        return f"{value:.1g}" if value >= 1e-6 else f"{value:.0e}"
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def interval(low: float | None, high: float | None, name: str = "", *, signed: bool = False) -> str:
    """``[low, high]``; an open side is infinite."""
    if low is None and high is None:
        return ""
    left = number(-math.inf if low is None else low, name, signed=signed)
    right = number(math.inf if high is None else high, name, signed=signed)
    return f"[{left}, {right}]"


def measured(value: Measured | None, name: str = "") -> str:
    """A number with its interval and the items behind it, in one line."""
    if value is None:
        return ABSENT
    shown = number(value.value, name)
    if number(value.low, name) != shown or number(value.high, name) != shown:  # else it says no more than the number
        shown += f" {interval(value.low, value.high, name)}"
    return f"{shown} on {counted(value)}"


def size(count: float) -> str:
    """Bytes in binary units."""
    power = 0
    while count >= 1024 and power < len(_BYTES) - 1:
        count /= 1024
        power += 1
    return f"{count:.0f} {_BYTES[power]}" if count >= 100 or power == 0 else f"{count:.1f} {_BYTES[power]}"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, two significant parts at most."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 600:
        return f"{seconds / 60:.1f} min"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def share(part: float, whole: float) -> str:
    """``part`` of ``whole`` in percent."""
    return f"{100 * part / whole:.0f} %" if whole else ABSENT


def moment(text: str) -> str:
    """An ISO 8601 time as a date and minutes, in UTC; text that is no time is left as it is."""
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    if time.tzinfo:
        time = time.astimezone(dt.UTC)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def plural(count: int, noun: str) -> str:
    """``1 item``, ``2 items``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
