"""Rows against rows, and rows against what models say of them."""

from __future__ import annotations

from collections.abc import Sequence

from strop.curate import duplicates, faults
from strop.curate.drafts import Draft
from strop.curate.work import HELD_OUT, Work
from strop.records import Action


def pools(rows: Sequence[Draft]) -> list[list[Draft]]:
    """Rows by the split that is fixed for them; rows of two pools are compared by the leakage step."""
    return [[row for row in rows if row.fixed == split] for split in (*HELD_OUT, "train", None)]


def without_repeats(rows: Sequence[Draft], work: Work) -> list[Draft]:
    """Rows of one pool that no earlier row repeats and no other contradicts.

    Rows that are held out may resemble each other: they are what it was decided to measure on.
    """
    compare = work.compare
    left = _without(rows, duplicates.exact(rows, compare), "repeats it", work)
    left = _without(left, duplicates.conflicts(left, compare), "same question, another answer", work)
    if rows and rows[0].fixed in HELD_OUT:
        return left
    repeats, similar = duplicates.near(left, compare)
    work.similar.extend((left[pair.i].number, left[pair.j].number, pair.similarity) for pair in similar)
    return _without(left, repeats, "nearly repeats it", work)


def without_faults(rows: Sequence[Draft], work: Work) -> list[Draft]:
    """Rows without a fault that a model's score shows."""
    found = faults.below(work.scores, work.settings.data.faults)
    kept = []
    for row in rows:
        for fault, score in found.get(row.identity, ()):
            work.book.fault(row, fault, score)
        if row.identity not in found:
            kept.append(row)
            continue
        worst, score = found[row.identity][0]
        action: Action = "dropped" if worst in faults.DROPPED else "quarantined"
        work.book.close(row, action, worst, detail=f"score {score:.2f}")
    return kept


def _without(rows: Sequence[Draft], repeats: Sequence[duplicates.Repeat], what: str, work: Work) -> list[Draft]:
    for repeat in repeats:
        row, other = rows[repeat.row], rows[repeat.of].place
        contradicts = repeat.reason == "conflicting_answers"
        detail = what if repeat.similarity == 1 else f"{what} (similarity {repeat.similarity:.2f})"
        work.book.fault(row, repeat.reason, 0.0 if contradicts else 1 - repeat.similarity, detail, [other])
        work.book.close(row, "quarantined" if contradicts else "dropped", repeat.reason, of=other, detail=detail)
    gone = {repeat.row for repeat in repeats}
    return [row for index, row in enumerate(rows) if index not in gone]
