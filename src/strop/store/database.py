"""One database, SQLite or PostgreSQL, behind two words: ``reading()`` and ``writing()``.

Writers stand in line, one at a time over all threads and processes: on SQLite for a lock file (held from BEGIN to
COMMIT, checkpoint included), on PostgreSQL for an advisory lock. So "look up, then insert" inside ``writing()`` needs
no further care, and SQLite's fault with two connections that checkpoint at once (fixed in 3.51.3) cannot occur.

SQLite runs in WAL with ``synchronous=FULL``: what ``writing()`` has left is on the disk.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DatabaseError as SqlDatabaseError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from strop.durable import clear_disk_errors
from strop.errors import MissingExtra, StorageError
from strop.store.migrations import HEAD

PATIENCE = 60.0
"""Seconds that a writer waits for the one before it."""
_READ_ONLY = "this project can only be read here: its folder cannot be written"
_PERMISSIONS = "check its permissions and run again"
_ADVISORY = 0x5354524F50  # "STROP"


class Database:
    """Connections to one database.

    Args:
        url: its address.
        lock: the lock file of SQLite's writers.
        read_only: the folder of SQLite's file cannot be written: nothing is, not even what readers leave beside it.
    """

    def __init__(self, url: str | sa.URL, *, lock: Path, read_only: bool = False) -> None:
        self.url = _with_driver(url)
        self._lock = lock
        self._threads = threading.Lock()
        self._sqlite = self.url.get_backend_name() == "sqlite"
        self._file = Path(self.url.database or "") if self._sqlite else None
        self._read_only = read_only and self._file is not None
        if self._read_only:
            self.url = _immutable(self.url)
        self._inode: int | None = None
        try:
            self.engine = sa.create_engine(self.url, hide_parameters=True)
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"the database driver {error.name} is not installed", remedy="pip install 'strop[postgres]'"
            ) from None
        if self._sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @property
    def place(self) -> str:
        """What to call this database in a message; never a password."""
        return str(self._file) if self._file else self.url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads; it sees one state throughout and waits for nobody."""
        with self._clear_errors(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that commits durably at the end, or leaves nothing. One at a time.

        Raises StorageError when the disk is full, the database is lost or may only be read, or another writer does not
        end.
        """
        if self._read_only:
            raise StorageError(_READ_ONLY, place=str(self._lock.parent), remedy=_PERMISSIONS)
        with self._clear_errors(), self._turn():
            self._still_there()
            with self.engine.connect() as connection:
                writer = connection.execution_options(strop_writes=True)
                with writer.begin():
                    if not self._sqlite:
                        writer.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))
                    yield writer

    def upgrade(self) -> None:
        """Bring the tables to this version's shape; nothing to do is the usual case. Raises StorageError if newer."""
        if self.revision() == HEAD:
            return
        if self._file is not None and not self._read_only:
            with clear_disk_errors(self._file):  # made by us first: SQLite would let the whole group read it
                os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
        with self._clear_errors(), self._turn():
            if self._sqlite:
                with self.engine.connect() as connection, _autocommit(connection) as raw:
                    raw.execute("PRAGMA journal_mode=WAL").close()
        with self.writing() as connection:
            _migrate(connection, self.place)

    def scrub(self) -> None:
        """Leave no trace of overwritten text in the database's files (its backups and replicas are not ours)."""
        with self._clear_errors(), self._turn(), self.engine.connect() as connection:
            if self._sqlite:  # secure_delete has zeroed the pages; the journal still holds their older images
                with _autocommit(connection) as raw:
                    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            else:
                writer = connection.execution_options(isolation_level="AUTOCOMMIT")
                for table in ("records", "completions", "examples", "sheets", "sheet_rows"):
                    writer.exec_driver_sql(f"VACUUM FULL {table}")

    def close(self) -> None:
        """Close all connections (SQLite's last one checkpoints, so it takes its turn)."""
        writes = self._lock.parent.is_dir() and not self._read_only
        with self._turn() if writes else contextlib.nullcontext():
            self.engine.dispose()

    def revision(self) -> str | None:
        """The revision of the tables, None for an empty or missing database."""
        if self._file is not None and not self._file.exists():
            return None
        with self.reading() as connection:
            return _revision(connection)

    def _still_there(self) -> None:
        """Writing to a database file that was deleted or replaced succeeds and is lost: refuse."""
        if self._file is None:
            return
        try:
            inode = self._file.stat().st_ino
        except FileNotFoundError:
            inode = None
        if self._inode is None:
            self._inode = inode
        elif inode != self._inode:
            raise StorageError(
                "the database file was removed or replaced while strop had it open",
                place=self.place,
                remedy="put it back, or start strop again",
            )

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the lock file; the system releases it even when the holder is killed.

        Threads of one process queue at an ordinary lock before it, so that they do not have to poll.
        """
        if not self._sqlite:
            yield
            return
        if not self._threads.acquire(timeout=PATIENCE):
            raise _busy(self._lock)
        try:
            with clear_disk_errors(self._lock):
                descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _wait_for(descriptor, self._lock)
                yield
            finally:
                os.close(descriptor)
        finally:
            self._threads.release()

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise _explain(error, self.place) from error
        except SqlDatabaseError as error:
            if _code(error) in {"SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"}:
                raise _explain(error, self.place) from error
            raise


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows but those whose key is there already."""
    if rows:
        connection.execute(_insert(table, connection.dialect.name == "sqlite"), rows)


def insert_lines(connection: sa.Connection, table: sa.Table, lines: Sequence[tuple[str | int | None, ...]]) -> None:
    """As :func:`insert_new` of many rows: the values of all columns, in the table's order, as they are stored."""
    if connection.dialect.name != "sqlite":
        names = table.columns.keys()
        insert_new(connection, table, [dict(zip(names, line, strict=True)) for line in lines])
    elif lines:  # each value passed through SQLAlchemy would take as long as storing it
        statement = _insert(table, True).compile(dialect=connection.dialect)
        connection.exec_driver_sql(statement.string, list(lines))


def insert_one(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert a row unless its key is there already; whether it was inserted."""
    statement = _insert_and_tell(table, connection.dialect.name == "sqlite")
    return connection.execute(statement, row).first() is not None


@functools.cache
def _insert(table: sa.Table, sqlite: bool) -> Any:
    insert: Any = sqlite_insert if sqlite else postgresql_insert
    return insert(table).on_conflict_do_nothing()


@functools.cache
def _insert_and_tell(table: sa.Table, sqlite: bool) -> Any:
    return _insert(table, sqlite).returning(*table.primary_key.columns)


def chunks(ids: Collection[str], size: int = 500) -> Iterator[list[str]]:
    """Ids in lists that are short enough for one IN (…)."""
    every = list(ids)
    return (every[start : start + size] for start in range(0, len(every), size))


def _with_driver(url: str | sa.URL) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise StorageError(
            "this is not a database address", place=str(url).split("@")[-1], remedy="for example postgresql://host/name"
        ) from None
    name = parsed.get_backend_name()
    if name not in {"sqlite", "postgresql", "postgres"}:
        raise StorageError(f"strop does not speak {name}", remedy="SQLite (no setting) or postgresql://host/name")
    return parsed if name == "sqlite" else parsed.set(drivername="postgresql+psycopg")


def _immutable(url: sa.URL) -> sa.URL:
    """For a folder that cannot be written: SQLite takes the file as it is, and neither locks nor journals.

    Where somebody else's journal lies beside it, it is read along (which needs the journal's index beside it, too).
    """
    path = Path(url.database or "").absolute()
    journal = path.with_name(f"{path.name}-wal")
    quiet = not journal.exists() or journal.stat().st_size == 0
    return url.set(
        database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"} | ({"immutable": "1"} if quiet else {})
    )


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("strop_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def _autocommit(connection: sa.Connection) -> Iterator[Any]:
    """The driver's own connection: journal_mode cannot change inside a transaction."""
    raw = connection.connection.driver_connection
    assert raw is not None
    yield raw


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("select version_num from alembic_version")).scalar_one_or_none()


