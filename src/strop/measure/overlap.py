"""How much a text shares with a reference: ROUGE-L. Rough signals; good answers may share little."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NOT_WORD = re.compile(r"[^a-z0-9]+")


def rouge_l(answer: str, references: str | Sequence[str]) -> float:
    """F1 of the longest common subsequence of words, best over the references (Lin 2004), as in rouge-score.

    Words are runs of a-z and 0-9 in lower case, no stemming. An empty side gives 0.
    """
    options = [references] if isinstance(references, str) else references
    said = rouge_words(answer)
    return max((_lcs_f1(said, rouge_words(reference)) for reference in options), default=0.0)


def rouge_words(text: str) -> list[str]:
    """The tokens that ROUGE counts."""
    return _NOT_WORD.sub(" ", text.lower()).split()


def _lcs_f1(said: list[str], expected: list[str]) -> float:
    if not said or not expected:
        return 0.0
    return 2 * lcs_length(said, expected) / (len(said) + len(expected))


def lcs_length(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, one bit a word of ``a`` (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for position, word in enumerate(a):
        places[word] = places.get(word, 0) | 1 << position
    full = (1 << len(a)) - 1
    row = full
    for word in b:
        match = row & places.get(word, 0)
        row = ((row + match) | (row - match)) & full
    return len(a) - row.bit_count()
