"""Numbers written one way, so that "three", "3" and "1.200", "1,200", "1 200" can be compared.

Read are English number words, German and French ones up to twelve that are no English word, thousands parted by a
point, a comma, a space or an apostrophe, and decimals behind a point or a comma. "1.200" is both 1200 and 1.2.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial

_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_VALUES = {
    **{word: number for number, word in enumerate(f"{_UNITS}|{_TEENS}".split("|"), 1)},
    **{word: 10 * number for number, word in enumerate(_TENS.split("|"), 2)},
}
_FOREIGN = {
    "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "zwölf": 12,
    "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12,
}  # fmt: skip
"""Not read: "elf" and "six", which are English; "sept", a month; "ein" and "un", articles."""
_SMALL = rf"(?:(?:{_TENS})(?:-(?:{_UNITS})|\s(?:{_UNITS})(?!-))?|{_TEENS}|{_UNITS})"
_HUNDRED = rf"(?:a|{_SMALL})[\s-]hundred(?:\s(?:and\s)?{_SMALL})?"
_WORDS = re.compile(
    rf"(?<![\w-])(?:half\sa\sdozen|(?:a|{_SMALL})\sdozen"
    rf"|(?:{_HUNDRED}|a|{_SMALL})[\s-]thousand(?:\s(?:and\s)?(?:{_HUNDRED}|{_SMALL}))?"
    rf"|{_HUNDRED}|{_SMALL}|{'|'.join(_FOREIGN)})(?!\w)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?<![\w.,])\d+(?:[.,']\d+|[ \u00a0\u202f]\d{3}(?!\d))*(?!\d)")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}([.,' \u00a0\u202f])\d{3}(?:\1\d{3})*(?:[.,]\d+)?")
_SPACED = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[ \u00a0\u202f]\d{3})+(?!\d)")
_RANGE = re.compile(r"(?<=\d)(?:\s?[-–—−]\s?|\s(?:to|bis|à)\s)(?=\d)", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween (\d[\d.]*) and (?=\d)", re.IGNORECASE)


def in_digits(text: str) -> str:
    """The text with its number words in digits: "twenty-five" as "25", "a dozen" as "12"."""
    return _WORDS.sub(lambda match: str(_amount(match.group().casefold())), text)


def joined(text: str) -> str:
    """The text without the spaces that part thousands: "1 200" as "1200"; "2 200" of "2 200 g bars", too."""
    return _SPACED.sub(lambda match: "".join(match.group().split()), text)


@lru_cache(maxsize=8192)
def readings(text: str) -> tuple[str, ...]:
    """The text with numbers and ranges written one way: once, or twice where a number can be read in two ways."""
    plain = in_digits(text)
    made = []
    for which in (0, -1):
        read = _TOKEN.sub(partial(_written, which), plain)
        made.append(_RANGE.sub("-", _BETWEEN.sub(r"\1-", read)))
    return tuple(dict.fromkeys(made))


def values(number: str) -> tuple[str, ...]:
    """What digits with separators may stand for, with a decimal point alone: ``("1200", "1.200")`` for "1.200"."""
    parted = _THOUSANDS.fullmatch(number)
    if parted is None:
        return (number.replace(",", ".") if re.fullmatch(r"\d+,\d+", number) else number,)
    sign = parted[1]
    whole, *rest = re.split(r"[.,]", number.replace(sign, ""))
    if rest or sign not in ".," or number.count(sign) > 1:
        return (".".join([whole, *rest]),)
    return whole, number.replace(",", ".")


def _written(which: int, match: re.Match[str]) -> str:
    return values(match.group())[which]


def _amount(words: str) -> int:
    if words in _FOREIGN:
        return _FOREIGN[words]
    total = part = 0
    for word in re.split(r"[\s-]+", words):
        if word == "half":
            return 6
        if word == "dozen":
            return 12 * (part or 1)
        if word == "hundred":
            part = 100 * (part or 1)
        elif word == "thousand":
            total, part = 1000 * (part or 1), 0
        else:
            part += _VALUES.get(word, 0)
    return total + part
