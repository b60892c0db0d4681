"""What was done, so that it is looked up instead of done again, and can be walked both ways.

A derivation is found again by its key: stage, code fingerprint, the settings that the stage read, and its inputs in
order. It is written in the same transaction as its outputs, so it stands whole or not at all.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from strop.records import JSON, canonical, now
from strop.store.tables import derivation_io, derivations

_IMPORT = re.compile(r"^\s*(?:from|import)\s+strop(?:\.(\w+)|\s+import\s+(\([^)]*\)|.+))", re.MULTILINE)
_SOURCES = Path(__file__).parent.parent


@functools.cache
def fingerprint(stage: str) -> str:
    """Hash of all files of a stage's room (``evaluate`` for ``evaluate:faults``) and of every room that it reaches.

    A stage without a room of its own (``choose``) is made of the project's verbs.

    Source bytes, not a version number kept by hand: a number that somebody forgot to raise gives a stale answer in
    silence, while a hash that changes too often only costs a computation. The rooms below count, because a stage is
    wrong when a measure below it was. So an upgrade of strop recomputes, and in development even a comment does. What
    other packages do (torch, scikit-learn) is not in it: engines write their versions into what they make.
    """
    hasher = hashlib.sha256()
    room_of_its_own = stage.partition(":")[0]
    for room in sorted(_reachable(room_of_its_own if _is_room(room_of_its_own) else "project")):
        for path in _files(room):
            name = path.relative_to(_SOURCES).as_posix()
            hasher.update(canonical([name, hashlib.sha256(path.read_bytes()).hexdigest()]))
    return hasher.hexdigest()[:16]


def key_of(stage: str, code: str, settings: JSON, inputs: Sequence[str]) -> str:
    """What a derivation is looked up by."""
    return hashlib.sha256(canonical([stage, code, settings, list(inputs)])).hexdigest()


def outputs(connection: sa.Connection, key: str) -> tuple[int, list[str]] | None:
    """Attempt number and output ids of the newest derivation under ``key``."""
    newest = connection.execute(
        sa.select(derivations.c.id, derivations.c.attempt)
        .where(derivations.c.key == key)
        .order_by(derivations.c.attempt.desc())
        .limit(1)
    ).first()
    if newest is None:
        return None
    made = connection.scalars(
        sa.select(derivation_io.c.record)
        .where(derivation_io.c.derivation == newest.id, derivation_io.c.direction == "out")
        .order_by(derivation_io.c.position)
    )
    return newest.attempt, list(made)


def write(
    connection: sa.Connection,
    *,
    stage: str,
    code: str,
    settings: JSON,
    inputs: Sequence[str],
    made: Sequence[str],
    attempt: int,
    seconds: float | None,
) -> None:
    """Add one derivation with what went in and what came out."""
    added = connection.execute(
        derivations.insert().values(
            stage=stage, key=key_of(stage, code, settings, inputs), attempt=attempt, code=code,
            settings=canonical(settings).decode("utf-8"), created=now(), seconds=seconds,
        )
    ).inserted_primary_key  # fmt: skip
    assert added is not None
    rows = [("in", position, record) for position, record in enumerate(inputs)]
    rows += [("out", position, record) for position, record in enumerate(made)]
    if rows:
        connection.execute(
            derivation_io.insert(),
            [{"derivation": added[0], "direction": d, "position": p, "record": r} for d, p, r in rows],
        )


def _reachable(room: str) -> set[str]:
    """The room, the rooms it imports, and so on."""
    found, waiting = {room}, [room]
    while waiting:
        for path in _files(waiting.pop()):
            if path.suffix == ".py":
                new = _imports(path.read_text("utf-8")) - found
                found |= new
                waiting += new
    return found


def _is_room(name: str) -> bool:
    return name.isidentifier() and ((_SOURCES / name / "__init__.py").is_file() or (_SOURCES / f"{name}.py").is_file())


def _files(room: str) -> list[Path]:
    if (_SOURCES / f"{room}.py").is_file():
        return [_SOURCES / f"{room}.py"]
    return sorted(path for path in (_SOURCES / room).rglob("*") if path.is_file() and path.suffix != ".pyc")


def _imports(source: str) -> set[str]:
    """The rooms that a source imports, wherever in it."""
    rooms: set[str] = set()
    for room, names in _IMPORT.findall(source):
        rooms |= {room} if room else {name.split()[0] for name in names.strip("()").split(",") if name.strip()}
    return {room for room in rooms if _is_room(room)}
