"""Ways to reach a person: e-mail and network addresses, telephone numbers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

import phonenumbers

from strop.privacy.people import FIRST_NAMES
from strop.privacy.spans import Span

_TOP = r"(?:com|org|net|edu|gov|info|biz|io|me|co|uk|de|at|ch|fr|it|es|nl|be|eu|pt|pl|se|no|dk|fi|ie|us|ca|au|in|jp|br)"
_EMAIL = re.compile(
    r"(?:(?<![\w.%+-])[\w][\w.%+'-]{0,63}|\"[^\"\s@]{1,64}\")@(?:[\w](?:[\w-]{0,61}[\w])?\.)+[^\W\d_]{2,24}(?![\w@-])",
)
_SPACED = re.compile(
    r"(?<![\w.%+-])(?!(?:me|us|you|him|her|them|here|see|follow|find|join|visit|meet|more|on|at|is|or|and|the|by|via) )"
    r"(?P<name>[\w][\w.%+'-]{0,63})(?P<apart> )?@ "
    r"(?P<host>[\w](?:[\w-]{0,61}[\w])?)\.(?:[\w](?:[\w-]{0,61}[\w])?\.){0,3}" + _TOP + r"\b(?![\w@-]|\.\w)",
    re.IGNORECASE,
)
"""With a space before the host, where that ends as most hosts do: name @ host.com."""
_COUNTED = re.compile(r"\d[\d.,]*[^\W\d_]{0,3}\Z")
"""A price, an amount or an hour: 20 @ shop.com, 5pm @ host.com."""
_ENCODED = re.compile(
    r"(?:(?<![\w.%+-])|(?<=%[0-9A-Fa-f]{2}))[\w](?:[\w.+'-]|%2[BbEe]){0,63}%(?:25)?40"
    r"(?:[\w](?:[\w-]{0,61}[\w])?(?:\.|%2[Ee])){1,5}[^\W\d_]{2,24}(?![\w@-])"
)
"""As it stands in a web address: name%40host.com."""
_SPELT = re.compile(
    r"(?<![\w.%+-])[\w][\w.%+'-]{0,63}\s?[(\[{]\s?(?:at|ät|@)\s?[)\]}]\s?(?:[\w][\w-]{0,62}"
    r"(?:\.|\s?[(\[{]\s?(?:dot|punkt|point|\.)\s?[)\]}]\s?|\s(?:dot|punkt)\s)){1,4}[^\W\d_]{2,24}(?![\w@-])",
    re.IGNORECASE,
)
"""Addresses that hide from machines: name (at) host (dot) com."""
_SAID = re.compile(
    r"(?<![\w.%+-])(?P<name>[\w][\w%+'-]{0,63}(?:(?: (?:dot|punkt) |\.)[\w][\w%+'-]{0,63}){0,3}) (?:at|ät) "
    r"(?P<more>(?:[\w][\w-]{0,30} ){1,2}?)??(?P<host>[\w][\w-]{0,62})"
    r"(?: (?:dot|punkt) [\w][\w-]{0,62}){0,2} (?:dot|punkt) " + _TOP + r"\b",
    re.IGNORECASE,
)
_PROVIDER = re.compile(
    r"(?:gmail|googlemail|yahoo|hotmail|outlook|live|msn|aol|icloud|me|mac|proton|protonmail|gmx|web|mail|mailbox|posteo|"
    r"t-online|freenet|orange|free|laposte|wanadoo|libero|yandex|zoho|fastmail)\Z",
    re.IGNORECASE,
)
_MAIL_WORD = re.compile(r"\b(?:e-?mail|mail|address|adresse|write|reach|contact|schreib\w*|erreich\w*|écri\w*)\b", re.I)
"""Spoken without brackets an address is told by its provider, a point in its name, or a word before it."""
_MAC = re.compile(
    r"(?<![\w:-])[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}(?![\w:-])", re.ASCII | re.IGNORECASE
)

_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)", re.ASCII)
_IPV6 = re.compile(
    r"(?<![\w:.])(?=[0-9a-f:]*[0-9])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.ASCII | re.IGNORECASE
)
_VERSION = re.compile(
    r"(?:\bv|\b(?:version|release|firmware|build|update|section|clause|chapter|driver)\W{0,3})$", re.IGNORECASE
)

_PHONE = re.compile(
    r"(?<![\w.,/#@$€£-])(?:\+|00(?=[1-9])|\((?=\+?\d))?\d(?:[ \t\xa0.()/-]{0,3}\d){6,16}"
    r"(?:\s?(?:x|ext\.?|extension)\s?\d{1,6})?(?![\w@%]|[.,]\d|-\d)",
    re.ASCII | re.IGNORECASE,
)
_GROUPED = re.compile(
    r"(?:\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}"  # North America 3-3-4
    r"|1[ .-]\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}"
    r"|\(?0\d{1,5}\)?[ ./-]{1,3}\d{2,8}(?:[ .-]?\d{2,6}){0,4})\Z",  # a trunk 0, an area code, the rest
    re.ASCII,
)
_PHONE_WORD = re.compile(
    r"\b(?:phone|telephone|tel|mobile|cell(?:phone)?|call|calling|ring|dial|text|sms|whatsapp|signal|telegram|fax|"
    r"hotline|reach|contact|number is|reached at|telefon\w*|handy\w*|mobil\w*|rufnummer|ruf|rückruf|téléphone|portable|"
    r"appel\w*|teléfono|tfno\.?|tlf\.?|móvil|llam\w*|telefono|cellulare|chiam\w*|telefoon|bel|telefone|celular|ligar)\b[^\d]{0,25}$",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"\b(?:order|invoice|tracking|shipment|parcel|ticket|case|reference|ref|booking|serial|imei|isbn|ean|sku|gtin|account|acct|"
    r"policy|batch|lot|part|article|item|product|model|transaction|txn|request|id|iban|card|patent|docket|bestell\w*|"
    r"rechnung\w*|auftrag\w*|kunden\w*|commande|facture|pedido|factura)\b[\s\w.:#º°-]{0,14}$",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\(?(?:(?:19|20)\d{2}[./ -](?:0?[1-9]|1[0-2])[./ -]\d{1,2}|\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)\d{2})(?!\d)",
    re.ASCII,
)
_YEARS = re.compile(r"(?:(?:1[89]|20)\d{2}[\s/-]*){2,}\Z", re.ASCII)


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses."""
    for pattern in (_EMAIL, _ENCODED, _SPELT):
        for match in pattern.finditer(text):
            yield Span("email", match.start(), match.end(), match.group())
    for match in _SPACED.finditer(text):
        if _is_spaced(match, _called(text, match.start())):
            yield Span("email", match.start(), match.end(), match.group())
    for match in _SAID.finditer(text):
        own = re.search(r" (?:dot|punkt) |[._\d]", match["name"], re.IGNORECASE)
        called = _called(text, match.start())
        if own or (not match["more"] and (called or _PROVIDER.match(match["host"]))):
            yield Span("email", match.start(), match.end(), match.group())


