"""People's names that a text itself introduces, and dates of birth.

A pattern cannot know names in general (that is the model-based second tier); these are the cases that prove themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.privacy import spellings
from strop.privacy.spans import Span

_NAME = r"[A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['’-][^\W\d_]+)*\.?"
_PARTICLE = r"(?:(?:van|von|de|der|den|del|di|da|la|le|bin|al)(?: (?:der|den|dem|de|het|la|las|los|zu))? )?"
_GOES_ON = r"(?:(?<![^\W\d_]{2}\.)|(?<=\b[SDJF][tr]\.)) "
"""After "J." and "St." a name goes on; after any other word with a point the sentence has ended."""
_NAMES = rf"{_PARTICLE}{_NAME}(?:{_GOES_ON}{_PARTICLE}{_NAME}){{0,3}}"
_INTRODUCED = re.compile(
    r"(?i:\b(?:my (?:full )?name is|my name['’]s|the name['’]s|the name is|i am called|ich heiße|ich heisse|"
    r"mein name ist|je m['’]appelle|me llamo|mi nombre es|mi chiamo|mijn naam is|ik heet|o meu nome é)) "
    rf"(?P<name>{_NAMES})"
)
_TITLED = re.compile(
    rf"\b(?:Mr|Mrs|Ms|Mx|(?<=Dear )Miss|Dr|Prof|Herr|Frau|Mme|Mlle|Señora?|Sig\.ra|Signora?)\b\.? "
    rf"(?:(?:Prof|Dr|med|jur|phil|rer|nat|Dipl|Ing)\.(?:-Ing\.)? ){{0,4}}(?P<name>{_NAMES})"
)
_SIGNED = re.compile(
    r"(?i:\b(?:kind |best |warm |many )?(?:regards|wishes|sincerely|faithfully|thanks|cheers|grüße|grüßen|cordialement|"
    rf"saludos)),?\s*\n+\s*(?P<name>{_NAMES})(?=\s*(?:\n|\Z))"
)
_CLOSED = re.compile(
    r"(?:(?i:\b(?:regards|wishes|yours sincerely|yours faithfully|grüße|grüßen|grüsse|grüssen|cordialement|saludos)),? "
    r"|(?i:\b(?:thanks|thank you|cheers|danke|merci|gracias)),\s)"
    rf"(?P<name>{_NAME} {_PARTICLE}{_NAME}(?: {_NAME})?)(?=\.?\s*\Z)"
)
"""On the line of the courtesy, at the end of all: two words at least, since one is as often a firm or a place."""
_SMALL = r"[^\W\d_A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['’-][^\W\d_]+)*"
_ENDS = r"(?=\s*(?:[.,;:!?()\n\"“”»]|\Z)| (?:[-–]|and|und|et|y|but|aber|mais|pero|from|i) )"
_INTRODUCED_SMALL = re.compile(
    r"(?i:\b(?:my (?:full )?name is|my name['’]s|i am called|ich heiße|ich heisse|mein name ist|je m['’]appelle|"
    rf"me llamo|mi nombre es|mi chiamo) )(?P<name>{_SMALL}(?: {_SMALL})?){_ENDS}"
)
"""In small letters a name ends where the sentence does, or goes on with one of few words."""
_END = re.compile(_ENDS)
_SELF = re.compile(
    r"(?i:\b(?:i am|i['’]m|this is|ich bin|hier ist|hier spricht|je suis) )"
    r"(?P<name>(?P<first>[^\W\d_]+)(?:-[^\W\d_]+)? (?:(?:van|von|de|der|den|del|di|da|la|le) )?"
    r"[^\W\d_]+(?:['’-][^\W\d_]+)*)"
)
"""Who or what one is: a name only where it begins with a common first name."""
_FIRST_TEXT = """
    john james robert michael william david richard joseph thomas charles christopher daniel matthew anthony donald
    steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey jacob gary nicholas
    eric jonathan stephen larry justin scott brandon benjamin samuel gregory alexander patrick raymond dennis jerry
    tyler aaron henry adam peter nathan simon oliver harry liam noah ethan lucas mary patricia jennifer linda
    elizabeth barbara susan jessica sarah karen nancy lisa margaret sandra ashley kimberly emily donna michelle
    carol amanda melissa deborah stephanie rebecca laura sharon cynthia kathleen amy angela shirley anna brenda
    pamela emma nicole helen samantha katherine christine rachel carolyn janet maria heather diane julie olivia
    sophia jane alice hannah charlotte hans klaus jürgen wolfgang andreas stefan markus matthias tobias sebastian
    florian jan lukas felix maximilian leon jonas finn martin christian bernd uwe dieter günter horst karl heinz
    ralf jens sven torsten frank michaela sabine petra monika susanne birgit claudia andrea ursula renate katrin
    anja silke heike ute julia lena lea mia sophie marie johanna franziska jean pierre michel philippe alain nicolas
    christophe laurent olivier julien antoine françois luc mathieu hugo louis jules camille chloé manon inès léa
    nathalie isabelle sylvie catherine françoise monique élise ahmed mohamed mohammed fatima aisha omar ali hassan
    priya raj wei chen giovanni marco luca giulia carlos juan josé miguel ana carmen lucía sofia ivan olga natalia
    piotr"""
_AFTER_A_NAME_TEXT = (
    "is was has had will would can could who whose what as at on in of to but aber und et y aus ist hat war der "
    "die das mit wo est again once speaking here my s"
)
_AFTER_A_NAME = frozenset(_AFTER_A_NAME_TEXT.split())
FIRST_NAMES = frozenset(_FIRST_TEXT.split())
"""Common first names, in small letters."""
_FIRM = re.compile(
    r"\b(?:Bank|Ltd|Limited|Inc|LLC|GmbH|AG|Corp|Company|Co|Group|Shop|Store|Office|Desk|Department|Account|Accounts|Help|"
    r"Care|Relations|Services?|Support|Team)\b"
)
_MONTHS = (
    "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|"
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
    "gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|"
    "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december"
)
"""French, Spanish, Italian and Dutch."""
_DATE = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d{2}|(?:19|20)\d{2}-\d{2}-\d{2}|"
    r"\d{1,2}(?:st|nd|rd|th|\.)?\s(?:of\s)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?,?\s(?:19|20)\d{2}|"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s(?:19|20)\d{2}|"
    r"\d{1,2}\.\s(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\s(?:19|20)\d{2}|"
    rf"\d{{1,2}}(?:er|º)?\s(?:de\s)?(?i:{_MONTHS})\s(?:del?\s)?(?:19|20)\d{{2}})"
)
_BORN = re.compile(
    r"(?i:\b(?:born(?: on)?|date of birth|birth ?date|birthday|d\.?o\.?b\.?|geboren(?: am| op)?|geb\.|geburtsdatum|"
    rf"geboortedatum|née? le|date de naissance|fecha de nacimiento|nacid[oa] el|data di nascita|nat[oa] il))"
    rf"(?: is| was|)\W{{0,3}}(?P<date>{_DATE})\b"
)
_NAMED_BORN = re.compile(
    rf"(?P<name>{_NAME} (?:(?:van|von|de|der|di|da|la|le) )?{_NAME}(?: {_NAME})?)"
    r",? \(?(?=(?i:born|date of birth|d\.?o\.?b|geb\.|geboren))"
)
_NO_NAME_TEXT = (
    "the a an this that it is not no all any new your our my his her their and or for with from sir madam customer "
    "team support service user guest i we you he she they there here please thanks thank hello hi dear sorry just "
    "still also team human resources department sales management editor editors office pepper martens "
    "prof dr med dipl ing"
)
_NO_NAME = frozenset(_NO_NAME_TEXT.split())
_NO_SMALL_NAME_TEXT = (
    "spelled spelt misspelled misspelt wrong wrongly missing incorrect incorrectly listed different written "
    "correct changed printed shown registered unknown visible on in at as of to by same mine also now being too "
    "very not important long short common falsch anders richtig nicht noch auch comme pas mal"
)
_NO_SMALL_NAME = frozenset(_NO_SMALL_NAME_TEXT.split())
_COMMON_TEXT = (
    "an art ben bill bob chance chase crystal dawn dean drew earnest faith frank gene grace grant hope jack jay joy "
    "june lance mark may miles nick pat patience pearl penny pierce ray rich rob rose ruby sandy skip sky sue summer "
    "ted trip van victor wade will young white black brown green gray king long short price stone wood bush rice banks "
    "field fields hill park day best case good major sharp small swift west north east cook baker butler carter "
    "mason page"
)
COMMON_WORDS = frozenset(_COMMON_TEXT.split())
"""Names that are words, too."""


def introduced_names(text: str) -> Iterator[Span]:
    """Names that the text itself calls names: introductions, titles, signatures, beside a date of birth."""
    for pattern in (_INTRODUCED, _INTRODUCED_SMALL, _SELF, _TITLED, _SIGNED, _CLOSED, _NAMED_BORN):
        for match in pattern.finditer(text):
            if pattern is _SELF and not _is_self(match):
                continue
            if pattern is _INTRODUCED_SMALL and not _NO_SMALL_NAME.isdisjoint(match.group("name").casefold().split()):
                continue
            if pattern is _CLOSED and _FIRM.search(match.group("name")):
                continue
            words = list(spellings.WORD.finditer(match.group("name")))
            while words and words[-1].group().casefold() in _NO_NAME:
                words.pop()
            while words and words[0].group().casefold() in _NO_NAME:
                words.pop(0)
            if not words:
                continue
            start = match.start("name") + words[0].start()
            end = match.start("name") + spellings.end_of(words[-1])
            yield Span("name", start, end, text[start:end])


def _is_self(match: re.Match[str]) -> bool:
    """Whether somebody says a name, and not what they are or where ("this is Paul calling", "I am Anna and ...")."""
    first, last = match["first"], match["name"].split()[-1]
    if first.casefold() not in FIRST_NAMES or first[0].isupper() != last[0].isupper():
        return False
    plain = last.casefold()
    if len(last) < 2 or plain in _NO_NAME or plain in _AFTER_A_NAME or plain.endswith("ing"):
        return False
    if first[0].isupper():
        return True
    return first not in COMMON_WORDS and _END.match(match.string, match.end()) is not None


def birth_dates(text: str) -> Iterator[Span]:
    """Dates that are said to be a birth's."""
    for match in _BORN.finditer(text):
        yield Span("birth_date", match.start("date"), match.end("date"), match.group("date"))
