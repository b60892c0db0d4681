"""A project's state: records, examples, derivations and artifacts, opened with :meth:`Store.open`.

store = Store.open(folder)
made = store.derived("tune", inputs=(dataset.id, spec.id), settings=settings)
if made is None:
    ...
    store.add(run, candidate, stage="tune", inputs=(dataset.id, spec.id), settings=settings)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import sqlalchemy as sa

from strop.durable import clear_disk_errors, make_folder
from strop.errors import StorageError, UnknownRecord
from strop.records import JSON, Dataset, Example, Record, Split
from strop.store import derivations as work
from strop.store import history, nouns, rows
from strop.store.artifacts import Artifacts
from strop.store.database import Database, chunks, insert_new
from strop.store.derivations import fingerprint as code_of
from strop.store.erasure import Erasure
from strop.store.joblog import JobLog
from strop.store.journal import Journal
from strop.store.key import key_check, project_key
from strop.store.kinds import artifacts_of, class_of, id_of, kind_of, unknown
from strop.store.sealed import Sealed
from strop.store.tables import forgotten, project
from strop.store.traffic import Traffic

R = TypeVar("R", bound=Record)
STATE = ".strop"
"""The folder of a project's state, inside the project folder."""


_COME_BACK_TO = ("dataset", "ladder")
"""Kinds of which an earlier one counts again as the newest when the same rows and settings give it once more."""


