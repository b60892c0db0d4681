"""Training rows under a budget: those that stand for all others, or a control of the same size."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Sequence

from strop.curate.difficulty import difficulties
from strop.curate.drafts import Draft
from strop.curate.learned import a_row_each, by_how_learned
from strop.curate.work import Work
from strop.measure import facility_location, nearest, points_of
from strop.records import Split

_DIRECTIONS = 300


def within_budget(rows: Sequence[Draft], placed: Sequence[Split], staying: Sequence[int], work: Work) -> list[int]:
    """Positions of the rows that stay once no more than ``data.budget`` are trained on; the others leave as
    not_selected. Held-out rows are not touched. Rows that a person has judged are taken first: they cost most.

    Raises:
        InputError: for a budget below the number of labels.
    """
    budget = work.settings.data.budget
    train = [position for position in staying if placed[position] == "train"]
    if budget is None or len(train) <= budget:
        return list(staying)
    pool = [rows[position] for position in train]
    chosen, instead = _choose(pool, budget, work)
    detail = f"{budget} of {len(pool)} rows were selected ({work.settings.data.selection})"
    taken = set(chosen)
    for number, row in enumerate(pool):
        if number not in taken:
            of = pool[instead[number]].place if instead else None
            work.book.close(row, "dropped", "not_selected", of=of, detail=detail)
    gone = {position for number, position in enumerate(train) if number not in taken}
    return [position for position in staying if position not in gone]


def _choose(pool: Sequence[Draft], budget: int, work: Work) -> tuple[list[int], list[int]]:
    """Numbers of the rows that are taken, and for each row the taken one that is like it (none for controls)."""
    judged = [number for number, row in enumerate(pool) if row.identity in work.confirmed][:budget]
    left = sorted(set(range(len(pool))) - set(judged))
    match work.settings.data.selection:
        case "random":
            return judged + sorted(left, key=lambda n: _drawn(pool[n], work.key))[: budget - len(judged)], []
        case "longest":
            order = sorted(left, key=lambda n: (-len(pool[n].asked) - len(pool[n].answer), _drawn(pool[n], work.key)))
            return judged + order[: budget - len(judged)], []
        case "ifd":
            ratio = dict(zip(left, difficulties([pool[n] for n in left], work), strict=True))
            # At 1 and above the question does not help with the answer at all: those come last.
            order = sorted(left, key=lambda n: (ratio[n] >= 1, -ratio[n], _drawn(pool[n], work.key)))
            return judged + order[: budget - len(judged)], []
        case "loss_trajectories":
            order = sorted(range(len(pool)), key=lambda n: _drawn(pool[n], work.key))
            return judged + by_how_learned(pool, order, budget - len(judged), judged, work), []
    # Rows in the order of their identities: which of two that add the same is taken does not hang on the file's order.
    order = sorted(range(len(pool)), key=lambda number: pool[number].identity)
    points = points_of([pool[number].asked for number in order], _DIRECTIONS).points
    place = {number: at for at, number in enumerate(order)}
    chosen: list[int] = []
    for members, count in _quotas(pool, order, budget, work):
        at = [place[number] for number in members]
        given = [members.index(number) for number in judged if number in set(members)][:count]
        chosen += [members[n] for n in (*given, *facility_location(points[at], count - len(given), given=given))]
    like = nearest(points, [place[number] for number in chosen])
    return chosen, [order[like[place[number]]] for number in range(len(pool))]


def _quotas(pool: Sequence[Draft], order: Sequence[int], budget: int, work: Work) -> list[tuple[list[int], int]]:
    """Rows of each label and how many of them are taken: as many as its share, one at least (largest remainders)."""
    if work.settings.task.kind != "classification":
        return [(list(order), budget)]
    held = Counter(pool[number].answer for number in order)
    a_row_each(budget, len(held))
    exact = {label: budget * count / len(pool) for label, count in held.items()}
    quota = {label: max(1, int(share)) for label, share in exact.items()}
    by_rest = sorted(held, key=lambda label: (quota[label] - exact[label], label))
    while (missing := budget - sum(quota.values())) != 0:
        step = 1 if missing > 0 else -1
        fits = [label for label in by_rest[::step] if 1 <= quota[label] + step <= held[label]]
        for label in fits[: abs(missing)]:
            quota[label] += step
    return [([n for n in order if pool[n].answer == label], count) for label, count in sorted(quota.items())]


def _drawn(row: Draft, key: bytes) -> bytes:
    """A row's place in a random order that the project key gives: more rows or a larger budget keep it."""
    return hmac.digest(key, f"select\0{row.identity}".encode(), "sha256")
