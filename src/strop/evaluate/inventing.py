"""Does an answer state what nobody gave it? A number, a unit or a name that its input does not hold.

It looks at words: what is rephrased is not seen. In languages that write nouns in capitals, nouns count as names.
"""

from __future__ import annotations

import re

from strop.evaluate.answers import Answer
from strop.evaluate.grounding import claims, plain_number, source_of
from strop.evaluate.measures import Measure
from strop.records import Example

_AMOUNT = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)*)[\s-]?(?P<unit>%|[^\W\d_]+|[€$£°])?|(?P<sign>[€$£])\s?(?P<after>\d[\d.,]*)"
)
_NUMBERED = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SAME = (
    "mm millimetre millimeter", "cm centimetre centimeter", "m metre meter", "km kilometre kilometer", "inch inches",
    "ft foot feet", "mg milligram", "g gram gramme", "kg kilo kilogram", "lb lbs pound", "oz ounce",
    "ml millilitre milliliter", "l litre liter", "mb megabyte", "gb gigabyte", "tb terabyte", "hz hertz",
    "ghz gigahertz", "w watt", "kw kilowatt",
    "wh", "mah", "v volt", "s sec second", "min minute", "h hr hour", "day", "week", "month", "year",
    "% percent", "° degree",
    "€ euro eur", "$ dollar usd", "£ gbp", "star", "person people", "piece",
)  # fmt: skip
_UNITS = {form: line.split()[0] for line in _SAME for form in line.split()}


def amounts(text: str) -> set[tuple[str, str]]:
    """Numbers with their units, written one way: ``1,200 g`` and ``1200 grams`` are the same; without one, ``""``."""
    found = set()
    for match in _AMOUNT.finditer(_NUMBERED.sub("", text)):
        number, unit = match["number"] or match["after"].rstrip(".,"), match["unit"] or match["sign"] or ""
        folded = unit.casefold()
        found.add((plain_number(number), _UNITS.get(folded) or _UNITS.get(folded.removesuffix("s")) or ""))
    return found


def nothing_invented(example: Example, answer: Answer) -> float:
    """1 when every number, with its unit, and every name of the answer stands in what the model was given, else 0.

    A number without a known unit is taken for any. Numbers of a list ("1. …") are none.
    """
    source = source_of(example)
    given = amounts(source)
    for number, unit in amounts(answer.text):
        units = {there for known, there in given if known == number}
        if not units or (unit and "" not in units and unit not in units):
            return 0.0
    words = {_plain(match.group()) for match in _WORD.finditer(source)}
    names = [piece for piece in claims(answer.text) if not piece[0].isdigit()]
    return float(all(_plain(name) in words for name in names))


def _plain(word: str) -> str:
    return word.casefold().removesuffix("'s").removesuffix("’s")


NOTHING_INVENTED = Measure("nothing_invented", "mean", nothing_invented, settings={"of": "numbers,units,names"})
