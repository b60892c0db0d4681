"""The root command: options that all share, errors without traceback, and the bare screen."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from strop import __version__
from strop.cli import INTERRUPTED
from strop.errors import StropError

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


# typer raises click's exceptions or, in newer versions, those of its own copy of click: reach them through typer.
_UsageError: Any = typer.BadParameter.__mro__[1]
_ClickException: Any = typer.BadParameter.__mro__[2]


class Out(Console):
    """Standard output; a reader who left is told to whoever called, not answered with an exit code of rich's.

    ``project``: the folder of a project that is not the current one, which commands to copy have to name.
    """

    project: Path | None = None

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


@dataclass
class Call:
    """One invocation: where the project is, how to print, when it began."""

    folder: Path = field(default_factory=Path.cwd)
    json: bool = False
    quiet: bool = False
    overrides: tuple[str, ...] = ()
    began: float = field(default_factory=time.monotonic)

    @property
    def out(self) -> Console:
        """Standard output, for people."""
        out = Out(quiet=self.json, highlight=False)
        out.project = self.folder if self.folder.resolve() != Path.cwd() else None
        return out

    @contextmanager
    def project(self) -> Iterator[Project]:
        """The opened project, with progress drawn on standard error."""
        from strop import project
        from strop.cli.progress import Bars

        with Bars(Console(stderr=True), quiet=self.quiet) as bars:
            yield project.open(self.folder, overrides=self.overrides, on_event=bars)

    def emit(self, payload: Mapping[str, Any], human: Callable[[Console], None] | None = None) -> None:
        """The result: one JSON object with ``--json``, else a short summary."""
        if self.json:
            body = {"strop": __version__, "seconds": round(time.monotonic() - self.began, 3), **payload}
            typer.echo(json.dumps(body, ensure_ascii=False, default=str))
        elif human is not None:
            human(self.out)


def version(value: bool) -> None:
    """Print the version and leave."""
    if value:
        typer.echo(f"strop {__version__}")
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
    context.obj = Call(folder=project, json=as_json, quiet=quiet, overrides=tuple(overrides or ()))
    if context.invoked_subcommand is None:
        from strop.cli import printing

        call: Call = context.obj
        with call.project() as opened:
            found = opened.questions()
        call.emit(
            {"questions": [answer.to_json() for answer in found]},
            lambda console: printing.questions(console, opened.settings.task.name, found),
        )


def load_commands() -> None:
    """Add every command to ``app``."""
    from strop.cli import build, consent, demonstration, live, look  # noqa: F401  (each adds its commands)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code."""
    load_commands()
    as_json = "--json" in arguments
    try:
        result = typer.main.get_command(app).main(list(arguments), prog_name="strop", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        code = result if isinstance(result, int) else 0
        # typer answers Ctrl-C with this code, and says nothing.
        return _interrupted(as_json=as_json) if code == INTERRUPTED else code
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted(as_json=as_json)
    except typer.Exit as leaving:
        return int(leaving.exit_code)
    except _UsageError as error:
        return _failed(*_misused(error), 2, as_json=as_json)
    except _ClickException as error:
        return _failed(error.format_message(), "", 2, as_json=as_json)
    except StropError as error:
        where = f"{error.place}: " if error.place else ""
        return _failed(where + error.message, error.remedy, error.exit_code, as_json=as_json)
    except BrokenPipeError:
        # The reader of our output left (`strop … | head`): nothing to say, and nowhere to say it.
        _stop_printing()
        return 0
    except OSError as error:
        if error.filename is None:  # not a file that we named: the output itself, on a full disk
            _stop_printing()
        where = f"{error.filename}: " if error.filename is not None else ""
        what = (error.strerror or str(error)).lower()
        return _failed(where + what, "check that place, then run the same command again", 2, as_json=as_json)


def _misused(error: Any) -> tuple[str, str]:
    """What is wrong with a command line, and what to do."""
    command = error.ctx.command_path if error.ctx else "strop"
    if type(error).__name__ == "NoArgsIsHelpError":
        return f"{command} needs one of: {', '.join(error.ctx.command.list_commands(error.ctx))}", f"{command} --help"
    option = getattr(error, "option_name", None)
    root_options = {name for parameter in typer.main.get_command(app).params for name in parameter.opts}
    if option in root_options and command != "strop":
        before = f"{option} stands before the command: strop {option} … {command.removeprefix('strop ')}"
        return error.format_message(), before
    return error.format_message(), f"see: {command} --help"


def _interrupted(*, as_json: bool) -> int:
    remedy = "run the same command again: it goes on"
    return _failed("interrupted; work so far is kept", remedy, INTERRUPTED, as_json=as_json)


def _failed(message: str, remedy: str, code: int, *, as_json: bool) -> int:
    error = {"message": message, "remedy": remedy, "exit": code}
    with contextlib.suppress(OSError):
        if as_json:
            typer.echo(json.dumps({"strop": __version__, "error": error}, ensure_ascii=False))
    typer.echo(f"strop: {message}" + (f"\n  → {remedy}" if remedy else ""), err=True)
    return code


def _stop_printing() -> None:
    """Send what is still to be printed nowhere, so that leaving does not fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
