"""Stores on SQLite and, where its programs are installed, on a PostgreSQL of our own; and records to put into them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from strop.records import Candidate, Dataset, Example, Message, Origin, RowCounts, Run, Spec, content_id, new_id, now
from strop.records.model import Cost
from strop.store import Store

HASH = "0" * 64


def _program(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name) or next((str(p / name) for p in places if (p / name).exists()), None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the tests; skips where there is none."""
    initdb, control = _program("initdb"), _program("pg_ctl")
    if not initdb or not control:
        pytest.skip("PostgreSQL is not installed (initdb, pg_ctl): the store was not tested on it")
    pytest.importorskip("psycopg", reason="psycopg is not installed: the store was not tested on PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="strop-pg-"))
    who: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(*command: str) -> None:
        subprocess.run(
            command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, **who
        )

    data = folder / "data"
    run(initdb, "-D", str(data), "-U", "strop", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' -c max_connections=40"
    run(control, "start", "-w", "-D", str(data), "-l", str(folder / "log"), "-o", options)
    try:
        yield f"postgresql://strop@/postgres?host={folder}"
    finally:
        run(control, "stop", "-m", "immediate", "-D", str(data))
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> str | None:
    """What ``Store.open`` takes: None (SQLite), or the address of an empty schema on PostgreSQL."""
    if request.param == "sqlite":
        return None
    return new_schema(request.getfixturevalue("postgresql"))


def new_schema(address: str) -> str:
    """An empty schema on the server."""
    schema = f"p{uuid.uuid4().hex}"
    engine = sa.create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    engine.dispose()
    return f"{address}&options=-csearch_path%3D{schema}"


@pytest.fixture
def reopen(tmp_path: Path, database: str | None) -> Iterator[Callable[[], Store]]:
    """Opens the same project, as another process would; closes all at the end."""
    opened: list[Store] = []

    def open_again() -> Store:
        opened.append(Store.open(tmp_path, database))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    """An empty store."""
    return reopen()


class Make:
    """Records, as small as they may be."""

    @staticmethod
    def example(text: str, key: bytes = b"k" * 32, **other: Any) -> Example:
        messages = (Message(role="user", content=text),)
        reference = other.pop("reference", "answer")
        origin = other.pop("origin", Origin(source="rows.csv", line=2))
        identity = Example.identity(key, messages, reference, other.get("expect", {}), other.get("context", ()))
        return Example(id=identity, messages=messages, reference=reference, origin=origin, **other)

    @staticmethod
    def dataset(splits: dict[Any, tuple[str, ...]], *, examples: str = HASH, ledger: str = HASH) -> Dataset:
        rows = RowCounts(read=0, kept=0, held_out=0, dropped=0, quarantined=0)
        identity = content_id("ds", {split: list(ids) for split, ids in splits.items()})
        return Dataset(
            id=identity, kind="chat", splits=splits, rows=rows, examples=examples, ledger=ledger, created=now()
        )

    @staticmethod
    def run(dataset: str = "ds_1", seed: int = 0) -> Run:
        cost = Cost(examples=1, tokens=1, cpu_seconds=1, wall_seconds=1, peak_memory_bytes=1)
        spec = Spec.of("lora", base="b")
        return Run(
            id=new_id("run"), spec=spec, dataset=dataset, seed=seed, environment={}, estimate=None, measured=cost,
            created=now(),
        )  # fmt: skip

    @staticmethod
    def candidate(
        dataset: str = "ds_1", seed: int = 0, artifact: str | None = None, run: str | None = None
    ) -> Candidate:
        spec = Spec.of("lora", base="b")
        identity = Candidate.identity(spec, dataset, seed, (), artifact)
        return Candidate(id=identity, spec=spec, dataset=dataset, seed=seed, artifact=artifact, run=run, created=now())


@pytest.fixture
def make() -> type[Make]:
    """The factory of records."""
    return Make