def _migrate(connection: sa.Connection, place: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "strop.store:migrations")
    config.attributes["connection"] = connection
    found = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StorageError(
            f"this project was written by a newer strop (schema {found}; this one knows {HEAD})",
            place=place,
            remedy="pip install --upgrade strop",
        )
    command.upgrade(config, "head")


def _wait_for(descriptor: int, path: Path) -> None:
    end, pause = time.monotonic() + PATIENCE, 0.0005
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise _busy(path) from None
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def _busy(path: Path) -> StorageError:
    return StorageError(
        f"another strop has been writing for more than {PATIENCE:.0f} s",
        place=str(path),
        remedy="wait for it to end, or stop it, and run again",
    )


def _code(error: DBAPIError) -> str:
    """SQLite's error name or PostgreSQL's SQLSTATE."""
    return str(getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or "")


def _explain(error: DBAPIError, place: str) -> StorageError:
    code = _code(error)
    if code in {"SQLITE_FULL", "53100"} or code.startswith("SQLITE_IOERR"):
        return StorageError(
            "the disk is full or failing; nothing that was already saved is lost",
            place=place,
            remedy="free some space and run the same command again: it goes on where it stopped",
        )
    if code in {"SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"}:
        return StorageError("the database is damaged or not one", place=place, remedy="restore it from a backup")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StorageError("the database is in use by another program", place=place, remedy="end it and run again")
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StorageError("the database cannot be written here", place=place, remedy="check its permissions")
    reason = " ".join(str(error.orig).split())
    return StorageError(
        f"the database cannot be used: {reason}", place=place, remedy="check that it runs and is reachable"
    )
