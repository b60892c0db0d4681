"""Rows that repeat or contradict each other, within one collection and across two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from strop.curate.comparing import Comparison
from strop.curate.drafts import Draft
from strop.measure.near import near_duplicates
from strop.records import Reason


class Repeat(NamedTuple):
    """Row ``row`` leaves because of row ``of`` (positions)."""

    row: int
    reason: Reason
    of: int
    similarity: float = 1.0


def exact(rows: Sequence[Draft], compare: Comparison) -> list[Repeat]:
    """Rows with the question and answer of an earlier one."""
    first: dict[tuple[str, str], int] = {}
    found = []
    for index, row in enumerate(rows):
        earlier = first.setdefault((compare.question(row), compare.answer(row)), index)
        if earlier != index:
            found.append(Repeat(index, "exact_duplicate", earlier))
    return found


def conflicts(rows: Sequence[Draft], compare: Comparison) -> list[Repeat]:
    """Rows with one question and different answers, all of them: which answer is right only a person can say."""
    if not compare.closed:
        return []
    asked: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        asked.setdefault(compare.question(row), []).append(index)
    found = []
    for members in asked.values():
        if len(members) > 1:
            answers = [compare.answer(rows[index]) for index in members]
            for index, answer in zip(members, answers, strict=True):
                other = next((m for m, a in zip(members, answers, strict=True) if a != answer), None)
                if other is not None:
                    found.append(Repeat(index, "conflicting_answers", other))
    return sorted(found)


def near(rows: Sequence[Draft], compare: Comparison, threshold: float) -> list[Repeat]:
    """Rows that are nearly an earlier one that stays."""
    gone: dict[int, Repeat] = {}
    pairs = near_duplicates([compare.text(row) for row in rows], threshold=threshold)
    for pair in sorted(pairs, key=lambda p: (p.j, p.i)):
        if pair.i in gone or pair.j in gone or not compare.may_repeat(rows[pair.i], rows[pair.j]):
            continue
        gone[pair.j] = Repeat(pair.j, "near_duplicate", pair.i, pair.similarity)
    return list(gone.values())


def leaks(rows: Sequence[Draft], held_out: Sequence[Draft], compare: Comparison, threshold: float) -> list[Repeat]:
    """Rows whose question is asked in the held-out rows as well, or nearly so; ``of`` counts in ``held_out``."""
    asked: dict[str, int] = {}
    for index, row in enumerate(held_out):
        asked.setdefault(compare.question(row), index)
    found: dict[int, Repeat] = {}
    for index, row in enumerate(rows):
        if (other := asked.get(compare.question(row))) is not None:
            found[index] = Repeat(index, "leaks_evaluation", other)
    if rows and held_out:
        texts, against = [compare.text(row) for row in rows], [compare.text(row) for row in held_out]
        for pair in near_duplicates(texts, threshold=threshold, against=against):
            if pair.i not in found and compare.may_repeat(rows[pair.i], held_out[pair.j]):
                found[pair.i] = Repeat(pair.i, "leaks_evaluation", pair.j, pair.similarity)
    return [found[index] for index in sorted(found)]


def clusters(rows: Sequence[Draft], compare: Comparison, threshold: float) -> list[tuple[int, int]]:
    """Pairs of rows that must not stand on two sides of a split."""
    pairs = near_duplicates([compare.text(row) for row in rows], threshold=threshold)
    return [(pair.i, pair.j) for pair in pairs]
