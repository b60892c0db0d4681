"""Surrogates: what stands in for a piece of personal data.

HMAC-SHA256 of the project key over kind and normalised value (RFC 2104), so the same person has the same surrogate in
training, evaluation, feedback and logs, and nobody without the key can try values out. Each is of its kind, can be read
and copied by a model, and can belong to nobody: a reserved domain (RFC 2606) or address block (RFC 1112 section 4,
RFC 3849, RFC 9542), a country code or card issuer that does not exist, a year long past, an invented word.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

from strop.privacy import spellings
from strop.privacy.reading import plain
from strop.privacy.spans import PersonalKind

_CONSONANTS, _VOWELS = "bdfgklmnprstv", "aeiou"
_SYLLABLES = tuple(c + v for c in _CONSONANTS for v in _VOWELS)
_BUILT = re.compile(
    r"(?:\+00 \d{3} \d{3} \d{4}|(?<!\w)(?:person-[0-9a-f]{10}@example\.invalid"
    r"|(?P<card>0000 \d{4} \d{4} \d{4})|XX00 \d{4} \d{4} \d{4}|ID-[0-9A-F]{10}"
    r"|(?:24\d|25[0-5])\.\d{1,3}\.\d{1,3}\.\d{1,3}|2001:db8:[0-9a-f:]{1,29}[0-9a-f]|00:00:5e(?::[0-9a-f]{2}){3}"
    r"|secret-[0-9a-f]{10}|1[12]\d\d-\d\d-\d\d|\d{1,7} Example Road"
    rf"|(?P<word>[{_CONSONANTS.upper()}][{_VOWELS}](?:[{_CONSONANTS}][{_VOWELS}]){{3}})))(?!\w)",
    re.ASCII,
)
_IBAN_BEFORE = re.compile(r"[A-Z]{2}[0-9]{2} (?:[A-Z0-9]{4} )*\Z")
_AT = re.compile(r"\s?[(\[{]\s?(?:at|ät|@)\s?[)\]}]\s?|\s?@\s", re.IGNORECASE)
_DOT = re.compile(r"\s?[(\[{]\s?(?:dot|punkt|point|\.)\s?[)\]}]\s?|\s(?:dot|punkt)\s", re.IGNORECASE)
_ENCODED = re.compile(r"%(?:25)?40")
_SAID = re.compile(r"\s(?:at|ät)\s", re.IGNORECASE)
_MAC = re.compile(r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}", re.IGNORECASE)
_FREE_OF_IANA = 0x100000
"""From here on, for 2^23 and more, nothing is assigned of what IANA has for network cards, 00:00:5e (RFC 9542)."""
_IPV4 = re.compile(r"[0-9.]+")
_HONORIFIC = re.compile(r"^(?:mr|mrs|ms|mx|miss|dr|prof)\.?\s+", re.IGNORECASE)


_SPELLED: dict[PersonalKind, Callable[[str], str]] = {
    "name": spellings.name, "birth_date": spellings.date, "address": spellings.address,
}  # fmt: skip


def normalised(kind: PersonalKind, value: str) -> str:
    """What two spellings of the same thing share."""
    value = unicodedata.normalize("NFKC", plain(value))
    if kind in ("card", "phone"):
        digits = re.sub(r"\D", "", re.split(r"\s?(?:x|ext)", value, maxsplit=1, flags=re.IGNORECASE)[0])
        # +44 7700 900123 and 07700 900123 are one number: nine digits tell people apart, prefixes do not.
        return digits[-9:] if kind == "phone" else digits
    if kind in ("iban", "national_id"):
        return re.sub(r"[\W_]", "", value).upper()
    if kind == "secret":
        return value
    if kind == "email":  # name (at) host (dot) com is name@host.com, and so is name%40host.com
        value = unquote(value.replace("%25", "%")) if _ENCODED.search(value) else value
        value = _AT.sub("@", value).replace('"', "")
        value = _DOT.sub(".", value if "@" in value else _SAID.sub("@", value))
    if kind == "ip":
        value = value.replace("-", ":") if _MAC.fullmatch(value) else spellings.network(value)
    if kind in _SPELLED:
        value = _SPELLED[kind](value)
    return " ".join(value.casefold().replace(",", " ").split())


def surrogate(key: bytes, kind: PersonalKind, value: str, attempt: int = 0) -> str:
    """The stand-in for ``value``. ``attempt`` gives another one, where two values would meet in one text."""
    if kind == "name":
        return _person(key, value, attempt)
    number = _number(key, kind, normalised(kind, value), attempt)
    digits = f"{number % 10**16:016d}"
    code = f"{number % 16**10:010x}"
    if kind == "email":
        return f"person-{code}@example.invalid"
    if kind == "phone":
        return f"+00 {digits[:3]} {digits[3:6]} {digits[6:10]}"
    if kind == "card":
        return f"0000 {digits[:4]} {digits[4:8]} {digits[8:12]}"
    if kind == "iban":
        return f"XX00 {digits[:4]} {digits[4:8]} {digits[8:12]}"
    if kind == "national_id":
        return f"ID-{code.upper()}"
    if kind == "ip":
        if _MAC.fullmatch(normalised(kind, value)):
            own = f"{_FREE_OF_IANA + number % 2**23:06x}"
            return f"00:00:5e:{own[:2]}:{own[2:4]}:{own[4:]}"
        if not _IPV4.fullmatch(unicodedata.normalize("NFKC", value)):
            return str(ipaddress.IPv6Address((0x20010DB8 << 96) + number % 2**64))
        return str(ipaddress.IPv4Address((0xF << 28) + number % (2**28 - 1)))
    if kind == "birth_date":
        return f"{1100 + number % 200}-{1 + number // 200 % 12:02d}-{1 + number // 2400 % 28:02d}"
    if kind == "address":
        return f"{number % 10**7} Example Road"
    return f"secret-{code}"


def surrogate_places(text: str) -> list[tuple[int, int]]:
    """Start and end of everything in ``text`` that is built as a surrogate or lies in the same reserved ranges."""
    return [match.span() for match in _BUILT.finditer(text) if _is_built(match)]


def _is_built(match: re.Match[str]) -> bool:
    if match["card"]:
        return _IBAN_BEFORE.search(match.string, max(0, match.start() - 40), match.start()) is None
    return match["word"] is None or _checks(match["word"].casefold())


def _checks(word: str) -> bool:
    """Whether the fourth syllable of an invented name checks the first three."""
    first, second, third, check = (_SYLLABLES.index(word[i : i + 2]) for i in range(0, 8, 2))
    return check == (first * 7 + second * 11 + third * 13) % len(_SYLLABLES)


def _person(key: bytes, name: str, attempt: int) -> str:
    """A word for each word of the name, so that "Anna Berg" and a later "Anna" stay one person."""
    words = re.findall(
        r"[^\W\d_]+(?:['’-][^\W\d_]+)*", _HONORIFIC.sub("", unicodedata.normalize("NFC", plain(name)))
    ) or [name]
    return " ".join(_invented(_number(key, "name", normalised("name", word), attempt)) for word in words)


def _invented(number: int) -> str:
    count = len(_SYLLABLES)
    first, second, third = number % count, number // count % count, number // count**2 % count
    check = (first * 7 + second * 11 + third * 13) % count
    return "".join(_SYLLABLES[i] for i in (first, second, third, check)).capitalize()


def _number(key: bytes, kind: str, value: str, attempt: int) -> int:
    message = f"{kind}\0{value}\0{attempt}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hmac.digest(key, message, "sha256")[:16])
