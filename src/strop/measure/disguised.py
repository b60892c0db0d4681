"""Which texts are others in disguise: letters swapped or spaced out, vowels left out, digits for letters.

What all these leave alone is the consonants of a text: its *skeleton*. A text whose skeleton has the letters of another
one's, nearly in their order, is that one. Where words can still be told apart, the same is looked for word by word, in
any order, in part or with more around (see ``rewritten``). Texts that can be read side by side are no disguise of each
other, however alike they are: what they are to each other is told by their words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final

from strop.measure.lookalikes import plainly
from strop.measure.quoted import words_of
from strop.measure.rewritten import Least, Rewritten, rewritten

# Digits and signs that stand for a consonant do so here, too; those for a vowel go with the vowels. 1 and ! are an i or
# an l, so l goes as well.
_STANDS_FOR: Final = str.maketrans("57896$2+", "stbggszt", "aeiouyl0134@!|€*")
_NO_LETTER: Final = re.compile(r"[\W_]+")
_LEAST: Final = 6
"""Letters of the shortest skeleton that says which text it is."""
_MOVED: Final = 6
"""Letters that may have moved across one place: of two swapped in a word, and of two more in the next."""
_MANY: Final = 32
"""Texts of one skeleton that are looked at."""
_READABLE: Final = 3
"""Letters from which a word is one that can be read."""


def disguised(
    texts: Sequence[str],
    others: Sequence[str],
    *,
    least: Least,
    share: float = 0.5,
    keys: tuple[Sequence[bytes], Sequence[bytes]] | None = None,
    readable: float = 0.5,
) -> list[Rewritten]:
    """The texts that are one of the others in disguise, each with that one, in order.

    Args:
        texts: where to look.
        others: what they may be made from.
        least: what their common words have to say where they are found word by word.
        share: of the longer text's words, those that the shorter one must have then.
        keys: one for each text and other; only those of one key are compared.
        readable: of the words of the shorter one, those that may stand in the longer one as they are.
    """
    mine, theirs = ([skeleton(text) for text in part] for part in (texts, others))
    found = {text: Rewritten(text, of, 1.0) for text, of in _whole(mine, theirs, keys)}
    by_word = rewritten(map(_by_word, texts), map(_by_word, others), least=least, share=share, keys=keys)
    for one in by_word:
        found.setdefault(one.text, one)
    return [found[text] for text in sorted(found) if _is_hidden(texts[text], others[found[text].of], readable)]


def skeleton(text: str) -> str:
    """The consonants of a text, in their order; of scripts without vowels of their own, all letters."""
    return _NO_LETTER.sub("", _folded(text))


def _folded(text: str) -> str:
    plain = plainly(text)
    if not plain.isascii():
        plain = "".join(sign for sign in unicodedata.normalize("NFD", plain) if not unicodedata.combining(sign))
    return plain.translate(_STANDS_FOR)


def _by_word(text: str) -> str:
    """Each word by its consonants, sorted; words of fewer than two say nothing."""
    words = (_NO_LETTER.sub("", word) for word in _folded(text).split())
    return " ".join("".join(sorted(word)) for word in words if len(word) > 1)


def _whole(
    mine: Sequence[str], theirs: Sequence[str], keys: tuple[Sequence[bytes], Sequence[bytes]] | None
) -> Iterable[tuple[int, int]]:
    """Texts and others whose skeletons have the same letters, nearly in the same order."""
    known: dict[tuple[str, bytes], list[int]] = {}
    for number, letters in enumerate(theirs):
        if len(letters) >= _LEAST:
            known.setdefault(("".join(sorted(letters)), keys[1][number] if keys else b""), []).append(number)
    lengths = set(map(len, theirs))
    for number, letters in enumerate(mine):
        if len(letters) >= _LEAST and len(letters) in lengths:
            held = known.get(("".join(sorted(letters)), keys[0][number] if keys else b""), ())
            of = next((other for other in held[:_MANY] if _in_order(letters, theirs[other])), None)
            if of is not None:
                yield number, of


def _in_order(one: str, other: str) -> bool:
    """Whether of no beginning of one text many letters are missing in the other's as long."""
    apart: Counter[str] = Counter()
    for mine, theirs in zip_longest(one, other, fillvalue=""):
        apart[mine] += 1
        apart[theirs] -= 1
        if sum(map(abs, apart.values())) > _MOVED:
            return False
    return True


def _is_hidden(text: str, other: str, readable: float) -> bool:
    """Whether few words of one can be read in the other: of those of the shorter one, where that is told by letters."""
    short, long = sorted((text, other), key=lambda one: len(skeleton(one)))
    words = [word for word in words_of(short) if len(word) >= _READABLE]
    there = set(words_of(long))
    return sum(word in there for word in words) <= readable * len(words)
