"""All detectors together. Each runs only on texts that can hold what it looks for: most texts cost a glance."""

from __future__ import annotations

import re

from strop.privacy.contact import addresses, emails, ips, phones
from strop.privacy.money import cards, ibans
from strop.privacy.national import national_ids
from strop.privacy.people import KnownNames, birth_dates, introduced_names
from strop.privacy.secrets import secrets
from strop.privacy.spans import Span, without_overlaps
from strop.privacy.surrogates import surrogate_places

_FOUR_DIGITS = re.compile(r"[0-9](?:\D{0,3}[0-9]){3}")
_SEVEN_DIGITS = re.compile(r"[0-9](?:[^0-9\n]{0,3}[0-9]){6}")
_NETWORK = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]|:[0-9a-fA-F]{0,4}:")
_SECRET = re.compile(
    r"[-_.][A-Za-z0-9_-]{10}|AKIA|ASIA|ABIA|ACCA|AIza|://[^\s/]*@|(?i:pass|pwd|kennwort|contraseña|key|secret|token|bearer|"
    r"\bpin\b|cv[cv]|\btan\b|\botp\b|code)"
)
_NAME = re.compile(
    r"(?i:\bname|llamo|appelle|chiamo|heiße|heisse|\bheet\b|regards|wishes|sincerely|faithfully|thanks|cheers|grüße|"
    r"cordialement|saludos|\bborn\b|birth|\bd\.?o\.?b|\bgeb)|\b(?:Mr|Mrs|Ms|Mx|Miss|Dr|Prof|Herr|Frau|Mme|Mlle|Se[nñ]or|Sig)"
)
_BIRTH = re.compile(r"(?i:\bborn\b|birth|\bd\.?o\.?b|\bgeb|\bnée? le|naissance|nacimi|nacid|nascita|\bnat[oa] il)")


def find(text: str, known: KnownNames | None = None) -> list[Span]:
    """Personal data in ``text``, left to right, without overlaps. Surrogates are none: a masked text is clean.

    Args:
        text: any text.
        known: names that are known to be people's.
    """
    found: list[Span] = []
    if "@" in text:
        found += emails(text)
    if _SECRET.search(text):
        found += secrets(text)
    if _NETWORK.search(text):
        found += ips(text)
    if _FOUR_DIGITS.search(text):
        found += national_ids(text)
        if _SEVEN_DIGITS.search(text):
            found += cards(text)
            found += ibans(text)
            found += phones(text)
    if any("0" <= c <= "9" for c in text):
        found += addresses(text)
    if _NAME.search(text):
        found += introduced_names(text)
    if _BIRTH.search(text):
        found += birth_dates(text)
    if known:
        found += known.find(text)
    if not found:
        return []
    hidden = {place for start, end in surrogate_places(text) for place in range(start, end)}
    if hidden:
        found = [s for s in found if any(text[i].isalnum() and i not in hidden for i in range(s.start, s.end))]
    return without_overlaps(found)
