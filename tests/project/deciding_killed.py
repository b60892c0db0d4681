"""A decision that is killed before a step that a disk keeps. Run by test_opening.py: ``FOLDER WHEN``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import sqlalchemy as sa

from strop.project import open_project


def decide(folder: Path, when: int) -> None:
    """Die before the ``when``-th commit that wrote, or file put in its place: seen from outside, as in curating.py."""
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
    project = open_project(folder)
    print(project.decide().id)
    project.store.close()


if __name__ == "__main__":
    decide(Path(sys.argv[1]), int(sys.argv[2]))
