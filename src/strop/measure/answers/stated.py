"""What a text states that can be looked up: numbers with their units, and names; and what of it a source does not hold.

It looks at words: what is rephrased is not seen. In languages that write nouns in capitals, nouns count as names.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SENTENCE_ENDS = frozenset('.!?:;\n"“”')
_AMOUNT = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)*)[\s-]?(?P<unit>%|[^\W\d_]+|[€$£°])?|(?P<sign>[€$£])\s?(?P<after>\d[\d.,]*)"
)
_NUMBERED = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SELF = re.compile(r"I['’](?:m|ve|d|ll)")
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


def claims(text: str) -> list[str]:
    """The checkable pieces of a text: numbers, and words in capitals inside a sentence (names, codes)."""
    found = [match.group() for match in _NUMBER.finditer(text)]
    for match in _WORD.finditer(text):
        word = match.group()
        before = text[max(0, match.start() - 4) : match.start()].rstrip(" \t")
        inside = bool(before) and before[-1] not in _SENTENCE_ENDS
        capital = word[0].isupper() if inside else word[1:] != word[1:].lower()
        if capital and not word.isdigit() and len(word) > 1 and not _SELF.fullmatch(word):
            found.append(word)
    return found


def amounts(text: str) -> set[tuple[str, str]]:
    """Numbers with their units, written one way: ``1,200 g`` and ``1200 grams`` are the same; without one, ``""``."""
    found = set()
    for match in _AMOUNT.finditer(_NUMBERED.sub("", text)):
        number, unit = match["number"] or match["after"].rstrip(".,"), match["unit"] or match["sign"] or ""
        folded = unit.casefold()
        found.add((plain_number(number), _UNITS.get(folded) or _UNITS.get(folded.removesuffix("s")) or ""))
    return found


def plain_number(text: str) -> str:
    """A number without thousands separators and idle zeros."""
    plain = re.sub(r"[,.](?=\d{3}(?:\D|$))", "", text).replace(",", ".")
    whole, _, rest = plain.partition(".")
    return f"{whole.lstrip('0') or '0'}.{rest.rstrip('0')}".rstrip(".")


def invented(text: str, source: str) -> list[str]:
    """Numbers, with their units, and names of a text that its source does not hold, in order.

    A number without a known unit is taken for any. Numbers of a list ("1. …") are none.
    """
    given, found = amounts(source), list[str]()
    for number, unit in sorted(amounts(text)):
        units = {there for known, there in given if known == number}
        if not units or (unit and "" not in units and unit not in units):
            found.append(f"{number} {unit}".strip())
    words = {_plain(match.group()) for match in _WORD.finditer(source)}
    return found + [piece for piece in claims(text) if not piece[0].isdigit() and _plain(piece) not in words]


def _plain(word: str) -> str:
    return word.casefold().removesuffix("'s").removesuffix("’s")
