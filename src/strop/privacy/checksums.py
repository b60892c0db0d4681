"""Check digits of the numbers that people and banks carry. Each takes the bare characters, without separators."""

from __future__ import annotations

import datetime as dt

_VERHOEFF_MULTIPLY = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_PERMUTE = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: payment cards, IMEI, Canadian and Swedish numbers."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def ean13(digits: str) -> bool:
    """GS1's check digit of thirteen digits: Switzerland's AHV number."""
    return sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(digits)) % 10 == 0


def mod97(characters: str) -> bool:
    """ISO 7064 MOD 97-10 as ISO 13616 uses it for IBANs: the first four characters move to the end."""
    return int("".join(str(int(c, 36)) for c in characters[4:] + characters[:4])) % 97 == 1


def weighted(digits: str, weights: tuple[int, ...], modulus: int) -> int:
    """Sum of digit times weight, modulo ``modulus``."""
    return sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % modulus


def verhoeff(digits: str) -> bool:
    """Verhoeff 1969: India's Aadhaar."""
    check = 0
    for position, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF_MULTIPLY[check][int(_VERHOEFF_PERMUTE[position % 8][int(digit)])])
    return check == 0


def mod11_10(digits: str) -> bool:
    """ISO 7064 MOD 11,10: Germany's tax number."""
    product = 10
    for digit in digits[:-1]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def german_insurance(characters: str) -> bool:
    """Germany's number of pension insurance, also called its social security number: the letter counts as its two
    digits in the alphabet, digits of the products are added up (Deutsche Rentenversicherung, Versicherungsnummer)."""
    letter = ord(characters[8]) - ord("A") + 1
    digits = f"{characters[:8]}{letter:02d}{characters[9:11]}"
    products = (int(d) * w for d, w in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    return sum(sum(divmod(product, 10)) for product in products) % 10 == int(characters[11])


def is_date(year: int, month: int, day: int) -> bool:
    """Whether the calendar has that day."""
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True
