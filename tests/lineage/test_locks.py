"""The search for traces reads the database's own file: it must not drop the locks that SQLite holds on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from strop.lineage import prove
from strop.store import Store


def locked(path: Path) -> bool:
    """Whether this process holds a lock on the file, as the system tells."""
    inode = str(path.stat().st_ino)
    lines = [line.split() for line in Path("/proc/locks").read_text("utf-8").splitlines()]
    return any(str(os.getpid()) in fields and fields[5].endswith(f":{inode}") for fields in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="locks are told by /proc")
def test_a_search_leaves_the_locks_of_an_open_database(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.all("dataset")
        shared = tmp_path / ".strop" / "strop.db-shm"
        assert locked(shared), "an open database in WAL mode holds one"
        prove(store, tmp_path / ".strop", ("a trace that is nowhere",))
        store.all("dataset")
        assert locked(shared)
