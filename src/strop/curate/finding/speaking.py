"""Which rows speak for all others, of labels and of habits: the first ones, up to a step, each question once.

What is foretold of a row hangs on the rows that speak. Were these all rows, each addition would move every score, and
nothing found before could be used again. So the first rows speak, as many as the largest number of a series that there
are: the E12 series of preferred numbers (IEC 60063), moved up a little, so that the numbers of rows that files are cut
to (10,000, 20,000, 50,000) do not stand just below or on a step. The steps are about a fifth, so at most some 18 % of
the rows, the last ones, are spoken of only. An addition that crosses a step costs what a run of all rows costs.

Rows that only a version before holds out speak, too, as they did when it was made; those that a file holds out do not.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import numpy as np

from strop.curate.alike import duplicates
from strop.curate.alike.comparing import Comparison
from strop.curate.drafts import Draft, names
from strop.curate.work import HELD_OUT, Work
from strop.records import JSON

_STEPS: Final = tuple(round(103 * number) for number in (1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2))
"""E12, 3 % above, times any power of ten."""
_FEW: Final = 5_000
"""Rows up to which all speak: looking at them anew costs little."""
_LEAST, _CROWDED = 5, 3.0
"""Rows of a label among the last ones, and how many times its share of them, from which all rows speak: a file sorted
by label, or an addition with labels of its own, has its voices at the end."""


def speaking(rows: Sequence[Draft], work: Work) -> list[Draft]:
    """The rows that say something of the others, in their order.

    Args:
        rows: all rows, with their identities.
        work: the run.
    """
    free = [row for row in rows if row.sealed or row.fixed not in HELD_OUT]
    first = sorted(free, key=attrgetter("number"))[: _as_many(free)]
    compare = work.compare
    reviewed: list[JSON] = [number for number, row in enumerate(first) if row.reviewed]
    made_from: JSON = [compare.kind, compare.threshold, hashlib.sha256(b"".join(names(first))).hexdigest(), reviewed]
    chosen = work.kept.once(
        "voices", made_from, lambda: {"chosen": np.array(_each_once(first, compare), dtype=np.int64)}
    )["chosen"]
    return [first[number] for number in chosen.tolist()]


def _each_once(rows: Sequence[Draft], compare: Comparison) -> list[int]:
    """Positions of the rows that no other one repeats or contradicts."""
    left = sorted(range(len(rows)), key=lambda number: (not rows[number].reviewed, number))
    for repeats in (duplicates.exact, duplicates.conflicts, lambda rows, how: duplicates.near(rows, how)[0]):
        gone = {repeat.row for repeat in repeats([rows[number] for number in left], compare)}
        left = [number for place, number in enumerate(left) if place not in gone]
    return sorted(left)


def _as_many(rows: Sequence[Draft]) -> int:
    step = step_below(len(rows))
    last = Counter(row.answer for row in rows[step:])
    every = Counter(row.answer for row in rows)
    usual = (len(rows) - step) / max(len(rows), 1)
    crowded = any(n >= _LEAST and n > _CROWDED * usual * every[answer] for answer, n in last.items())
    return len(rows) if crowded else step


def step_below(count: int) -> int:
    """The largest number of the series up to ``count``; of few rows ``count`` itself."""
    if count <= _FEW:
        return count
    powers: list[int] = [10**digits for digits in range(len(str(count)) - 2)]
    return max(step * power for step in _STEPS for power in powers if step * power <= count)
