"""A project that is curated, and killed before a step that a disk keeps. Run by test_curating_killed.py.

``FOLDER WHEN``: curate, and die before the WHEN-th such step (a commit that wrote, a file put in its place); 0 lets it
end and prints how many there are.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import sqlalchemy as sa

from strop import project as projects


def curate(folder: Path, when: int) -> None:
    """Steps are seen from outside, by the interpreter's own audit and by SQLAlchemy's events; the work is as it is."""
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
    made = projects.open(folder).curate()
    print(json.dumps({"steps": seen, "dataset": made.id}))


if __name__ == "__main__":
    curate(Path(sys.argv[1]), int(sys.argv[2]))
