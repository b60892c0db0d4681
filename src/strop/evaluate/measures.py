"""What a measure is: a name, how items become one number, and what it makes of one answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from strop.evaluate.answers import Answer
from strop.records import Example, How, MeasureSpec

Score: TypeAlias = float | tuple[float, ...]
"""A number for "mean", the counts (tp, fp, fn) for "micro_f1", what is summed for "bleu"."""
Scorer: TypeAlias = Callable[[Example, Answer], Score | None]
"""None: the measure does not apply to this item."""

ANY = (-math.inf, math.inf)
"""The limits of a measure that has none."""
COUNTED = (0.0, math.inf)
"""The limits of what is counted: none above."""
VERSION = 1
"""Raised when a formula changes, so that reports made before do not compare as equals."""


@dataclass(frozen=True)
class Measure:
    """A measure ready for use. ``settings`` is all that could change its number; it goes into the signature.

    ``expect``: what it reads of a row beside input and reference. ``never_primary``: why no decision can turn on it.
    ``limits``: the least and the largest value it can have: a target beyond them is refused before a look.
    """

    name: str
    how: How
    score: Scorer
    higher_is_better: bool = True
    settings: dict[str, str] = field(default_factory=dict)
    expect: tuple[str, ...] = ()
    never_primary: str = ""
    limits: tuple[float, float] = (0.0, 1.0)

    def spec(self, *, primary: bool = False) -> MeasureSpec:
        """The measure as suites and reports name it."""
        parts = [self.name, f"how:{self.how}", *(f"{key}:{value}" for key, value in sorted(self.settings.items()))]
        return MeasureSpec(
            name=self.name,
            how=self.how,
            higher_is_better=self.higher_is_better,
            primary=primary,
            signature="|".join([*parts, f"strop:{VERSION}"]),
        )
