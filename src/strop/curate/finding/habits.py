"""What is usual in the texts of rows, and which row's text is not like that: garbage, beginnings only, another
language, odd lengths.

What is usual is learnt from the rows that speak (see ``speaking``) and then stands: what is said of a row hangs on
that and on its own text. Words are told apart by keyed numbers, so that no text is among it.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from strop.curate.alike.alignment import bare
from strop.curate.drafts import Draft
from strop.curate.faults import Sign
from strop.curate.finding.endings import ENDS, Endings, endings
from strop.curate.finding.oddities import odd, spreads
from strop.curate.kept import Arrays
from strop.curate.languages import CODES, SCRIPTS, language, letters_of, marks_of, words_of
from strop.records import Kind, Reason

FREE: Final[frozenset[Kind]] = frozenset({"generation", "summarisation", "chat"})
"""Kinds whose answers are texts of their own."""
UNUSUAL: Final[tuple[Reason, ...]] = ("garbage", "truncated", "wrong_language", "outlier")
"""Faults that are told by them."""
_TAGS = "p|br|div|span|li|ul|ol|b|i|u|a|td|tr|th|table|font|strong|em|h[1-6]|html|body|img|center|hr"
_MARKUP = re.compile(
    rf"</?(?:{_TAGS})(?: [^<>]{{0,200}})?/?>|&(?:[a-z]{{2,8}}|#\d{{2,5}});|\{{\{{[^{{}}]{{0,60}}\}}\}}|%[A-Z_]{{3,30}}%"
)
_BROKEN = re.compile(
    "\ufffd|ï¿½|Ã[\x80-\xbf\u0192-\u2122 ¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿]|â€|Â(?=[\\s\xa0-\xbf])|[!?]{9,}"
)
_MASHED = re.compile(r"[^aeiouy]{5}|\A[^aeiouy]*[aeiouy]?[^aeiouy]*\Z|(.)\1\1")
_SILENT = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_HELD = re.compile(r"(.)\1{3,}")
_KEYS = ("qwertyuiop", "qwertzuiopü", "azertyuiop", "asdfghjklöä", "qsdfghjklm", "zxcvbnm", "yxcvbnm", "wxcvbn")
_KEYED = " ".join((*_KEYS, *(row[::-1] for row in _KEYS)))
"""Rows of keys, in both directions."""
_ASKS_FOR_ANOTHER = re.compile(
    r"\b(?:translat|übersetz|tradu[cziî]|vertaal)|翻译|перев[её]д|"
    r"\b(?:in|into|to|auf|ins|en|al) (?:arabic|chinese|dutch|english|french|german|greek|hebrew|hindi|italian|japanese|"
    r"korean|mandarin|polish|portuguese|russian|spanish|swedish|thai|turkish|deutsch|englisch|französisch|spanisch|"
    r"français|anglais|allemand|inglés|español|alemán)\b",
    re.IGNORECASE,
)
"""A question whose answer may be in another language than the others."""
_SHOWN = 0.5
"""Score from which a text shows nothing of being cut off."""
_FOREIGN = 0.25
"""Share of texts in other languages from which a set is one of several languages."""
_NO_ABBREVIATION = 15
"""Letters from which a word without a vowel is no abbreviation."""
_VOCABULARY = 200
"""Words that several rows use, from which the usual letters can be told."""
_FEW = 4
"""Words up to which a question that does not end like others is a beginning only."""
_MANY = 10
"""Words from which a text of one word says nothing."""
_ENDLESS_WORDS = {
    "en": "the an my your our their and or because whose",
    "de": "der die dem einem meinen meinem meiner und oder weil dass wenn ob obwohl sowie am im vom zum zur beim ins "
    "ans für gegen zwischen seit",
    "fr": "le les un une mon ma mes ton tes ses nos vos cette ces et ou parce que car du des de à au aux dans chez "
    "vers sur",
    "es": "la los las un mis sus del al de en con para y o",
}
_ENDLESS = {code: frozenset(words.split()) for code, words in _ENDLESS_WORDS.items()}
"""Words that end no sentence, however long it is. Not among them: those that may ("eine", "das", French "la", "avec",
Spanish "mi", which is "mí" where accents are left out)."""


def learnt(rows: Sequence[Draft], kind: Kind, key: bytes) -> Arrays:
    """What is usual among these rows.

    Args:
        rows: those that speak, personal data masked.
        kind: of the task.
        key: the project key.
    """
    free = kind in FREE
    said = [bare(_said(row, free)) for row in rows]
    in_rows = Counter(word for words in said for word in dict.fromkeys(words))
    every = Counter(word for words in said for word in words)
    last = Counter(words[-1] for words in said if words)
    usual, least, limit = _letters(in_rows)
    numbers = _Numbers(key)
    common = None if kind == "code" else _language_of([_told(row, free) for row in rows])
    ends = sum(ENDS.search(row.input) is not None for row in rows) >= 0.5 * len(rows)
    return {
        "words": np.array([numbers[word] for word in in_rows], dtype=np.int64),
        "counts": np.array([(n, every[word], last[word]) for word, n in in_rows.items()], dtype=np.int64).reshape(
            -1, 3
        ),
        "pairs": np.array([ord(pair[0]) << 32 | ord(pair[1]) for pair in usual], dtype=np.int64),
        "usual": np.array(list(usual.values()), dtype=np.float64),
        "limits": np.array([least, limit]),
        "ends": np.array([ends]),
        "language": np.array([-1 if common is None else CODES.index(common)]),
        "spreads": spreads(rows, labelled=kind == "classification"),
        **(endings([_told(row, free) for row in rows], numbers.__getitem__) if kind != "code" else {}),
    }


class Habits:
    """What was learnt, asked about one row after the other.

    Args:
        usual: what :func:`learnt` gave.
        kind: of the task; code is left alone but for garbage characters.
        key: the project key.
    """

    def __init__(self, usual: Arrays, kind: Kind, key: bytes) -> None:
        self._kind, self._free = kind, kind in FREE
        self._numbers = _Numbers(key)
        self._counts: Mapping[int, Sequence[int]] = dict(
            zip(usual["words"].tolist(), usual["counts"].tolist(), strict=True)
        )
        pairs = zip(usual["pairs"].tolist(), usual["usual"].tolist(), strict=True)
        self._usual = {chr(code >> 32) + chr(code & 0xFFFFFFFF): weight for code, weight in pairs}
        self._least, self._limit = usual["limits"].tolist()
        self._ends, self._spreads = bool(usual["ends"][0]), usual["spreads"]
        self._endings = Endings(usual, self._numbers.__getitem__) if kind != "code" else None
        language_at = int(usual["language"][0])
        self._language = CODES[language_at] if language_at >= 0 else None

    def signs(self, row: Draft, *, speaks: bool, only: Iterable[Reason] = UNUSUAL) -> dict[Reason, Sign]:
        """What a row's text shows, by fault.

        Args:
            row: the row.
            speaks: whether it was among those that were learnt from.
            only: the faults that are looked for.
        """
        looks: dict[Reason, Callable[[Draft, int], Sign | None]] = {
            "garbage": self._garbage, "outlier": self._odd, "truncated": self._cut_off,
            "wrong_language": self._strange,
        }  # fmt: skip
        return {fault: sign for fault in only if (sign := looks[fault](row, int(speaks))) is not None}

    def _odd(self, row: Draft, _: int) -> Sign | None:
        return odd(row, self._spreads)

    def _strange(self, row: Draft, _: int) -> Sign | None:
        """A text in another language than nearly all, unless it was asked for."""
        if self._language is None or (self._free and _ASKS_FOR_ANOTHER.search(row.asked)):
            return None
        return _foreign(_told(row, self._free), self._language)

    def _garbage(self, row: Draft, own: int) -> Sign | None:
        """Markup, broken characters, and words that nobody could say."""
        found = None
        said = _said(row, self._free)
        for pattern, what, least in ((_MARKUP, "markup", 3), (_BROKEN, "broken characters", 1)):
            hits = pattern.findall(said)
            if len(hits) >= least:
                found = Sign(0.1, f"{what}: {hits[0][:20]!r}")
        if self._kind == "code":
            return found
        for text in [row.input, row.answer] if self._free else [row.input]:
            words = bare(text)
            if (often := _said_over_and_over(words)) is not None:
                found = Sign(0.1, f"one word over and over: {often[:20]!r}")
            elif (share := _typed_blindly(words)) >= 0.5:
                found = Sign(min(0.1, 1 - share), "one key held down, a row of keys, or no vowel")
            elif (share := self._unpronounceable(words, own)) >= 0.5:
                found = Sign(min(0.1, 1 - share), "letters that make no words")
        return found

    def _unpronounceable(self, words: Sequence[str], own: int) -> float:
        """Share of a text's letters in words of no other row, built unlike all known ones and hard to say."""
        long = [word for word in words if word.isalpha()]
        strange = [word for word in long if len(word) >= 4 and self._is_strange(word, own)]
        return sum(map(len, strange)) / max(1, sum(map(len, long)))

    def _is_strange(self, word: str, own: int) -> bool:
        return (
            word.isascii()
            and _MASHED.search(word) is not None
            and self._count(word)[0] <= own
            and _mean(word, self._usual, self._least) < self._limit
        )

    def _cut_off(self, row: Draft, own: int) -> Sign | None:
        """A text that ends in the middle, if its last word says so; a question that is a beginning only."""
        signs = [self._endings.sign(_told(row, self._free), own) if self._endings else None]
        if self._kind == "classification" and self._ends:
            signs.append(self._beginning(row, own))
        shown = [sign for sign in signs if sign is not None and sign.score < _SHOWN]
        return min(shown, key=lambda sign: sign.score, default=None)

    def _beginning(self, row: Draft, own: int) -> Sign | None:
        """A question of a few words whose last word hardly ever ends one, or of many where it never does: the rest got
        lost."""
        if ENDS.search(row.input) or not (words := bare(row.input)):
            return None
        word = words[-1]
        if len(words) > _FEW:
            endless = word in _ENDLESS.get(language([row.input]) or "", ())
            return Sign(0.1, f"ends with {word!r}, which ends no sentence") if endless else None
        _, every, last = self._count(word)
        if every - own < 3:
            return None
        share = (last - own) / (every - own)
        return Sign(share, f"ends with {word!r}, as few texts do that hold that word ({share:.0%})")

    def _count(self, word: str) -> Sequence[int]:
        """In how many rows a word stands, how often, and how often as the last one."""
        return self._counts.get(self._numbers[word], (0, 0, 0))


