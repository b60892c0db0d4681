"""Files that are too large for a row, kept by the hash of their content: written once, never changed.

    artifacts/3f/3f0c….jsonl    records, one a line; the hash is SHA-256 of the file
    artifacts/a1/a1b2…/         a folder (an adapter); the hash is SHA-256 of its manifest, which names every file's

A name appears only when everything under it is on the disk, so what is there is whole; :meth:`Artifacts.verify` reads
it again and tells.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic_core import to_json

from strop import durable
from strop.errors import LostArtifact, StorageError
from strop.records import Record

R = TypeVar("R", bound=Record)
_POINTER = ".redacted"
_AT_ONCE = 1_000
"""Lines that are written at once."""
_HASH = re.compile(r"[0-9a-f]{64}")


class Artifacts:
    """The artifacts in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def empty(self) -> bool:
        """Whether nothing was ever put here."""
        return not any(self.folder.glob("[0-9a-f][0-9a-f]"))

    def put_jsonl(self, records: Iterable[Record]) -> str:
        """Store records as JSON lines; returns the hash. Equal records give equal hashes."""
        return self.put_lines(to_json(record).decode("utf-8") for record in records)

    def put_lines(self, lines: Iterable[str]) -> str:
        """As :meth:`put_jsonl`, of records that are JSON already."""
        rest = iter(lines)
        blocks = iter(lambda: list(itertools.islice(rest, _AT_ONCE)), [])
        return self._put_chunks(("\n".join([*block, ""]).encode("utf-8") for block in blocks), suffix=".jsonl")

    def put_bytes(self, data: bytes) -> str:
        """Store bytes; returns the hash."""
        return self._put_chunks([data], suffix="")

    def put_folder(self, folder: Path) -> str:
        """Take a filled folder over (it is gone afterwards); returns the hash. Its files become read-only."""
        with durable.clear_disk_errors(self.folder):
            durable.seal_folder(folder)
            digest = durable.file_sha256(folder / durable.MANIFEST)
            self._refuse_erased(digest)
            if not self.verify(digest):
                target = self._place(digest)
                durable.make_folder(target.parent)
                _make_read_only(folder)
                try:
                    durable.put_in_place(folder, target)
                except OSError as error:
                    if error.errno != errno.EXDEV:
                        raise
                    self._copy_over(folder, target)
        shutil.rmtree(folder, ignore_errors=True)
        return digest

    def path(self, digest: str) -> Path:
        """Where the artifact lies. Raises StorageError when it is not there."""
        digest = self._current(digest)
        for place in (self._place(digest), self._place(digest, ".jsonl")):
            if place.exists():
                return place
        if self.erased(digest):
            raise StorageError(
                f"artifact {digest[:12]}… held what was forgotten since and was erased with it",
                place=str(self.folder),
                remedy="a backup would bring the text back; strop curate, choose and decide make what took its place",
            )
        raise LostArtifact(
            f"artifact {digest[:12]}… is not in this project",
            place=str(self.folder),
            remedy="restore .strop/artifacts from a backup, or run the step that made it again",
        )

    def has(self, digest: str) -> bool:
        """Whether the artifact is there (what is there is whole, unless somebody changed it: see :meth:`verify`)."""
        digest = self._current(digest)
        return self._place(digest).exists() or self._place(digest, ".jsonl").exists()

    def erased(self, digest: str) -> bool:
        """Whether `strop forget` erased the artifact and put nothing in its place."""
        return not self.has(digest) and self._place(self._current(digest), _POINTER).exists()

    def redacted(self, digest: str) -> bool:
        """Whether `strop forget` took something out of the artifact, or all of it."""
        return self._place(digest, _POINTER).exists()

    def read_jsonl(self, digest: str, record_class: type[R], *, holding: Sequence[bytes] = ()) -> list[R]:
        """The records of a JSON lines artifact, in order. Raises StorageError when the file was changed or is gone.

        Args:
            digest: the artifact.
            record_class: of what its lines are.
            holding: only lines that hold one of these bytes are read, so that a few of a million cost little.
        """
        path = self.path(digest)
        if not self.verify(digest) or path.is_dir():
            raise _changed(path)
        with path.open("rb") as stream:
            lines = (line for line in stream if not holding or any(part in line for part in holding))
            return [record_class.model_validate_json(line) for line in lines]

    def read_bytes(self, digest: str) -> bytes:
        """The bytes of an artifact. Raises StorageError when the file was changed or is gone."""
        path = self.path(digest)
        if not self.verify(digest) or path.is_dir():
            raise _changed(path)
        return path.read_bytes()

    def verify(self, digest: str) -> bool:
        """Read the artifact again: whether it is there and is what its name says, no byte and no file more."""
        if not self.has(digest):
            return False
        digest = self._current(digest)
        path = self.path(digest)
        if path.is_file():
            return durable.file_sha256(path) == digest
        manifest = path / durable.MANIFEST
        return manifest.is_file() and durable.file_sha256(manifest) == digest and durable.is_exact(path)

    def whole(self, digest: str) -> Path:
        """Where the artifact lies, read again first. Raises StorageError when a byte of it was changed or is gone."""
        path = self.path(digest)
        if not self.verify(digest):
            raise _changed(path)
        return path

    def all(self) -> Iterator[str]:
        """The hashes of all artifacts, in order of name."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            digest = path.name.removesuffix(".jsonl")
            if _HASH.fullmatch(digest):
                yield digest

    def redact(self, digest: str, replacement: str | None) -> None:
        """Erase an artifact; whoever asks for it gets ``replacement`` (put before), or an error when there is none.

        Safe to repeat after a crash: the pointer is durable before the old bytes go.
        """
        durable.write_json(self._place(digest, _POINTER), {"replacement": replacement})
        for path in (self._place(digest), self._place(digest, ".jsonl")):
            if path.exists():
                gone = Path(tempfile.mkdtemp(prefix=".gone.", suffix=".tmp", dir=self.folder))
                path.replace(gone / "it")
                shutil.rmtree(gone)
        durable.sync_folder(self._place(digest).parent)

    def sweep(self) -> None:
        """Remove what killed processes left half-written more than a day ago."""
        durable.sweep(self.folder)
        for folder in self.folder.glob("[0-9a-f][0-9a-f]"):
            durable.sweep(folder)

    def _refuse_erased(self, digest: str) -> None:
        if self.erased(digest):
            raise StorageError(
                f"artifact {digest[:12]}… was erased by `strop forget` and is not stored again",
                place=str(self.folder),
                remedy="leave out what was forgotten, then make it again",
            )

    def _current(self, digest: str) -> str:
        """The artifact that stands for this one: itself, unless it was redacted."""
        pointer = self._place(digest, _POINTER)
        while pointer.exists():
            replacement = json.loads(pointer.read_text("utf-8"))["replacement"]
            if replacement is None:
                return digest
            digest, pointer = replacement, self._place(replacement, _POINTER)
        return digest

    def _copy_over(self, folder: Path, target: Path) -> None:
        """Move across file systems: copy, make the copy durable, rename."""
        work = Path(tempfile.mkdtemp(prefix=".folder.", suffix=".tmp", dir=self.folder))
        try:
            copy = shutil.copytree(folder, work / "it")
            durable.seal_folder(copy)
            durable.put_in_place(copy, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _place(self, digest: str, suffix: str = "") -> Path:
        if not _HASH.fullmatch(digest):
            raise StorageError(f"{digest[:80]!r} is not the hash of an artifact")
        return self.folder / digest[:2] / f"{digest}{suffix}"

    def _put_chunks(self, chunks: Iterable[bytes], *, suffix: str) -> str:
        with durable.clear_disk_errors(self.folder):
            durable.make_folder(self.folder)
            descriptor, name = tempfile.mkstemp(prefix=".file.", suffix=".tmp", dir=self.folder)
            temporary = Path(name)
            try:
                hasher = hashlib.sha256()
                with os.fdopen(descriptor, "wb") as stream:
                    for chunk in chunks:
                        hasher.update(chunk)
                        stream.write(chunk)
                    stream.flush()
                    os.fchmod(descriptor, 0o444)
                    os.fsync(descriptor)
                digest = hasher.hexdigest()
                self._refuse_erased(digest)
                if not self.verify(digest):
                    target = self._place(digest, suffix)
                    durable.make_folder(target.parent)
                    temporary.replace(target)
                    durable.sync_folder(target.parent)
                return digest
            finally:
                temporary.unlink(missing_ok=True)


def _make_read_only(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o444)


def _changed(path: Path) -> LostArtifact:
    return LostArtifact(
        f"artifact {path.name[:12]}… is not what its name says: it was changed or damaged",
        place=str(path),
        remedy="restore it from a backup, or delete it and run the step that made it again",
    )
