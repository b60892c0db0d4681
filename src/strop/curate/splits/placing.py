"""Where each row goes, and that no training row gives a held-out one away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from strop.curate.alike import duplicates
from strop.curate.alike.linked import Linked
from strop.curate.drafts import Draft
from strop.curate.leaks import revealing
from strop.curate.leaks.traits import Seen, Table
from strop.curate.splits import splitting
from strop.curate.work import HELD_OUT, Work
from strop.records import JSON, Split


def not_asked_by_held_out(rows: Sequence[Draft], work: Work) -> list[Draft]:
    """The rows without those that ask what a row of another file asks that is held out, by its file or since the last
    version.

    They leave before faults are looked for, and before shares are reckoned: what asks nothing new is a copy, as it was
    while the row that it repeats was not held out yet. What a person wants out leaves with the faults.
    """
    guarded = [row for row in rows if row.fixed == "test"]
    gone: set[int] = set()
    later: tuple[Split, ...] = ("validation", "train")
    for split in later:
        mine = [
            row
            for row in rows
            if (row.fixed or "train") == split and (split in HELD_OUT or row.identity not in work.leaving)
        ]
        for leak in duplicates.leaks(mine, guarded, work.compare) if guarded else ():
            row, other = mine[leak.row], guarded[leak.of]
            _drop(row, other, 1 - leak.similarity, _asks(other.fixed, leak.similarity), work)
            gone.add(row.number)
            work.leaked[split] += 1
        guarded += [row for row in mine if row.number not in gone] if split in HELD_OUT else []
    return [row for row in rows if row.number not in gone]


def place(rows: Sequence[Draft], work: Work) -> list[Split]:
    """The split of each row: what files and the last version fix, the others by share.

    A split that a file or the last version's sealed test set gives is not filled from other rows. Sealed rows count
    among those that shares are of; rows of the last version's validation set stay there, whatever came since.
    """
    wanted = work.settings.data.splits
    given = {row.fixed for row in rows} | {split for split in work.previous.values() if split == "test"}
    shares: dict[Split, float] = {"test": wanted.test, "validation": wanted.validation}
    shares = {split: share for split, share in shares.items() if split not in given and share > 0}
    free = [index for index, row in enumerate(rows) if row.fixed is None]
    placed: list[Split] = [row.fixed or "train" for row in rows]
    if not (shares and free):
        return placed
    chosen = [rows[index] for index in free]
    found = splitting.units(chosen, together(chosen, work), key=work.key, by_group="group" in wanted.by)
    divided = splitting.divide(
        chosen,
        found,
        shares,
        by_label=work.settings.task.kind == "classification",
        moments=work.cut_at,
        before=[row.before for row in chosen],
        sealed=[row.answer for row in rows if row.sealed],
    )
    for index, split in zip(free, divided, strict=True):
        placed[index] = split
    return placed


def close_leaks(
    rows: Sequence[Draft], placed: Sequence[Split], table: Table, work: Work
) -> tuple[list[int], dict[str, JSON]]:
    """Positions of the rows that stay, and what was looked for.

    A row leaves that asks what a held-out row asks, quotes or rewrites it, says it in other words, or belongs to the
    group of one. What is told counts those that left for it before (:func:`not_asked_by_held_out`).
    """
    by_split = {split: [i for i, s in enumerate(placed) if s == split] for split in (*HELD_OUT, "train")}
    gone: set[int] = set()
    places = table.places(rows)
    dropped = Counter(work.leaked)
    guarded = list(by_split["test"])
    later: tuple[Split, ...] = ("validation", "train")
    for split in later:
        mine = by_split[split]
        for index, other, similarity in _leaks(rows, mine, guarded, work):
            _drop(rows[index], rows[other], 1 - similarity, _asks(placed[other], similarity), work)
            gone.add(index)
        left = [i for i in mine if i not in gone]
        own, held = (table.seen([rows[i] for i in part], places[part]) for part in (left, guarded))
        for row, of, score, detail in _revealing(own, held, work):
            index, other = left[row], guarded[of]
            _drop(rows[index], rows[other], score, f"{detail} a {placed[other]} row", work)
            gone.add(index)
        for index, other in _of_one_group(rows, [i for i in mine if i not in gone], guarded, work):
            _drop(rows[index], rows[other], 0.0, f"of the same group as a {placed[other]} row", work)
            gone.add(index)
        dropped[split] += sum(index in gone for index in mine)
        guarded += [i for i in mine if i not in gone]
    report: dict[str, JSON] = {
        "dropped": dropped.total(),
        "from_train": dropped["train"],
        "from_validation": dropped["validation"],
        "layers": list[JSON](revealing.layers(work.settings)),
        "threshold": work.compare.threshold,
        "compared": {split: len(indices) + work.leaked[split] for split, indices in by_split.items()},
    }
    return [index for index in range(len(rows)) if index not in gone], report


def together(rows: Sequence[Draft], work: Work) -> Linked:
    """Which rows, by position, must not stand on two sides of a split, groups aside. Two that are linked through others
    are not compared: of one template's rows that would be nearly all pairs."""
    found = Linked(len(rows))
    if "near_duplicates" not in work.settings.data.splits.by:
        return found
    compare, position = work.compare, {row.number: index for index, row in enumerate(rows)}
    asked: dict[bytes, int] = {}
    for index, row in enumerate(rows):
        if (earlier := asked.setdefault(row.asks or compare.question(row), index)) != index:
            found.link(earlier, index)
    for one, other, _ in work.similar:
        i, j = position.get(one, -1), position.get(other, -1)
        if min(i, j) >= 0 and found.first(i) != found.first(j) and compare.same_question(rows[i], rows[j]):
            found.link(i, j)
    return found


