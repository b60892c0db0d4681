"""Events to bars with time left, on standard error. Short work draws nothing."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from strop import records

_WIDE = 100  # columns of a terminal that has room for all
_PATIENCE = 2.0  # seconds before a bar is drawn
_REMEMBERED = (
    1800  # seconds over which speed is told: some steps say nothing for minutes, and time is left all the same
)


class Bars:
    """A listener that draws one bar a task; use as a context manager around a verb."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console, self._quiet = console, quiet
        self._bars: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        wide = console.width >= _WIDE  # else the bar and the note go first: how far and how long still is what counts
        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True, max_width=max(20, console.width - 24))),
            *([BarColumn(bar_width=28)] if wide else []),
            MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=9)),
            TimeRemainingColumn(elapsed_when_finished=True, table_column=Column(no_wrap=True, min_width=7)),
            *([TextColumn("{task.fields[note]}", style="dim")] if wide else []),
            console=console,
            transient=True,
            speed_estimate_period=_REMEMBERED,
        )
        self._note = ""
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._progress.stop()

    def __call__(self, event: records.Event) -> None:
        if self._quiet and not (isinstance(event, records.Said) and event.warning):
            return
        if isinstance(event, records.Said):
            self._console.print(event.text, style="yellow" if event.warning else "dim", markup=False, highlight=False)
        elif isinstance(event, records.LossSeen):
            self._note = f"loss {event.loss:.3f} · {event.examples_per_second:.1f} rows/s"
            self._advance("training", event.step, event.steps)
        else:
            self._advance(event.task, event.done, event.total)

    def _advance(self, task: str, done: int, total: int) -> None:
        now = time.monotonic()
        started = self._started.setdefault(task, now)
        if done >= total:
            if task in self._bars:
                self._progress.remove_task(self._bars.pop(task))
            self._started.pop(task, None)
            return
        if task not in self._bars:
            if now - started < _PATIENCE:
                return
            if not self._drawn:
                self._progress.start()
                self._drawn = True
            self._bars[task] = self._progress.add_task(task, total=total, note="")
        self._progress.update(
            self._bars[task], completed=done, total=total, note=self._note if task.startswith("training") else ""
        )
