"""Which pairs of questions cannot ask the same, told by their words at once: of one template, most are such pairs.

Of 10,000 rows made by filling the slots of a template millions of pairs have similar shingles, and ``alignment`` would
say of nearly all, a tenth of a millisecond each, that other words stand in the slots. What it allows is little: few
words more or less, in long texts few exchanged, any number mistyped; else the shingles must be as similar as the
threshold. So a pair is let go where more words of one text are missing in the other than all this can explain. That is
a necessary condition: nothing that is alike is let go, whatever else is in the collection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import ne
from typing import Final

import numpy as np
import numpy.typing as npt

from strop.curate.alike.alignment import allowed_extra, allowed_swaps, bare, is_typo, lines_of
from strop.curate.alike.linked import Linked
from strop.measure.alike.near import LONG, canonical_text, figures
from strop.measure.alike.shingled import Numbers, bits_set, similarities

FEW: Final = 2_000
"""Pairs up to which looking at their words costs as much as it spares."""
_USUAL: Final = 8
"""Texts that have a word, from which on it is taken for no slip of the finger. It decides how many pairs are let go,
not which are alike: any rarer word may be a slip of any other."""
_BITS: Final = 256
"""Words that are told apart, without chance; where two share a bit, fewer are missed."""
_AT_ONCE: Final = 1 << 16
_BY_LINE: Final = 0.15
"""Texts of several lines are compared line by line, so as a whole they may be less similar by so much."""
Mask = npt.NDArray[np.bool_]


def may_be_alike(pairs: Numbers, asked: Callable[[int], str], threshold: float) -> Mask:
    """Which of the pairs ``alignment`` may find alike.

    Args:
        pairs: two texts each, by number.
        asked: gives the question with this number.
        threshold: the similarity of shingles from which questions may be alike though words are exchanged.
    """
    if len(pairs) <= FEW:
        return np.ones(len(pairs), dtype=bool)
    needed, places = np.unique(pairs, return_inverse=True)
    questions = [asked(number) for number in needed.tolist()]
    pairs = places.reshape(pairs.shape)
    digits = figures([canonical_text(question) for question in questions])
    may = digits[pairs[:, 0]] == digits[pairs[:, 1]]  # another number is another question, however alike
    words = _Words([bare(question) for question in questions], questions)
    left = np.flatnonzero(may)
    for start in range(0, len(left), _AT_ONCE):
        some = left[start : start + _AT_ONCE]
        may[some] = words.explained(pairs[some])
    other = left[~may[left]]
    may[other] = _similar(pairs[other], questions, threshold)
    return np.asarray(may)


def _similar(pairs: Numbers, questions: Sequence[str], threshold: float) -> Mask:
    """Which pairs of questions have similar shingles, or, of several lines, may have them line by line."""
    needed, places = np.unique(pairs, return_inverse=True)
    pairs = places.reshape(pairs.shape)
    some = [questions[number] for number in needed.tolist()]
    single = np.array([len(lines_of(question)) < 2 for question in some], dtype=bool)
    least = np.where(single[pairs].any(axis=1), threshold, threshold - _BY_LINE)
    return np.asarray(similarities(list(map(canonical_text, some)), pairs, long=False) >= least)


class _Words:
    """The words of some texts: the usual ones as bits, of the rarer ones how many words they may be slips of."""

    def __init__(self, texts: Sequence[tuple[str, ...]], written: Sequence[str]) -> None:
        self._texts = texts
        times = Counter(word for text in texts for word in set(text))
        usual = _alike({word for word, count in times.items() if count >= _USUAL})
        bits = np.zeros((len(texts), _BITS), dtype=np.uint8)
        for line, text in zip(bits, texts, strict=True):
            line[[usual[word] for word in text if word in usual]] = 1
        self._bits = np.packbits(bits, axis=1).view(np.uint64)
        # a rarer word may be several that lost the space between them
        self._rare = np.array([sum(1 + len(w) // 3 for w in text if w not in usual) for text in texts], dtype=np.int64)
        self._sizes = np.array([len(text) for text in texts], dtype=np.int64)
        self._allowed = np.array(list(map(_allowed, texts, written)), dtype=np.int64)

    def explained(self, pairs: Numbers) -> Mask:
        """Which pairs have no more words of their own than slips, and few words lost, added or exchanged, explain."""
        i, j = pairs.T
        mine, theirs = (bits_set(self._bits[one] & ~self._bits[other]) for one, other in ((i, j), (j, i)))
        unexplained = np.maximum(mine - self._rare[j], 0) + np.maximum(theirs - self._rare[i], 0)
        may = unexplained <= np.maximum(self._allowed[i], self._allowed[j])
        # a word more here and one there, or one in the other's place? That may be where the texts are as long
        doubtful = np.flatnonzero(may & (mine == 1) & (theirs == 1) & (self._sizes[i] == self._sizes[j]))
        doubtful = doubtful[self._allowed[i[doubtful]] == [allowed_extra(n) for n in self._sizes[i[doubtful]].tolist()]]
        for place, one, other in zip(doubtful.tolist(), i[doubtful].tolist(), j[doubtful].tolist(), strict=True):
            may[place] = sum(map(ne, self._texts[one], self._texts[other])) != 1
        return np.asarray(may)


def _allowed(text: tuple[str, ...], written: str) -> int:
    """Words that a text like this one may lack or have beside it: some more or less, and two where one is exchanged.

    Texts of as many lines are compared line by line, so each line may differ so much, and a little more where the other
    one's is longer.
    """
    if len(text) >= LONG:
        return 2 * len(text)
    lines = lines_of(written)
    own = _of(len(text))
    return own if len(lines) < 2 else max(own, 2 * sum(_of(len(bare(line))) + 1 for line in lines))


def _of(words: int) -> int:
    return allowed_extra(words) + 2 * allowed_swaps(words)


def _alike(words: set[str]) -> dict[str, int]:
    """A bit for each word; words that are slips of each other, or two that make up a third, share it."""
    number = {word: n for n, word in enumerate(sorted(words))}
    same = Linked(len(number))
    without: dict[str, list[str]] = {}
    for word in number:
        for cut in range(1, len(word)):
            if (start := word[:cut]) in number and (end := word[cut:]) in number:
                same.link(number[start], number[word])
                same.link(number[end], number[word])
        for variant in {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}:
            others = without.setdefault(variant, [])
            for other in others:
                if is_typo(other, word):
                    same.link(number[other], number[word])
            others.append(word)
    bit: dict[int, int] = {}
    return {word: bit.setdefault(same.first(n), len(bit)) % _BITS for word, n in number.items()}
