"""What differs between two texts, word by word: noise, or content?

A copy differs from its original by noise: typing errors, case, punctuation, a greeting put before it, a word lost. Two
texts from one template differ by content: other names, other numbers, a statement in the place of another. Their
shingles are equally alike, so near duplicates are confirmed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from strop.curate.alike.counterparts import have_other
from strop.curate.alike.turned import are_turned
from strop.curate.languages import COMMON
from strop.measure.alike.lookalikes import plainly

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile(r"['’`´]+")
_SURFACE = re.compile(r"[^\W_]+(?:['’`´]+[^\W_]+)*|[^\w\s]")
_COURTESIES = re.compile(
    r"(?:hello|hi|hey|hiya|good (?:morning|afternoon|evening|day)|dear (?:sir|madam|team|all|support)|greetings|"
    r"quick question|(?:please|pls|plz|kindly) (?:help|advise|assist|reply|respond)|help please|"
    r"thank you(?: very much| so much| in advance)?|thanks(?: a lot| in advance| again)?|many thanks|thx|cheers|"
    r"(?:kind |best |warm )?regards|best wishes|sincerely|asap|urgent(?:ly)?|please|pls|ok(?:ay)?|sorry|"
    r"hallo|guten (?:tag|morgen|abend)|bitte(?: helfen sie mir)?|danke(?: schön| im voraus)?|vielen dank|"
    r"(?:mit freundlichen|viele|liebe|beste) grüßen?|bonjour|bonsoir|merci(?: beaucoup| davance)?|sil vous plaît|"
    r"cordialement|hola|buenos días|buenas tardes|gracias|por favor|un saludo|saludos|ciao|buongiorno|grazie|"
    r"per favore|goedemorgen|dank je|dank u|alvast bedankt|olá|bom dia|obrigad[oa])(?!\w)",
)
_FURTHER_ON = re.compile(f" {_COURTESIES.pattern}")
_NEGATION_WORDS = (
    "not no never none cannot without nicht kein keine keinen nie ohne ne pas jamais sans sin nunca non mai senza niet "
    "geen nooit zonder não nem"
)
_NEGATIONS = frozenset(_NEGATION_WORDS.split())
_QUESTION_WORDS = (
    "what how why when where who which was wie warum wann wo wer comment pourquoi quand où qui cómo cuándo dónde quién "
    "come perché quando hoe waarom"
)
_QUESTIONS = frozenset(_QUESTION_WORDS.split())
_NOT = re.compile(r"(?:is|are|was|were|do|does|did|has|have|had|ca|wo|would|could|should|must|need)nt")
_LONG = 20
"""Words from which one word more or less is no other question."""


class Difference(NamedTuple):
    """Words of two texts that the other lacks, courtesies and typing errors aside.

    ``replaced`` are pairs of passages that stand in each other's place, ``extra`` words that only one has. ``retyped``:
    the texts differ in typing errors, case, punctuation or courtesies too, as a copy does (looked at only where
    something hangs on it). ``otherwise``: one says March where the other says May (a day, unit, currency, place in a
    row or opposite likewise), or a figure has another point or sign, or a transfer goes the other way.
    """

    words: int
    extra: tuple[str, ...]
    replaced: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    retyped: bool
    otherwise: bool = False

    @property
    def is_content(self) -> bool:
        """A number, month or the like, negation or question word differs, or a passage stands in another's place."""
        exchanged = self.exchanged
        asks = not _QUESTIONS.isdisjoint(exchanged if self.retyped else (*exchanged, *self.extra))
        return asks or self.says_other

    @property
    def says_other(self) -> bool:
        """The same, but for question words: whether a second hand wrote it makes no difference to this."""
        carries = any(_carries(word) for word in (*self.extra, *self.exchanged))
        return self.otherwise or carries or any(min(map(len, pair)) > 3 for pair in self.replaced)

    @property
    def exchanged(self) -> list[str]:
        """The words of passages that stand in each other's place."""
        return [word for pair in self.replaced for side in pair for word in side]

    @property
    def is_noise(self) -> bool:
        """Few words lost or added, and in long texts few exchanged.

        In a short text a lost word of content makes another question, unless the text is retyped anyhow.
        """
        slight = self.retyped or self.words >= _LONG or all(word in COMMON - _QUESTIONS for word in self.extra)
        return self.is_little and slight and not self.is_content

    @property
    def is_little(self) -> bool:
        """Few words are lost, added or exchanged, for a text as long."""
        swaps = sum(max(map(len, pair)) for pair in self.replaced)
        return swaps <= allowed_swaps(self.words) and len(self.extra) <= allowed_extra(self.words)

    @property
    def hangs_on_hand(self) -> bool:
        """Whether it makes a difference that a second hand wrote the text."""
        return not self.says_other and (self.is_little or not _QUESTIONS.isdisjoint(self.extra))


