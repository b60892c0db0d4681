"""Write so that a crash leaves the old state or the new one, never a torn one.

Temporary name in the same folder, write, fsync, rename, fsync of the folder (the rename itself is only durable then).
A process that is killed leaves at most a temporary name behind: :func:`sweep` removes it later.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from strop.errors import StorageError

MANIFEST = "manifest.json"
_DAY = 86_400.0
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextlib.contextmanager
def clear_disk_errors(path: Path) -> Iterator[None]:
    """Turn "no space left", "read only" and "the disk failed" into an error that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(
                "no space left on the disk; nothing that was already saved is lost",
                place=str(path),
                remedy="free some space and run the same command again: it goes on where it stopped",
            ) from error
        if error.errno in _FORBIDDEN:
            raise StorageError(
                "this place cannot be written", place=str(path), remedy="check its permissions and run again"
            ) from error
        if error.errno == errno.EIO:
            raise StorageError(
                "the disk reported an error, so this was not saved", place=str(path), remedy="check the disk"
            ) from error
        raise


@contextlib.contextmanager
def new_file(path: Path, *, lasting: bool = True) -> Iterator[IO[bytes]]:
    """Write to a temporary file; on success it replaces ``path`` durably, on failure it vanishes.

    Without ``lasting`` the disk is not waited for: for what can be made again, and shows by itself whether it is whole.
    """
    with clear_disk_errors(path):
        make_folder(path.parent)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                os.fchmod(descriptor, 0o666 & ~_umask())
                yield stream
                stream.flush()
                if lasting:
                    os.fsync(descriptor)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if lasting:
            sync_folder(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` atomically and durably."""
    with new_file(path) as stream:
        stream.write(data)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by UTF-8 ``text`` atomically and durably."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Replace ``path`` by pretty, key-sorted JSON."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def make_folder(path: Path) -> None:
    """Create ``path`` and its parents so that they are still there after a power cut."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a temporary folder; on success it becomes ``path`` with a manifest of hashes, on failure it vanishes.

    An existing ``path`` is replaced. A folder without a valid manifest is a torn one: see :func:`is_complete`.
    """
    with clear_disk_errors(path):
        make_folder(path.parent)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        try:
            temporary.chmod(0o777 & ~_umask())
            yield temporary
            seal_folder(temporary)
            put_in_place(temporary, path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def put_in_place(filled: Path, path: Path) -> None:
    """Rename a sealed folder to ``path`` durably; what stood there is removed once the new one stands there."""
    if path.exists():
        if not _exchange(filled, path):
            retired = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
            path.replace(retired / "was")
            filled.replace(path)
            filled = retired
        sync_folder(path.parent)
        shutil.rmtree(filled, ignore_errors=True)
    else:
        filled.replace(path)
        sync_folder(path.parent)


def seal_folder(folder: Path) -> None:
    """Fsync every file of ``folder`` and write the manifest of hashes last."""
    hashes: dict[str, str] = {}
    for path in _files(folder):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        hashes[path.relative_to(folder).as_posix()] = file_sha256(path)
    for inner in (p for p in folder.rglob("*") if p.is_dir()):
        sync_folder(inner)
    write_json(folder / MANIFEST, hashes)


def is_complete(folder: Path) -> bool:
    """Whether ``folder`` has a manifest and every file that it names is there with that hash."""
    try:
        hashes = json.loads((folder / MANIFEST).read_text("utf-8"))
        return all(file_sha256(folder / name) == digest for name, digest in hashes.items())
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def is_exact(folder: Path) -> bool:
    """As :func:`is_complete`, and nothing else lies in ``folder``."""
    if not is_complete(folder):
        return False
    hashes = json.loads((folder / MANIFEST).read_text("utf-8"))
    return {path.relative_to(folder).as_posix() for path in _files(folder)} == set(hashes)


def sweep(folder: Path, *, older_than: float = _DAY) -> list[Path]:
    """Remove temporary names directly in ``folder`` that a killed process left more than ``older_than`` seconds ago."""
    removed: list[Path] = []
    limit = time.time() - older_than
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if path.lstat().st_mtime < limit:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed.append(path)
    return removed


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)


def _umask() -> int:
    """The process's umask, read where reading does not change it (Linux), else the usual one."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text("ascii", errors="replace").splitlines()
        return int(next(line for line in lines if line.startswith("Umask:")).split()[1], 8)
    return 0o022


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step (Linux ``renameat2`` with RENAME_EXCHANGE); False where the system cannot.

    Without it, replacing a folder takes two renames, and a crash between them leaves the old one aside.
    """
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    at_cwd, rename_exchange = -100, 2
    return bool(swap(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), rename_exchange) == 0)


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold the lock file ``lock``: over all processes one at a time, others wait. A killed holder lets go."""
    with clear_disk_errors(lock):
        make_folder(lock.parent)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
