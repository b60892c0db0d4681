"""Identity numbers of further countries' registers of persons, each with the rule that its country publishes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.privacy.checksums import is_date, luhn, mod11_10, weighted
from strop.privacy.rules import numbers, rule
from strop.privacy.spans import Span

_SIX_DIGITS = re.compile(r"\d(?:[^\W\d_]{0,4}[ ./-]?\d){5}")


def _dated(year: str, month: int, day: str) -> bool:
    """Whether such a day can have been, in some century."""
    return int(day) > 0 and 1 <= month <= 12 and is_date(2000 + int(year) % 4, month, int(day))


def _czech(d: str) -> bool:  # women: month + 50; where a day's numbers ran out + 20 (act 133/2000)
    month = int(d[2:4]) % 50
    dated = _dated(d[:2], month - 20 if month > 20 else month, d[4:6])
    return dated and (len(d) == 9 or int(d[:9]) % 11 % 10 == int(d[9]))


def _romanian(d: str) -> bool:
    check = weighted(d[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9), 11)
    dated = _dated(d[1:3], int(d[3:5]), d[5:7])
    return dated and 1 <= int(d[7:9]) <= 52 and (1 if check == 10 else check) == int(d[12])


def _austrian(d: str) -> bool:
    return d[0] != "0" and weighted(d[:3] + d[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6), 11) == int(d[3])


def _bulgarian(d: str) -> bool:  # born before 1900: month + 20, after 1999: + 40
    return _dated(d[:2], int(d[2:4]) % 20, d[4:6]) and (weighted(d, (2, 4, 8, 5, 10, 9, 7, 3, 6), 11) % 10 == int(d[9]))


def _singaporean(s: str) -> bool:
    letters, begin = {
        "S": ("JZIHGFEDCBA", 0), "T": ("JZIHGFEDCBA", 4), "F": ("XWUTRQPNMLK", 0), "G": ("XWUTRQPNMLK", 4),
        "M": ("KLJNPQRTUWX", 3),
    }[s[0]]  # fmt: skip
    total = (weighted(s[1:8], (2, 7, 6, 5, 4, 3, 2), 11) + begin) % 11
    return letters[10 - total if s[0] == "M" else total] == s[8]


def _south_african(d: str) -> bool:
    return _dated(d[:2], int(d[2:4]), d[4:6]) and d[10] in "01" and d[11] in "89" and luhn(d)


def _russian(d: str) -> bool:  # SNILS
    return weighted(d, (9, 8, 7, 6, 5, 4, 3, 2, 1), 101) % 100 == int(d[9:]) and len(set(d)) > 1


def _argentine(d: str) -> bool:  # CUIL of a person
    return -weighted(d, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11) % 11 == int(d[10])


def _greek(d: str) -> bool:
    return _dated(d[4:6], int(d[2:4]), d[:2]) and luhn(d)


def _hungarian(d: str) -> bool:  # TAJ
    return weighted(d, (3, 7, 3, 7, 3, 7, 3, 7), 10) == int(d[8])


def _baltic(d: str) -> bool:  # Estonia and Lithuania
    check = weighted(d, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1), 11)
    if check == 10:
        check = weighted(d, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3), 11) % 10
    return _dated(d[1:3], int(d[3:5]), d[5:7]) and check == int(d[10])


def _swedish(d: str) -> bool:
    short = d[-10:]
    return _dated(short[:2], int(short[2:4]), f"{int(short[4:6]) % 60:02d}") and luhn(short)


def _icelandic(d: str) -> bool:
    return _dated(d[4:6], int(d[2:4]), d[:2])


def _yugoslav(d: str) -> bool:  # JMBG, Slovenia's EMŠO
    check = -weighted(d, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11) % 11
    return _dated(d[4:7], int(d[2:4]), d[:2]) and check % 10 == int(d[12])


def _malaysian(d: str) -> bool:
    return _dated(d[:2], int(d[2:4]), d[4:6]) and 1 <= int(d[6:8]) <= 59


def _thai(d: str) -> bool:
    return (11 - weighted(d, (13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2), 11)) % 10 == int(d[12])


def _british_licence(s: str) -> bool:  # a woman's month is + 50
    return 1 <= int(s[6:8]) % 50 <= 12 and 1 <= int(s[8:10]) <= 31


def _mexican(s: str) -> bool:  # RFC of a person
    return _dated(s[4:6], int(s[6:8]), s[8:10])


def _any(s: str) -> bool:
    return True


_BY_FORM = (
    rule(r"\d{6}/\d{4}", _czech),
    rule(r"[1-8]\d{12}", _romanian),
    rule(r"\d{13}", _south_african),
    rule(r"[STFGM]\d{7}[A-Z]", _singaporean),
    rule(r"\d{3}-\d{3}-\d{3}[ -]\d{2}", _russian),
    rule(r"2[03-7]-\d{8}-\d", _argentine),
    rule(r"\d{6}-\d{2}-\d{4}", _malaysian),
    rule(r"\d-\d{4}-\d{5}-\d{2}-\d", _thai),
    rule(r"[A-Z9]{5}\d{6}[A-Z9]{2}\d[A-Z]{2}", _british_licence),
)
_BY_WORD = (
    rule(r"\d{6}/?\d{3,4}", _czech, r"rodn[eéý]|r\.\s?č|birth\s+number"),
    rule(r"\d{4} ?\d{6}", _austrian, r"sv-?n(?:r|ummer)|svnr|(?:sozial)?versicherungs?-?n(?:r|ummer)|e-?card"),
    rule(r"\d{11}", mod11_10, r"oib\b|osobni\s+identifikacijski"),
    rule(r"\d{10}", _bulgarian, r"егн|egn\b"),
    rule(r"\d{11}", _greek, r"amka\b|αμκα|α\.μ\.κ\.α"),
    rule(r"\d{3}[ -]?\d{3}[ -]?\d{3}", _hungarian, r"taj\b|taj-?sz[aá]m"),
    rule(r"[3-6]\d{10}", _baltic, r"isikukood|asmens\s+kod|personal\s+(?:code|id)"),
    rule(r"\d{6}-?\d{5}", _any, r"personas\s+kod"),
    rule(r"\d{9}", luhn, r"te?udat\s+zehut|ת\.?\s?ז\b|ת\"ז|תעודת\s+זהות|מספר\s+זהות|israeli\s+id"),
    rule(r"\d{11} ?\d{2}|\d{3}-\d{3}-\d{3} ?\d{2}|\d{11}", _russian, r"снилс|snils"),
    rule(r"(?:19|20)?\d{10}", _swedish, r"personnummer|personnr|pnr\b"),
    rule(r"\d{6}-?\d{4}", _icelandic, r"kennital"),
    rule(r"\d{13}", _yugoslav, r"jmbg\b|јмбг|em[sš]o\b|embg\b"),
    rule(r"\d{4}[ -]?\d{4}[ -]?\d{4}", _any, r"マイナンバー|個人番号|my\s+number\s+(?:card|\d)|my\s+number(?!\s+is)"),
    rule(r"9\d{2}-?[5-9]\d-?\d{4}", _any, r"itin\b|taxpayer\s+id"),
    rule(r"[A-ZÑ&]{4}-?\d{6}-?[A-Z\d]{3}", _mexican, r"rfc\b"),
    rule(r"\d{1,2}\.\d{3}\.\d{3}|\d{7,8}", _any, r"d\.?n\.?i\b|documento\s+(?:nacional|de\s+identidad)|c[eé]dula"),
    rule(r"\d{16}", _any, r"nik\b|nomor\s+induk"),
    rule(r"[A-Z][12]\d{8}", _any, r"身[分份][證证]"),
    rule(r"[A-Z]{1,2}\d{6}\([\dA]\)", _any, r"hkid|hong\s+kong\s+id"),
)
_SAID = re.compile("|".join(each.words.pattern for each in _BY_WORD if each.words), re.IGNORECASE)


def further_ids(text: str) -> Iterator[Span]:
    """Numbers of these registers. Expects a text with five digits close to each other; six are in each of them."""
    if not _SIX_DIGITS.search(text):
        return
    yield from numbers(text, _BY_FORM)
    if _SAID.search(text):
        yield from numbers(text, _BY_WORD)
