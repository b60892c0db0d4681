"""The database: one shape, one writer, and plain words when it is full, lost, damaged, newer or somebody else's."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from strop.errors import StorageError
from strop.records import content_id
from strop.store import Store, tables
from strop.store import database as database_module
from strop.store.database import Database
from strop.store.key import _create, project_key
from strop.store.migrations import HEAD

T = content_id("test", ["t"])


def test_the_migrations_give_the_tables(store: Store) -> None:
    with store.database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_head_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "strop.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_sqlite_is_set_up_to_be_durable(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, store.database.reading() as connection:
        ask = {name: connection.exec_driver_sql(f"pragma {name}").scalar() for name in ("journal_mode", "synchronous")}
        assert ask == {"journal_mode": "wal", "synchronous": 2}
        assert connection.exec_driver_sql("pragma foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("pragma secure_delete").scalar() == 1


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.database.writing() as connection:
        connection.execute(tables.test_uses.insert().values(test_set=T, decision="d", created=""))
        raise KeyboardInterrupt
    assert store.sealed.uses(["t"]) == 0


def test_writers_stand_in_line(reopen: Callable[[], Store]) -> None:
    """Read, then write what was read plus one: with two writers at a time, some step would be lost."""
    stores = [reopen() for _ in range(4)]

    def count(store: Store) -> None:
        for _ in range(10):
            with store.database.writing() as connection:
                newest = connection.scalar(sa.select(sa.func.max(tables.test_uses.c.id))) or 0
                connection.execute(
                    tables.test_uses.insert().values(id=newest + 1, test_set=T, decision=str(newest), created="")
                )

    threads = [threading.Thread(target=count, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].sealed.uses(["t"]) == 40


def test_a_writer_that_does_not_end_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "PATIENCE", 0.01)
    with Store.open(tmp_path) as store, Store.open(tmp_path) as other, store.database.writing():
        assert other.sealed.uses(["t"]) == 0  # readers do not wait
        with pytest.raises(StorageError, match="another strop has been writing"):
            other.sealed.count({"t": None}, "d")


def test_many_may_create_at_once(tmp_path: Path) -> None:
    barrier = threading.Barrier(6)
    keys: list[bytes] = []

    def create() -> None:
        barrier.wait()
        with Store.open(tmp_path) as store:
            store.sealed.count({"t": None}, str(threading.get_ident()))
            keys.append(store.key)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 6
    assert len(set(keys)) == 1


def test_a_newer_schema_is_refused(reopen: Callable[[], Store]) -> None:
    with reopen().database.writing() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(StorageError, match="newer strop") as caught:
        reopen()
    assert "upgrade" in caught.value.remedy


def test_an_interrupted_creation_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(connection: sa.Connection, place: str) -> None:
        migrate(connection, place)
        raise KeyboardInterrupt

    migrate = database_module._migrate
    monkeypatch.setattr(database_module, "_migrate", die)
    with pytest.raises(KeyboardInterrupt):
        Store.open(tmp_path)
    monkeypatch.undo()
    with Store.open(tmp_path) as store:
        assert store.sealed.count({"t": None}, "d") == 1


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        key = store.key
    with Store.open(tmp_path) as store:
        assert store.key == key == (tmp_path / ".strop" / "key").read_bytes()
    assert len(key) == 32
    assert (tmp_path / ".strop" / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".strop").stat().st_mode & 0o777 == 0o700
    assert sorted(p.name for p in (tmp_path / ".strop").glob(".*")) == []


def test_the_first_key_stands(tmp_path: Path) -> None:
    """Two who find no key both make one; the second takes the first's."""
    first = project_key(tmp_path / "key")
    _create(tmp_path / "key")
    assert project_key(tmp_path / "key") == first
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_lost_key_is_not_replaced(reopen: Callable[[], Store], tmp_path: Path) -> None:
    reopen().close()
    (tmp_path / ".strop" / "key").unlink()
    with pytest.raises(StorageError, match="key is gone"):
        reopen()
    assert not (tmp_path / ".strop" / "key").exists()


def test_another_projects_database_is_refused(reopen: Callable[[], Store], tmp_path: Path) -> None:
    reopen().close()
    (tmp_path / ".strop" / "key").unlink()
    (tmp_path / ".strop" / "key").write_bytes(b"x" * 32)
    with pytest.raises(StorageError, match="belongs to another project"):
        reopen()


