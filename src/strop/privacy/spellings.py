"""What two spellings of one name, date, address or network address share."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
"""A word, as names have them."""
_MARKS = re.compile(r"[\u0300-\u036f]")
"""Accents that stand behind their letter (Unicode's decomposed form, as some file systems and keyboards write it)."""
_LETTER = r"[^\W\d_][\u0300-\u036f]*"
_MARKED_WORD = re.compile(rf"(?:{_LETTER})+(?:['’-](?:{_LETTER})+)*")
_POSSESSIVE = re.compile(r"['’][sS]\Z")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})
_STREETS = {
    "street": "st", "road": "rd", "avenue": "ave", "lane": "ln", "drive": "dr", "boulevard": "blvd", "square": "sq",
    "court": "ct", "place": "pl", "apartment": "apt", "suite": "ste", "terrace": "ter", "parkway": "pkwy",
}  # fmt: skip
_GERMAN_STREET = re.compile(r"str(?:asse|\b)")
_MONTHS = (
    ("jan", "ene", "gen"), ("feb", "fev", "fév"), ("mar", "mär", "maa"), ("apr", "avr", "abr"),
    ("may", "mai", "mag", "mei"), ("jun", "juin", "giu"), ("jul", "juil", "lug"), ("aug", "aou", "aoû", "ago"),
    ("sep", "set"), ("oct", "okt", "ott"), ("nov",), ("dec", "dez", "déc", "dic"),
)  # fmt: skip
_THIS_CENTURY = 30
"""Two digits of a year of birth up to here mean one of this century."""


def words(text: str) -> Iterator[re.Match[str]]:
    """The words of a text, with accents that stand behind their letters."""
    return (_MARKED_WORD if _MARKS.search(text) else WORD).finditer(text)


def end_of(word: re.Match[str]) -> int:
    """Where a word ends, but for the 's behind it."""
    return word.end() - (2 if _POSSESSIVE.search(word.group()) else 0)


def name(word: str) -> str:
    """A word of a name in small letters, without the genitive's 's: Müller, MÜLLER and Mueller's are one."""
    word = _POSSESSIVE.sub("", word)
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", word).casefold().translate(_UMLAUTS)


def date(text: str) -> str:
    """A date as year, month and day; as it stands in small letters where it is none of the forms that are found.

    3/5/1980 is the third of May, as in most of the world; where the second number is no month, the first is.
    """
    plain = unicodedata.normalize("NFC", text).casefold()
    numbers = [int(digits) for digits in re.findall(r"\d+", plain)]
    month = _month(plain)
    if month is not None and len(numbers) == 2:
        day, year = numbers
    elif month is None and len(numbers) == 3:
        year, month, day = numbers if re.match(r"\d{4}", plain) else reversed(numbers)
        if month > 12:
            month, day = day, month
    else:
        return " ".join(plain.split())
    if year < 100:
        year += 2000 if year <= _THIS_CENTURY else 1900
    return f"{year:04}-{month:02}-{day:02}"


def _month(text: str) -> int | None:
    for word in re.findall(r"[^\W\d_]{3,}", text):
        found = [at for at, beginnings in enumerate(_MONTHS, 1) if word.startswith(beginnings)]
        if found:
            return found[0]
    return None


def address(text: str) -> str:
    """A postal address without commas, and with its words of streets in their short forms."""
    plain = unicodedata.normalize("NFC", text).casefold().replace(",", " ").replace(".", " ")
    return " ".join(_STREETS.get(word, _GERMAN_STREET.sub("str", word)) for word in plain.split())


def network(text: str) -> str:
    """An address of the network in its canonical form (RFC 5952); what is none stays as it is."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text
