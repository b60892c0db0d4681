"""National identity, tax, health and social-security numbers, each with the rule that its country publishes.

A number whose form alone proves nothing (bare digits, weak check) counts only where a word nearby says what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.privacy.checksums import ean13, german_insurance, is_date, luhn, mod11_10, verhoeff, weighted
from strop.privacy.registers import further_ids
from strop.privacy.rules import Rule, numbers, rule
from strop.privacy.spans import Span


def _us_ssn(d: str) -> bool:
    return d[:3] not in ("000", "666") and d[0] != "9" and d[3:5] != "00" and d[5:] != "0000" and d != "123456789"


def _nino(s: str) -> bool:
    return s[0] not in "DFIQUV" and s[1] not in "DFIOQUV" and s[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}


def _nhs(d: str) -> bool:
    return (11 - weighted(d, (10, 9, 8, 7, 6, 5, 4, 3, 2), 11)) % 11 == int(d[9]) and len(set(d)) > 1


def _dni(s: str) -> bool:
    number = s[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == s[-1]


_CF_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            *(
                1,
                0,
                5,
                7,
                9,
                13,
                15,
                17,
                19,
                21,
                1,
                0,
                5,
                7,
                9,
                13,
                15,
                17,
                19,
                21,
                2,
                4,
                18,
                20,
                11,
                3,
                6,
                8,
                12,
                14,
                16,
            ),
            *(10, 22, 25, 24, 23),
        ),
        strict=True,
    )
)


def _codice_fiscale(s: str) -> bool:
    total = sum(_CF_ODD[c] if i % 2 == 0 else (int(c) if c.isdigit() else ord(c) - 65) for i, c in enumerate(s[:15]))
    return chr(total % 26 + 65) == s[15]


def _nir(s: str) -> bool:
    body = s[:13].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(s[13:])


def _steuer_id(d: str) -> bool:
    return d[0] != "0" and len(set(d[:10])) in (8, 9) and mod11_10(d)


def _insurance(s: str) -> bool:
    born = s[4:6] != "00" and is_date(2000, int(s[4:6]), int(s[2:4]) or 1)
    return born and s[:2] >= "02" and german_insurance(s)


def _bsn(d: str) -> bool:
    return weighted(d, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11) == 0 and len(set(d)) > 1


def _belgian(d: str) -> bool:
    return any(97 - int(century + d[:9]) % 97 == int(d[9:]) for century in ("", "2"))


def _pesel(d: str) -> bool:
    return (
        (10 - weighted(d, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), 10)) % 10 == int(d[10])
        and int(d[2:4]) % 20 in range(1, 13)
        and 1 <= int(d[4:6]) <= 31
    )


def _personnummer(d: str) -> bool:
    short = d[-10:]
    return 1 <= int(short[2:4]) <= 12 and 1 <= int(short[4:6]) % 60 <= 31 and luhn(short)


def _hetu(s: str) -> bool:
    return 1 <= int(s[2:4]) <= 12 and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(s[:6] + s[-4:-1]) % 31] == s[-1]


def _cpr(d: str) -> bool:
    return is_date(2000, int(d[2:4]), int(d[:2])) if d[2:4] != "00" and d[:2] != "00" else False


def _fodselsnummer(d: str) -> bool:
    first = (11 - weighted(d, (3, 7, 6, 1, 8, 9, 4, 5, 2), 11)) % 11
    second = (11 - weighted(d, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11)) % 11
    return first == int(d[9]) and second == int(d[10]) and 1 <= int(d[:2]) % 40 <= 31 and 1 <= int(d[2:4]) % 40 <= 12


def _portuguese_nif(d: str) -> bool:
    check = (11 - weighted(d, (9, 8, 7, 6, 5, 4, 3, 2), 11)) % 11
    return d[0] in "1235689" and (0 if check == 10 else check) == int(d[8])


def _pps(s: str) -> bool:
    total = weighted(s, (8, 7, 6, 5, 4, 3, 2), 23) + (ord(s[8]) - 64) * 9 if len(s) == 9 and s[8] != "W" else None
    value = weighted(s, (8, 7, 6, 5, 4, 3, 2), 23) if total is None else total % 23
    return "WABCDEFGHIJKLMNOPQRSTUV"[value] == s[7]


def _cpf(d: str) -> bool:
    for length in (9, 10):
        total = sum(int(d[i]) * (length + 1 - i) for i in range(length)) * 10 % 11 % 10
        if total != int(d[length]):
            return False
    return len(set(d)) > 1


def _rut(s: str) -> bool:
    total = sum(int(c) * (2 + i % 6) for i, c in enumerate(reversed(s[:-1])))
    return "0K987654321"[total % 11] == s[-1]


def _sin(d: str) -> bool:
    return d[0] not in "08" and luhn(d) and len(set(d)) > 1


def _aadhaar(d: str) -> bool:
    return d[0] not in "01" and verhoeff(d)


def _tfn(d: str) -> bool:
    return weighted(d, (1, 4, 3, 7, 5, 8, 6, 9, 10), 11) == 0 and len(set(d)) > 1


def _chinese(s: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    born = is_date(int(s[6:10]), int(s[10:12]), int(s[12:14])) if s[10:12] != "00" and s[6:10] != "0000" else False
    return born and "10X98765432"[weighted(s[:17], weights, 11)] == s[17]


def _korean(d: str) -> bool:
    dated = 1 <= int(d[2:4]) <= 12 and 1 <= int(d[4:6]) <= 31
    return dated and (11 - weighted(d, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), 11)) % 10 == int(d[12])


def _turkish(d: str) -> bool:
    odd, even = (sum(map(int, d[start:9:2])) for start in (0, 1))
    return d[0] != "0" and (7 * odd - even) % 10 == int(d[9]) and sum(map(int, d[:10])) % 10 == int(d[10])


def _any(s: str) -> bool:
    return True


_RULES: tuple[Rule, ...] = (
    rule(r"\d{3}-\d{2}-\d{4}", _us_ssn),
    rule(r"\d{3}[ -]\d{2}[ -]\d{4}|\d{9}", _us_ssn, r"ssn\b|social\s+security"),
    rule(r"[A-CEGHJ-PR-TW-Z]{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]", _nino),
    rule(r"\d{3}[ -]?\d{3}[ -]?\d{4}", _nhs, r"nhs\b"),
    rule(r"(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z]", _dni),
    rule(r"(?:\d{8}|[XYZ] ?\d{7}) [A-HJ-NP-TV-Z]", _dni, r"[dn]\.?[in]\.?[ief]\b"),
    rule(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", _codice_fiscale),
    rule(r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", _nir),
    rule(r"\d{2} ?\d{3} ?\d{3} ?\d{3}", _steuer_id, r"steuer|tax\s+id|idnr|tin\b"),
    rule(r"\d{2} ?\d{2} ?\d{2} ?\d{2} ?[A-Z] ?\d{2} ?\d", _insurance),
    rule(r"\d{9}|\d{4}\.\d{2}\.\d{3}", _bsn, r"bsn\b|burgerservice|sofi"),
    rule(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", _belgian),
    rule(r"\d{11}", _belgian, r"rijksregister|registre\s+national|national\s+(?:register|number)|insz|niss"),
    rule(r"\d{11}", _pesel, r"pesel\b"),
    rule(r"\d{11}", _turkish, r"kimlik|t\.?c\.?k\.?n\b"),
    rule(r"(?:19|20)?\d{6}[-+]\d{4}", _personnummer),
    rule(r"\d{6}[-+ABCDEFYXWVU]\d{3}[0-9A-FHJ-NPR-Y]", _hetu),
    rule(r"756[. ]\d{4}[. ]\d{4}[. ]\d{2}", ean13),
    rule(r"756\d{10}", ean13, r"ahv|avs\b|navs|oasi|sozialversicherung|social\s+security"),
    rule(r"\d{15}|\d{2}[ -]\d{6}[ -]\d{6}[ -]\d", luhn, r"imei\b"),  # a telephone's, which is a person's
    rule(r"\d{6}-?\d{4}", _cpr, r"cpr\b|personnummer"),
    rule(r"\d{6} ?\d{5}", _fodselsnummer),
    rule(r"\d{9}|\d{3} \d{3} \d{3}", _portuguese_nif, r"nif\b|contribuinte"),
    rule(r"\d{7}[A-W][A-IW]?", _pps),
    rule(r"\d{3}\.\d{3}\.\d{3}-\d{2}", _cpf),
    rule(r"\d{9}-?\d{2}", _cpf, r"cpf\b"),
    rule(r"\d{1,2}\.\d{3}\.\d{3}-[\dK]", _rut),
    rule(r"\d{7,8}-[\dK]", _rut, r"rut\b|run\b"),
    rule(r"\d{3}[ -]\d{3}[ -]\d{3}|\d{9}", _sin, r"sin\b|social\s+insurance|nas\b"),
    rule(r"\d{4} ?\d{4} ?\d{4}", _aadhaar, r"aadhaar|aadhar|uid(?:ai)?\b"),
    rule(r"\d{3} ?\d{3} ?\d{3}", _tfn, r"tfn\b|tax\s+file"),
    rule(r"[1-9]\d{16}[\dX]", _chinese),
    rule(r"\d{6}-[1-8]\d{6}", _korean),
    rule(
        r"[A-Z][AEIOUX][A-Z]{2}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z\d]\d",
        _any,
    ),
    rule(
        r"(?=(?:[A-Z]{0,3}\d){5})[A-Z0-9]{6,12}",
        _any,
        r"passport(?:\s+(?:no|number|nr))?|reisepass(?:nummer)?|passeport|pasaporte|driv(?:er'?s|ing)\s+licen[cs]e|"
        r"führerschein|permis\s+de\s+conduire|(?:licencia|carn[eé])\s+de\s+conducir|dl\s?(?:#|no)|"
        r"national\s+id(?:entity)?|id\s+card|personalausweis\w*|identity\s+(?:card|number)",
    ),
)  # fmt: skip


_FEW_DIGITS = (rule(r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", _any, r"pan\b|permanent\s+account"),)
_FIVE_DIGITS = re.compile(r"\d(?:[A-Za-z]{0,3}[ ./+-]?\d){4}", re.ASCII)


def national_ids(text: str) -> Iterator[Span]:
    """Numbers that a state gave a person, or that a telephone carries (IMEI).

    Expects a text with at least four digits; others have none.
    """
    yield from numbers(text, _FEW_DIGITS)
    if _FIVE_DIGITS.search(text):
        yield from numbers(text, _RULES)
        yield from further_ids(text)
