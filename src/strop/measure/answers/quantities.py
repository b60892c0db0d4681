"""Numbers with a unit, known again in another unit of the same kind or by its longer name: 900 g, 900 grams, 0.9 kg."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_UNITS: dict[str, dict[str, tuple[float, str]]] = {
    "mass": {
        "mg": (1e-3, "milligrams?|milligrammes?"), "g": (1, "grams?|grammes?|gr"), "kg": (1e3, "kilos?|kilograms?|kgs"),
        "tonne": (1e6, "tonnes"), "oz": (28.349523125, "ounces?"), "lb": (453.59237, "lbs"),
    },
    "length": {
        "mm": (1e-3, "millimet(?:er|re)s?"), "cm": (1e-2, "centimet(?:er|re)s?"), "m": (1, "met(?:er|re)s?"),
        "km": (1e3, "kilomet(?:er|re)s?"), "inch": (0.0254, "inches|\"|″|''"), "ft": (0.3048, "feet|foot"),
    },
    "volume": {
        "ml": (1e-3, "millilit(?:er|re)s?"), "cl": (1e-2, "centilit(?:er|re)s?"), "l": (1, "lit(?:er|re)s?"),
    },
    "time": {
        "ms": (1e-3, "milliseconds?"), "s": (1, "secs?|seconds?"), "min": (60, "mins?|minutes?"),
        "h": (3600, "hrs?|hours?"), "day": (86400, "days"), "week": (604800, "weeks"),
    },
    "months": {"month": (1, "months"), "year": (12, "years|yrs?")},
    "data": {
        "kb": (1e3, "kilobytes?"), "mb": (1e6, "megabytes?"), "gb": (1e9, "gigabytes?|gigs?"),
        "tb": (1e12, "terabytes?"),
    },
    "frequency": {
        "hz": (1, "hertz"), "khz": (1e3, "kilohertz"), "mhz": (1e6, "megahertz"), "ghz": (1e9, "gigahertz"),
    },
    "power": {"w": (1, "watts?"), "kw": (1e3, "kilowatts?")},
    "energy": {"wh": (1, "watt[ -]hours?"), "kwh": (1e3, "kilowatt[ -]hours?")},
    "charge": {"mah": (1e-3, "milliamp(?:ere)?[ -]hours?"), "ah": (1, "amp(?:ere)?[ -]hours?")},
    "share": {"%": (1, "percent|per cent|pct")},
    "celsius": {"°c": (1, "degrees? celsius|degrees? c|celsius")},
    "fahrenheit": {"°f": (1, "degrees? fahrenheit|degrees? f|fahrenheit")},
    "euros": {"€": (1, "euros?|eur")},
    "dollars": {"$": (1, "dollars?|usd")},
}  # fmt: skip
"""By kind: each unit's size in the kind's smallest common one, and what else it is called.

Left out is what is another word as often: "5 in January", "15 pounds" of money, "3D".
"""
_THOUSANDS = r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"
_NUMBER = rf"{_THOUSANDS}|\d+(?:[.,]\d+)?"
"""A comma before three digits parts thousands, any other is a decimal one, and one behind a nought."""
_NEAR = 1e-6
"""Two quantities are the same when they differ by less than this share: what a sum in binary may leave."""


class Quantity(NamedTuple):
    """What is measured, and how much of it in the kind's own unit."""

    kind: str
    amount: float


def quantity_of(text: str) -> Quantity | None:
    """The quantity that the whole text is, or None: ``900 g``, ``1.5 kilos``, ``15.6-inch``, ``1,200 ml``."""
    match = _pattern().fullmatch(text.strip())
    return None if match is None else _read(match)


def places(text: str, wanted: Quantity) -> list[tuple[int, int]]:
    """Where the text says this quantity, in whatever unit: start and end of each place, in characters."""
    return [match.span() for match in _pattern().finditer(text) if same(_read(match), wanted)]


def quantities(text: str) -> list[Quantity]:
    """All quantities that the text says, in order."""
    return [_read(match) for match in _pattern().finditer(text)]


def same(one: Quantity, other: Quantity) -> bool:
    """Whether both are as much of the same."""
    return one.kind == other.kind and abs(one.amount - other.amount) <= _NEAR * abs(other.amount)


def _read(match: re.Match[str]) -> Quantity:
    unit = match["unit"].lower()
    for kind, units in _UNITS.items():
        for short, (size, longer) in units.items():
            if unit == short or re.fullmatch(longer, unit):
                return Quantity(kind, _number(match["number"]) * size)
    raise AssertionError(f"a unit that the pattern knows and the table does not: {unit}")


def _number(text: str) -> float:
    return float(text.replace(",", "" if re.fullmatch(_THOUSANDS, text) else "."))


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    units = [(short, longer) for kind in _UNITS.values() for short, (_, longer) in kind.items()]
    alone = {short for short, _ in units if len(short) == 1} - {"l", "w"}  # litres and watts are L and W, too
    # another letter alone is a unit as it is written only: 5 m, but 5M and 3 G are something else
    case = {short: f"(?-i:{re.escape(short)})" if short in alone else re.escape(short) for short, _ in units}
    names = [f"{case[short]}|{longer}" for short, longer in units]
    return re.compile(
        rf"(?<![\w.,/-])(?P<number>{_NUMBER})[\s-]{{0,2}}(?P<unit>{'|'.join(names)})(?!\w)", re.IGNORECASE
    )
