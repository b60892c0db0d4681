"""What a text says, whatever it is written with: letters that only look like others, and signs that nobody sees.

Unicode's compatibility forms (full width, mathematical letters, ligatures) are undone by NFKC; Cyrillic and Greek
letters that look like Latin ones are told by a small table after Unicode's list of confusables (UTS 39), letter by
letter, so that two texts in these scripts stay as different as they were.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ODD = re.compile("[\u0300-\u036f\u0370-\u03ff\u0400-\u052f\u0131\u0251\u0261\u00ad\u034f\u180e\u200b-\u200f"
                  "\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]")  # fmt: skip
_UNSEEN = re.compile("[\u0300-\u036f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
                     "\U000e0000-\U000e01ef]")  # fmt: skip
"""Marks that no letter took in, soft hyphens, joiners, signs of direction, variants, tags."""
_LATIN = re.compile("[A-Za-z]")
# Greek capitals look like other Latin letters than their small ones do: told apart, where Latin ones stand beside them.
_GREEK: Final = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαειικνορτυχϲϳ", "ABEZHIKMNOPTYXaeiikvoptuxcj")
_FOLDED: Final = str.maketrans("авекмнорстухіјѕһԁԛԝӏɑɡı", "abekmhopctyxijshdqwlagi")


def plainly(text: str) -> str:
    """A text in small letters of one form, without what nobody sees; white space stays."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKC", text)
    if _ODD.search(plain) is None:
        return plain.casefold()
    plain = _UNSEEN.sub("", plain)
    if _LATIN.search(plain):
        plain = plain.translate(_GREEK)
    return plain.casefold().translate(_FOLDED)
