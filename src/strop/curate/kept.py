"""What was found out about rows, kept, so that an addition costs what is new in it.

One rule: a finding depends on what it was made from and on nothing else, so it is kept under the hash of that: the
code, the versions of the packages it reckons with, the settings that its step reads, and the row (or the rows) itself.
What is kept can therefore be missing, and then it is found out again, but never out of date; with it or without it a
run gives the same bytes.

A step keeps arrays, those of its last run: of a row's findings one line a row, beside the rows' digests. What is kept
grows with the rows of one version, not with the number of versions. No text of a row is among it, and digests of rows
are keyed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from strop import durable
from strop.curate.faults import Scores
from strop.errors import StorageError
from strop.records import JSON, canonical

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
DIGEST: Final = 16
"""Bytes of a row's digest."""
MOST: Final = 50_000
"""Rows up to which findings are kept row by row: some kilobytes of each."""
_PACKAGES: Final = ("numpy", "phonenumbers", "regex", "scipy")
"""What is found hangs on them, too."""
_ROWS = "of_rows"


class Failing(NamedTuple):
    """Where a model fails: the report that says so, the validation items of its weak slices that went wrong, and how
    much worse each one's slice does than the rest."""

    report: str
    texts: tuple[str, ...]
    weights: tuple[float, ...]


class Kept:
    """The findings in one folder.

    Args:
        folder: where they lie; None: nothing is kept.
        code: all that makes the same step find something else beside its settings and rows.
        scores: what models, or the version before of the same rows, said of rows, by fault and example id (see
            ``faults``): of these faults nothing is computed.
        failing: where a model fails, if rows are to be selected by it.
    """

    def __init__(
        self,
        folder: Path | None = None,
        code: str = "",
        scores: Scores | None = None,
        *,
        failing: Failing | None = None,
    ) -> None:
        self.scores: Scores = scores or {}
        self.failing = failing
        self._folder = folder
        self._code = code

    def once(self, step: str, made_from: JSON, find: Callable[[], Arrays]) -> Arrays:
        """What ``step`` finds of all that it is ``made_from``, found out now unless it is kept."""
        if (known := self.look_up(step, made_from)) is not None:
            return known
        found = find()
        self.keep(step, made_from, found)
        return found

    def of_rows(
        self,
        step: str,
        made_from: JSON,
        count: int,
        *,
        name: Callable[[int], bytes],
        find: Callable[[Sequence[int]], Arrays],
    ) -> Arrays:
        """What ``step`` finds of each row, one line a row in every array; only the rows that are new are looked at.

        Args:
            step: its name.
            made_from: what it depends on beside the row.
            count: how many rows there are.
            name: gives a row's digest, by its position.
            find: is asked for the rows at these positions; what it says of one must not hang on the others.
        """
        if self._folder is None or count > MOST:
            return find(range(count))
        rows = [name(position) for position in range(count)]
        known = self.look_up(step, made_from)
        held = digests(known.pop(_ROWS)) if known is not None else []
        if known is not None and held == rows:
            return known
        place = {row: number for number, row in enumerate(held)}
        at = np.array([place.get(row, -1) for row in rows], dtype=np.int64)
        new = np.flatnonzero(at < 0)
        found = find(new.tolist()) if len(new) or known is None else {part: held[:0] for part, held in known.items()}
        if known is not None:
            at[new] = len(held) + np.arange(len(new))
            found = {part: np.concatenate([known[part], lines])[at] for part, lines in found.items()}
        self.keep(step, made_from, {**found, _ROWS: np.frombuffer(b"".join(rows), dtype=np.uint8)})
        return found

    def look_up(self, step: str, made_from: JSON) -> Arrays | None:
        """What is kept of this, if it is: arrays that lie on the disk until they are read."""
        if self._folder is None:
            return None
        at = self._place(step, made_from)
        if not durable.is_exact(at):
            return None  # something of it is gone, or is not what was written: it is found out again
        try:
            return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in at.glob("*.npy")}
        except (OSError, ValueError):
            return None  # gone meanwhile

    def keep(self, step: str, made_from: JSON, found: Mapping[str, npt.NDArray[Any]]) -> None:
        """Keep it in place of what the step kept before; where there is no room for it, nothing is kept."""
        if self._folder is None:
            return
        at = self._place(step, made_from)
        with contextlib.suppress(StorageError, OSError):
            with durable.new_folder(at) as folder:
                for name, part in found.items():
                    np.save(folder / f"{name}.npy", part, allow_pickle=False)
            for before in at.parent.iterdir():
                if before != at and not before.name.startswith("."):
                    shutil.rmtree(before, ignore_errors=True)

    def _place(self, step: str, made_from: JSON) -> Path:
        assert self._folder is not None
        versions = [self._code, sys.version, *(importlib.metadata.version(package) for package in _PACKAGES)]
        return self._folder / step / hashlib.sha256(canonical([versions, made_from])).hexdigest()[:32]


def digest(key: bytes, *parts: object) -> bytes:
    """What stands for a row, or a part of it: plain values, told apart by how Python writes them."""
    written = repr(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(written, digest_size=DIGEST, key=key[:64]).digest()


def digests(held: npt.NDArray[Any]) -> list[bytes]:
    """The digests that lie one after another in an array of bytes."""
    data = held.tobytes()
    return [data[start : start + DIGEST] for start in range(0, len(data), DIGEST)]
