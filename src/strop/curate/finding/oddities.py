"""Rows unlike the others by what can be counted: their length, the signs they are made of.

Each number is compared with the usual one on a log scale, by the median and the median distance from it (Iglewicz and
Hoaglin 1993), so that a few odd rows do not move what is usual.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from strop.curate.drafts import Draft
from strop.curate.faults import THRESHOLDS, Sign

_USUAL: Final = 3.5
"""Distance up to which nothing is odd, in standard deviations of a normal distribution."""
_SCALE: Final = 0.6745
_MOST: Final = 0.01
"""Share of rows that one number makes outliers of at most: where more are far, that is how the rows are."""
_LEAST: Final = 0.1
"""Least spread that is supposed (of logarithms): rows of one length make no outlier of one that is a word longer."""
Floats = npt.NDArray[np.float64]
_WHAT: Final = ("question", "answer")
_SIGNS, _DIGITS = re.compile(r"(?:[^\w\s]|_)+"), re.compile(r"\d+")
_COUNTED: Final[dict[str, Callable[[str], float]]] = {
    "length": lambda text: len(text),
    "signs that are no letters": lambda text: sum(map(len, _SIGNS.findall(text))) / max(len(text), 1),
    "digits": lambda text: sum(map(len, _DIGITS.findall(text))) / max(len(text), 1),
}
_FLOOR: Final[dict[str, float]] = {"length": 10.0, "signs that are no letters": 0.1, "digits": 0.1}
"""What is added before the logarithm is taken: below it, differences do not count."""


def spreads(rows: Sequence[Draft], *, labelled: bool) -> Floats:
    """Of each number of each text (lines), what is usual: the median of its logarithm, the spread, the median.

    Args:
        rows: rows of one task.
        labelled: answers are labels; then only questions are looked at.
    """
    found = []
    for number in range(1 if labelled else 2):
        for name, count in _COUNTED.items():
            counted = np.array([count(_texts(row)[number]) for row in rows])
            logs = np.log(counted + _FLOOR[name])
            middle = float(np.median(logs))
            distance = np.abs(logs - middle)
            tail = float(np.quantile(distance, 1 - _MOST)) * THRESHOLDS["outlier"] / _USUAL
            spread = max(float(np.median(distance)) / _SCALE, tail, _LEAST)
            found.append((middle, spread, float(np.median(counted))))
    return np.array(found, dtype=np.float64)


def odd(row: Draft, usual: Floats) -> Sign | None:
    """How usual the oddest number of a row is: 3.5 over its distance from the median; None where none is odd.

    Args:
        row: the row.
        usual: what :func:`spreads` gave.
    """
    found = None
    counted = ((what, name, text) for what, text in zip(_WHAT, _texts(row), strict=True) for name in _COUNTED)
    for (what, name, text), (middle, spread, median) in zip(counted, usual.tolist(), strict=False):
        count = _COUNTED[name](text)
        far = abs(math.log(count + _FLOOR[name]) - middle) / spread
        if far > _USUAL and (found is None or _USUAL / far < found.score):
            found = Sign(_USUAL / far, f"{name} of the {what}: {_told(count)}, usual is {_told(median)}")
    return found


def _texts(row: Draft) -> tuple[str, str]:
    return row.asked, row.answer


def _told(number: float) -> str:
    return f"{number:.0%}" if number < 1 and number != 0 else f"{number:,.0f}"
