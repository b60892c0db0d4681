"""The project key: 32 random bytes, made once, never replaced. Example ids and surrogates are made with it."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import tempfile
from os import urandom
from pathlib import Path

from strop.durable import clear_disk_errors, make_folder, sync_folder
from strop.errors import StorageError

LENGTH = 32


def project_key(path: Path) -> bytes:
    """Read the key at ``path``; where there is none, make one (mode 0600), whoever comes first.

    Raises StorageError when the file is not a key.
    """
    with clear_disk_errors(path):
        if not path.exists():
            _create(path)
        key = path.read_bytes()
    if len(key) != LENGTH:
        raise StorageError(
            f"this is not a project key ({len(key)} bytes, not {LENGTH})",
            place=str(path),
            remedy="restore it from a backup: ids in the database were made with it",
        )
    return key


def key_check(key: bytes) -> str:
    """What the database remembers of the key: enough to recognise it, useless to guess it."""
    return hmac.new(key, b"strop key check", hashlib.sha256).hexdigest()


def _create(path: Path) -> None:
    """Write under a temporary name and link it: the name appears whole, and never replaces another's key."""
    make_folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(urandom(LENGTH))
            stream.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
    sync_folder(path.parent)
