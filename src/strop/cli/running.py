"""Run a command line to its exit code: every error in one message, interrupts and full disks among them."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import typer

from strop import __version__
from strop.cli import INTERRUPTED
from strop.cli.app import Call, app
from strop.cli.copying import as_typed
from strop.cli.output import echo, flush, nowhere, unread_help
from strop.errors import StropError

# typer raises click's exceptions or, in newer versions, those of its own copy of click: reach them through typer.
_UsageError: Any = typer.BadParameter.__mro__[1]
_ClickException: Any = typer.BadParameter.__mro__[2]


def load_commands() -> None:
    """Add every command to ``app``."""
    from strop.cli import (  # noqa: F401  (each adds its commands)
        build,
        compared,
        consent,
        curated,
        curve,
        demonstration,
        live,
        look,
        rows,
    )


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code."""
    load_commands()
    call = Call(json="--json" in arguments)
    try:
        command = typer.main.get_command(app)
        result = command.main(list(arguments), prog_name="strop", standalone_mode=False, obj=call)
        flush()
        code = result if isinstance(result, int) else 0
        # typer answers Ctrl-C with this code, and says nothing.
        return _interrupted(call) if code == INTERRUPTED else code
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted(call)
    except typer.Exit as leaving:
        return int(leaving.exit_code)
    except SystemExit as leaving:  # of code that is not strop's: it says nothing of what was asked
        if unread_help(leaving.__context__):
            return 0
        gone = isinstance(leaving.__context__, BrokenPipeError)  # typer leaves so
        what = "the other end of a pipe was closed" if gone else f"something ended the program ({leaving.code!r})"
        return _failed(f"{what} while it worked", "", 1, call)
    except _UsageError as error:
        return _failed(*_misused(error), 2, call)
    except _ClickException as error:
        return _failed(error.format_message(), "", 2, call)
    except StropError as error:
        where = f"{error.place}: " if error.place else ""
        message, remedy = (as_typed(text, call.elsewhere) for text in (error.message, error.remedy))
        return _failed(where + message, remedy, error.exit_code, call)
    except OSError as error:
        if error.filename is None:  # not a file that we named: the output itself, on a full disk
            nowhere(sys.stdout)
        where = f"{error.filename}: " if error.filename is not None else ""
        what = (error.strerror or str(error)).lower()
        return _failed(where + what, "check that place, then run the same command again", 2, call)


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


def _interrupted(call: Call) -> int:
    remedy = "run the same command again: it goes on"
    return _failed("interrupted; work so far is kept", remedy, INTERRUPTED, call)


def _failed(message: str, remedy: str, code: int, call: Call) -> int:
    error = {"message": message, "remedy": remedy, "exit": code}
    with contextlib.suppress(OSError):
        if call.json:
            body = {"strop": __version__, "seconds": round(time.monotonic() - call.began, 3), "error": error}
            echo(json.dumps(body, ensure_ascii=False))
        echo(f"strop: {message}" + (f"\n  → {remedy}" if remedy else ""), err=True)
    return code
