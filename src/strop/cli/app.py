"""The root command: options that all share, errors without traceback, and the bare screen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from strop import __version__
from strop.cli.output import Out, echo

if TYPE_CHECKING:
    from strop.project import Project

app = typer.Typer(
    add_completion=True,
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Fine-tune a small language model for one task on evidence, and keep it sharp.",
)


@dataclass
class Call:
    """One invocation: where the project is, how to print, when it began."""

    folder: Path = field(default_factory=Path.cwd)
    json: bool = False
    quiet: bool = False
    overrides: tuple[str, ...] = ()
    began: float = field(default_factory=time.monotonic)

    @property
    def elsewhere(self) -> Path | None:
        """The project's folder, as it was typed, where it is not the current one."""
        return self.folder if self.folder.resolve() != Path.cwd() else None

    @property
    def out(self) -> Console:
        """Standard output, for people."""
        out = Out(quiet=self.json, highlight=False)
        out.project = self.elsewhere
        return out

    @contextmanager
    def project(self) -> Iterator[Project]:
        """The opened project, with progress drawn on standard error."""
        from strop import project
        from strop.cli.progress import Bars

        with Bars(Out(stderr=True), quiet=self.quiet) as bars:
            yield project.open(self.folder, overrides=self.overrides, on_event=bars)

    def emit(self, payload: Mapping[str, Any], human: Callable[[Console], None] | None = None) -> None:
        """The result: one JSON object with ``--json``, else a short summary."""
        if self.json:
            body = {"strop": __version__, "seconds": round(time.monotonic() - self.began, 3), **payload}
            echo(json.dumps(body, ensure_ascii=False, default=str))
        elif human is not None:
            human(self.out)


def version(value: bool) -> None:
    """Print the version and leave."""
    if value:
        echo(f"strop {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    project: Annotated[Path, typer.Option("--project", "-p", help="The project's folder.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")] = False,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, for this call only.", metavar="KEY=VALUE")
    ] = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Bare ``strop`` answers the five questions for this project."""
    call: Call = context.obj
    call.folder, call.json, call.quiet, call.overrides = project, as_json, quiet, tuple(overrides or ())
    if context.invoked_subcommand is None:
        from strop.cli import printing

        with call.project() as opened:
            found = opened.questions()
        call.emit(
            {"questions": [answer.to_json() for answer in found]},
            lambda console: printing.questions(console, opened.settings.task.name, found),
        )
