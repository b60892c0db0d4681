"""All detectors together. Each runs only on texts that can hold what it looks for: most texts cost a glance."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from strop.privacy.contact import addresses, emails, ips, phones
from strop.privacy.money import cards, ibans
from strop.privacy.name_model import NameModel
from strop.privacy.national import national_ids
from strop.privacy.people import KnownNames, birth_dates, introduced_names
from strop.privacy.secrets import secrets
from strop.privacy.spans import Span, without_overlaps
from strop.privacy.surrogates import surrogate_places

_WIDE = re.compile("[\u3000\uff01-\uff5e\U0001d400-\U0001d7ff]")
"""Full-width signs and letters of mathematics: each is one sign in plain writing, too, so places stay what they are."""
_BLANK = "\ufffc"
_ROUNDS = 3
_DIGIT = re.compile(r"[0-9]")
_FOUR_DIGITS = re.compile(r"[0-9](?:\D{0,3}[0-9]){3}")
_SEVEN_DIGITS = re.compile(r"[0-9](?:[^0-9\n]{0,3}[0-9]){6}")
_AT = re.compile(r"@|(?i:[(\[{] ?[aä]t ?[)\]}]| [aä]t [^.!?\n]{1,70} (?:dot|punkt) )")
_NETWORK = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]|:[0-9a-fA-F]{0,4}:|-[0-9a-fA-F]{2}-[0-9a-fA-F]{2}-")
_SECRET = re.compile(
    r"[-_.][A-Za-z0-9_-]{10}|AKIA|ASIA|ABIA|ACCA|AIza|://[^\s/]*@|(?i:pass|pwd|kennwort|contraseña|key|secret|token|bearer|"
    r"\bpin\b|cv[cv]|\btan\b|\botp\b|code)"
)
_NAME = re.compile(
    r"(?i:\bname|llamo|appelle|chiamo|heiße|heisse|\bheet\b|regards|wishes|sincerely|faithfully|thanks|cheers|grüße|"
    r"cordialement|saludos|\bi(?: a|['’])m |this is |\bich bin |\bhier (?:ist|spricht) |\bje suis |"
    r"\bborn\b|birth|\bd\.?o\.?b|\bgeb)|\b(?:Mr|Mrs|Ms|Mx|Miss|Dr|Prof|Herr|Frau|Mme|Mlle|Se[nñ]or|Sig)"
)
_BIRTH = re.compile(r"(?i:\bborn\b|birth|\bd\.?o\.?b|\bgeb|\bnée? le|naissance|nacimi|nacid|nascita|\bnat[oa] il)")


def find(text: str, known: KnownNames | None = None, model: NameModel | None = None) -> list[Span]:
    """Personal data in ``text``, left to right, without overlaps. Surrogates are none: a masked text is clean.

    What was found is blanked out and the rest is looked at again: one piece may have hidden its neighbour.

    Args:
        text: any text.
        known: names that are known to be people's.
        model: finds names that nothing else tells (tier two).
    """
    if not text.isascii() and _WIDE.search(text):
        plain = _WIDE.sub(lambda wide: unicodedata.normalize("NFKC", wide.group()), text)
        return [span._replace(text=text[span.start : span.end]) for span in find(plain, known, model)]
    if not _detected(text, known, model):
        return []
    rest = _blanked(text, surrogate_places(text))
    found: list[Span] = []
    for _ in range(_ROUNDS):
        more = without_overlaps(span for span in _detected(rest, known, model) if _BLANK not in span.text)
        if not more:
            break
        found += more
        rest = _blanked(rest, [(span.start, span.end) for span in more])
    return sorted(found, key=lambda span: span.start)


def _blanked(text: str, places: Iterable[tuple[int, int]]) -> str:
    for start, end in places:
        text = text[:start] + _BLANK * (end - start) + text[end:]
    return text


def _detected(text: str, known: KnownNames | None, model: NameModel | None) -> list[Span]:
    """What all detectors say, overlaps included."""
    found: list[Span] = []
    if _AT.search(text):
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
    if _DIGIT.search(text):
        found += addresses(text)
    if _NAME.search(text):
        found += introduced_names(text)
    if _BIRTH.search(text):
        found += birth_dates(text)
    if known:
        found += known.find(text)
    if model:
        found += model.find(text)
    return found
