"""Texts that end in the middle, told by their last word: is it rather one that texts and sentences end with here, or
one that stands inside of them, or the first letters of one?

Of texts that end without a mark some are whole and some were cut off. How often each word ends a sentence and how often
another follows it is counted in the rows that speak; the share of cut-off texts among those without a mark is the one
under which their last words are likeliest (expectation-maximisation). So no list of words is needed, in any language
that puts spaces between words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from strop.curate.faults import Sign
from strop.curate.kept import Arrays

ENDS: Final = re.compile(r"[.!?…:;)\]}\"'”’»。！？]\s*\Z")
_WORDS = re.compile(r"([^\W_]+(?:['’-][^\W_]+)*)(?:([ \t]+(?=[^\W_]))|(\s*[.!?…。！？]+(?=\s|\Z)))?")
"""A word, and what follows it: another one, or a mark that ends a sentence."""
_LAST = re.compile(r"([^\W_]+(?:['’-][^\W_]+)*)\s*\Z")
_LISTED = re.compile(r"[^\s.!?…:][ \t]*\n[^\n]*\Z")
"""Lines of a list end without a mark, and so does the last of them."""
_WITHIN = 0.3
"""Share of cut-off texts that are cut within a word, not behind one."""
_BEGUN = 0.8
"""Share of words cut within that are the first letters of a word that several rows hold."""
_CUT, _AS_MANY = 0.02, 10
"""Share of all texts that is supposed to be cut off, as if so many texts without a mark had shown it; at most half."""
_SUPPOSED = 0.25
"""Words of each state that are supposed beside those that were counted."""
_ROUNDS = 50
_LEAST = 100
"""Texts from which it can be told how they end; of fewer none is said to be cut off."""
_KNOWN, _PART, _NEW = range(3)
"""A last word that other rows hold, that is the first letters of one that several hold, or that nobody else has."""
Floats: TypeAlias = npt.NDArray[np.float64]
Number: TypeAlias = Callable[[str], int]


def endings(texts: Sequence[str], number: Number) -> Arrays:
    """How words end texts, learnt from texts that speak.

    Args:
        texts: of rows of one task.
        number: of a word, so that no text is among what is learnt.
    """
    inside: Counter[str] = Counter()
    marked: Counter[str] = Counter()
    last: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for text in texts:
        found = _WORDS.findall(text.lower())
        rows.update({word for word, *_ in found})
        inside.update(word for word, follows, _ in found if follows)
        marked.update(word for word, _, mark in found if mark)
        if (match := _LAST.search(text)) is not None:
            last[match[1].lower()] += 1
    last += marked
    begun = {word[:size] for word, n in rows.items() if n > 1 for size in range(1, len(word))}
    behind, natural = (_by_state(rows, begun, counted) for counted in (inside, marked))
    made: Arrays = {
        "ending words": np.array([number(word) for word in rows], dtype=np.int64),
        "ending counts": np.array([(n, inside[w], last[w]) for w, n in rows.items()], dtype=np.int64).reshape(-1, 3),
        "begun": np.array(sorted(number(part) for part in begun if rows[part] < 2), dtype=np.int64),
        "odds": behind / behind.sum(),
        "cut": np.array([0.0]),
    }
    known = Endings(made, number)
    ends = [one for text in texts if (one := known.ending(text, own=1)) is not None]
    if len(texts) >= _LEAST:
        made["cut"], made["odds"] = _share_cut(ends, len(texts), behind / behind.sum(), natural)
    return made


class Endings:
    """What was learnt, asked about one text after the other.

    Args:
        learnt: what :func:`endings` gave.
        number: of a word, as it was then.
    """

    def __init__(self, learnt: Arrays, number: Number) -> None:
        self._number = number
        counts = learnt["ending counts"]
        self._counts: dict[int, Sequence[int]] = dict(
            zip(learnt["ending words"].tolist(), counts.tolist(), strict=True)
        )
        self._begun = frozenset(learnt["begun"].tolist())
        inside, last = counts[:, 1].sum(), counts[:, 2].sum()
        self._usual = float((last + 1) / (inside + last + 2))
        self._cut, self._odds = float(learnt["cut"][0]), learnt["odds"].tolist()

    def sign(self, text: str, own: int) -> Sign | None:
        """How probable it is that a text is whole; ``own``: 1 where it was among those learnt from, else 0."""
        if (found := self.ending(text, own)) is None:
            return None
        word, state, odds = found
        cut = self._cut * (odds if state == _KNOWN else self._odds[state])
        what = "the first letters of other rows' words" if state == _PART else "which hardly ends a text here"
        return Sign((1 - self._cut) / (1 - self._cut + cut), f"ends with {word!r}, {what}")

    def ending(self, text: str, own: int) -> tuple[str, int, float] | None:
        """The last word of a text, what is known of it, and of a word of other rows how much likelier it is where the
        text was cut off than where it ends. None for a text that ends with a mark, or as lists do."""
        if ENDS.search(text) or (match := _LAST.search(text)) is None or _LISTED.search(text):
            return None
        word = match[1].lower()
        number = self._number(word)
        rows, inside, last = self._counts.get(number, (0, 0, 0))
        if rows - own <= 0:
            return match[1], _PART if number in self._begun and word.isalpha() else _NEW, 1.0
        ended = max(last - own, 0)
        share = (ended + self._usual) / (inside + ended + 1)  # as if one more had ended, or not, as words do here
        return match[1], _KNOWN, (1 - _WITHIN) * (1 - share) / (1 - self._usual) * self._usual / share


def _by_state(rows: Counter[str], begun: Container[str], counted: Counter[str]) -> Floats:
    """How many of the counted words another row holds, begin another word, and are new."""
    found = np.full(3, _SUPPOSED)
    for word, count in counted.items():
        found[_KNOWN if rows[word] > 1 else _PART if word in begun and word.isalpha() else _NEW] += count
    return found


def _share_cut(
    ends: Sequence[tuple[str, int, float]], texts: int, behind: Floats, natural: Floats
) -> tuple[Floats, Floats]:
    """The share of cut-off texts among those without a mark under which their last words are likeliest; and by state
    how much likelier a last word is where a text was cut off.

    Args:
        ends: last words, what is known of them, and of words of other rows how much likelier they are.
        texts: how many there are, with those that end with a mark.
        behind: by state, the shares of words that others follow.
        natural: by state, how many words end a sentence with a mark.
    """
    states = np.array([state for _, state, _ in ends], dtype=np.int64)
    of_known = np.array([odds for _, _, odds in ends])
    within = np.array([0.0, _WITHIN * _BEGUN, _WITHIN * (1 - _BEGUN)])
    share = supposed = min(0.5, _CUT * texts / max(1, len(ends)))
    whole = np.ones(len(ends))
    odds = np.ones(3)
    for _ in range(_ROUNDS):
        counted = natural + np.bincount(states, weights=whole, minlength=3)
        odds = (within + (1 - _WITHIN) * behind) / (counted / counted.sum())
        cut = share * np.where(states == _KNOWN, of_known, odds[states])
        whole = (1 - share) / (cut + 1 - share)
        share = min(0.9, float(((1 - whole).sum() + _AS_MANY * supposed) / (len(ends) + _AS_MANY)))
    return np.array([share]), odds
