"""Vale's kind ``capitalization``: is a heading or text written in title case, sentence case, all lower or all upper?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from strop.measure.patterns import Pattern

ENOUGH = 0.8
"""More than this share of the words has to be written as asked; as in Vale."""
_WORD = re.compile(r"[^\W_]\S*")
_ARTICLES = "a an and as at but by en for if in nor of on or per the to v via vs"
_OTHERS = """
about above across after against along among around before behind below beneath beside between beyond down during from
inside into like near off onto out outside over since through till toward under until up upon with within without
"""
_SMALL = frozenset(_ARTICLES.split())
_PREPOSITIONS = frozenset(_OTHERS.split())


def capital_test(
    match: str, *, style: str, exceptions: Sequence[str], indicators: Sequence[str], rule: str
) -> Callable[[str], bool]:
    """Whether a text is written as ``match`` asks: ``$title``, ``$sentence``, ``$lower``, ``$upper`` or a pattern.

    Args:
        match: as in Vale's rule.
        style: of titles: AP (small words stay small) or Chicago (all prepositions do).
        exceptions: words and terms that may be written as they are.
        indicators: endings behind which a sentence begins anew, such as a colon.
        rule: named when the pattern is wrong.
    """
    allowed = Pattern("|".join(exceptions), rule=rule) if exceptions else None

    def free(word: str) -> bool:
        return word == word.upper() or (allowed is not None and any(m.text == word for m in allowed.matches(word)))

    if match in ("$lower", "$upper"):
        turned = str.lower if match == "$lower" else str.upper
        return lambda text: all(word == turned(word) or free(word) for word in _words(text, exceptions))
    if match == "$title":
        small = _SMALL | _PREPOSITIONS if style.casefold() == "chicago" else _SMALL
        return lambda text: _titled(_words(text, exceptions), small, free)
    if match == "$sentence":
        return lambda text: _plain(_words(text.rstrip("?!.:"), exceptions), indicators, free)
    pattern = Pattern(match, rule=rule)
    return lambda text: pattern.found(text)


def _words(text: str, exceptions: Sequence[str]) -> list[str]:
    """Words, terms of several words among the exceptions in one piece."""
    terms = [re.escape(term) for term in exceptions if " " in term]
    return re.findall("|".join([*terms, _WORD.pattern]), text)


def _titled(words: Sequence[str], small: frozenset[str], free: Callable[[str], bool]) -> bool:
    right = sum(
        free(word)
        or (
            word == word.lower()
            if word.lower() in small and 0 < place < len(words) - 1
            else word[:1] == word[:1].upper()
        )
        for place, word in enumerate(words)
    )
    return not words or right / len(words) > ENOUGH


def _plain(words: Sequence[str], indicators: Sequence[str], free: Callable[[str], bool]) -> bool:
    right = 0
    for place, whole in enumerate(words):
        word = re.split(r"[-'’]", whole)[0]
        if free(whole) or free(word) or (place and words[place - 1].endswith(tuple(indicators))):
            right += 1
        elif place == 0:
            if word != word.lower().capitalize():
                return False
            right += 1
        else:
            right += word == word.lower()
    return not words or right / len(words) > ENOUGH
