"""Payment cards and bank accounts: known lengths and prefixes, check digits, and no long order number among them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.privacy.checksums import luhn, mod97
from strop.privacy.spans import Span

# Digits in one run, or in groups with one kind of separator; not inside a longer number, word, decimal or path.
_CARD = re.compile(r"(?<![\w.,/#+-])[0-9](?:[ .-]?[0-9]){12,18}(?![\w/]|[.,-][0-9])", re.ASCII)
_GROUPS = re.compile(r"(?:\d{4}([ .-])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5})\Z", re.ASCII)
_PREFIX = re.compile(
    r"(?:4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12}"  # Discover
    r"|3(?:0[0-5]|[689]\d)\d{11}(?:\d{2})?"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(?:50|5[6-9]|6[0-9])\d{10,17})\Z",  # Maestro
    re.ASCII,
)
_OTHER_NUMBER = re.compile(
    r"\b(?:order|invoice|tracking|shipment|parcel|ticket|case|reference|ref|booking|serial|imei|isbn|ean|sku|gtin|batch|"
    r"lot|part|article|item|product|model|transaction|txn|request|document|bestell\w*|rechnung\w*|auftrag\w*|"
    r"commande|facture|pedido|factura|ordine|fattura)\b[\s\w.:#º°-]{0,20}$",
    re.IGNORECASE,
)
_CARD_WORD = re.compile(
    r"\b(?:card|visa|mastercard|maestro|amex|american express|debit|credit|carte|karte|kreditkarte|"
    r"tarjeta|carta|pan)\b",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}", re.ASCII)
_IBAN_LENGTH = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30,
    "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22,
    "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def cards(text: str) -> Iterator[Span]:
    """Card numbers: an issuer's prefix and length, and a Luhn digit that fits.

    One in ten long numbers passes Luhn by chance, so a run of digits that is called an order, a parcel or the like is
    no card, unless the text speaks of cards right there.
    """
    for match in _CARD.finditer(text):
        piece = match.group()
        digits = re.sub(r"[ .-]", "", piece)
        if not (_PREFIX.match(digits) and luhn(digits)) or len(set(digits)) == 1:
            continue
        if len(digits) != len(piece) and not _GROUPS.match(piece):
            continue
        before = text[max(0, match.start() - 40) : match.start()]
        if (before.endswith("=") or _OTHER_NUMBER.search(before)) and not _CARD_WORD.search(before):
            continue
        yield Span("card", match.start(), match.end(), piece)


def ibans(text: str) -> Iterator[Span]:
    """International bank account numbers: the country's length and ISO 13616 check digits."""
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTH.get(match.group()[:2].upper())
        if length is None:
            continue
        # The pattern may run on into the next word: cut at the country's length, not at what was matched.
        seen, end = 0, match.start()
        while end < match.end() and seen < length:
            seen += text[end].isalnum()
            end += 1
        if seen < length or (end < len(text) and text[end].isalnum()):
            continue
        piece = text[match.start() : end]
        if mod97(re.sub(r"[ -]", "", piece)):
            yield Span("iban", match.start(), end, piece)
