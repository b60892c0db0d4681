"""Rows unlike the others by what can be counted: their length, the signs they are made of.

Each number is compared with the usual one on a log scale, by the median and the median distance from it (Iglewicz and
Hoaglin 1993), so that a few odd rows do not move what is usual.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from strop.curate.drafts import Draft
from strop.curate.faults import THRESHOLDS, Sign

_USUAL: Final = 3.5
"""Distance up to which nothing is odd, in standard deviations of a normal distribution."""
_SCALE: Final = 0.6745
_MOST: Final = 0.01
"""Share of rows that one number makes outliers of at most: where more are far, that is how the rows are."""
_LEAST: Final = 0.1
"""Least spread that is supposed (of logarithms): rows of one length make no outlier of one that is a word longer."""
_SIGNS, _DIGITS = re.compile(r"(?:[^\w\s]|_)+"), re.compile(r"\d+")
_COUNTED: Final[dict[str, Callable[[str], float]]] = {
    "length": lambda text: len(text),
    "signs that are no letters": lambda text: sum(map(len, _SIGNS.findall(text))) / max(len(text), 1),
    "digits": lambda text: sum(map(len, _DIGITS.findall(text))) / max(len(text), 1),
}
_FLOOR: Final[dict[str, float]] = {"length": 10.0, "signs that are no letters": 0.1, "digits": 0.1}
"""What is added before the logarithm is taken: below it, differences do not count."""


def outliers(rows: Sequence[Draft], *, labelled: bool) -> dict[str, Sign]:
    """By identity how usual the oddest number of a row is: 3.5 over its distance from the median, 1 at most.

    Args:
        rows: rows of one task.
        labelled: answers are labels; then only questions are looked at.
    """
    found: dict[str, Sign] = {}
    texts = {"question": [row.asked for row in rows]}
    if not labelled:
        texts["answer"] = [row.answer for row in rows]
    for what, written in texts.items():
        for name, count in _COUNTED.items():
            counted = np.array([count(text) for text in written])
            logs = np.log(counted + _FLOOR[name])
            middle = float(np.median(logs))
            distance = np.abs(logs - middle)
            tail = float(np.quantile(distance, 1 - _MOST)) * THRESHOLDS["outlier"] / _USUAL
            spread = max(float(np.median(distance)) / _SCALE, tail, _LEAST)
            far = distance / spread
            usual = float(np.median(counted))
            for at in np.flatnonzero(far > _USUAL).tolist():
                score = float(_USUAL / far[at])
                sign = Sign(score, f"{name} of the {what}: {_told(counted[at])}, usual is {_told(usual)}")
                found[rows[at].identity] = min(sign, found.get(rows[at].identity, sign), key=lambda one: one.score)
    return found


def _told(number: float) -> str:
    return f"{number:.0%}" if number < 1 and number != 0 else f"{number:,.0f}"
