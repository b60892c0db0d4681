"""Durable writes: whole or not at all, also when the disk is full or the writer dies."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from strop import durable
from strop.errors import StorageError


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file.json"
    durable.write_json(path, {"b": 1, "a": "ü"})
    durable.write_json(path, {"a": 2})
    assert json.loads(path.read_text("utf-8")) == {"a": 2}
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    durable.write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), durable.new_file(path) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_files_get_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        durable.write_text(tmp_path / "file", "x")
        with durable.new_folder(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750


def test_a_folder_appears_with_a_manifest_that_sha256sum_confirms(tmp_path: Path) -> None:
    with durable.new_folder(tmp_path / "made") as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "weights").write_bytes(b"1" * 1000)
        (folder / "inner" / durable.MANIFEST).write_text("a file that only has the manifest's name")
        assert not (tmp_path / "made").exists()
    hashes = json.loads((tmp_path / "made" / durable.MANIFEST).read_text())
    assert set(hashes) == {"inner/weights", f"inner/{durable.MANIFEST}"}
    told = subprocess.run(
        ["sha256sum", "inner/weights"], cwd=tmp_path / "made", capture_output=True, text=True, check=True
    )
    assert told.stdout.split()[0] == hashes["inner/weights"]
    assert durable.is_complete(tmp_path / "made")


def test_a_failed_folder_vanishes(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), durable.new_folder(tmp_path / "made") as folder:
        (folder / "file").write_text("x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool) -> None:
    if not can_exchange:  # as on a system without renameat2
        monkeypatch.setattr(durable, "_exchange", lambda one, other: False)
    for text in ("old", "new"):
        with durable.new_folder(tmp_path / "made") as folder:
            (folder / "file").write_text(text)
    assert (tmp_path / "made" / "file").read_text() == "new"
    assert durable.is_exact(tmp_path / "made")
    assert [p.name for p in tmp_path.iterdir()] == ["made"]


def _change(folder: Path) -> None:
    (folder / "file").write_text("y")


def _cut(folder: Path) -> None:
    (folder / "file").write_text("")


def _remove(folder: Path) -> None:
    (folder / "file").unlink()


def _unseal(folder: Path) -> None:
    (folder / durable.MANIFEST).unlink()


def _garble(folder: Path) -> None:
    (folder / durable.MANIFEST).write_text('{"file": ')


def _retype(folder: Path) -> None:
    (folder / durable.MANIFEST).write_text('["file"]')


@pytest.mark.parametrize("fault", [_change, _cut, _remove, _unseal, _garble, _retype])
def test_a_torn_folder_is_not_complete(tmp_path: Path, fault: Callable[[Path], None]) -> None:
    with durable.new_folder(tmp_path / "made") as folder:
        (folder / "file").write_text("x")
    fault(tmp_path / "made")
    assert not durable.is_complete(tmp_path / "made")
    assert not durable.is_exact(tmp_path / "made")


def test_a_file_more_is_complete_but_not_exact(tmp_path: Path) -> None:
    with durable.new_folder(tmp_path / "made") as folder:
        (folder / "file").write_text("x")
    (tmp_path / "made" / "stranger").write_text("x")
    assert durable.is_complete(tmp_path / "made")
    assert not durable.is_exact(tmp_path / "made")


def test_sweep_removes_old_temporary_names_only(tmp_path: Path) -> None:
    old, young, folder, kept = (tmp_path / name for name in (".a.x.tmp", ".b.x.tmp", ".c.x.tmp", "d"))
    for path in (old, young, kept):
        path.write_text("x")
    folder.mkdir()
    (folder / "inner").write_text("x")
    for path in (old, folder, kept):
        os.utime(path, (0, 0))
    assert sorted(durable.sweep(tmp_path)) == [old, folder]
    assert sorted(tmp_path.iterdir()) == [young, kept]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO])
def test_disk_errors_say_what_to_do(tmp_path: Path, number: int) -> None:
    with pytest.raises(StorageError) as caught, durable.clear_disk_errors(tmp_path):
        raise OSError(number, os.strerror(number))
    assert caught.value.place == str(tmp_path)
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_other_errors_pass() -> None:
    with pytest.raises(FileNotFoundError), durable.clear_disk_errors(Path()):
        raise FileNotFoundError(errno.ENOENT, "no such file")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    durable.write_bytes(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match="no space left"):
            durable.write_bytes(path, b"x" * 20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def _read_while(write: Callable[[int], None], read: Callable[[], None], times: int) -> int:
    """Read without pause while somebody else writes; returns how often."""
    with ThreadPoolExecutor(1) as other:
        writing = other.submit(lambda: [write(number) for number in range(times)])
        reads = 0
        while not writing.done():
            read()
            reads += 1
        writing.result()
    return reads


def test_a_reader_sees_the_old_or_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    durable.write_text(path, "0 " * 200_000)

    def read() -> None:
        words = path.read_text().split()
        assert len(words) == 200_000
        assert len(set(words)) == 1

    assert _read_while(lambda number: durable.write_text(path, f"{number} " * 200_000), read, 30) > 0


def test_a_reader_sees_the_old_or_the_new_folder(tmp_path: Path) -> None:
    if not durable._exchange(tmp_path, tmp_path) and not sys.platform.startswith("linux"):
        pytest.skip("this system cannot swap two names in one step")
    path = tmp_path / "made"

    def write(number: int) -> None:
        with durable.new_folder(path) as folder:
            (folder / "file").write_text(f"{number}")

    write(0)
    assert _read_while(write, lambda: list(path.iterdir()) and None, 60) > 10


KILLED = """
import os, sys
from pathlib import Path
from strop import durable
folder = Path(sys.argv[1])
number = 0
while True:
    number += 1
    text = f"{number} " * 20_000
    durable.write_text(folder / "file", text)
    with durable.new_folder(folder / "made") as made:
        for name in "abc":
            (made / name).write_text(text)
    if number == 3:
        print("started", flush=True)
"""


def test_a_killed_writer_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """Killed at five moments, each a different number of microseconds after the third write."""
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            hashlib.sha256(os.urandom(1) * int.from_bytes(os.urandom(3), "big")).digest()  # up to some ms, at random
            writer.kill()
        text = (tmp_path / "file").read_text()
        assert len(set(text.split())) == 1
        assert len(text.split()) == 20_000
        assert durable.is_exact(tmp_path / "made")
        assert len({(tmp_path / "made" / name).read_text() for name in "abc"}) == 1
