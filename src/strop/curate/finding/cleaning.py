"""Rows against rows, and rows against what models say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from operator import attrgetter
from typing import Final, NamedTuple

from strop.curate import faults
from strop.curate.alike import duplicates
from strop.curate.drafts import Draft
from strop.curate.finding import waiting
from strop.curate.finding.doubts import doubts
from strop.curate.finding.paraphrases import paraphrases
from strop.curate.finding.resembling import MOST
from strop.curate.finding.speaking import speaking
from strop.curate.finding.surface import surface
from strop.curate.work import HELD_OUT, Work
from strop.records import Action, Reason


def pools(rows: Sequence[Draft]) -> list[list[Draft]]:
    """Held-out rows by split, and all others; rows of two pools are compared by the leakage step."""
    held = [[row for row in rows if row.fixed == split] for split in HELD_OUT]
    return [*held, [row for row in rows if row.fixed not in HELD_OUT]]


_CONTRADICTS: Final = "same question, another answer"
_CLEARLY: Final = 0.5
"""Part of a fault's threshold up to which it goes before a contradiction."""


class Contradiction(NamedTuple):
    """A row that another contradicts: the place of that one, and whether no person has said which is right."""

    row: Draft
    of: str
    open: bool


def without_repeats(rows: Sequence[Draft], work: Work) -> tuple[list[Draft], list[Contradiction]]:
    """Rows of one pool that no earlier row repeats and no other contradicts; and those that another contradicts.

    Of copies the one stays that a person stands for, else the one that was held out before, else the first. Rows that
    are held out may resemble each other: they are what it was decided to measure on.
    """
    compare = work.compare
    ranked = sorted(rows, key=lambda row: (not row.reviewed, row.before not in HELD_OUT, row.number))
    left = _without(ranked, duplicates.exact(ranked, compare), "repeats it", work)
    # What a person wants out contradicts nothing; it leaves with the faults.
    out = [row for row in left if row.identity in work.leaving]
    left = [row for row in left if row.identity not in work.leaving]
    conflicts = duplicates.conflicts(left, compare)
    against = [Contradiction(left[c.row], left[c.of].place, not left[c.of].reviewed) for c in conflicts]
    left = _but(left, conflicts)
    if not rows or rows[0].fixed not in HELD_OUT:
        repeats, similar = duplicates.near(left, compare, lambda share: work.step("duplicates", 0.2 + 0.6 * share))
        work.similar.extend((left[pair.i].number, left[pair.j].number, pair.similarity) for pair in similar)
        left = _without(left, repeats, "nearly repeats it", work)
    return sorted([*left, *out], key=attrgetter("number")), against


def without_faults(
    rows: Sequence[Draft],
    against: Sequence[Contradiction],
    work: Work,
    system: str | None,
    every: Sequence[Draft],
) -> list[Draft]:
    """Rows without a fault that shows plainly; all faults go to the table. Rows that a file holds out are left alone.

    A row whose fault is a matter of judgement stays, unless the settings name the fault's threshold. A row that another
    contradicts (``against``) leaves, too: for what its text shows where that sets it aside, since "How do" asks nothing
    that could have two answers, else for the contradiction. ``system`` is the task's instruction, ``every`` all rows
    that were read.
    """
    free, held = ([row for row in rows if (row.fixed in HELD_OUT) == out] for out in (False, True))
    aside = [one.row for one in against if one.row.fixed not in HELD_OUT]
    kind, named = work.settings.task.kind, work.settings.data.faults
    voices = speaking(every, work) if len(every) <= MOST else free
    looked_at = sorted([*free, *aside], key=attrgetter("number"))
    shown = faults.worse_of(surface(looked_at, voices, work, system), doubts(free, work, held, voices, aside))
    shown |= paraphrases(free, work) | faults.signs_of(work.scores)
    for fault, signs in shown.items():
        if faults.is_judged(fault, kind):
            signs.update({i: faults.Sign(1.0, "a person found it right") for i in work.confirmed & signs.keys()})
    waiting.look(shown, free, work)
    found = faults.below(shown, {**work.moved, **named})
    staying = {fault for fault in shown if faults.is_judged(fault, kind) and fault not in named}
    staying |= _usual(found, shown, len(looked_at), work, but=staying)
    for fault, signs in shown.items():
        if signs:
            faulty = {identity for identity, listed in found.items() if fault in listed}
            work.book.signs([*rows, *aside], fault, signs, faulty)
    for one in against:
        _contradicted(one, [fault for fault in found.get(one.row.identity, ()) if fault not in staying], shown, work)
    kept = []
    for row in rows:
        has = found.get(row.identity, ())
        if row.identity in work.leaving and row.fixed not in HELD_OUT:
            _leave(row, shown, work)
            continue
        worst = next((fault for fault in has if fault not in staying), None) if has else None
        if worst is None or row.fixed in HELD_OUT:
            kept.append(row)
            continue
        action: Action = "dropped" if worst in faults.DROPPED else "quarantined"
        waits = action == "quarantined" and faults.is_judged(worst, kind)
        work.book.close(row, action, worst, detail=shown[worst][row.identity].evidence, waits=waits)
    return kept