def _language_of(texts: Sequence[str]) -> str | None:
    """The language of most texts: at most a quarter is surely in another. From how many rows on that is how the data is
    is said with the other faults.

    Neighbours share their words, and a few words tell little: so one text told wrongly is no text in another language.
    """
    told = [language([text]) for text in texts]
    languages = Counter(code for code in told if code is not None)
    if not languages:
        return None
    common, count = languages.most_common(1)[0]
    foreign = sum(_foreign(text, common, code) is not None for text, code in zip(texts, told, strict=True))
    return common if count >= 0.5 * languages.total() and foreign <= _FOREIGN * len(texts) else None


def _foreign(text: str, common: str, code: str | None = None) -> Sign | None:
    """What shows that a text is in another language than nearly all others; ``code``: the one that it is told to be
    in."""
    code = code or language([text])
    if code is None or code == common or (code, common) == ("zh", "ja"):  # Japanese titles may have no kana
        return None
    if code in SCRIPTS:
        held, letters = letters_of(text, code)
        if held < _FEW or held < 0.5 * letters:
            return None
        return Sign(0.1 * (1 - held / letters), f"{SCRIPTS[code]} script, where the others are {common}")
    own, usual = words_of(text, code, least=2), words_of(text, common)  # of "S. p. A." one letter is a word somewhere
    if not usual and marks_of(text, code, but=common):
        own += 1
    if own < 3 or own < 2 * usual:
        return None
    return Sign(usual / (own + usual) / 3, f"{code}, where the others are {common}")