def _leaks(
    rows: Sequence[Draft], mine: Sequence[int], guarded: Sequence[int], work: Work
) -> list[tuple[int, int, float]]:
    """Which of ``mine`` asks what one of ``guarded`` asks (positions), and how similar they are.

    Rows of one pool were compared before, and so were those that files hold out with all others; only rows that a file
    gives for training are compared here, with those that no file places.
    """
    found: dict[int, tuple[int, float]] = {}
    for fixed in {rows[i].fixed for i in mine}:
        foreign = [i for i in guarded if rows[i].fixed not in (fixed, *HELD_OUT)]
        if not foreign:
            continue
        alike = [i for i in mine if rows[i].fixed == fixed]
        for leak in duplicates.leaks([rows[i] for i in alike], [rows[i] for i in foreign], work.compare):
            found[alike[leak.row]] = foreign[leak.of], leak.similarity
    place = {row.number: index for index, row in enumerate(rows)}
    pairs = [(place[a], place[b], alike) for a, b, alike in work.similar if a in place and b in place]
    own, held = set(mine), set(guarded)
    for one, other, similarity in pairs:
        for i, j in ((one, other), (other, one)):
            if i in own and j in held and i not in found and work.compare.leaks(rows[i], rows[j]):
                found[i] = j, similarity
    return sorted((index, other, similarity) for index, (other, similarity) in found.items())


def _revealing(own: Seen, held: Seen, work: Work) -> list[tuple[int, int, float, str]]:
    """Which rows give a held-out one away in other words or letters (positions), the score, what to say."""
    found = {
        leak.row: (leak.row, leak.of, 1 - leak.similarity, f"cosine {leak.similarity:.2f} to")
        for leak in revealing.by_meaning(own.rows, held.rows, work.settings, work.on_event)
    }
    for leak in revealing.disguising(own, held, work.compare):
        found[leak.row] = leak.row, leak.of, 1 - leak.similarity, "a disguise, letter by letter, of"
    for leak in revealing.rewriting(own, held, work.compare):
        detail = (
            "has the words, in another order, of"
            if leak.similarity == 1
            else f"a rewriting ({leak.similarity:.0%} of the words in common) of"
        )
        found[leak.row] = leak.row, leak.of, 1 - leak.similarity, detail
    for leak in revealing.quoting(own, held, work.compare):
        found[leak.row] = leak.row, leak.of, 0.0, "quotes"
    return sorted(found.values())


def _asks(split: Split | None, similarity: float) -> str:
    return f"asks what a {split} row asks (similarity {similarity:.2f})"


def _of_one_group(
    rows: Sequence[Draft], mine: Sequence[int], guarded: Sequence[int], work: Work
) -> list[tuple[int, int]]:
    """Rows that no file placed and whose group has a held-out row (a sealed one of the last version, say)."""
    if "group" not in work.settings.data.splits.by:
        return []
    held = {group: index for index in reversed(guarded) if (group := rows[index].group) is not None}
    return [(i, held[group]) for i in mine if rows[i].fixed is None and (group := rows[i].group) in held and group]


def _drop(row: Draft, other: Draft, score: float, detail: str, work: Work) -> None:
    work.book.fault(row, "leaks_evaluation", score, detail, [other.place])
    work.book.close(row, "dropped", "leaks_evaluation", of=other.place, detail=detail)
