"""Which language a text is in, told by its commonest words (European languages) or its script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_WORDS = {
    "en": "the of and to in is that for it with as was on are be this have from or by at not you what how can i my me "
    "a an do does did if so but will would there their your we they been has had am",
    "de": "der die und das ist nicht ein eine ich zu den mit auf für sich auch dem des wie kann wir sie es bei am im "
    "an in vom zum zur von mein meine meinen meiner war was wurde hat habe bitte kein keine muss mir mich seit aber",
    "fr": "le la les et des est un une que pour pas dans qui sur je vous nous ce avec au du plus mon ma mes comment ne "
    "suis été cette sont mais",
    "es": "el los las que es una por con para no se lo como más pero su mi cómo puedo está del al y un",
    "it": "il che di non è per una sono con si del le gli come più ma ho mi della questo posso nel lo",
    "nl": "de het een en van ik is dat niet op te met voor zijn mijn maar hoe kan aan er om ook naar wat",
    "pt": "o que não uma os com para é por do da como mais eu meu minha está no na em você se foi dos",
    "sv": "och att det som en på är av för med inte jag till den har om ett kan hur min var men så från",
    "pl": "nie się na jest do że w z co jak ale to mam mi czy po za od dla moje jestem przez może tak",
}  # fmt: skip
_SETS = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_CODES = {
    word: tuple(code for code in _SETS if word in _SETS[code]) for words in _WORDS.values() for word in words.split()
}
COMMON = frozenset().union(*_SETS.values())
"""Words that carry little by themselves."""
_SCRIPTS = (
    ("ja", "\u3040", "\u30ff"), ("ko", "\uac00", "\ud7af"), ("zh", "\u4e00", "\u9fff"), ("ru", "\u0400", "\u04ff"),
    ("ar", "\u0600", "\u06ff"), ("he", "\u0590", "\u05ff"), ("hi", "\u0900", "\u097f"), ("el", "\u0370", "\u03ff"),
    ("th", "\u0e00", "\u0e7f"),
)  # fmt: skip
CODES = (*_SETS, *(code for code, _, _ in _SCRIPTS))
"""All languages that can be told."""
_WORD = re.compile(r"[^\W\d_]+")


def language(texts: Iterable[str]) -> str | None:
    """The ISO 639-1 code of the language that most of the texts are in; None where nothing tells it."""
    votes: Counter[str] = Counter()
    for text in texts:
        if (found := _of(text)) is not None:
            votes[found] += 1
    return votes.most_common(1)[0][0] if votes else None


def words_of(text: str, code: str) -> int:
    """How many different common words of that language a text holds."""
    return len(_SETS.get(code, frozenset()) & {word.casefold() for word in _WORD.findall(text)})


def _of(text: str) -> str | None:
    if not text.isascii():
        letters = [c for c in text if c.isalpha()]
        for code, first, last in _SCRIPTS:
            if sum(first <= c <= last for c in letters) * 3 > len(letters):
                return code
    hits: Counter[str] = Counter()
    for word in _WORD.findall(text):
        hits.update(_CODES.get(word.casefold(), ()))
    return max(_SETS, key=lambda code: hits[code]) if hits else None
