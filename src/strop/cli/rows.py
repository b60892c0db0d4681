"""Rows in doubt: which wait for whom, files to fill in and back, how far people agree, and who says the last word."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from strop.cli import printing
from strop.cli.app import Call
from strop.cli.live import review_app

if TYPE_CHECKING:
    from rich.console import Console

    from strop.project.rows.raters import Raters

_SHOWN = 10
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write them to a file, to fill in and to import.")]
To = Annotated[str, typer.Option(help="jsonl, labelstudio or argilla.")]


@review_app.command("rows")
def rows(
    context: typer.Context,
    output: Output = None,
    to: To = "jsonl",
    person: Annotated[str | None, typer.Option("--person", help="Whose rows; default: all that wait.")] = None,
) -> None:
    """Rows of the newest dataset whose fault only a person can confirm, those first that are likely to cost most.

    Fill in `opinion` (good, fix, drop or cannot_judge) and, with a fix, `correction`; then: strop review import FILE.
    """
    from strop.cli import showing
    from strop.project.rows import row_files

    call: Call = context.obj
    with call.project() as project:
        waiting, by = project.doubtful_rows(person), row_files.guidelines(project.opened)
        written = row_files.export_rows(project.opened, waiting, to, output, by) if output is not None else []
    payload = {"rows": [one.to_json() for one in waiting], "guidelines": by.hash if by else None}
    call.emit(
        payload | {"files": [str(path.resolve()) for path in written]},
        lambda console: showing.doubtful(console, waiting, written),
    )


@review_app.command("doubt")
def doubt(
    context: typer.Context,
    method: Annotated[str, typer.Option(help="How the models are tuned that read the answers.")] = "lora",
    base: Annotated[str | None, typer.Option(help="A base at hand: strop models list.")] = None,
    parts: Annotated[int, typer.Option(min=2, help="Parts of the rows, and so many trainings.")] = 3,
) -> None:
    """Doubt free answers by models that did not learn them. The next curate lists what they find least likely."""
    from strop.cli import curve
    from strop.decide.words import count
    from strop.project.rows import doubting

    call: Call = context.obj
    with call.project() as project:
        spec = project.spec(curve.trained(method), base)
        found = doubting.doubt_answers(project.opened, spec, parts=parts)
    doubted = [one for one in found if one.score < doubting.DOUBTED]

    def human(console: Console) -> None:
        for one in doubted[:5]:
            console.print(f"{one.example}  {one.score:.3f}  {one.evidence}", markup=False, soft_wrap=True)
        console.print(f"{count(len(found), 'answer')} read, {len(doubted)} doubted", markup=False)
        printing.then(console, "strop curate")

    call.emit({"read": len(found), "doubted": len(doubted), "answers": [one.to_json() for one in found]}, human)


@review_app.command("disputes")
def disputes(context: typer.Context, output: Output = None, to: To = "jsonl") -> None:
    """Rows on which people differ; `curate` takes nobody's word until somebody says the last one."""
    from strop.decide.words import count
    from strop.project.rows import row_files

    call: Call = context.obj
    with call.project() as project:
        found, by = project.disputed_rows(), row_files.guidelines(project.opened)
        written = row_files.export_rows(project.opened, found, to, output, by) if output is not None else []

    def human(console: Console) -> None:
        for one in found if output is None else ():
            console.print(
                f"{one.id} {one.place}  {' '.join(one.question.split())[:90]} → {one.answer[:60]}", markup=False
            )
            console.print("  " + "; ".join(f"{name}: {said}" for name, said in one.said.items()), markup=False)
        where = f" → {output}" if output else ""
        console.print(f"{count(len(found), 'row')} in dispute{where}", markup=False, soft_wrap=True)
        if found:
            then = f"strop review import {shlex.quote(str(output))} --settles --by NAME"
            printing.then(console, then if output else "strop review disputes -o disputes.jsonl")

    call.emit({"rows": [one.to_json() for one in found], "files": [str(path.resolve()) for path in written]}, human)


@review_app.command("agreement")
def agreement(context: typer.Context) -> None:
    """How far people agree on rows beyond chance, and how often each was right on rows whose answer is settled."""
    call: Call = context.obj
    with call.project() as project:
        found = project.agreement()
    call.emit(found.to_json(), lambda console: _agreement(console, found))


@review_app.command("undo")
def undo(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(help="A judgement, a row or an answer (their ids), or a file that was imported.")
    ],
    by: Annotated[str | None, typer.Option(help="Whose words; default: everybody's.")] = None,
) -> None:
    """Take back what was said of rows and answers; the next curate goes by it, and nothing is deleted."""
    call: Call = context.obj
    with call.project() as project:
        found = project.take_back(what, by=by)

    def human(console: Console) -> None:
        for one in found[:_SHOWN]:
            console.print(f"{one.id}  {one.subject}  {one.by}: {one.value}", markup=False, soft_wrap=True)
        if len(found) > _SHOWN:
            console.print(f"… and {len(found) - _SHOWN} more", markup=False)
        console.print(f"{len(found)} taken back")
        printing.then(console, "strop curate")

    call.emit({"taken_back": [one.to_json() for one in found]}, human)


@review_app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What the other tool exported.")],
    by: Annotated[str, typer.Option(help="Who judged, where the file does not say.")] = "local",
    settles: Annotated[bool, typer.Option("--settles", help="Of rows, this is the last word.")] = False,
) -> None:
    """Reviews made elsewhere: own JSONL, Label Studio or Argilla JSON. Idempotent."""
    from strop.project import exchange

    call: Call = context.obj
    with call.project() as project:
        found = exchange.import_reviews(project, file, by=by, settles=settles)
        agreed = project.agreement()

    def human(console: Console) -> None:
        printing.imported(console, file, found)
        if agreed.rows or any(rater.gold for rater in agreed.people):
            _agreement(console, agreed)

    payload: dict[str, Any] = found.to_json()
    call.emit(payload | {"agreement": agreed.to_json()}, human)


def _agreement(console: Console, found: Raters) -> None:
    from strop.decide.words import count

    if found.alpha is not None:
        value = printing.measured(found.alpha, "row")
        console.print(
            f"agreement beyond chance (Krippendorff's alpha) {value}; {found.same} of {found.rows} rows alike"
        )
    else:
        console.print(found.why_not)
    for rater in found.people:
        gold = f", settled rows {printing.measured(rater.gold, 'row')} right" if rater.gold else ""
        unsure = f" ({rater.cannot_judge} cannot_judge)" if rater.cannot_judge else ""
        console.print(f"  {escape(rater.name):16} {count(rater.judged, 'row')}{unsure}{gold}")
    if found.disputed:
        console.print(f"{count(found.disputed, 'row')} in dispute")
        printing.then(console, "strop review disputes")