class Store:
    """What is known about one project. Append-only: what was stored is never changed."""

    def __init__(self, database: Database, artifacts: Artifacts, key: bytes) -> None:
        self.database = database
        self.artifacts = artifacts
        self.key = key
        self.journal = Journal(database)
        self.erasure = Erasure(database)
        self.job_log = JobLog(database)
        self.sealed = Sealed(database, key)
        self.traffic = Traffic(database)

    @classmethod
    def open(cls, folder: Path, database: str | None = None) -> Self:
        """Open, and where needed create, the state of the project in ``folder``; ``database``: an address of tables.

        A state that cannot be written is opened all the same; whatever writes then raises StorageError. So does opening
        a state that is damaged, that lost its database, of a newer strop, or of another project.
        """
        state = folder / STATE
        read_only = state.is_dir() and not os.access(state, os.W_OK)
        if not read_only:
            with clear_disk_errors(state):
                make_folder(state)
                state.chmod(0o700)
        address = database or sa.URL.create("sqlite", database=str((state / "strop.db").absolute()))
        tables = Database(address, lock=state / "write.lock", read_only=read_only)
        artifacts = Artifacts(state / "artifacts")
        try:
            if not artifacts.empty and tables.revision() is None:
                raise StorageError(
                    "the database is gone or empty, but what it described lies beside it", place=tables.place,
                    remedy=f"restore it from a backup; to begin anew instead, move {state} away",
                )  # fmt: skip
            tables.upgrade()
            if not read_only:
                artifacts.sweep()
            return cls(tables, artifacts, _key(tables, state / "key"))
        except BaseException:
            tables.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- adding -------------------------------------------------------------------------------------------------------

    def add(
        self,
        *new: Record,
        stage: str | None = None,
        inputs: Sequence[str] = (),
        settings: JSON = None,
        fingerprint: str | None = None,
        seconds: float | None = None,
    ) -> list[Record]:
        """Store records and, with ``stage``, the derivation that made them, in one transaction.

        Args:
            new: the records, in the order in which :meth:`derived` gives them back.
            stage: what made them; without it no derivation is written.
            inputs: ids of what went in (records, examples, or hashes of files), in order.
            settings: what the stage read of the settings, as JSON.
            fingerprint: of the code; by default that of the stage's room.
            seconds: how long it took.

        Returns:
            The records as they stand. The first one to finish wins: where the same derivation, or a record of the same
            content, is stored already, that one is returned and nothing is stored twice.
        """
        return self._add(new, stage, inputs, settings, fingerprint, seconds=seconds, rows_of=None)

    def save_dataset(
        self,
        dataset: Dataset,
        given: rows.Given | Iterable[Example],
        *,
        stage: str | None = None,
        inputs: Sequence[str] = (),
        settings: JSON = None,
        fingerprint: str | None = None,
        seconds: float | None = None,
    ) -> Dataset:
        """As :meth:`add` for a dataset version; its rows, whose examples are ``given``, in the same transaction."""

        def write(connection: sa.Connection) -> None:
            rows.write_rows(connection, dataset, given)

        stands = self._add((dataset,), stage, inputs, settings, fingerprint, seconds=seconds, rows_of=write)[0]
        assert isinstance(stands, Dataset)
        return stands

    def derived(
        self, stage: str, inputs: Sequence[str], settings: JSON = None, fingerprint: str | None = None
    ) -> list[Record] | None:
        """What this stage made of these inputs with these settings and this code, if it did so before.

        Nothing is found when what came out was blocked by ``forget`` or an artifact of it is gone.
        """
        key = work.key_of(stage, fingerprint or code_of(stage), settings, inputs)
        with self.database.reading() as connection:
            return self._standing(connection, key)[1]

    def _add(
        self,
        new: Sequence[Record],
        stage: str | None,
        inputs: Sequence[str],
        settings: JSON,
        fingerprint: str | None,
        *,
        seconds: float | None,
        rows_of: Callable[[sa.Connection], None] | None,
    ) -> list[Record]:
        code = fingerprint or (code_of(stage) if stage else "")
        with self.database.writing() as connection:
            attempt = 0
            if stage:
                attempt, standing = self._standing(connection, work.key_of(stage, code, settings, inputs))
                if standing is not None:
                    return standing
            made = [nouns.insert(connection, record) for record in new]
            if rows_of:
                rows_of(connection)
            if stage:
                work.write(
                    connection, stage=stage, code=code, settings=settings, inputs=inputs,
                    made=[id_of(record) for record in made], attempt=attempt, seconds=seconds,
                )  # fmt: skip
            return made

    def _standing(self, connection: sa.Connection, key: str) -> tuple[int, list[Record] | None]:
        """The next attempt's number under ``key``, and what the last one made if it can still be used."""
        newest = work.outputs(connection, key)
        if newest is None:
            return 0, None
        attempt, ids = newest
        made = [nouns.get(connection, record) for record in ids]
        usable = [record for record in made if record is not None]
        whole = all(self.artifacts.has(artifact) for record in usable for artifact in artifacts_of(record))
        if len(usable) < len(ids) or not whole or _forgotten(connection, ids):
            return attempt + 1, None
        return attempt + 1, usable

    # -- finding ------------------------------------------------------------------------------------------------------

    @overload
    def get(self, wanted: str) -> Record: ...
    @overload
    def get(self, wanted: str, record_class: type[R]) -> R: ...
    def get(self, wanted: str, record_class: type[Record] = Record) -> Record:
        """The record (or example) with this id. Raises UnknownRecord, with the ids that look like it."""
        with self.database.reading() as connection:
            record = _read(connection, wanted)
            if record is None:
                raise _why_not(connection, wanted)
        if not isinstance(record, record_class):
            raise UnknownRecord(
                f"{wanted} is a {type(record).__name__.lower()}, not a {record_class.__name__.lower()}",
                remedy=f"`strop list {record_class.__name__.lower()}` shows what there is",
            )
        return record

    def find(self, wanted: str, kind: type[Record] | None = None) -> Record:
        """By id, by the beginning of an id (its prefix may be left out), or by name. Raises UnknownRecord.

        ``kind``: a beginning means a record of it, whatever else begins like that; only where none does, another.
        """
        with self.database.reading() as connection:
            found = _read(connection, wanted)
            if found is None:
                ids = nouns.ids_like(connection, wanted, None if kind is None else kind_of(kind))
                ids = ids or nouns.ids_like(connection, wanted)
                if len(ids) > 1:
                    more = ", …" if len(ids) > 5 else ""
                    raise UnknownRecord(f"{wanted!r} may be {', '.join(ids[:5])}{more}", remedy="write some more of it")
                found = _read(connection, ids[0]) if ids else None
            if found is None:
                raise _why_not(connection, wanted)
            return found

    @overload
    def all(
        self, kind: str, *, about: str | None = None, since: str | None = None, until: str | None = None
    ) -> list[Record]: ...
    @overload
    def all(
        self, kind: type[R], *, about: str | None = None, since: str | None = None, until: str | None = None
    ) -> list[R]: ...
    def all(
        self,
        kind: str | type[Record],
        *,
        about: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> list[Any]:
        """Records of a kind, newest first; all, or those about a record, or from ``since`` on and before ``until``."""
        with self.database.reading() as connection:
            return nouns.newest(connection, _kind(kind), about=about, since=since, until=until)

    @overload
    def latest(self, kind: str) -> Record | None: ...
    @overload
    def latest(self, kind: type[R]) -> R | None: ...
    def latest(self, kind: str | type[Record]) -> Any:
        """The newest record of a kind, None when there is none.

        Of datasets and ladders the one that was made or come back to last: who restores earlier settings goes on from
        what they give.
        """
        with self.database.reading() as connection:
            if _kind(kind) in _COME_BACK_TO:
                return nouns.current(connection, _kind(kind))
            return next(iter(nouns.newest(connection, _kind(kind), limit=1)), None)

    def examples(self, dataset: str, split: Split | None = None) -> list[Example]:
        """The examples of a dataset version, in order; of one split, or train, validation, test."""
        with self.database.reading() as connection:
            return rows.read_rows(connection, dataset, split)

    def example(self, wanted: str) -> Example:
        """One example, as the newest dataset that holds it knows it. Raises UnknownRecord."""
        return self.get(wanted, Example)

    def examples_by_id(self, wanted: Iterable[str]) -> dict[str, Example]:
        """Several examples by id; the ones that are not here are left out."""
        with self.database.reading() as connection:
            return rows.read_examples(connection, wanted)

    def history(self, wanted: str) -> history.History:
        """Where a record came from and what was made of it, through all derivations. Raises UnknownRecord."""
        with self.database.reading() as connection:
            found = history.walk(connection, wanted)
            if found is None:
                raise unknown(wanted, nouns.ids(connection))
            return found

    def rows_of_judgements(self) -> list[tuple[str, str]]:
        """Each judgement that gave a row with the row's id, in a fixed order."""
        with self.database.reading() as connection:
            return rows.of_judgements(connection)

    def judgements_in_datasets(self) -> set[str]:
        """Ids of the corrections that some dataset version holds as a row."""
        with self.database.reading() as connection:
            return rows.judgements(connection)


def _key(database: Database, path: Path) -> bytes:
    """The project's key, which must be the one that the ids in the database were made with."""
    with database.reading() as connection:
        check = connection.scalar(sa.select(project.c.key_check))
    if check is not None and not path.exists():
        raise StorageError(
            "the project key is gone", place=str(path), remedy="restore it from a backup: ids were made with it"
        )
    key = project_key(path)
    if check is None:
        with database.writing() as connection:
            insert_new(connection, project, [{"id": 1, "key_check": key_check(key)}])
            check = connection.scalar(sa.select(project.c.key_check))
    if check != key_check(key):
        raise StorageError(
            f"the database {database.place} belongs to another project", place=str(path),
            remedy="give each project a database of its own, or restore the key from a backup",
        )  # fmt: skip
    return key


def _read(connection: sa.Connection, wanted: str) -> Record | None:
    return nouns.get(connection, wanted) or rows.read_examples(connection, [wanted]).get(wanted)


def _why_not(connection: sa.Connection, wanted: str) -> UnknownRecord:
    when = connection.scalar(
        sa.select(forgotten.c.created).where(forgotten.c.record == wanted, forgotten.c.effect == "erased")
    )
    if when is not None:
        return UnknownRecord(f"{wanted} was forgotten on {when[:10]}", remedy="only its place in the history is kept")
    return unknown(wanted, nouns.ids(connection))


def _forgotten(connection: sa.Connection, ids: Sequence[str]) -> bool:
    query = sa.select(forgotten.c.record).limit(1)
    return any(connection.scalar(query.where(forgotten.c.record.in_(chunk))) is not None for chunk in chunks(ids))


def _kind(kind: str | type[Record]) -> str:
    return kind_of(class_of(kind) if isinstance(kind, str) else kind)
