"""How many tokens a text has, estimated without a tokenizer."""

from __future__ import annotations

import re

_PIECE = re.compile(r"[A-Za-z]+|[0-9]|[^\x00-\x7f]|\n|[^\sA-Za-z0-9]")
_LETTERS = 5  # of a word that one token holds; byte-pair vocabularies hold more of common words


def estimated_tokens(text: str) -> int:
    """An estimate that is rather too high: a token for each digit, sign and non-ASCII letter, and for five letters."""
    count = 0
    for piece in _PIECE.findall(text):
        count += 1 if len(piece) <= _LETTERS else -(-len(piece) // _LETTERS)
    return count
