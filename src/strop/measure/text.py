"""Is the answer the expected text?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_SENTENCE = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"'”’)\]]))\s+")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")


def sentences(text: str) -> list[str]:
    """Sentences by end mark and white space."""
    return [part for part in _SENTENCE.split(text.strip()) if part]


def says_something(text: str) -> bool:
    """Whether there is a sign that can be seen: neither white space nor one without width."""
    return any(unicodedata.category(sign)[0] not in "ZC" for sign in text)


def normalise(text: str) -> str:
    """Unicode NFKC, case folded, white space collapsed, a final full stop dropped."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).removesuffix(".").rstrip()


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1 when the answer equals one of the references after :func:`normalise`, else 0."""
    said = normalise(answer)
    return float(any(said == normalise(reference) for reference in references))


def numeric_match(answer: str, reference: str, *, tolerance: float = 1e-6) -> float:
    """1 when the last number of the answer equals the last of the reference within a relative ``tolerance``, else 0.

    Raises:
        ValueError: when the reference holds no number.
    """
    expected, said = _last_number(reference), _last_number(answer)
    if expected is None:
        raise ValueError(f"the reference {reference!r} holds no number")
    return float(said is not None and abs(said - expected) <= tolerance * max(1.0, abs(expected)))


def _last_number(text: str) -> float | None:
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "")) if found else None