class _Numbers(dict[str, int]):
    """A number for each word, by the project key."""

    def __init__(self, key: bytes) -> None:
        self._key = key[:64]

    def __missing__(self, word: str) -> int:
        digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8, key=self._key).digest()
        self[word] = number = int.from_bytes(digest, signed=True)
        return number


def _letters(in_rows: Mapping[str, int]) -> tuple[dict[str, float], float, float]:
    """How usual the pairs of letters in a word are, learnt from the words that several rows use: the log of each one's
    share, that of a pair that none has, and what a word hardly ever lies below."""
    pairs: dict[str, float] = {}
    for word, count in in_rows.items():
        if count > 1 and word.isalpha():
            for pair in dict.fromkeys(_pairs(word)):
                pairs[pair] = pairs.get(pair, 0.0) + math.log2(1 + count)
    total = math.fsum(pairs.values()) or 1.0
    usual = {pair: math.log2(weight / total) for pair, weight in pairs.items()}
    least = math.log2(0.1 / total)
    known = sorted(_mean(word, usual, least) for word, count in in_rows.items() if count > 1 and len(word) >= 4)
    return usual, least, known[len(known) // 200] if len(known) >= _VOCABULARY else -math.inf


def _mean(word: str, usual: Mapping[str, float], least: float) -> float:
    pairs = _pairs(word)
    return sum(usual.get(pair, least) for pair in pairs) / len(pairs)


def _pairs(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[i : i + 2] for i in range(len(padded) - 1)]


def _typed_blindly(words: Sequence[str]) -> float:
    """Share of a text's letters in words that are one letter, or a row of keys: "aaaaaa asdfgh"; all of them where
    several long words, and nearly nothing else, have no vowel ("xkcdq wrtzp"), as a single abbreviation may, unless it
    is too long for one."""
    silent = [word for word in words if _SILENT.fullmatch(word)]
    several = len(silent) > 1 or any(len(word) >= _NO_ABBREVIATION for word in silent)
    if several and sum(map(len, silent)) >= 0.8 * sum(map(len, words)):
        return 1.0
    blind = [word for word in words if len(word) >= 4 and word.isalpha() and (_HELD.fullmatch(word) or _is_keys(word))]
    return sum(map(len, blind)) / max(1, sum(map(len, words)))


def _is_keys(word: str) -> bool:
    """Whether a word is keys that lie side by side, or several such rows of three or more: "asdkjh"."""
    if word in _KEYED:
        return True
    starts = {0}
    for start in range(len(word) - 2) if len(word) >= 6 else ():
        if start in starts:
            for end in range(start + 3, len(word) + 1):
                if word[start:end] not in _KEYED:
                    break
                starts.add(end)
    return len(word) in starts


def _said_over_and_over(words: Sequence[str]) -> str | None:
    """The word that makes up a text by four fifths, if it has ten words or more."""
    if len(words) < _MANY or len(set(words)) > 0.2 * len(words) + 1:
        return None
    word, count = Counter(words).most_common(1)[0]
    return word if count >= 0.8 * len(words) else None


def _said(row: Draft, free: bool) -> str:
    return f"{row.input}\n{row.answer}" if free else row.input


def _told(row: Draft, free: bool) -> str:
    return row.answer if free else row.input
