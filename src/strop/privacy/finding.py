"""All detectors together. Each runs only on texts that can hold what it looks for: most texts cost a glance."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from strop.privacy.contact import emails, ips, phones
from strop.privacy.known_names import KnownNames
from strop.privacy.money import cards, ibans
from strop.privacy.name_model import NameModel
from strop.privacy.national import national_ids
from strop.privacy.people import birth_dates, introduced_names
from strop.privacy.postal import addresses
from strop.privacy.reading import BLANK, Reading, has_unseen, plain
from strop.privacy.secrets import secrets
from strop.privacy.spans import KINDS, Span, without_overlaps
from strop.privacy.surrogates import surrogate_places

_MOST_ROUNDS = 12
_BESIDE = re.compile(r"[A-Za-z0-9_]")
_DIGIT = re.compile(r"[0-9]")
_FOUR_DIGITS = re.compile(r"[0-9](?:\D{0,3}[0-9]){3}")
_SEVEN_DIGITS = re.compile(r"[0-9](?:[^0-9\n]{0,3}[0-9]){6}")
_AT = re.compile(r"@|%(?:25)?40|(?i:[(\[{] ?[aä]t ?[)\]}]| [aä]t [^.!?\n]{1,70} (?:dot|punkt) )")
_NETWORK = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]|:[0-9a-fA-F]{0,4}:|-[0-9a-fA-F]{2}-[0-9a-fA-F]{2}-")
_SECRET = re.compile(
    r"[-_.][A-Za-z0-9_-]{10}|:AA|webhooks|services/|AKIA|ASIA|ABIA|ACCA|AIza|://[^\s/]*@|(?i:pass|\bpw\b|pwd|basic |"
    r"kennwort|contraseña|wachtwoord|senha|key|secret|token|bearer|[?&;]sig|\bpin\b|cv[cv]|\btan\b|\botp\b|code)"
)
_NAME = re.compile(
    r"(?i:\b(?:name|nombre|naam|nome)\b|llamo|appelle|chiamo|heiße|heisse|\bheet\b|regards|wishes|sincerely|faithfully|thanks|cheers|grüße|"
    r"cordialement|saludos|\bi(?: a|['’])m |this is |\bich bin |\bhier (?:ist|spricht) |\bje suis |"
    r"\bborn\b|birth|\bd\.?o\.?b|\bgeb)|\b(?:Mr|Mrs|Ms|Mx|Miss|Dr|Prof|Herr|Frau|Mme|Mlle|Se[nñ]or|Sig)"
)
_BIRTH = re.compile(r"(?i:\bborn\b|birth|\bd\.?o\.?b|\bgeb|\bnée? le|naissance|nacimi|nacid|nascita|\bnat[oa] il)")


def find(text: str, known: KnownNames | None = None, model: NameModel | None = None) -> list[Span]:
    """Personal data in ``text``, left to right, without overlaps. Surrogates are none: a masked text is clean.

    What was found is taken out and the rest is looked at again until nothing is: one piece may have hidden its
    neighbour. A surrogate is taken out in the same way, so a masked text leaves the rest that its original left.

    Args:
        text: any text.
        known: names that are known to be people's.
        model: finds names that nothing else tells (tier two).
    """
    ways = (False, True) if has_unseen(text) else (False,)  # what has no width may stand in a number, or between words
    first = {parting: _detected(plain(text, parting=parting), known, model) for parting in ways}
    if not any(first.values()):
        return []
    taken = surrogate_places(text)
    found: list[Span] = []
    for number in range(_MOST_ROUNDS):
        more: list[Span] = []
        for parting in ways:
            reading = Reading(text, [*taken, *((span.start, span.end) for span in [*found, *more])], parting=parting)
            fresh = number or taken or more
            spans = _detected(reading.text, known, model) if fresh else first[parting]
            alone = (_free(span, reading.text) for span in spans if BLANK not in span.text)
            more += [_written(span, reading, text) for span in without_overlaps(alone)]
        if not more:
            break
        found += more
    return list(_apart(sorted(found, key=lambda span: span.start), text))


def _apart(spans: Iterable[Span], text: str) -> Iterator[Span]:
    """The spans, those that touch as one of the kind of higher precedence: surrogates that touch cannot be told. A
    telephone's can, by its plus."""
    last: Span | None = None
    for span in spans:
        if last is not None and last.end == span.start and span.kind != "phone":
            kind = min(last.kind, span.kind, key=KINDS.index)
            last = Span(kind, last.start, span.end, text[last.start : span.end])
        else:
            if last is not None:
                yield last
            last = span
    if last is not None:
        yield last


def _free(span: Span, text: str) -> Span:
    """The span, and what of the word around it would touch its surrogate: nobody could tell the two apart again."""
    start, end = span.start, span.end
    while start and _BESIDE.match(text, start - 1):
        start -= 1
    while _BESIDE.match(text, end):
        end += 1
    return span if (start, end) == span[1:3] else Span(span.kind, start, end, text[start:end])


def _written(span: Span, reading: Reading, text: str) -> Span:
    start, end = reading.place(span.start, span.end)
    return Span(span.kind, start, end, text[start:end])


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
