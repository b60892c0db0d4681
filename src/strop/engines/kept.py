"""Answers that were paid for once: kept by the hash of what was asked, so that a killed evaluation goes on."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from strop import durable
from strop.records import JSON, canonical


class Kept:
    """One file of answers, a line each, written through to the disk; a line that was torn off counts as none."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._known: dict[str, JSON] = {}
        for line in path.read_bytes().split(b"\n") if path.is_file() else ():
            try:
                entry = json.loads(line)
                self._known[entry["asked"]] = entry["answer"]
            except (ValueError, TypeError, KeyError):
                continue

    @staticmethod
    def file(folder: Path, model: JSON) -> Path:
        """Where the answers of a model lie: ``model`` is all that makes it another one."""
        return folder / f"{hashlib.sha256(canonical(model)).hexdigest()[:20]}.jsonl"

    def get(self, asked: Mapping[str, JSON]) -> JSON | None:
        """The answer to exactly this request, if there was one."""
        return self._known.get(_hash(asked))

    def put(self, answers: Sequence[tuple[Mapping[str, JSON], JSON]]) -> None:
        """Keep answers (what was asked, what came); returns when they are on the disk."""
        named = [(_hash(asked), answer) for asked, answer in answers]
        lines = b"".join(canonical({"asked": name, "answer": answer}) + b"\n" for name, answer in named)
        with self._lock, durable.clear_disk_errors(self._path):
            durable.make_folder(self._path.parent)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(b"\n" + lines)  # a torn line before them ends here
                file.flush()
                os.fsync(descriptor)
            self._known |= dict(named)


def _hash(asked: Mapping[str, JSON]) -> str:
    return hashlib.sha256(canonical(dict(asked))).hexdigest()
