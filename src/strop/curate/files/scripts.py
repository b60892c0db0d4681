"""Old encodings, told by the text that they give.

Those of Latin scripts differ in a few letters, so that a wrong one changes words and stays unseen: they are told by
common words with such letters. Those of other scripts are told by charset-normalizer.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from strop.curate.languages import beyond_ascii

ENOUGH: Final = 2**16
"""Bytes from which it is told."""
_LEAST = 12
"""Letters beyond ASCII, at least."""
_SHARE = 0.9
"""Share of these letters that are of one script, at least."""
_ODD = 0.05
"""Share of a text that charset-normalizer finds odd, at most."""
_FITS = 0.2
"""How well the commonest letters of a language are met, at least (0 to 1)."""
_SCRIPTS: Final = {
    "CYRILLIC": {"Russian", "Ukrainian", "Bulgarian", "Serbian", "Macedonian", "Belarusian"},
    "GREEK": {"Greek"}, "HEBREW": {"Hebrew"}, "ARABIC": {"Arabic", "Farsi"}, "CJK": {"Chinese", "Classical Chinese"},
    "HANGUL": set[str](), "KANA": set[str](),
}  # fmt: skip
"""Languages whose commonest letters are known, by script; the last two prove themselves."""
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


_LATIN: Final = ("cp1252", "cp1250", "iso8859-2", "cp1254", "iso8859-15")
"""Western, Central European (Windows, Unix), Turkish, Western with a euro sign: a later one has to fit better."""
_WORDS = 3
"""Common words beyond ASCII, at least."""
_LETTERS = 0.9
"""Share of the letters beyond ASCII that the language of these words writes, at least."""


class _Fit(NamedTuple):
    words: int
    letters: float
    encoding: str


def latin(lines: bytes) -> str | None:
    """The encoding of Latin letters under which lines beyond ASCII have the most common words of one language.

    Args:
        lines: as for :func:`encoding_of`. None where fewer than three such words are there.
    """
    found: list[_Fit] = []
    for encoding in _LATIN:
        words, letters = beyond_ascii(lines.decode(encoding, "replace"))
        found.append(_Fit(words, round(letters, 2), encoding))
    best = max(found, key=lambda one: (one.words, one.letters))
    return best.encoding if best.words >= _WORDS and best.letters >= _LETTERS else None


def encoding_of(lines: bytes) -> str | None:
    """The encoding of lines beyond ASCII that are not UTF-8, by Python's name; None where it cannot be told.

    Args:
        lines: whole lines, one after another; some thousand letters are plenty.
    """
    from charset_normalizer import from_bytes  # loaded for the few files that need it

    if sum(map(len, _UTF8.findall(lines))) > sum(byte > 0x7F for byte in lines) / 2:
        return None  # UTF-8 in which something is broken
    best = from_bytes(lines).best()
    if best is None or best.chaos > _ODD:
        return None
    letters = [_script(char) for char in lines.decode(best.encoding) if char > "\x7f" and char.isalpha()]
    of = {script: letters.count(script) for script in _SCRIPTS}
    if of["KANA"] > len(letters) / 5:  # Japanese: kana among Chinese signs
        of["KANA"] += of["CJK"]
    script = max(of, key=lambda one: of[one])
    if len(letters) < _LEAST or of[script] < _SHARE * len(letters):
        return None
    fits = best.language in _SCRIPTS[script] and best.coherence >= _FITS
    return str(best.encoding) if fits or not _SCRIPTS[script] else None


def _script(char: str) -> str:
    first = unicodedata.name(char, "").replace("-", " ").partition(" ")[0]
    return "KANA" if first in ("HIRAGANA", "KATAKANA") else first
