"""Postal addresses, in the written forms of some European countries and North America."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.privacy.spans import Span

# Words of the second row are common words too: in a headline they must not be followed by one more capital.
_STREET_WORD = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Boulevard|Blvd|Terrace|Crescent|Cres|Parkway|Pkwy|Highway|Hwy|Mews"
    r"|(?:Drive|Dr|Way|Court|Ct|Place|Pl|Square|Sq|Close|Circle|Cir|Gardens|Grove|Hill|Row|Walk|Quay|Wharf|Park|Rise|"
    r"Trail)\b(?! [A-Z][a-z]))"
)
_NO_STREET = re.compile(r"\b(?:For|In|With|From|At|To|By|And|Or|That|This|Your|Our|My|Is|Are)\b")
_NAME = r"(?:[A-Z][a-zà-ÿ'’]+|\d{1,3}(?:st|nd|rd|th)|[NSEW]\.?|St\.)"
_UK_POSTCODE = r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d)"  # and Canada's
_PLACE = r"(?:St\. ?)?[A-ZÀ-Þ](?:[^\W\d_]|['’-]|\.(?=[^\W\d_]))+(?!\w)"
# What follows a street and a comma is as often the end of a letter, or a new sentence; OR and IN are states.
_NO_CITY = (
    r"(?!(?:(?i:thanks?|thx|cheers|please|sorry|hello|yours|(?:best |kind |warm )?(?:regards|wishes)|"
    r"danke|dankeschön|vielen|bitte|(?:viele |liebe |beste |schöne )?(?:grüße|grüsse|gruß|gruss)|mfg|"
    r"merci|cordialement|bonjour|grazie|saluti|cordiali|distinti|per favore|gracias|saludos|por favor|obrigad[oa]|"
    r"bedankt|dank|alvast|tack|takk|mvh)|For|In|With|From|At|To|By|And|Or|But|That|This|Your|Our|My|Is|Are|We|It|You|"
    r"Hi|Can|What|When|Where|Which|Why|How)(?![\w'’-]))"
)
_TOWN = rf"{_NO_CITY}{_PLACE}"
_CITY = rf"{_TOWN}(?: {_TOWN}){{0,2}}"
_GERMAN_CITY = rf"(?:(?:Bad|Sankt) )?{_TOWN}(?: (?:am|an der|im|in der|ob der|bei) {_PLACE})?"
_SIDE = (
    r"(?:(?:,? (?:N\.?[EW]\.?|S\.?[EW]\.?|[NSEW]\.?)| (?:North|South|East|West|North(?:east|west)|South(?:east|west)))"
    r"(?!\w))?"
)
_STATE_ZIP = r"(?:[A-Z]{2}|[A-Z]\.[A-Z]\.)\s+\d{5}(?:-\d{4})?"
_TAIL = (
    rf"{_SIDE}(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|#)\.? ?[\w-]{{1,6}}\b)?"
    # Before a state and its number, or a British postcode, a city needs no comma.
    rf"(?:(?:(?:,\s?|\s){_CITY}){{1,2}},?\s(?:{_STATE_ZIP}|{_UK_POSTCODE})\b"
    rf"|(?:,\s*{_CITY})?(?:,\s*{_CITY})?"
    rf"(?:,?\s+(?:{_STATE_ZIP}|{_UK_POSTCODE}|[A-Z]{{2,3}} \d{{4}}|\d{{5}})\b)?)"
)
_FLOOR = (
    r"(?i:,? (?:\d{1,2} ?[ºª°][\w.]{0,4}(?: ?(?:izq|dcha|der|esq|dto|dir)\w*\.?| [A-Z]\b)?"
    r"|(?:piso|planta|puerta|pta\.?|esc\.?|escalera|bajo|[aá]tico|int(?:erno)?\.?|scala|piano|andar) ?\w{0,3}\b)){0,3}"
)
"""Which door, in Italy, Spain and Portugal."""
_ADDRESSES = (
    re.compile(
        rf"(?:\b(?:Flat|Apt|Apartment|Unit|Suite)\.? \w{{1,4}},? )?(?<![\w.,$€£%-])"
        rf"\d{{1,5}}[A-Za-z]?(?:[/-]\d{{1,4}})?,? (?:{_NAME} ){{1,3}}{_STREET_WORD}\b\.?{_TAIL}"
    ),
    re.compile(r"\bP\.? ?O\.? Box \d{1,6}\b(?:,\s*[A-Z][\w.'’-]+)?(?:,?\s+[A-Z]{2}\s+\d{5})?"),
    # German, Dutch and Scandinavian: the street's name ends in its word, the house number follows.
    re.compile(
        r"\b[A-ZÄÖÜÅØ][\wäöüßåøé.-]*(?:straße|strasse|str\.|weg|gasse|allee|platz|ufer|damm|straat|laan|plein|gracht|"
        r"kade|gatan|vägen|gate|vej|veien) \d{1,4} ?[a-zA-Z]?\b"
        rf"(?:,?\s+(?:D-|A-|CH-|SE-)?(?:\d{{4,5}}|\d{{3}} \d{{2}})(?: [A-Z]{{2}})? {_GERMAN_CITY}"
        rf"|, {_GERMAN_CITY}(?=[.,;!?)]|\s*(?:\n|\Z)))?"
    ),
    re.compile(rf"\b(?:Am|An der|Auf der|Zum|Zur|Unter den|Im) {_PLACE} \d{{1,4}}[a-z]?,?\s+\d{{5}} {_GERMAN_CITY}"),
    # French, Italian, Spanish, Portuguese: the word comes first.
    re.compile(
        r"\b\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|bd|place|chemin|impasse|allée|quai|route|cours) "
        r"(?:(?:de|du|des|la|le|les|d['’]|l['’])\s?){0,3}"
        rf"{_PLACE}(?: {_PLACE}){{0,3}}(?:,?\s+\d{{5}} {_PLACE}|, (?-i:{_TOWN}))?",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<![\w/])(?:Via|Viale|Piazza|Corso|Vicolo|Calle|[Cc]/|Avenida|Avda\.?|Av\.|Plaza|Paseo|Carrer|Rua|Travessa|"
        r"Praça) "
        r"(?:(?:de|del|della|dei|di|da|das|do|dos|la|las|los|el) ){0,2}"
        rf"{_PLACE}(?: (?:(?:de|di|da|y|e) )?{_PLACE}){{0,3}}"
        r",? (?:n[º°.]? ?)?\d{1,4}\b"
        rf"{_FLOOR}(?:,?\s+(?:\d{{5}}|\d{{4}}-\d{{3}}) {_CITY}|,\s{_CITY})?(?: \([A-Z]{{2}}\))?"
    ),
    re.compile(
        r"(?i:\b(?:postcode|post code|zip(?: ?code)?)\W{0,3}(?:is\W)?)"
        rf"(?P<piece>{_UK_POSTCODE}|\d{{5}}(?:-\d{{4}})?)\b"
    ),
)  # fmt: skip
_FURTHER = (
    re.compile(
        r"(?<![\w/])(?:ul|al|pl|os)\. ?"
        rf"(?:\d{{1,2}}\. )?{_PLACE}(?: {_PLACE}){{0,3}} \d{{1,4}}[a-zA-Z]?(?:(?:/| m\. ?)\d{{1,4}})?"
        rf"(?:,?\s+\d{{2}}-\d{{3}} {_CITY}|, {_CITY}(?=[.,;!?)]|\s*(?:\n|\Z)))?"
    ),
    re.compile(  # Swedish, Czech and Slovak numbers of places stand in two groups: no word for a street is needed
        rf"(?<!\w){_PLACE}(?: {_PLACE}){{0,2}} \d{{1,4}}(?:/\d{{1,4}})?[a-zA-Z]?,\s+"
        rf"(?:SE-|CZ-|SK-)?\d{{3}} \d{{2}} {_CITY}"
    ),
    re.compile(
        rf"(?<!\w){_PLACE}(?: {_PLACE}){{0,2}} (?:utca|út|útja|tér|körút|u\.) \d{{1,4}}\.?(?:,?\s+\d{{4}} {_CITY})?"
    ),
    re.compile(
        rf"(?<!\w)[A-ZÄÖÅÆØ][\w-]*(?:katu|tie|kuja|polku|gade|stræde|torv|plads|allé) \d{{1,4}}"
        rf"(?: ?[A-Za-z](?: \d{{1,3}})?)?,?\s+\d{{4,5}} {_CITY}"
    ),
    re.compile(
        r"\b(?:Postfach|Postbus|Boîte postale|Casella postale|Apartado|Postboks|BP|C\.?P\.?) \d[\d ]{1,8},?\s+"
        rf"\d{{4,5}}(?: [A-Z]{{2}})? {_GERMAN_CITY}"
    ),
)
"""Polish, Swedish, Czech, Slovak, Hungarian, Finnish and Danish, and boxes at the post office: nearly all with the
number of a place."""
_PLACED = re.compile(r"\d[ -]?\d{2,3} [A-ZÀ-Ž]")
_STREETS = ("ul.", "al.", "pl.", "os.", " utca ", " út ", " útja ", " tér ", " körút ")
_MEASURED = re.compile(
    r"\d+,? (?:Gb|Mb|Tb|Ghz|Mhz|Inch|Star|Year|Month|Week|Day|Hour|Minute|Speed|Core|Percent|Million|Billion)\b"
)


def addresses(text: str) -> Iterator[Span]:
    """Postal addresses in the common written forms of some European countries and North America. Patterns know no
    gazetteer: an address without a street word or house number is not found."""
    further = _PLACED.search(text) or any(street in text for street in _STREETS)
    for pattern in (*_ADDRESSES, *_FURTHER) if further else _ADDRESSES:
        for match in pattern.finditer(text):
            group = "piece" if "piece" in pattern.groupindex else 0
            piece = match.group(group).rstrip(".,")
            if not (_MEASURED.match(piece) or _NO_STREET.search(piece)):
                yield Span("address", match.start(group), match.start(group) + len(piece), piece)
