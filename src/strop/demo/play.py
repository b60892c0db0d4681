"""Play the shipped scenario: an outdoor shop that turns attributes into descriptions in its house style."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from strop import demo, durable, loop, project
from strop.engines import bases
from strop.errors import UserError
from strop.records import Listener, Said
from strop.settings import FILE, cache_folder

Engine = Literal["torch", "fake"]
_BASES: dict[Engine, str] = {"torch": "smollm2-135m-instruct", "fake": "fake-small"}


def play(folder: Path, *, engine: Engine, quick: bool, on_event: Listener) -> tuple[project.Project, list[loop.Turn]]:
    """One turn of the loop in ``folder``: raw rows with planted faults, ladder, verdict. Killed, the same call goes on.

    ``quick`` takes 80 rows and may honestly end in "not enough evidence".
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / FILE).exists():
        raise UserError("is not empty and no strop project", place=str(folder), remedy="name another folder")
    base = _BASES[engine]
    if base not in {known.name for known in bases.at_hand(cache_folder())}:
        on_event(Said(text=f"The base {base} is not at hand yet: fetching it once (about 100 MB) …"))
        bases.add(cache_folder(), base, accept_licence=None, on_event=on_event)
    if not (folder / FILE).exists():
        demo.write_project_data(folder, quick=quick)
        settings = demo.SETTINGS.format(base=base)
        # The settings come last: a folder without them is unfinished and is filled again.
        durable.write_text(folder / FILE, settings)
    opened = project.open(folder, on_event=on_event)
    return opened, [loop.turn(opened)]
