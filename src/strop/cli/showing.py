"""Records for people: one line each in a list, and what a record says when it is shown."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from strop.cli import printing
from strop.cli.copying import as_typed
from strop.records import (
    JSON,
    Base,
    Candidate,
    Dataset,
    Decision,
    Example,
    Fault,
    Finding,
    Interaction,
    Judgement,
    Ladder,
    Record,
    Release,
    Report,
    Run,
    Suite,
)

if TYPE_CHECKING:
    from strop.curate import Changed, Diff
    from strop.lineage import Plan, Proof
    from strop.project import Project
    from strop.project.rows.doubtful import DoubtfulRow
    from strop.project.rows.tracing import RowHistory

SHORT = 5
"""Of each kind so many lines where all kinds are listed."""
WORST = 10
"""Of each fault so many rows."""
_WIDTH = 90
_ROOM = 100
"""Columns in which a record has room on one line."""


def listing(console: Console, records: Sequence[Record], *, whole: bool, empty: str = "nothing yet") -> None:
    """Records, newest first, a line each; ``whole``: all of them, else a few of each kind."""
    for kind, group in groupby(records, key=lambda record: type(record).__name__.lower()):
        members = list(group)
        for record in members if whole else members[:SHORT]:
            when = str(getattr(record, "created", ""))[:16].replace("T", " ")
            gap = f"\n{'':13}" if console.is_terminal and console.width < _ROOM else "  "  # a pipe gets a line each
            identity = getattr(record, "id", "")
            console.print(f"{kind:12} {identity:42} [dim]{when:16}[/]{gap}{escape(_line(record))}", soft_wrap=True)
        if not whole and len(members) > SHORT:
            whole_list = as_typed(f"strop list {kind}", printing.project_of(console))
            console.print(f"{'':12} [dim]… and {len(members) - SHORT} more: {whole_list}[/]", soft_wrap=True)
    if not records:
        console.print(empty)


def _line(record: Record) -> str:
    """What a record says, in a few words."""
    match record:
        case Dataset():
            said = ", ".join(f"{len(ids)} {split}" for split, ids in record.splits.items())
        case Ladder():
            said = record.fine_tune
        case Candidate():
            shots = f", {len(record.shots)} shots" if record.shots else ""
            said = f"{record.spec.method}{shots}, seed {record.seed}, on {record.dataset}"
        case Run():
            said = f"{record.spec.method}, {record.measured.examples} examples, {record.measured.cpu_seconds:.0f} CPU-s"
        case Report():
            said = f"{record.candidate} on {record.n} {record.suite_name} {record.split} items"
        case Decision() | Finding():
            said = record.sentence
        case Release():
            said = f"{record.canary or record.candidate} as {record.alias}: {record.why}"
        case Interaction():
            said = record.answer or "no answer"
        case Judgement():
            said = f"{record.kind} by {record.by}: {_opinion(record)}"
        case Suite():
            said = f"{record.name}, {len(record.items)} {record.split} items"
        case Base():
            said = record.name
        case _:
            said = ""
    words = " ".join(said.split())
    return words if len(words) <= _WIDTH else f"{words[: _WIDTH - 1]}…"


def _opinion(judgement: Judgement) -> str:
    """What was said, in words: a correction as its text."""
    value = judgement.value
    if isinstance(value, dict):
        said = ", ".join(f"{key} {text}" if key != "opinion" else str(text) for key, text in value.items() if text)
        return said or (judgement.comment or "")
    return str(value if value is not None else judgement.comment)


def record(console: Console, project: Project, shown: Record) -> None:
    """A record as the command that made it printed it; what has no such form, as its fields."""
    match shown:
        case Dataset():
            printing.dataset(console, shown, aside=project.set_aside(shown), next_step=False)
        case Ladder():
            printing.ladder(console, shown, project.primary, next_step=False)
        case Decision():
            printing.decision(console, shown, project.remedies(shown), next_step=False)
        case Report():
            printing.reports(console, [shown], {}, next_step=False)
        case Run():
            printing.run(console, shown, next_step=False)
        case Example():
            _example(console, shown)
        case _:
            console.print_json(data=shown.to_json())


def _example(console: Console, shown: Example) -> None:
    console.print(f"[bold]{shown.id}[/] from {escape(shown.origin.source)}:{shown.origin.line}", soft_wrap=True)
    for message in shown.messages:
        console.print(f"[dim]{message.role}[/] {escape(message.content)}", soft_wrap=True)
    console.print(f"[dim]reference[/] {escape(shown.reference or '–')}", soft_wrap=True)
    if shown.expect:
        console.print_json(data=shown.expect)


def history(console: Console, came_from: Sequence[str], went_into: Sequence[str]) -> None:
    """Where a record came from and where it went, an id a line."""
    for heading, ids in (("made of", came_from), ("went into", went_into)):
        for number, identity in enumerate(ids or ["nothing"]):
            console.print(f"[dim]{heading if number == 0 else '':10}[/] {identity}", soft_wrap=True)


def row_history(console: Console, found: RowHistory) -> None:
    """Each form of a row with where it stood and what learned from it, and the changes between them."""
    changes = {change.new: change for change in found.changes}
    for form in found.forms:
        if (change := changes.get(form.id)) is not None:
            by = f" ({change.by}, {change.created[:10]}, {change.judgement})" if change.judgement else ""
            console.print(f"[dim]changed   [/] {change.why}{escape(by)}", soft_wrap=True)
            for name, text in change.after.items():
                before = " ".join(change.before[name].split())[:_WIDTH]
                after = " ".join(text.split())[:_WIDTH]
                console.print(
                    f"           {name}: [red]{escape(before)}[/] → [green]{escape(after)}[/]", soft_wrap=True
                )
        console.print(f"[bold]{form.id}[/] read from {escape(form.read)}", soft_wrap=True)
        for said in form.said:
            console.print(f"           {escape(said)}", soft_wrap=True)
        for place in form.datasets:
            told = f"; {place.detail}" if place.detail else ""
            console.print(f"           {place.split} of {place.dataset}{escape(told)}", soft_wrap=True)
        for use in form.candidates:
            console.print(f"           {use.candidate} ({use.method}): {use.how}", soft_wrap=True)
        if form.left:
            console.print(f"           not in {escape(form.left)}", soft_wrap=True)


def difference(console: Console, found: Diff, rows: Mapping[str, Example]) -> None:
    """What differs between two datasets: how many rows, and the first of each sort with their text."""

    def told(identity: str) -> str:
        row = rows.get(identity)
        if row is None:
            return identity
        text = " ".join(f"{row.input} → {row.reference or ''}".split())[:_WIDTH]
        return f"{identity} {row.origin.source}:{row.origin.line} {text}"

    added = [told(one) for one in found.added]
    removed = [f"{told(one)} ({found.why.get(one, '')})" for one in found.removed]
    moved = [f"{told(one.example)} ({one.old} → {one.new})" for one in found.moved]
    changed = [
        f"{f'{one.old} → ' if one.old != one.new else ''}{told(one.new)}{_before_and_after(one)}"
        for one in found.changed
    ]
    for heading, lines in (("added", added), ("removed", removed), ("moved", moved), ("changed", changed)):
        console.print(f"[bold]{len(lines)} {heading}[/]")
        for line in lines[:SHORT]:
            console.print(f"  {escape(line)}", soft_wrap=True)
        if len(lines) > SHORT:
            console.print(f"  [dim]… and {len(lines) - SHORT} more (--json lists all)[/]")


def _before_and_after(changed: Changed) -> str:
    """A line for each field: what it said and says."""

    def told(value: JSON) -> str:
        if isinstance(value, list) and value and isinstance(value[-1], dict):
            value = value[-1].get("content", value)
        return " ".join(str(value).split())[:_WIDTH]

    return "".join(f"\n    {n}: {told(changed.before[n])} → {told(changed.after[n])}" for n in changed.fields)


def faults(console: Console, table: Sequence[Fault]) -> None:
    """What is wrong with which row: each fault with its worst rows (they come sorted)."""
    by_fault: dict[str, list[Fault]] = {}
    for fault in table:
        by_fault.setdefault(fault.fault, []).append(fault)
    for name, lines in sorted(by_fault.items()):
        found = [line for line in lines if line.is_fault]
        of = f" of {len(lines)} rows with a score" if len(lines) > len(found) else ""
        console.print(f"[bold]{len(found)} {name}[/]{of}")
        for line in found[:WORST]:
            like = f"  [dim]see {escape(', '.join(line.related))}[/]" if line.related else ""
            console.print(f"  {escape(line.place)}  {line.score:.3f}  {escape(line.evidence)}{like}", soft_wrap=True)
        if len(found) > WORST:
            console.print(f"  [dim]… and {len(found) - WORST} more (--json lists all)[/]")
    if not table:
        console.print("no fault was found")


def doubtful(console: Console, waiting: Sequence[DoubtfulRow], written: Sequence[Path]) -> None:
    """Rows that a person is asked to judge, or the files that they were written to."""
    for one in () if written else waiting[:WORST]:
        of = "" if one.split == "train" else f"  [yellow]{one.split} row[/]"
        of += "  [yellow]set aside until judged[/]" if one.waits else ""
        console.print(f"[dim]{one.id}[/] {escape(one.place)}  {one.fault} {one.score:.3f}{of}", soft_wrap=True)
        console.print(
            f"  {escape(' '.join(one.question.split())[:_WIDTH])} → {escape(one.answer[:_WIDTH])}", soft_wrap=True
        )
        console.print(f"  [dim]{escape(one.because)}[/]", soft_wrap=True)
        for other in one.related[:1]:
            asked = "" if other.question == one.question else f"{' '.join(other.question.split())[:_WIDTH]} → "
            told = f"{other.place}  {asked}{' '.join(other.answer.split())[:_WIDTH]}"
            console.print(f"  [dim]{escape(told)}[/]", soft_wrap=True)
    where = f" → {', '.join(str(path) for path in written)}" if written else " wait"
    console.print(f"{len(waiting)} rows{where}", markup=False, soft_wrap=True)
    if waiting:
        then = f"strop review import {shlex.quote(str(written[0]))}" if written else "strop review rows -o rows.jsonl"
        printing.then(console, then)


def forgetting(console: Console, planned: Plan, proof: Proof | None, *, applied: bool) -> None:
    """What forgetting will touch or has touched, a line a step, and the search afterwards."""
    if not planned.records:
        console.print(f"no row, request or judgement here holds {planned.selector}", markup=False)
    for step in planned.steps:
        why = as_typed(step.why, printing.project_of(console))
        console.print(f"[bold]{step.action:8}[/] {escape(step.what)}  [dim]{escape(why)}[/]", soft_wrap=True)
    if proof is not None:
        _searched(console, proof, "gone" if applied else "not there")
    if not applied and (proof is None or not proof.clean):
        printing.then(console, f"strop forget {shlex.quote(planned.selector)} --apply")
        return
    for step in planned.steps:
        if step.action == "rebuild":
            printing.then(console, "strop curate")
            break


def _searched(console: Console, proof: Proof, word: str) -> None:
    from strop.decide.words import count

    searched = f"{proof.files} files ({printing.size(proof.bytes)}) and {proof.rows} rows of tables"
    if not proof.pieces:
        console.print("! not searched: its text was forgotten before, so nobody knows what to look for", style="yellow")
    elif proof.clean:
        console.print(f"\n[green]✔[/] {word}: none of {count(proof.pieces, 'piece')} of the text is left in {searched}")
    for place in proof.places:
        console.print(f"[red]✘ still there:[/] {escape(place)}", soft_wrap=True)
    for place in proof.not_searched:
        console.print(f"[yellow]! not searched:[/] {escape(place)}", soft_wrap=True)
