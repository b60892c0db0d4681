"""Rows that repeat or contradict each other, within one collection and across two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from strop.curate.alike.comparing import SHORT, Comparison
from strop.curate.attributes import numbers, unsupported_numbers
from strop.curate.drafts import Draft
from strop.measure.alike.near import Pair, near_duplicates
from strop.records import Reason

_REACH = 0.6
"""Part of the threshold down to which candidates are looked for among short texts."""
_MANY = 50_000
"""Rows from which the reach is shortened to ``_REACH_OF_MANY``: candidates grow faster than finds."""
_REACH_OF_MANY = 0.8


class Repeat(NamedTuple):
    """Row ``row`` leaves because of row ``of`` (positions)."""

    row: int
    reason: Reason
    of: int
    similarity: float = 1.0


def exact(rows: Sequence[Draft], compare: Comparison) -> list[Repeat]:
    """Rows with the question and answer of an earlier one."""
    first: dict[tuple[bytes, bytes], int] = {}
    found = []
    for index, row in enumerate(rows):
        what = row.asks or compare.question(row), row.says or compare.answer(row)
        earlier = first.setdefault(what, index)
        if earlier != index:
            found.append(Repeat(index, "exact_duplicate", earlier))
    return found


def conflicts(rows: Sequence[Draft], compare: Comparison) -> list[Repeat]:
    """Rows with one question and answers that cannot all be right.

    Closed answers: all rows of the question leave, which is right only a person can say; where one did, the rows that
    contradict that one. Free answers may differ; but one with numbers that its attributes do not hold contradicts one
    whose numbers they do, and leaves.
    """
    times = Counter(map(compare.question, rows))
    asked: dict[bytes, list[int]] = {}
    for index, row in enumerate(rows):
        if times[row.asks] > 1:
            asked.setdefault(row.asks, []).append(index)
    found = []
    for members in asked.values():
        if not compare.closed:
            strange = {m: not rows[m].reviewed and bool(unsupported_numbers(rows[m])) for m in members}
            sound = next((m for m in members if not strange[m] and numbers(rows[m].answer)), None)
            if sound is not None:
                found += [Repeat(m, "conflicting_answers", sound) for m in members if strange[m]]
        else:
            answers = {index: compare.answer(rows[index]) for index in members}
            said = [index for index in members if rows[index].reviewed]
            settled = len({answers[index] for index in said}) == 1
            for index in members:
                other = next((m for m in (said if settled else members) if answers[m] != answers[index]), None)
                if other is not None:
                    found.append(Repeat(index, "conflicting_answers", other))
    return sorted(found)


def near(
    rows: Sequence[Draft], compare: Comparison, tell: Callable[[float], None] | None = None
) -> tuple[list[Repeat], list[Pair]]:
    """Rows that are nearly an earlier one that stays; and the similar pairs among those that stay.

    A row that a person stands for is nobody's copy.
    """
    gone: dict[int, Repeat] = {}
    left: list[Pair] = []
    for pair in sorted(_candidates(rows, None, compare, tell), key=lambda p: (p.j, p.i)):
        if pair.i in gone or pair.j in gone:
            continue
        if not rows[pair.j].reviewed and compare.repeats(rows[pair.i], rows[pair.j]):
            gone[pair.j] = Repeat(pair.j, "near_duplicate", pair.i, pair.similarity)
        else:
            left.append(pair)
    return list(gone.values()), [pair for pair in left if pair.i not in gone and pair.j not in gone]


def leaks(rows: Sequence[Draft], held_out: Sequence[Draft], compare: Comparison) -> list[Repeat]:
    """Rows whose question is asked in the held-out rows as well, or nearly so; ``of`` counts in ``held_out``."""
    asked: dict[bytes, int] = {}
    for index, row in enumerate(held_out):
        asked.setdefault(compare.question(row), index)
    found: dict[int, Repeat] = {}
    for index, row in enumerate(rows):
        if (other := asked.get(row.asks or compare.question(row))) is not None:
            found[index] = Repeat(index, "leaks_evaluation", other)
    for pair in _candidates(rows, held_out, compare):
        if pair.i not in found and compare.leaks(rows[pair.i], held_out[pair.j]):
            found[pair.i] = Repeat(pair.i, "leaks_evaluation", pair.j, pair.similarity)
    return [found[index] for index in sorted(found)]


def _candidates(
    rows: Sequence[Draft],
    against: Sequence[Draft] | None,
    compare: Comparison,
    tell: Callable[[float], None] | None = None,
) -> list[Pair]:
    """Similar pairs: all above the threshold, and among short texts those somewhat below it.

    Of closed answers, texts with other digits are other questions (``alignment``), so these are not looked for.
    """
    known = compare.resembling

    def searched(some: Sequence[Draft], others: Sequence[Draft] | None, threshold: float) -> list[Pair]:
        found = None if known is None else known.pairs(some, others, threshold)
        if found is None:
            texts, against_texts = ([compare.text(row) for row in part or ()] for part in (some, others))
            against_given = None if others is None else against_texts
            found = near_duplicates(
                texts, threshold=threshold, against=against_given, tell=tell, by_figures=compare.closed
            )
        return found

    def are_short(some: Sequence[Draft]) -> list[int]:
        if known is not None:
            return known.short(some)
        return [index for index, row in enumerate(some) if len(compare.text(row)) <= SHORT]

    if not rows or (against is not None and not against):
        return []
    short, others = are_short(rows), None if against is None else are_short(against)
    found: dict[tuple[int, int], Pair] = {}
    if len(short) < len(rows) or (against is not None and others is not None and len(others) < len(against)):
        found = {(p.i, p.j): p for p in searched(rows, against, compare.threshold)}
    if short and others != []:
        many = len(short) + len(others or ()) > _MANY
        for pair in searched(
            [rows[index] for index in short],
            None if against is None or others is None else [against[index] for index in others],
            compare.threshold * (_REACH_OF_MANY if many else _REACH),
        ):
            i, j = short[pair.i], short[pair.j] if others is None else others[pair.j]
            found.setdefault((i, j), Pair(i, j, pair.similarity))
    return sorted(found.values())
