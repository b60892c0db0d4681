"""Which texts are others in disguise: letters swapped or spaced out, vowels left out, digits for letters.

What all these leave alone is the consonants of a text: its *skeleton*. A text whose skeleton has the letters of another
one's, nearly in their order, is that one. Where words can still be told apart, the same is looked for word by word, in
any order, in part or with more around (see ``rewritten``). Texts that can be read side by side are no disguise of each
other, however alike they are: what they are to each other is told by their words.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Final, NamedTuple

import numpy as np

from strop.measure.alike.lookalikes import plainly
from strop.measure.alike.near import is_in
from strop.measure.alike.quoted import Hashes, word_hashes, words_of
from strop.measure.alike.ragged import Ragged
from strop.measure.alike.rewritten import Least, Rewritten, rewritten

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


class Consonants(NamedTuple):
    """Of many texts a hash of the letters of each one's skeleton, sorted (0: it is too short), and each one's words by
    their consonants, as numbers."""

    letters: Hashes
    words: Ragged


def consonants(texts: Iterable[str], key: bytes = b"") -> Consonants:
    """What stands for texts where disguises are looked for; of each text it hangs on the text alone.

    Args:
        texts: any texts.
        key: with which no letters can be guessed from what stands for them.
    """
    letters, by_word = [], []
    for text in texts:
        folded = _folded(text)
        letters.append(_hashed("".join(sorted(_NO_LETTER.sub("", folded))), key))
        by_word.append(_by_word(folded))
    return Consonants(np.array(letters, dtype=np.uint64), word_hashes(by_word, key))


def disguised(
    mine: Consonants,
    theirs: Consonants,
    *,
    text: Callable[[int], str],
    other: Callable[[int], str],
    least: Least,
    share: float = 0.5,
    keys: tuple[Hashes, Hashes] | None = None,
    readable: float = 0.5,
) -> list[Rewritten]:
    """The texts that are one of the others in disguise, each with that one, in order.

    Args:
        mine: where to look.
        theirs: what they may be made from.
        text: gives the text at a position of the first, asked where it may be one.
        other: the same of the others.
        least: what their common words have to say where they are found word by word.
        share: of the longer text's words, those that the shorter one must have then.
        keys: one for each text and other; only those of one key are compared.
        readable: of the words of the shorter one, those that may stand in the longer one as they are.
    """
    found = {
        one.text: one for one in rewritten(mine.words, theirs.words, least=least, share=share, keys=keys)
    } | _whole(mine.letters, theirs.letters, text, other, keys)
    return [found[n] for n in sorted(found) if _is_hidden(text(n), other(found[n].of), readable)]


def skeleton(text: str) -> str:
    """The consonants of a text, in their order; of scripts without vowels of their own, all letters."""
    return _NO_LETTER.sub("", _folded(text))


def _folded(text: str) -> str:
    plain = plainly(text)
    if not plain.isascii():
        plain = "".join(sign for sign in unicodedata.normalize("NFD", plain) if not unicodedata.combining(sign))
    return plain.translate(_STANDS_FOR)


def _by_word(folded: str) -> str:
    """Each word by its consonants, sorted; words of fewer than two say nothing."""
    words = (_NO_LETTER.sub("", word) for word in folded.split())
    return " ".join("".join(sorted(word)) for word in words if len(word) > 1)


def _hashed(letters: str, key: bytes) -> int:
    if len(letters) < _LEAST:
        return 0
    return int.from_bytes(hashlib.blake2b(letters.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest())


def _whole(
    mine: Hashes,
    theirs: Hashes,
    text: Callable[[int], str],
    other: Callable[[int], str],
    keys: tuple[Hashes, Hashes] | None,
) -> dict[int, Rewritten]:
    """Texts and others whose skeletons have the same letters, nearly in the same order."""
    known: dict[int, list[int]] = {}
    there = theirs ^ keys[1] if keys else theirs
    for number in np.flatnonzero(theirs).tolist():
        known.setdefault(int(there[number]), []).append(number)
    here = mine ^ keys[0] if keys else mine
    found = {}
    for number in np.flatnonzero(is_in(here, there[theirs != 0]) & (mine != 0)).tolist():
        letters = skeleton(text(number))
        held = known[int(here[number])][:_MANY]
        of = next((one for one in held if _in_order(letters, skeleton(other(one)))), None)
        if of is not None:
            found[number] = Rewritten(number, of, 1.0)
    return found


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
