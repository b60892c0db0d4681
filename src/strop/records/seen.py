"""Text of rows and models as people may see it, on a terminal and on a page."""

from __future__ import annotations

import re

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """The text without signs that command a terminal or turn the order of what is read; a mark stands there."""
    return _UNSEEN.sub("\ufffd", text)
