"""Raw rows to a dataset version: read, check, mask, compare, split, close the leaks. Top to bottom, a step a call.

Every raw row gets exactly one line in the ledger. A row that repeats another is dropped; one that a person should look
at is quarantined; nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from strop.curate import checking
from strop.curate.alike.comparing import Comparison
from strop.curate.drafts import Draft
from strop.curate.faults import THRESHOLDS
from strop.curate.files import sources
from strop.curate.finding import cleaning, doubts, imbalance, paraphrases, resembling, waiting
from strop.curate.kept import MOST as KEPT
from strop.curate.kept import Kept
from strop.curate.leaks.traits import Table
from strop.curate.results import Curated, NothingLeft, Rows
from strop.curate.selection import selecting
from strop.curate.splits import cut, placing, sealing, times
from strop.curate.splits.unfilled import unfilled
from strop.curate.work import HELD_OUT, STEPS, Before, Reviewed, Work
from strop.privacy import project_model
from strop.records import JSON, Listener, Split, silent
from strop.settings import Settings


def curate(
    settings: Settings,
    *,
    project: Path,
    key: bytes,
    files: Sequence[Path] = (),
    previous: Mapping[str, Split] | None = None,
    reviewed: Mapping[str, Reviewed] | None = None,
    kept: Kept | None = None,
    on_event: Listener = silent,
) -> Curated:
    """A dataset version from the sources of ``settings`` and ``files``; the same rows, settings and key give the same.

    Args:
        settings: strop.yaml; ``task`` and ``data`` are read.
        project: the folder that relative paths start from.
        key: the project key; identities, surrogates and splits are made with it.
        files: further sources; their names (train, validation, test) say their split.
        previous: the last version's example ids and splits: a test row stays one, of a :class:`Before` a changed one.
        reviewed: what people said of rows, by example id: the right answer takes the place of the one that was read.
        kept: what was found out before: but for what models said (in it), it spares work and changes nothing.
        on_event: told what is done.
    Raises:
        UserError: for a source without a usable row, a style guide or name model that cannot be used, no row left.
    """
    rules, names = checking.style_rules(settings, project), project_model(settings, project)
    work = Work(settings, key, Before.of(previous), kept or Kept(), on_event, rules, names, reviewed or {})
    opened = sources.open_sources(settings, project, files)
    work.step("read")
    rows = _read(opened, work)
    work.step("check")
    system = checking.take_shared_system(rows, work)
    rows, labels = checking.only_known_labels(rows, work)
    rows = checking.not_too_long(rows, work)
    work.step("personal data")
    rows, personal_data, names_given = checking.without_personal_data(rows, work)
    checking.derive_checks(rows, work)
    table = _identify(rows, work)
    rows = _clean(rows, work, system)
    staying, leakage = _divide(rows, table, work)
    splits, fills = _record(staying, opened, work)
    stay = [row for row, _ in staying]
    wait = work.book.waiting({row.identity for row in stay})
    return Curated(
        examples=Rows(stay),
        splits=splits,
        unfilled=fills,
        ledger=work.book.ordered(opened),
        fault_table=work.book.fault_table(),
        personal_data=dict(sorted(personal_data.items())),
        names=names_given,
        leakage=leakage,
        labels=labels,
        system=system,
        kind=settings.task.kind,
        recipe=_recipe(opened, work),
        left=work.book.aside(),
        waiting=tuple(row.to_example() for row in wait),
        stored=Rows([*stay, *wait]),
    )


def _read(opened: Sequence[sources.Opened], work: Work) -> list[Draft]:
    rows = [row for source in opened for row in sources.read(source, work.book.refuse)]
    for number, row in enumerate(rows):
        row.number = number
    if work.cut_at is not None:
        columns = {source.name: source.columns.time or "time" for source in opened}
        free = [row for row in rows if row.fixed is None]
        work.moments.update(times.moments(free, columns, lambda text: work.say(text, warning=True)))
    return rows


def _clean(rows: Sequence[Draft], work: Work, system: str | None) -> list[Draft]:
    work.step("duplicates")
    if len(rows) <= resembling.MOST:
        how = Comparison(work.compare.kind, work.compare.threshold)  # in a circle, the rows would outlive the run
        work.compare.resembling = resembling.Resembling(rows, how, work.kept, work.key)
    if len(rows) <= KEPT:
        work.compare.known = work.kept.asked("alike", [work.compare.kind, work.compare.threshold])
    left: list[Draft] = []
    against: list[cleaning.Contradiction] = []
    for pool in cleaning.pools(rows):
        alone, contradicted = cleaning.without_repeats(pool, work)
        left += alone
        against += contradicted
    left = placing.not_asked_by_held_out(left, work)
    work.step("faults")
    return cleaning.without_faults(left, against, work, system, rows)


def _divide(rows: Sequence[Draft], table: Table, work: Work) -> tuple[list[tuple[Draft, Split]], dict[str, JSON]]:
    """The rows that stay with their splits, and what leaks were looked for."""
    work.step("splits")
    placed = placing.place(rows, work)
    work.step("leakage")
    staying, leakage = placing.close_leaks(rows, placed, table, work)
    if work.compare.known is not None:
        work.compare.known.keep()
    staying = selecting.within_budget(rows, placed, waiting.set_aside(rows, placed, staying, work), work)
    return [(rows[index], placed[index]) for index in staying], leakage


def _record(
    staying: Sequence[tuple[Draft, Split]], opened: Sequence[sources.Opened], work: Work
) -> tuple[dict[Split, tuple[str, ...]], dict[Split, str]]:
    """Write the last ledger lines; the example ids of each split, and what would fill those that lack rows.

    Raises:
        NothingLeft: when there is nothing to train on.
    """
    splits: dict[Split, list[str]] = {"train": [], "validation": [], "test": []}
    work.book.stay(staying)
    for row, split in staying:
        splits[split].append(row.identity)
    cut.tell(staying, work)
    imbalance.tell(staying, work)
    if not splits["train"]:
        raise NothingLeft(opened[0].name, work.book.ordered(opened))
    lacking = unfilled(staying, work)
    for split, (why, fills) in lacking.items():
        work.say(f"No row is held out for {split}: {'; '.join(filter(None, (why, fills)))}.", warning=True)
    work.step("leakage", 1.0)
    told = {split: one.fills for split, one in lacking.items() if one.fills}
    return {split: tuple(ids) for split, ids in splits.items()}, told


def _identify(rows: Sequence[Draft], work: Work) -> Table:
    """Give every row its identity, and the answer that a person gave it; what they are compared by.

    A row of the last version's test set stays one, whatever its file says now (but for a copy of what another
    file holds out).
    """
    for row in rows:
        if not row.identity:  # a row without personal data has it already
            row.identify(work.key)
    in_files = {row.identity for row in rows if row.fixed in HELD_OUT}
    for row in rows:
        known = row.identity
        if (said := work.reviewed.get(known)) is not None:
            if said.answer is not None:
                row.reference, row.judgement = said.answer, said.judgement
                row.identify(work.key)
            if said.leaves:
                work.leaving[row.identity] = said.judgement
            else:
                row.reviewed = True
        if row.reviewed:
            work.confirmed.add(row.identity)
        if row.fixed not in HELD_OUT and known in in_files:
            continue  # a copy of what a file holds out: not that row itself, so it leaves
        row.before = work.previous.get(known)
        if said is not None:
            row.before = _strictest([row.before, work.previous.get(row.identity)])
    sealing.stay_held_out([row for row in rows if row.fixed in HELD_OUT or row.identity not in in_files], work)
    for row in rows:
        if row.before == "test":
            row.sealed = row.fixed is None
            row.fixed = "test"
    return Table(rows, work.compare, work.kept, work.key)


def _strictest(splits: Sequence[Split | None]) -> Split | None:
    return next((split for split in (*HELD_OUT, "train") if split in splits), None)


def _recipe(opened: Sequence[sources.Opened], work: Work) -> dict[str, JSON]:
    """What was done, in order, with every setting that decided it."""
    read = work.book.counted()
    data = work.settings.data
    return {
        "steps": list(STEPS),
        "sources": [source.described(read[source.name]) for source in opened],
        "data": data.model_dump(mode="json", exclude={"sources"}),
        "kind": work.settings.task.kind,
        "thresholds": {**THRESHOLDS, **work.moved, **data.faults},
        "scored": sorted(set(work.scores) - {*doubts.COSTLY.get(work.settings.task.kind, ()), paraphrases.FAULT}),
        **({"failing": work.kept.failing.report} if work.kept.failing is not None else {}),
    }
