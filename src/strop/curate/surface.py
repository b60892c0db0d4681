"""Faults that the surface of a text shows, without a model: garbage, cut-off texts, another language, numbers that come
from nowhere, breaks of the house style.

What is unusual is measured against the rows themselves. Each score lies in [0, 1], lower is worse; rows without a sign
are not listed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from strop.curate.alignment import bare
from strop.curate.attributes import attributes, numbers, unsupported_numbers
from strop.curate.drafts import Draft
from strop.curate.faults import Shown, Sign
from strop.curate.languages import language, words_of
from strop.curate.oddities import outliers
from strop.curate.refusals import no_answers
from strop.curate.sourcing import unsourced
from strop.measure.style import StyleRule, style_breaks
from strop.records import Kind

_TAGS = "p|br|div|span|li|ul|ol|b|i|u|a|td|tr|th|table|font|strong|em|h[1-6]|html|body|img|center|hr"
_MARKUP = re.compile(
    rf"</?(?:{_TAGS})(?: [^<>]{{0,200}})?/?>|&(?:[a-z]{{2,8}}|#\d{{2,5}});|\{{\{{[^{{}}]{{0,60}}\}}\}}|%[A-Z_]{{3,30}}%"
)
_BROKEN = re.compile(
    "\ufffd|ï¿½|Ã[\x80-\xbf\u0192-\u2122 ¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿]|â€|Â(?=[\\s\xa0-\xbf])|[!?]{9,}"
)
_ENDS = re.compile(r"[.!?…:;)\]}\"'”’»。！？]\s*\Z")
_MASHED = re.compile(r"[^aeiouy]{5}|\A[^aeiouy]*[aeiouy]?[^aeiouy]*\Z|(.)\1\1")
_SILENT = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_HELD = re.compile(r"(.)\1{3,}")
_KEYS = ("qwertyuiop", "qwertzuiopü", "azertyuiop", "asdfghjklöä", "qsdfghjklm", "zxcvbnm", "yxcvbnm", "wxcvbn")
_KEYED = " ".join((*_KEYS, *(row[::-1] for row in _KEYS)))
"""Rows of keys, in both directions."""
_VOCABULARY = 200
"""Words that several rows use, from which the usual letters can be told."""
_FEW = 4
"""Words up to which a question that does not end like others is a beginning only."""
_NOWHERE = 0.04
"""Score of an answer in which next to all numbers are right: one that comes from nowhere is a fault all the same."""
_ENDLESS = {
    "en": frozenset({"the", "an", "my", "your", "our", "their", "and", "or", "because", "whose"}),
    "de": frozenset(
        {"der", "die", "dem", "einem", "meinen", "meinem", "meiner", "und", "oder", "weil", "dass", "wenn"}
    ),
    "fr": frozenset({"le", "les", "un", "une", "mon", "ma", "mes", "et", "ou", "parce", "que"}),
}
"""Words that end no sentence, however long it is. Not among them: those that may ("eine", "das", "la")."""
_LEAST = 30
"""Rows from which habits can be told."""


def surface(rows: Sequence[Draft], kind: Kind, rules: Sequence[StyleRule] = (), system: str | None = None) -> Shown:
    """What the texts of rows show, by fault and row identity.

    Args:
        rows: rows of one task, personal data masked.
        kind: code is left alone but for garbage characters.
        rules: of the house's style guide.
        system: the task's instruction.
    """
    shown: Shown = {}
    if len(rows) < _LEAST:
        return shown
    free = kind in ("generation", "summarisation", "chat")
    shown["garbage"] = _garbage(rows, answers=free, mashed=kind != "code")
    if kind == "classification":
        shown["truncated"] = _beginnings(rows)
    if free:
        shown["truncated"], shown["no_answer"] = _unfinished(rows), no_answers(rows, system)
    if kind != "code":
        shown["wrong_language"] = _foreign(rows, answers=free)
    shown["outlier"] = outliers(rows, labelled=kind == "classification")
    if kind in ("extraction", "summarisation", "chat"):
        shown["unsupported_answer"] = unsourced(rows, kind)
    if kind == "generation":
        shown["off_topic"], shown["unsupported_answer"] = _formless(rows), _from_nowhere(rows)
    if rules:
        shown["style_break"] = _off_style(rows, rules)
    return shown


def _garbage(rows: Sequence[Draft], *, answers: bool, mashed: bool) -> dict[str, Sign]:
    """Markup, broken characters, and words that nobody could say."""
    found: dict[str, Sign] = {}
    for pattern, what, least in ((_MARKUP, "markup", 3), (_BROKEN, "broken characters", 1)):
        for row in rows:
            hits = pattern.findall(_said(row, answers))
            if len(hits) >= least:
                found[row.identity] = Sign(0.1, f"{what}: {hits[0][:20]!r}")
    if mashed:
        habit = _Letters(bare(_said(row, answers)) for row in rows)
        for row in rows:
            for text in [row.input, row.answer] if answers else [row.input]:
                if (share := _typed_blindly(bare(text))) >= 0.5:
                    found[row.identity] = Sign(min(0.1, 1 - share), "one key held down, a row of keys, or no vowel")
                elif (share := habit.unpronounceable(bare(text))) >= 0.5:
                    found[row.identity] = Sign(min(0.1, 1 - share), "letters that make no words")
    return found


def _typed_blindly(words: Sequence[str]) -> float:
    """Share of a text's letters in words that are one letter, or a row of keys: "aaaaaa asdfgh"; all of them where
    several long words, and nearly nothing else, have no vowel ("xkcdq wrtzp"), as a single abbreviation may."""
    silent = [word for word in words if _SILENT.fullmatch(word)]
    if len(silent) > 1 and sum(map(len, silent)) >= 0.8 * sum(map(len, words)):
        return 1.0
    blind = [word for word in words if len(word) >= 4 and word.isalpha() and (_HELD.fullmatch(word) or word in _KEYED)]
    return sum(map(len, blind)) / max(1, sum(map(len, words)))


class _Letters:
    """How usual the pairs of letters in a word are, learnt from the words that several rows use."""

    def __init__(self, texts: Iterable[list[str]]) -> None:
        self._rows = Counter(word for text in texts for word in set(text))
        pairs: Counter[str] = Counter()
        for word, count in self._rows.items():
            if count > 1 and word.isalpha():
                pairs.update({pair: math.log2(1 + count) for pair in _pairs(word)})
        total = sum(pairs.values()) or 1.0
        self._usual = {pair: math.log2(weight / total) for pair, weight in pairs.items()}
        self._least = math.log2(0.1 / total)
        known = sorted(self._mean(word) for word, count in self._rows.items() if count > 1 and len(word) >= 4)
        self._limit = known[len(known) // 200] if len(known) >= _VOCABULARY else -math.inf

    def unpronounceable(self, words: Sequence[str]) -> float:
        """Share of a text's letters in words of no other row, built unlike all known ones and hard to say."""
        long = [word for word in words if word.isalpha()]
        strange = [word for word in long if len(word) >= 4 and self._rows[word] <= 1 and self._is_strange(word)]
        return sum(map(len, strange)) / max(1, sum(map(len, long)))

    def _is_strange(self, word: str) -> bool:
        return word.isascii() and _MASHED.search(word) is not None and self._mean(word) < self._limit

    def _mean(self, word: str) -> float:
        pairs = _pairs(word)
        return sum(self._usual.get(pair, self._least) for pair in pairs) / len(pairs)