def _leave(row: Draft, shown: faults.Shown, work: Work) -> None:
    """Set a row aside for its worst fault, because a person said so."""
    signs = {fault: given[row.identity].score for fault, given in shown.items() if row.identity in given}
    worst: Reason = min(signs, key=lambda fault: signs[fault], default="off_topic")
    work.book.close(row, "quarantined", worst, detail=f"a person said so ({work.leaving[row.identity]})")


def _usual(
    found: Mapping[str, Sequence[Reason]], shown: faults.Shown, count: int, work: Work, *, but: Set[Reason]
) -> set[Reason]:
    """Faults on the surface of so many rows that they are how the data is, unless the settings name their threshold."""
    hits = Counter(fault for listed in found.values() for fault in listed if fault not in work.scores)
    most = {fault: max(faults.FEW, faults.USUAL.get(fault, faults.USUAL_OF_OTHERS) * count) for fault in hits}
    usual = {f for f, n in hits.items() if n > most[f] and f not in work.settings.data.faults and f not in but}
    for fault in sorted(usual):
        work.say(
            f"{hits[fault]} of {count} rows show {fault}: so many are not set aside. "
            f"To do so, set data.faults: {{{fault}: {faults.THRESHOLDS[fault]}}}.",
            warning=True,
        )
    return usual


def _contradicted(one: Contradiction, has: Sequence[Reason], shown: faults.Shown, work: Work) -> None:
    """Set a row aside that another contradicts; ``has``: the faults for which it would leave, the worst first.

    That two rows say it speaks for a whole question, so what its text shows has to be clearer than of one row.
    """
    row, limits = one.row, {**faults.THRESHOLDS, **work.settings.data.faults}
    for fault in has if row.fixed not in HELD_OUT else ():
        sign = shown[fault][row.identity]
        if not faults.is_judged(fault, work.settings.task.kind) and sign.score <= _CLEARLY * limits[fault]:
            work.book.close(row, "quarantined", fault, detail=sign.evidence)
            return
    work.book.fault(row, "conflicting_answers", 0.0, _CONTRADICTS, [one.of])
    work.book.close(row, "quarantined", "conflicting_answers", of=one.of, detail=_CONTRADICTS, waits=one.open)


def _without(rows: Sequence[Draft], repeats: Sequence[duplicates.Repeat], what: str, work: Work) -> list[Draft]:
    for repeat in repeats:
        row, other = rows[repeat.row], rows[repeat.of].place
        if rows[repeat.of].before is None:
            rows[repeat.of].before = row.before  # what stays takes the copy's place in its split
        detail = what if repeat.similarity == 1 else f"{what} (similarity {repeat.similarity:.2f})"
        work.book.fault(row, repeat.reason, 1 - repeat.similarity, detail, [other])
        work.book.close(row, "dropped", repeat.reason, of=other, detail=detail)
    return _but(rows, repeats)


def _but(rows: Sequence[Draft], repeats: Sequence[duplicates.Repeat]) -> list[Draft]:
    gone = {repeat.row for repeat in repeats}
    return [row for index, row in enumerate(rows) if index not in gone]
