"""Look around: models, list, show, export, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from strop import durable
from strop.cli import printing
from strop.cli.app import Call, app
from strop.errors import InputError
from strop.records import Dataset, Decision, Example, Fault, Record

if TYPE_CHECKING:
    from strop.project import Project

models_app = typer.Typer(help="Bases at hand, pinned by revision and hash.", no_args_is_help=True)
app.add_typer(models_app, name="models")


@models_app.command("list")
def models_list(context: typer.Context) -> None:
    """Bases in the model cache, and the shipped names that can be added."""
    from strop.engines import bases
    from strop.settings import cache_folder

    call: Call = context.obj
    found = bases.at_hand(cache_folder())
    names = {base.name for base in found}
    addable = [name for name in bases.CATALOGUE if name not in names]

    def human(console: Any) -> None:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for heading in ("base", "parameters", "licence", "revision"):
            table.add_column(heading)
        for base in found:
            table.add_row(base.name, f"{base.parameters / 1e6:.0f} M", base.licence, base.revision[:16])
        console.print(table)
        if addable:
            printing.then(console, f"strop models add {addable[0]}")

    call.emit({"bases": [base.to_json() for base in found], "addable": addable}, human)


@models_app.command("add")
def models_add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A shipped name, a local folder, or a hub id.")],
    accept_licence: Annotated[str | None, typer.Option(help="For bases whose licence asks for it.")] = None,
) -> None:
    """Fetch, verify and convert a base into the model cache (this is the only command that downloads)."""
    from strop.cli.output import Out
    from strop.cli.progress import Bars
    from strop.engines import bases
    from strop.settings import cache_folder

    call: Call = context.obj
    with Bars(Out(stderr=True), quiet=call.quiet) as bars:
        base = bases.add(cache_folder(), name, accept_licence=accept_licence, on_event=bars)
    call.emit(
        {"base": base.to_json()},
        lambda console: console.print(f"{base.name} is at hand: {base.path} ({base.licence})", markup=False),
    )


@models_app.command("show")
def models_show(context: typer.Context, name: Annotated[str, typer.Argument(help="A base at hand.")]) -> None:
    """One base: path, revision, licence, template."""
    from strop.engines import bases
    from strop.settings import cache_folder

    call: Call = context.obj
    base = bases.find(cache_folder(), name)
    payload = {**base.to_json(), "template": base.template_hash}

    def human(console: Any) -> None:
        for key, value in payload.items():
            console.print(f"{key:14} {value}", markup=False)

    call.emit(payload, human)


@app.command("list")
def list_records(
    context: typer.Context,
    kind: Annotated[str | None, typer.Argument(help="dataset, candidate, run, report, ladder, decision, …")] = None,
) -> None:
    """Records of this project, newest first."""
    call: Call = context.obj
    with call.project() as project:
        records = project.records(kind)

    from strop.cli import showing

    listed = [{"kind": type(r).__name__.lower(), "id": getattr(r, "id", "")} for r in records]
    call.emit({"records": listed}, lambda console: showing.listing(console, records, whole=kind is not None))


@app.command()
def show(
    context: typer.Context,
    identity: Annotated[str, typer.Argument(metavar="ID", help="An id, its beginning, or a kind (its newest record).")],
    history: Annotated[bool, typer.Option("--history", help="Where it came from and where it went.")] = False,
    diff: Annotated[
        str | None, typer.Option("--diff", help="A later dataset: what came, went and changed since.", metavar="ID")
    ] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="Of a dataset: what is wrong with which row, the worst first.")
    ] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write one self-contained page.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Of a decision: its checks for a build server.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Of a decision: for a pull request.")] = None,
) -> None:
    """Any record."""
    from strop.cli import showing

    call: Call = context.obj
    with call.project() as project:
        record = project.find(identity)
        payload: dict[str, Any] = {"kind": type(record).__name__.lower(), "record": record.to_json()}
        if history:
            payload["history"] = project.history(record)
        traced = project.row_history(record) if history and isinstance(record, Example) else None
        if traced is not None:
            payload["history"]["row"] = traced.to_json()
        difference = project.difference(identity, diff) if diff is not None else None
        if difference is not None:
            payload["difference"] = difference.to_json()
        table = _fault_table(project, record) if faults else None
        if table is not None:
            payload["faults"] = [line.to_table() for line in table]
        if html is not None:
            from strop.web import report

            durable.write_text(html, report.page(record, report.gather(project, record)))
            payload["html"] = str(html.resolve())
        payload |= _forms(project, record, junit=junit, markdown=markdown)
    written = [payload[form] for form in ("html", "junit", "markdown") if form in payload]

    def human(console: Any) -> None:
        if written:
            console.print("\n".join(f"wrote {path}" for path in written), markup=False, soft_wrap=True)
        elif difference is not None:
            showing.difference(console, difference, project.store.examples_by_id(difference.ids))
        elif table is not None:
            showing.faults(console, table)
        else:
            showing.record(console, project, record)
        if history:
            showing.history(console, payload["history"]["from"], payload["history"]["into"])
        if traced is not None:
            showing.row_history(console, traced)

    call.emit(payload, human)


def _forms(project: Project, record: Record, *, junit: Path | None, markdown: Path | None) -> dict[str, str]:
    """Write a decision for build servers and pull requests; where to. Raises InputError for what is no decision."""
    from strop import decide

    paths: dict[str, str] = {}
    for form, path, write in (("junit", junit, decide.junit), ("markdown", markdown, decide.markdown)):
        if path is None:
            continue
        if not isinstance(record, Decision):
            raise InputError(f"--{form} writes a decision", remedy=f"strop show decision --{form} {path}")
        durable.write_text(path, write(record, opinion=project.opinion_of(record)))
        paths[form] = str(path.resolve())
    return paths


def _fault_table(project: Project, record: Record) -> list[Fault]:
    """The worst first. Raises InputError for what is no dataset."""
    if not isinstance(record, Dataset):
        raise InputError("only a dataset has a fault table", remedy="strop show dataset --faults")
    return sorted(project.faults(record), key=lambda fault: (not fault.is_fault, fault.score))


@app.command()
def export(
    context: typer.Context,
    identity: Annotated[str, typer.Argument(metavar="ID", help="A dataset or candidate.")],
    to: Annotated[
        str, typer.Option(help="jsonl, openai (datasets); peft, merged, vllm, gguf, ollama, mlflow (tuned models).")
    ] = "jsonl",
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to.")] = ...,  # type: ignore[assignment]
    split: Annotated[str | None, typer.Option(help="train, validation or test; default: all.")] = None,
) -> None:
    """Leave strop with data or a model."""
    call: Call = context.obj
    with call.project() as project:
        made = project.export(identity, to, output, split=split)

    def human(console: Any) -> None:
        console.print(f"wrote {made.path}", markup=False)
        if made.command:
            printing.then(console, made.command)

    call.emit({"path": str(Path(made.path).resolve()), "command": made.command or None}, human)


@app.command()
def doctor(context: typer.Context) -> None:
    """Machine, engines, extras, models at hand; self-tests; then all default settings."""
    from strop.cli import examination

    call: Call = context.obj
    checks = examination.examine()
    defaults = examination.default_settings()

    def human(console: Any) -> None:
        for check in checks:
            mark = {"ok": "[green]✔[/]", "warn": "[yellow]![/]", "fail": "[red]✘[/]"}[check.state]
            console.print(f"{mark} {escape(check.name):22} {escape(check.detail)}", soft_wrap=True)
            if check.remedy:
                console.print(f"  [dim]→ {escape(check.remedy)}[/]", soft_wrap=True)
        console.print("\n[bold]All settings of strop.yaml, as they are by default[/]\n")
        console.print(defaults, markup=False, soft_wrap=True)

    call.emit({"checks": [check.to_json() for check in checks], "defaults": defaults}, human)
    raise typer.Exit(0 if all(check.state != "fail" for check in checks) else 2)
