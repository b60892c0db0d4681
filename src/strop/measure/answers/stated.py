"""What a text states that can be looked up: numbers with their units, and names; and what of it a source does not hold.

It looks at words: what is rephrased is not seen. In languages that write nouns in capitals, nouns count as names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from strop.measure.answers.numerals import joined, readings, values
from strop.measure.answers.quantities import Quantity, quantities, quantity_of, same

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
    return {(numbers[0], unit) for _, numbers, unit in _said(text)}


def _said(text: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Each number as it is written and in all ways to read it, and its unit."""
    for match in _AMOUNT.finditer(_NUMBERED.sub("", text)):
        number, unit = match["number"] or match["after"].rstrip(".,"), match["unit"] or match["sign"] or ""
        folded = unit.casefold()
        unit = _UNITS.get(folded) or _UNITS.get(folded.removesuffix("s")) or ""
        yield number, numbers_of(number), unit


def numbers_of(text: str) -> tuple[str, ...]:
    """What a number may stand for, without separators and idle zeros: ``("1200", "1.2")`` for "1.200"."""
    read = (value.rstrip("0").rstrip(".") if "." in value else value for value in values(text))
    return tuple(dict.fromkeys([plain_number(text), *read]))


def plain_number(text: str) -> str:
    """A number without thousands separators and idle zeros."""
    plain = re.sub(r"[,.](?=\d{3}(?:\D|$))", "", text).replace(",", ".")
    whole, _, rest = plain.partition(".")
    return f"{whole.lstrip('0') or '0'}.{rest.rstrip('0')}".rstrip(".")


def invented(text: str, source: str) -> list[str]:
    """Numbers, with their units, and names of a text that its source does not hold, in order.

    A number without a known unit is taken for any, one with a unit may stand in another unit ("1.2 kg" of "1,200 g"),
    and the source's may be words ("three"). Numbers of a list ("1. …") and words of the text ("four seasons") are none.
    """
    words = {_plain(match.group()) for match in _WORD.finditer(source)}
    names = [piece for piece in claims(text) if not piece[0].isdigit() and _plain(piece) not in words]
    given = {(number, unit) for _, numbers, unit in _said(source) for number in numbers}
    if all(_among(given, numbers, unit) for _, numbers, unit in _said(text)):
        return names
    measured = quantities(source)
    for read in readings(source):
        given |= {(number, unit) for _, numbers, unit in _said(read) for number in numbers}
        measured += quantities(read)
    as_written = {written for written, _, _ in _said(source)}
    return min((_strange(read, given, measured, as_written) for read in (text, joined(text))), key=len) + names


def _among(given: set[tuple[str, str]], numbers: Sequence[str], unit: str) -> bool:
    """Whether a number, in one of its readings, is given: with its unit, without one, or where it has none with any.

    Twenty pounds may be weighed or paid.
    """
    units = {there for known, there in given if known in numbers}
    return bool(units) and (not unit or not units.isdisjoint({"", unit, *(("£",) if unit == "lb" else ())}))


def _strange(text: str, given: set[tuple[str, str]], measured: list[Quantity], as_written: set[str]) -> list[str]:
    """The amounts of a text that are not among the given ones, as such or in another unit."""
    found = set()
    for written, numbers, unit in _said(text):
        if _among(given, numbers, unit):
            continue
        if len(numbers) > 1 and written in as_written:
            wanted = list[Quantity]()  # "1,200 kg" of "1,200 g": the number was kept and the unit was not
        else:
            wanted = [quantity for number in numbers if (quantity := quantity_of(f"{number} {unit}"))]
        if not any(same(one, other) for one in wanted for other in measured):
            found.add(f"{numbers[0]} {unit}".strip())
    return sorted(found)


def _plain(word: str) -> str:
    return word.casefold().removesuffix("'s").removesuffix("’s")
