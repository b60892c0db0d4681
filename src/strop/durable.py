"""Write so that a crash leaves the old state or the new one, never a torn one.

Temporary name in the same folder, write, fsync, rename, fsync of the folder (the rename itself is only durable then).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strop.errors import StorageError

MANIFEST = "manifest.json"


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def clear_disk_errors(path: Path) -> Iterator[None]:
    """Turn "no space left" and "read only" into an error that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                "no space left on the disk; nothing that was already saved is lost",
                place=str(path),
                remedy="free some space and run the same command again: it goes on where it stopped",
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES):
            raise StorageError(
                "this place cannot be written", place=str(path), remedy="check its permissions and run again"
            ) from error
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` atomically and durably."""
    with clear_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _fsync_folder(path.parent)


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


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a temporary folder; on success it becomes ``path`` with a manifest of hashes, on failure it vanishes.

    An existing ``path`` is replaced. A folder without a valid manifest is a torn one: see :func:`is_complete`.
    """
    with clear_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        try:
            yield temporary
            seal_folder(temporary)
            if path.exists():
                retired = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
                os.replace(path, retired / "was")
                os.replace(temporary, path)
                shutil.rmtree(retired, ignore_errors=True)
            else:
                os.replace(temporary, path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        _fsync_folder(path.parent)


def seal_folder(folder: Path) -> None:
    """Fsync every file of ``folder`` and write the manifest of hashes last."""
    hashes: dict[str, str] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        hashes[path.relative_to(folder).as_posix()] = file_sha256(path)
    write_json(folder / MANIFEST, hashes)
    for inner in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        _fsync_folder(inner)


def is_complete(folder: Path) -> bool:
    """Whether ``folder`` has a manifest and every file in it is there with the hash it names."""
    try:
        hashes = json.loads((folder / MANIFEST).read_text("utf-8"))
        return all(file_sha256(folder / name) == digest for name, digest in hashes.items())
    except (OSError, ValueError, AttributeError):
        return False
