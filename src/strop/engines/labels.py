"""Which option a model chose: the likeliest, or, where it tells no probabilities, the one that it wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from strop.engines.base import ScoreResult

_NOT = r"(?:(?<!\w)(?:not|never|no|nicht|kein\w*)|n['’]t)\s+(?:be\s+)?(?:about\s+)?(?:an?\s+|the\s+)?[\"'“`*]*"
"""What denies a label that stands right behind it."""


class Choice(NamedTuple):
    """``label`` is None where the text names none of the options, or several; then ``text`` says what was written."""

    text: str
    label: str | None
    probabilities: dict[str, float]


def chosen(options: Sequence[str], result: ScoreResult) -> Choice:
    """The option of a result. Ties go to the option that stands first, so that the same numbers give the same pick."""
    if not result.logprobs:
        text = result.wrote or ""
        label = named(text, options)
        return Choice(text if label is None else label, label, {})
    table = dict(zip(options, result.probabilities(), strict=True))
    best = max(options, key=table.__getitem__)
    return Choice(best, best, table)


def named(text: str, options: Sequence[str]) -> str | None:
    """The one option that a written answer names.

    Word for word; else but for case, quotes and punctuation around it; else the only one that stands in the text as
    whole words (an option inside a longer one that stands there does not count) and is not denied there ("not cards").
    A rival is not to lose by its manners.
    """
    if text.strip() in options:
        return text.strip()
    wanted = _plain(text)
    same = [option for option in options if _plain(option) == wanted]
    if same:
        return same[0] if len(same) == 1 else None
    found = [option for option in options if _stands(_plain(option), wanted)]
    whole = [option for option in found if not any(_stands(_plain(option), _plain(o)) for o in found if o != option)]
    return whole[0] if len(whole) == 1 and not _denied(_plain(whole[0]), wanted) else None


def _denied(piece: str, text: str) -> bool:
    return re.search(rf"{_NOT}{re.escape(piece)}(?!\w)", text) is not None


def _plain(text: str) -> str:
    return re.sub(r"[\s_]+", " ", text).strip(" .,:;!?\"'`*()[]{}").casefold()


def _stands(piece: str, text: str) -> bool:
    return bool(piece) and re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text) is not None