def _pairs(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[i : i + 2] for i in range(len(padded) - 1)]


def _beginnings(rows: Sequence[Draft]) -> dict[str, Sign]:
    """Questions of a few words whose last word hardly ever ends one, and of many where it never does: the rest got
    lost."""
    if sum(_ENDS.search(row.input) is not None for row in rows) < 0.5 * len(rows):
        return {}
    texts = {row.identity: bare(row.input) for row in rows}
    every = Counter(word for text in texts.values() for word in text)
    last = Counter(text[-1] for text in texts.values() if text)
    found = {}
    for row in rows:
        text = texts[row.identity]
        if not text or _ENDS.search(row.input):
            continue
        others = every[text[-1]] - 1
        if len(text) > _FEW:
            if text[-1] in _ENDLESS.get(language([row.input]) or "", ()):
                found[row.identity] = Sign(0.1, f"ends with {text[-1]!r}, which ends no sentence")
        elif others >= 3:
            share = (last[text[-1]] - 1) / others
            found[row.identity] = Sign(
                share, f"ends with {text[-1]!r}, as few texts do that hold that word ({share:.0%})"
            )
    return found


def _unfinished(rows: Sequence[Draft]) -> dict[str, Sign]:
    """Answers that do not end like the others do."""
    open_ended = [row for row in rows if row.answer.strip() and not _ENDS.search(row.answer)]
    share = len(open_ended) / len(rows)
    return {row.identity: Sign(share, f"ends with {row.answer.strip()[-20:]!r}") for row in open_ended}


def _foreign(rows: Sequence[Draft], *, answers: bool) -> dict[str, Sign]:
    """Texts in another language than nearly all others."""
    texts = {row.identity: row.answer if answers else row.input for row in rows}
    told = {identity: language([text]) for identity, text in texts.items()}
    languages = Counter(code for code in told.values() if code is not None)
    if not languages:
        return {}
    common, count = languages.most_common(1)[0]
    if count < 0.9 * languages.total():
        return {}
    found = {}
    for identity, code in told.items():
        if code is not None and code != common:
            own, usual = words_of(texts[identity], code), words_of(texts[identity], common)
            if own >= 3 and own >= 2 * usual:
                found[identity] = Sign(usual / (own + usual) / 3, f"{code}, where the others are {common}")
    return found


def _formless(rows: Sequence[Draft]) -> dict[str, Sign]:
    """Where nearly all inputs are attributes: those that are not."""
    plain = [row for row in rows if not attributes(row.input)]
    share = len(plain) / len(rows)
    if share > 0.5:
        return {}
    return {row.identity: Sign(share, "not in the form of the other inputs") for row in plain}


def _from_nowhere(rows: Sequence[Draft]) -> dict[str, Sign]:
    """Numbers in an answer that its attributes do not hold."""
    found = {}
    for row in rows:
        said = numbers(row.answer)
        if said and (strange := unsupported_numbers(row)):
            found[row.identity] = Sign(_NOWHERE * (1 - len(strange) / len(said)), f"says {', '.join(strange[:3])}")
    return found


def _off_style(rows: Sequence[Draft], rules: Sequence[StyleRule]) -> dict[str, Sign]:
    """Answers that break rules of the house."""
    found = {}
    for row in rows:
        if row.reference is not None and (breaks := style_breaks(row.reference, rules, row.expect)):
            broken = sorted({b.rule for b in breaks})
            found[row.identity] = Sign(1 - len(broken) / len(rules), f"breaks {', '.join(broken)}")
    return found


def _said(row: Draft, answers: bool) -> str:
    return f"{row.input}\n{row.answer}" if answers else row.input
