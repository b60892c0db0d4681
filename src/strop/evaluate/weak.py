"""Where a candidate fails, without anybody having named the slice: columns, labels, lengths, words of the input."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np

from strop.measure import Beside, Weak, beside, item_score, weak_groups
from strop.measure.statistics.weak import FEWEST
from strop.records import JSON, Example, ItemResult, MeasureSpec

_WORDS = 300
"""Most words of the inputs that are looked at, the most common ones that are not everywhere."""
SITTING = 60
"""Most rows of a slice that are asked for at once."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_SIGNS = {"a digit": re.compile(r"\d"), "a question mark": re.compile(r"\?"), "a line break": re.compile(r"\n")}


@dataclass(frozen=True)
class Row:
    """What can be said of a row without understanding it. ``text`` None: its row is gone."""

    text: str | None
    label: str | None
    columns: Mapping[str, str]

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words of three letters and more, case folded."""
        return frozenset(word.casefold() for word in _WORD.findall(self.text or ""))


@dataclass(frozen=True)
class Trait:
    """Something that rows may have in common; ``value`` is a column's value, a label, a word, a sign or a length.

    ``parts``: two that are there together.
    """

    kind: Literal["column", "label", "word", "sign", "shorter", "longer", "both"]
    value: str
    column: str = ""
    parts: tuple[Trait, ...] = ()

    def holds(self, row: Row) -> bool:
        """Whether the row has it."""
        match self.kind:
            case "column":
                return row.columns.get(self.column) == self.value
            case "label":
                return row.label == self.value
            case "word":
                return self.value in row.words
            case "sign":
                return row.text is not None and _SIGNS[self.value].search(row.text) is not None
            case "shorter":
                return row.text is not None and len(row.text) < int(self.value)
            case "longer":
                return row.text is not None and len(row.text) > int(self.value)
            case "both":
                return all(part.holds(row) for part in self.parts)

    def __str__(self) -> str:
        match self.kind:
            case "column":
                return f"{self.column}: {self.value}"
            case "label":
                return f"right label: {self.value}"
            case "word":
                return f"input says “{self.value}”"
            case "sign":
                return f"input has {self.value}"
            case "both":
                return self.value
            case _:
                return f"input {self.kind} than {int(self.value):,} characters"


@dataclass(frozen=True)
class WeakSlice:
    """A slice that does worse, how it does, and how many of the given training rows are like it.

    ``told``: the measure by which it is said, see :func:`strop.measure.beside`.
    """

    trait: Trait
    found: Weak
    told: Beside
    trained: int | None = None

    @property
    def sentence(self) -> str:
        """How it does, and which rows to ask for: as many again, within what a person writes in a sitting."""
        told = self.told
        said = f"worse where {self.found.name}: {told.name} {told.value:.3f}, elsewhere {told.rest:.3f}"
        said += f" ({self.found.n:,} items"
        said += f" in {self.found.clusters:,} groups)" if self.found.clusters < self.found.n else ")"
        if self.trained is None:
            return said
        return f"{said}; ask for {self.ask_for} such rows, training has {self.trained}"

    @property
    def ask_for(self) -> int:
        """How many such rows to ask for."""
        return min(max(FEWEST, self.trained or 0), SITTING)

    def to_table(self) -> dict[str, JSON]:
        """Its numbers by name."""
        return {**self.found._asdict(), "told": self.told._asdict(), "trained": self.trained}


def weak_slices(
    spec: MeasureSpec,
    items: Sequence[ItemResult],
    examples: Mapping[str, Example],
    *,
    trained: Iterable[Example] | None = None,
    level: float = 0.1,
) -> list[WeakSlice]:
    """Slices on which a measure is certainly lower than on all other items, the surest first; see :func:`weak_groups`.

    Args:
        spec: the measure. An item of one without a score of its own (macro F1) counts as right or wrong, a counted one
            (micro F1) by its own F1.
        items: per-item results.
        examples: the rows behind them, by id; an item whose row is gone is only looked at by its columns and label.
        trained: training rows, to be told how many of them are like each slice.
        level: expected share of chance among what is named.
    """
    judged = [(item, score) for item in items if (score := item_score(spec, item)) is not None]
    rows = [
        Row(examples[item.example].input if item.example in examples else None, item.gold, item.slices)
        for item, _ in judged
    ]
    traits = {str(trait): trait for trait in _traits(rows)}
    groups = {name: np.array([trait.holds(row) for row in rows], dtype=np.bool_) for name, trait in traits.items()}
    sign = 1.0 if spec.higher_is_better else -1.0
    clusters = [item.cluster for item, _ in judged]
    found = weak_groups([sign * score for _, score in judged], groups, clusters=clusters, level=level)
    if not spec.higher_is_better:
        found = [one._replace(value=-one.value, rest=-one.rest, low=-one.high, high=-one.low) for one in found]
    learned = None if trained is None else [Row(row.input, row.reference, row.slices) for row in trained]
    slices = []
    for one in found:
        trait, inside = traits[one.name], groups[one.name]
        sides = ([item for (item, _), of in zip(judged, inside, strict=True) if of == side] for side in (1, 0))
        trained_like = None if learned is None else sum(map(trait.holds, learned))
        slices.append(WeakSlice(trait, one, beside(spec, *sides), trained_like))
    return slices


def _traits(rows: Sequence[Row]) -> list[Trait]:
    """What several rows have in common and not all of them."""
    columns = Counter((column, value) for row in rows for column, value in row.columns.items())
    labels = Counter(row.label for row in rows if row.label is not None)
    words = Counter(word for row in rows for word in row.words)
    common = sorted((-n, word) for word, n in words.items() if FEWEST <= n <= len(rows) / 2)
    found = [Trait("column", value, column) for (column, value), n in sorted(columns.items()) if n >= FEWEST]
    found += [Trait("label", label) for label, n in sorted(labels.items()) if n >= FEWEST]
    found += _pairs(found, rows)
    found += [Trait("word", word) for _, word in common[:_WORDS]]
    found += [Trait("sign", sign) for sign in _SIGNS]
    lengths = [len(row.text) for row in rows if row.text is not None]
    if len(lengths) >= 4 * FEWEST:
        low, high = np.quantile(lengths, (0.25, 0.75))
        found += [Trait("shorter", str(int(low))), Trait("longer", str(int(high)))]
    return found


def _pairs(single: Sequence[Trait], rows: Sequence[Row]) -> list[Trait]:
    """Values of two columns, or of a column and a label, that several rows have together: German refunds, say."""
    found = []
    for one, other in combinations(single, 2):
        if (one.kind, one.column) != (other.kind, other.column):
            both = Trait("both", f"{one} and {other}", parts=(one, other))
            if sum(both.holds(row) for row in rows) >= FEWEST:
                found.append(both)
    return found