def test_a_torn_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".strop").mkdir()
    (tmp_path / ".strop" / "key").write_bytes(b"short")
    with pytest.raises(StorageError, match="not a project key"):
        Store.open(tmp_path)


@pytest.mark.parametrize("content", [b"this is not a database, but long enough to be taken for one" * 100, b"x" * 20])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".strop").mkdir()
    (tmp_path / ".strop" / "strop.db").write_bytes(content)
    with pytest.raises(StorageError, match="damaged or not one"):
        Store.open(tmp_path)
    assert (tmp_path / ".strop" / "strop.db").read_bytes() == content


@pytest.mark.parametrize("lost", ["deleted", "emptied"])
def test_a_lost_database_is_not_taken_for_a_new_project(tmp_path: Path, lost: str) -> None:
    database = tmp_path / ".strop" / "strop.db"
    with Store.open(tmp_path) as store:
        store.artifacts.put_bytes(b"what earlier work left")
    kept = database.read_bytes()
    database.unlink() if lost == "deleted" else database.write_bytes(b"")
    for _ in range(2):
        with pytest.raises(StorageError, match="gone or empty") as caught:
            Store.open(tmp_path)
    assert "backup" in caught.value.remedy
    assert str(database) == caught.value.place
    database.write_bytes(kept)
    Store.open(tmp_path).close()


@pytest.mark.parametrize("name", ["what?now", "100%25", "a#b&c=d", "pro:ject"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    with Store.open(tmp_path / name) as store:
        store.sealed.count({"t": None}, "d")
    assert (tmp_path / name / ".strop" / "strop.db").stat().st_mode & 0o777 == 0o600
    database = Database(
        sa.URL.create("sqlite", database=str(tmp_path / name / ".strop" / "strop.db")),
        lock=tmp_path / "lock",
        read_only=True,
    )
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.test_uses)) == 1
    with pytest.raises(StorageError, match="only be read"), database.writing():
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_what_a_writer_has_not_folded_in_yet_is_read_along(tmp_path: Path) -> None:
    """Its journal lies beside the file while it is open."""
    place = sa.URL.create("sqlite", database=str(tmp_path / ".strop" / "strop.db"))
    with Store.open(tmp_path) as store:
        store.sealed.count({"t": None}, "d")
        database = Database(place, lock=tmp_path / "lock", read_only=True)
        with database.reading() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(tables.test_uses)) == 1
        database.close()


def test_a_deleted_database_is_noticed_before_anything_is_lost(tmp_path: Path) -> None:
    """SQLite would go on writing into the file that has no name any more."""
    with Store.open(tmp_path) as store:
        store.sealed.count({"t": None}, "d")
        (tmp_path / ".strop" / "strop.db").unlink()
        with pytest.raises(StorageError, match="removed or replaced"):
            store.sealed.count({"t": None}, "e")


def test_a_database_put_in_its_place_is_noticed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a") as store:
        store.sealed.count({"t": None}, "d")
        shutil.copy(tmp_path / "a" / ".strop" / "strop.db", tmp_path / "other.db")
        (tmp_path / "other.db").replace(tmp_path / "a" / ".strop" / "strop.db")
        with pytest.raises(StorageError, match="removed or replaced"):
            store.sealed.count({"t": None}, "e")


def test_a_read_only_database_is_named(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        with store.database.engine.connect() as connection:
            connection.exec_driver_sql("pragma query_only=on")
        with pytest.raises(StorageError, match="cannot be written"):
            store.sealed.count({"t": None}, "d")


def test_a_foreign_lock_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path) as store:
        other = sqlite3.connect(tmp_path / ".strop" / "strop.db", isolation_level=None)
        other.execute("begin immediate")
        with store.database.engine.connect() as connection:
            connection.exec_driver_sql("pragma busy_timeout=1")
        with pytest.raises(StorageError, match="in use by another program"):
            store.sealed.count({"t": None}, "d")
        other.close()


@pytest.mark.parametrize("address", ["mysql://u:secret@host/name", "not an address"])
def test_other_databases_are_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(StorageError) as caught:
        Store.open(tmp_path, address)
    assert caught.value.remedy
    assert "secret" not in str(caught.value)


def test_a_server_that_is_away_is_named_without_the_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StorageError, match="cannot be used") as caught:
        Store.open(tmp_path, f"postgresql://me:secret@/name?host={tmp_path}")
    assert "secret" not in str(caught.value)
