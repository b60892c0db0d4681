"""Training rows under a budget: those that stand for all others, or a control of the same size."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Sequence

from strop.curate.drafts import Draft
from strop.curate.kept import Failing
from strop.curate.selection.difficulty import difficulties
from strop.curate.selection.learned import losses_of
from strop.curate.work import Work
from strop.errors import InputError
from strop.measure import facility_location, from_early_to_late, nearest, nearest_to, points_of
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
    by = work.settings.data.selection
    by_report = f" of {work.kept.failing.report}" if by == "failing_slices" and work.kept.failing is not None else ""
    detail = f"{budget} of {len(pool)} rows were selected ({by}{by_report})"
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
            return _from_early_to_late(pool, order, budget, judged, work), []
    return _covering(pool, budget, judged, work)


def _covering(pool: Sequence[Draft], budget: int, judged: Sequence[int], work: Work) -> tuple[list[int], list[int]]:
    """Rows to which all others are near; where the model's failing slices count, half of them nearest to those."""
    # Rows in the order of their identities: which of two that add the same is taken does not hang on the file's order.
    order = sorted(range(len(pool)), key=lambda number: pool[number].identity)
    aim = _aim(work) if work.settings.data.selection == "failing_slices" else None
    asked = [pool[number].asked for number in order]
    points = points_of([*asked, *(aim.texts if aim else ())], _DIRECTIONS).points
    points, failing = points[: len(order)], points[len(order) :]
    place = {number: at for at, number in enumerate(order)}
    aimed: list[int] = []
    labelled = work.settings.task.kind == "classification"
    left = budget - len(judged)
    half = min(left // 2, left - (len({row.answer for row in pool}) if labelled else 0))
    if aim and half > 0:
        at = nearest_to(points, failing, aim.weights, half, given=[place[number] for number in judged])
        aimed = [*judged, *(order[one] for one in at)]
    chosen, before = list(aimed), set(aimed)
    # What is aimed at comes on top of each label's share of the rest: a set of failures alone forgets all others.
    rest = [number for number in order if number not in before]
    for members, count in _quotas(pool, rest, budget - len(aimed), work):
        label, inside = pool[members[0]].answer, set(members)
        own = [number for number in judged if number in inside][:count]
        known = [number for number in aimed if not labelled or pool[number].answer == label]
        both = [*members, *known]
        given = [both.index(number) for number in (*own, *known)]
        found = facility_location(points[[place[number] for number in both]], count - len(own), given=given)
        chosen += [*own, *(both[n] for n in found)]
    like = nearest(points, [place[number] for number in chosen])
    return chosen, [order[like[place[number]]] for number in range(len(pool))]


def _from_early_to_late(
    pool: Sequence[Draft], order: Sequence[int], budget: int, judged: Sequence[int], work: Work
) -> list[int]:
    """Of each label its share, from rows that are learned at once to those that are learned late."""
    curves = losses_of([pool[number] for number in order], work)
    place, before = {number: at for at, number in enumerate(order)}, set(judged)
    chosen: list[int] = []
    for members, count in _quotas(pool, order, budget, work):
        inside = set(members)
        own = [number for number in judged if number in inside][:count]
        others = [number for number in members if number not in before]
        found = from_early_to_late(curves[[place[number] for number in others]], count - len(own))
        chosen += [*own, *(others[at] for at in found)]
    return chosen


def _aim(work: Work) -> Failing:
    """Where the model fails.

    Raises:
        InputError: where no report says so.
    """
    aim = work.kept.failing
    if aim is None:
        raise InputError(
            "data.selection is failing_slices, but no report on validation items says yet where a model fails",
            remedy="data.selection: facility_location, strop curate, strop choose, and then failing_slices",
        )
    if not aim.texts:
        raise InputError(
            f"data.selection is failing_slices, but report {aim.report} finds no validation item that went wrong",
            remedy="data.selection: facility_location",
        )
    return aim


def _quotas(pool: Sequence[Draft], order: Sequence[int], budget: int, work: Work) -> list[tuple[list[int], int]]:
    """Rows of each label and how many of them are taken: as many as its share, one at least (largest remainders)."""
    if work.settings.task.kind != "classification":
        return [(list(order), budget)]
    held = Counter(pool[number].answer for number in order)
    if budget < len(held):
        raise InputError(
            f"data.budget is {budget}, but there are {len(held)} labels", remedy="a row of each label at least"
        )
    exact = {label: budget * count / len(order) for label, count in held.items()}
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
