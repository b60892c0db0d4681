"""How a text reads, whatever signs it was written with: the one place that says what is a space, a hyphen, a digit.

Detectors look at the reading, where a space is one plain space, and what cannot be seen is left out; what they find is
told in places of the text as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

BLANK = "\ufffc"
"""Stands in a reading for what is known already."""
_WIDEST = 4
"""Spaces in a row that still are one gap; a wider one parts the columns of a table."""
# Written with escapes, since none of them can be seen: no-break and thin spaces and their like (category Zs), the tab;
# what joins or parts without width; the soft hyphen.
_SPACES = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_UNSEEN = "\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_HYPHENS = "\u2010-\u2012\u2212\ufe63"
# Full-width signs and letters of mathematics: each is one sign in plain writing, too.
_WIDE = "\uff01-\uff5e\U0001d400-\U0001d7ff"
# Digits of Arabic, Persian, Devanagari, Bengali and Thai.
_DIGITS = "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59"
_SIGNS = f"{_HYPHENS}{_WIDE}{_DIGITS}"
_ANY = re.compile(f"[{_SPACES}{_UNSEEN}{_SIGNS}]")
_ODD = re.compile(f"(?P<gap>[ {_SPACES}{_UNSEEN}]{{2,}}|[{_SPACES}{_UNSEEN}])|[{_SIGNS}]")
_NO_WIDTH = re.compile(f"[{_UNSEEN}]")


class Reading:
    """The reading of a text: :attr:`text`, and for each sign of it where it stands in the text as written.

    Args:
        written: any text.
        known: places of it, start and end, that are known already and read as one :data:`BLANK` each, however long:
            so a text reads the same before and after they are replaced.
        parting: signs without width part what they stand between, instead of being left out.
    """

    def __init__(self, written: str, known: Iterable[tuple[int, int]] = (), *, parting: bool = False) -> None:
        self._written, self._parting = written, parting
        self._parts = [(0, 0), *_joined(known), (len(written), len(written))]
        self.text = BLANK.join(
            plain(written[end:start], parting=parting)
            for (_, end), (start, _) in zip(self._parts, self._parts[1:], strict=False)
        )
        self._starts: list[int] | None = None

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]``, which is not empty, stands in the text as written."""
        if self.text is self._written or self.text == self._written:
            return start, end
        if self._starts is None:
            self._starts = self._placed()
        return self._starts[start], self._starts[end - 1] + 1

    def _placed(self) -> list[int]:
        starts: list[int] = []
        for (start, end), (until, _) in zip(self._parts, self._parts[1:], strict=False):
            if start != end:  # all but the beginning
                starts.append(start)
            at = end
            for match in _ODD.finditer(self._written, end, until):
                starts += range(at, match.start())
                starts += range(match.start(), match.start() + len(_read(match, self._parting)))
                at = match.end()
            starts += range(at, until)
        return starts


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places in order, those that touch or overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def plain(written: str, *, parting: bool = False) -> str:
    """``written`` with plain spaces, hyphens, digits and letters, without signs that have no width."""
    if "  " not in written and (("\t" not in written) if written.isascii() else _ANY.search(written) is None):
        return written
    return _ODD.sub(lambda match: _read(match, parting), written)


def has_unseen(written: str) -> bool:
    """Whether signs without width stand in the text."""
    return not written.isascii() and _NO_WIDTH.search(written) is not None


def _read(match: re.Match[str], parting: bool) -> str:
    sign = match.group()
    if match["gap"] is not None:
        spaces = len(_NO_WIDTH.sub("", sign))
        return " " * (spaces if spaces > _WIDEST else min(1, spaces or parting))
    if (value := unicodedata.decimal(sign, None)) is not None:
        return str(value)
    return "-" if sign in "\u2010\u2011\u2012\u2212\ufe63" else unicodedata.normalize("NFKC", sign)
