"""Standard output and error, whose readers may leave: what is still to be printed goes nowhere, the work goes on.

An exit code says what was found. It must not depend on whether somebody read to the end (`strop decide | head -1`).
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from strop.records import shown


class Out(Console):
    """Where people read; when they leave, the rest goes nowhere.

    ``project``: the folder of a project that is not the current one, which commands to copy have to name.
    """

    project: Path | None = None

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What a row or a model says must not command the terminal: only styles of our own are codes."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown(segment.text))

    def on_broken_pipe(self) -> None:
        nowhere(self.file)


def echo(text: str, *, err: bool = False) -> None:
    """Print a line, to nobody where its reader has left. Raises OSError where the disk behind it is full."""
    try:
        typer.echo(shown(text) if err else text, err=err)
    except BrokenPipeError:
        nowhere(sys.stderr if err else sys.stdout)


def flush() -> None:
    """Hand over what was printed. Raises OSError where the disk behind it is full."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        nowhere(sys.stdout)


def unread_help(error: BaseException | None) -> bool:
    """Whether the reader left while typer printed by itself, as it does with help alone; the rest goes nowhere then."""
    if not isinstance(error, BrokenPipeError):
        return False
    unread = any(frame.f_code is typer.echo.__code__ for frame, _ in traceback.walk_tb(error.__traceback__))
    if unread:
        nowhere(sys.stdout)
    return unread


def nowhere(stream: IO[str]) -> None:
    """Send what is still to be printed there nowhere, so that leaving does not fail on it again."""
    with contextlib.suppress(OSError):  # a stream without a file of its own has nothing to redirect
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