def _called(text: str, start: int) -> bool:
    return bool(_MAIL_WORD.search(text[max(0, start - 30) : start]))


def _is_spaced(match: re.Match[str], called: bool) -> bool:
    """An address, and neither a price (20 @ shop.com) nor where something is (Lunch @ joes.com)."""
    name = match["name"]
    if _COUNTED.match(name):
        return called and len(name) > 4
    own = re.search(r"[._\d]", name) or name.lower() in FIRST_NAMES
    return bool(own or called or not match["apart"] or _PROVIDER.match(match["host"]))


def ips(text: str) -> Iterator[Span]:
    """Network addresses that can be somebody's, of devices (MAC), too: no version numbers, loopback, reserved or
    documentation ranges."""
    for match in _MAC.finditer(text):
        if len(set(re.sub(r"\W", "", match.group()))) > 2:
            yield Span("ip", match.start(), match.end(), match.group())
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            if _VERSION.search(text[max(0, match.start() - 14) : match.start()]):
                continue
            try:
                address = ipaddress.ip_address(match.group())
            except ValueError:
                continue
            if address.version == 4 and max(address.packed) < 10:
                continue  # 1.1.2.3 numbers a section
            if address.is_loopback or address.is_unspecified or address.is_reserved or _documents(address):
                continue
            yield Span("ip", match.start(), match.end(), match.group())


_DOCUMENTATION = tuple(
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)


def _documents(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address.version == net.version and address in net for net in _DOCUMENTATION)


def phones(text: str) -> Iterator[Span]:
    """Telephone numbers: an international one that its country's plan allows, or a national one that is written as
    such or that a word nearby calls a telephone number. Amounts, dates, order and account numbers are none."""
    for match in _PHONE.finditer(text):
        piece = match.group().rstrip(" (.-/")
        start = match.start()
        before = text[max(0, start - 40) : start]
        if _is_phone(piece, before):
            yield Span("phone", start, start + len(piece), piece)


def _is_phone(piece: str, before: str) -> bool:
    number = re.split(r"\s?(?:x|ext)", piece, maxsplit=1, flags=re.IGNORECASE)[0]
    abroad = number.lstrip("(").startswith("+")
    if abroad:  # +44 (0)20 …: what is left out from abroad
        number = piece = number.replace("(0)", "")
    digits = re.sub(r"\D", "", number)
    if not 7 <= len(digits) <= 15 or len(set(digits)) < 3 or piece.count("(") != piece.count(")"):
        return False
    if _DATE.match(number) or _YEARS.match(number):
        return False
    called = bool(_PHONE_WORD.search(before))
    if not (abroad or called) and (before.endswith("=") or _OTHER_NUMBER.search(before)):
        return False  # only a telephone number is written with a plus
    if abroad or (number.startswith("00") and len(digits) >= 11):
        return not digits.startswith("0" * 3) and _possible("+" + digits.removeprefix("00"))
    return called or bool(_GROUPED.match(number) and 9 <= len(digits) <= 12)


def _possible(number: str) -> bool:
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(number, None)))
    except phonenumbers.NumberParseException:
        return False
