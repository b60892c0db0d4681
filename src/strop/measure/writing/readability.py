"""How hard is a text to read? Formulas on words, sentences and syllables; English, but for LIX."""

from __future__ import annotations

import re
from typing import NamedTuple

from strop.measure.text import sentences

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^laeiouy]|[aeiouy]l|ll)e$|[^aeiouytd]ed$|[^aeiouysxz]es$")
_LONG = 6


class TextSize(NamedTuple):
    """What the formulas count."""

    sentences: int
    words: int
    syllables: int
    long_words: int


def text_size(text: str) -> TextSize:
    """Sentences, words, syllables and words of more than six letters."""
    words = _WORD.findall(text)
    return TextSize(
        max(1, sum(1 for sentence in sentences(text) if _WORD.search(sentence))),
        len(words),
        sum(map(syllables, words)),
        sum(len(word) > _LONG for word in words),
    )


def syllables(word: str) -> int:
    """Syllables of an English word by its groups of vowels, a silent e not counted; right for about nine of ten."""
    lower = word.lower()
    return max(1, len(_VOWELS.findall(lower)) - bool(_SILENT.search(lower)))


def flesch_reading_ease(text: str) -> float:
    """206.835 - 1.015 · words/sentences - 84.6 · syllables/words (Flesch 1948): 100 easy, 0 hard; no words: 0."""
    size = text_size(text)
    if not size.words:
        return 0.0
    return 206.835 - 1.015 * size.words / size.sentences - 84.6 * size.syllables / size.words


def flesch_kincaid_grade(text: str) -> float:
    """0.39 · words/sentences + 11.8 · syllables/words - 15.59 (Kincaid et al. 1975): US school grade; no words: 0."""
    size = text_size(text)
    if not size.words:
        return 0.0
    return 0.39 * size.words / size.sentences + 11.8 * size.syllables / size.words - 15.59


def lix(text: str) -> float:
    """words/sentences + 100 · long words/words (Björnsson 1968), for European languages: 30 easy, 60 hard."""
    size = text_size(text)
    return size.words / size.sentences + 100 * size.long_words / size.words if size.words else 0.0