def allowed_extra(words: int) -> int:
    """Words that one of two texts may have more, of so many words the longer one."""
    return max(1, round(0.12 * words))


def allowed_swaps(words: int) -> int:
    """Words that may be exchanged."""
    return int(0.04 * words)


def difference(one: str, other: str) -> Difference:
    """Compare two texts."""
    left, right = bare(one), bare(other)
    extra: list[str] = []
    replaced: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    typos = 0
    for my_words, their_words in _passages(left, right):
        mine, theirs = _without_typos(my_words, their_words)
        typos += len(my_words) - len(mine)
        if mine and theirs:
            replaced.append((tuple(mine), tuple(theirs)))
        else:
            extra += mine + theirs
    otherwise = have_other(one, other) or are_turned(one, other)
    found = Difference(max(len(left), len(right)), tuple(extra), tuple(replaced), typos > 0, otherwise)
    if found.retyped or not found.hangs_on_hand:
        return found
    # Of all words that both have, one written otherwise shows a second hand.
    return found._replace(retyped=_surface(one, right) != _surface(other, left))


def lines_of(text: str) -> list[str]:
    """Its lines that are not blank."""
    return [line for line in text.splitlines() if line.strip()]


def _passages(left: tuple[str, ...], right: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The passages in which two rows of words differ; what both begin and end with is none of them."""
    shorter = min(len(left), len(right))
    start = end = 0
    while start < shorter and left[start] == right[start]:
        start += 1
    while end < shorter - start and left[-1 - end] == right[-1 - end]:
        end += 1
    left, right = left[start : len(left) - end], right[start : len(right) - end]
    if not (left and right) or len(left) == len(right) == 1:
        if left or right:
            yield left, right
        return
    for tag, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            yield left[i:j], right[k:m]


def _surface(text: str, shared: Sequence[str]) -> str:
    """How a text writes the words that it shares with another: case, punctuation and courtesies with them."""
    words, body = set(shared), set(bare(text))
    pieces = _SURFACE.findall(text[:1].lower() + text[1:])
    plain = [_APOSTROPHES.sub("", plainly(piece)) for piece in pieces]
    return " ".join(p for p, word in zip(pieces, plain, strict=True) if word in words or word not in body)


@lru_cache(maxsize=4096)
def bare(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, courtesies at its ends taken away."""
    words = " ".join(_WORD.findall(_APOSTROPHES.sub("", plainly(text))))
    while (match := _COURTESIES.match(words)) and match.end() < len(words):
        words = words[match.end() :].lstrip()
    return tuple(_without_closing(words).split())


def _without_closing(words: str) -> str:
    for match in _FURTHER_ON.finditer(words):
        if not _rest(words[match.end() :]):
            return words[: match.start()].rstrip()
    return words


def _rest(words: str) -> str:
    """What is left when courtesies are taken from the front."""
    words = words.lstrip()
    while words and (match := _COURTESIES.match(words)):
        words = words[match.end() :].lstrip()
    return words


def _without_typos(mine: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words that are no misspelling of one on the other side (split and joined words included)."""
    if mine and theirs and "".join(mine) == "".join(theirs):
        return [], []
    left, right = list(mine), list(theirs)
    for word in mine:
        match = next((candidate for candidate in right if is_typo(word, candidate)), None)
        if match is not None:
            left.remove(word)
            right.remove(match)
    return left, right


def is_typo(one: str, other: str) -> bool:
    """One slip of the finger between two words: a letter too many, too few, another one, or two exchanged."""
    if one == other:
        return True
    shorter = min(len(one), len(other))
    if shorter < 3 or abs(len(one) - len(other)) > 1 or (shorter < 5 and (_carries(one) or _carries(other))):
        return False
    if any(c.isdigit() for c in one + other):
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    if len(a) == len(b):
        exchanged = len(a) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
        return exchanged or (a[1:] == b[1:] and len(one) > 4)
    return a[1:] == b or a == b[1:]


@lru_cache(maxsize=1 << 16)
def _carries(word: str) -> bool:
    """Numbers and negations carry meaning however short."""
    return any(c.isdigit() for c in word) or word in _NEGATIONS or _NOT.fullmatch(word) is not None
