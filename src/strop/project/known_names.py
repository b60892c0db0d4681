"""The project's masker. It knows the names that the rows' columns gave, sealed: nobody reads them without the key."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from strop import durable
from strop.errors import StorageError
from strop.privacy import Masker, hider
from strop.project.opened import Opened
from strop.store import STATE

_FILE = "known-names"
_SEALED = re.compile(r"(?:[0-9a-f]{16}\n)*")


def masker(project: Opened) -> Masker | None:
    """What masks texts as strop.yaml says; None where it keeps them.

    Raises:
        SettingsError: where the name model that strop.yaml asks for cannot be used.
        StorageError: where the names of the newest version cannot be read: then nothing is let through.
    """
    return hider(project.settings, project.folder, project.store.key, sealed=sealed(project))


def sealed(project: Opened) -> frozenset[str]:
    """The names that columns of the newest version's rows gave; none where it has no such column."""
    path = _path(project)
    if project.settings.data.personal_data == "keep" or not path.exists():
        return frozenset()
    with durable.clear_disk_errors(path):
        seen = path.stat()
        return _read(path, seen.st_mtime_ns, seen.st_size, seen.st_ino)


def keep(project: Opened, names: tuple[str, ...]) -> None:
    """Keep what a version's columns gave, in place of what an earlier one's did."""
    path = _path(project)
    if names or path.exists():
        durable.write_text(path, "".join(f"{one}\n" for one in names))


def _path(project: Opened) -> Path:
    return project.folder / STATE / _FILE


@functools.lru_cache(maxsize=4)
def _read(path: Path, *seen: int) -> frozenset[str]:
    """Read once for each time that it was written."""
    text = path.read_text("utf-8", errors="replace")
    if not _SEALED.fullmatch(text):
        raise StorageError("this is no list of sealed names", place=str(path), remedy="make it again: strop curate")
    return frozenset(text.split())
