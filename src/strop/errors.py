"""The exception tree.

    StropError                     anything strop raises on purpose
    ├── UserError                  the user can fix it: exit 2, one message, no traceback
    │   ├── InputError             a file or row: carries ``file:line``
    │   ├── SettingsError          strop.yaml or --set: carries the key and the nearest known one
    │   ├── UnknownRecord          an id or name that is not in this project
    │   ├── KeyReused              an idempotency key came back with something else
    │   ├── MissingExtra           an optional package is not installed: names the install command
    │   ├── RemoteError            a server that strop.yaml names did not answer as it should
    │   └── NotReady               a step was asked for before the one it needs
    ├── CheckFailed                the never-silent contract was broken: exit 3, says which line of it
    ├── StorageError               disk full, lost or torn state: exit 2 with the remedy
    │   ├── EditedRecord           a stored record does not hold together any more
    │   └── LostArtifact           a file that was stored is not there any more
    └── EngineError                a model could not do what its engine declares: exit 1

Every message says what happened, where, and what to do next.
"""

from __future__ import annotations

from pathlib import Path


class StropError(Exception):
    """Something went wrong that strop knows about."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "", place: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.place = place

    def __str__(self) -> str:
        parts = [f"{self.place}: {self.message}" if self.place else self.message]
        if self.remedy:
            parts.append(self.remedy)
        return "\n  → ".join(parts)


class UserError(StropError):
    """The user can fix this."""

    exit_code = 2


class InputError(UserError):
    """A data file or a row of it cannot be used."""

    def __init__(self, message: str, *, source: str | Path = "", line: int | None = None, remedy: str = "") -> None:
        place = f"{source}:{line}" if line is not None else str(source)
        super().__init__(message, remedy=remedy, place=place)
        self.source = str(source)
        self.line = line


class SettingsError(UserError):
    """strop.yaml (or a --set override) is wrong; ``key``: where the setting stands, if it was not read from a file."""

    def __init__(self, message: str, *, remedy: str = "", place: str = "", key: tuple[str | int, ...] = ()) -> None:
        super().__init__(message, remedy=remedy, place=place)
        self.key = key


class UnknownRecord(UserError):
    """No record of that id or name is in this project."""


class KeyReused(UserError):
    """An idempotency key came back with something else than the first time."""


class MissingExtra(UserError):
    """An optional package is needed; the remedy names the install command."""


class RemoteError(UserError):
    """A server that strop.yaml names did not answer as it should; ``status``: what a gateway before it says (HTTP)."""

    def __init__(self, message: str, *, place: str, remedy: str = "", status: int = 502) -> None:
        super().__init__(message, place=place, remedy=remedy)
        self.status = status


class NotReady(UserError):
    """A step was asked for before the one that it needs."""


class CheckFailed(StropError):
    """A line of the never-silent contract was broken, so there is no result."""

    exit_code = 3


class StorageError(StropError):
    """The project's state cannot be read or written."""

    exit_code = 2


class LostArtifact(StorageError):
    """A file that was stored is not there any more, or not as it was."""


class EditedRecord(StorageError):
    """A stored record was changed so that it cannot be what was stored."""


class EngineError(StropError):
    """A model did not do what its engine declares."""

    exit_code = 1
