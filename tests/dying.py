"""Die before a step that a disk keeps, or anywhere: for programs that tests start apart from pytest, by module name."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import sqlalchemy as sa


def die_before(when: int) -> Callable[[], int]:
    """From now on die before the ``when``-th commit that wrote, or file put in its place; 0 lives on.

    Steps are seen from outside, by the interpreter's own audit and by SQLAlchemy's events; the work is as it is.
    Returns a function that tells how many steps there were.
    """
    seen = 0

    def step() -> None:
        nonlocal seen
        seen += 1
        if seen == when:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrote(connection: sa.Connection, cursor: object, statement: str, *rest: object) -> None:
        if statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "CREATE")):
            connection.info["wrote"] = True

    def committed(connection: sa.Connection) -> None:
        if connection.info.pop("wrote", False):
            step()

    sa.event.listen(sa.Engine, "before_cursor_execute", wrote)
    sa.event.listen(sa.Engine, "commit", committed)
    sys.addaudithook(lambda event, arguments: step() if event == "os.rename" else None)
    return lambda: seen


def die_after(seconds: float) -> None:
    """Die after so much processor time, wherever the work stands then: no cleaning up, as with SIGKILL."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, max(seconds, 1e-6))
