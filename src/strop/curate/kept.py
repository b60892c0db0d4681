"""What was found out about rows, kept, so that an addition costs what is new in it.

One rule: a finding depends on what it was made from and on nothing else, so it is kept under the hash of that: the
code, the versions of the packages it reckons with, the settings that its step reads, and the row (or the rows) itself.
What is kept can therefore be missing, and then it is found out again, but never out of date; with it or without it a
run gives the same bytes.

A step keeps arrays, those of its last run, in one file: of a row's findings one line a row, beside the rows' digests.
What is kept grows with the rows of one version, not with the number of versions. No text of a row is among it, and
digests of rows are keyed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import marshal
import math
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from strop import durable
from strop.curate.faults import Scores
from strop.errors import StorageError
from strop.measure.alike.ragged import Ragged
from strop.records import JSON, canonical

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
Lines: TypeAlias = dict[str, Any]
"""One line a row in every part: arrays, or :class:`Ragged`."""
DIGEST: Final = 16
"""Bytes of a row's digest."""
MOST: Final = 50_000
"""Rows up to which findings are kept row by row: some kilobytes of each."""
_PACKAGES: Final = ("numpy", "phonenumbers", "regex", "scipy")
"""What is found hangs on them, too."""
_ROWS, _SIZES = "of_rows", " sizes"
_ALIGNED: Final = 64
"""Bytes at whose multiples an array begins."""
_OF_A_BLOCK: Final = 128
"""Rows that are known again together."""
_PLAINLY: Final = 2
"""The version of marshal that writes each value anew: equal bytes are equal values."""
_BLOCK: Final = 1 << 14
"""Bytes that are summed up before they are hashed."""


class Failing(NamedTuple):
    """Where a model fails: the report that says so, the validation items of its weak slices that went wrong, and how
    much worse each one's slice does than the rest."""

    report: str
    texts: tuple[str, ...]
    weights: tuple[float, ...]


class Asked:
    """Questions that are answered by yes or no, each asked once.

    Args:
        before: answers of the last run, by the digest of what was asked.
        keep: keeps those of this one.
    """

    def __init__(self, before: Mapping[bytes, bool], keep: Callable[[Arrays], None]) -> None:
        self._before, self._keep = before, keep
        self._said: dict[bytes, bool] = {}

    def of(self, name: bytes, find: Callable[[], bool]) -> bool:
        """The answer to one question, by its digest."""
        if name not in self._said:
            known = self._before.get(name)
            self._said[name] = find() if known is None else known
        return self._said[name]

    def keep(self) -> None:
        """Keep all that was asked, if there is more of it than before."""
        if self._said.keys() - self._before.keys():
            names = np.frombuffer(b"".join(self._said), dtype=np.uint8)
            self._keep({"of": names, "said": np.array(list(self._said.values()), dtype=bool)})


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
        self, step: str, made_from: JSON, count: int, names: Iterable[bytes], find: Callable[[Sequence[int]], Lines]
    ) -> Lines:
        """What ``step`` finds of each row, one line a row in every part; only the rows that are new are looked at.

        Args:
            step: its name.
            made_from: what it depends on beside the row.
            count: how many rows there are.
            names: a digest of each row, all of one length.
            find: is asked for the rows at these positions; what it says of one must not hang on the others.
        """
        if self._folder is None or count > MOST:
            return find(range(count))
        rows = list(names)
        every = b"".join(rows)
        known = self.look_up(step, made_from)
        if known is None:
            found = find(range(count))
        else:
            held = known.pop(_ROWS)
            at = _places(rows, every, held)
            new = np.flatnonzero(at < 0)
            lines = _lines_of(known)
            if not len(new) and len(at) == len(held):
                return lines if np.array_equal(at, np.arange(len(held))) else {n: p[at] for n, p in lines.items()}
            at[new] = len(held) + np.arange(len(new))
            more = find(new.tolist()) if len(new) else {name: part[:0] for name, part in lines.items()}
            found = {name: _joined(part, more[name]) for name, part in lines.items()}
            if not np.array_equal(at, np.arange(len(held) + len(new))):
                found = {name: part[at] for name, part in found.items()}
        whole: Arrays = {_ROWS: np.frombuffer(every, dtype=np.uint8).reshape(count, -1 if count else DIGEST)}
        for name, part in found.items():
            whole |= {name: part.values, name + _SIZES: part.sizes} if isinstance(part, Ragged) else {name: part}
        self.keep(step, made_from, whole)
        return found

    def by_blocks(
        self, step: str, key: bytes, rows: list[Any], find: Callable[[Sequence[int]], list[bytes]]
    ) -> list[bytes]:
        """What ``step`` finds of each row; blocks of rows that are those of the last run, in its order, are taken over.

        Args:
            step: its name.
            key: the project key.
            rows: of each all that the finding depends on, as plain values.
            find: is asked for the rows at these positions; what it says has one length, and hangs on the row alone.
        """
        if self._folder is None or len(rows) > MOST:
            return find(range(len(rows)))
        starts = range(0, len(rows), _OF_A_BLOCK)
        parts = [marshal.dumps(rows[at : at + _OF_A_BLOCK], _PLAINLY) for at in starts]
        names = [hashlib.blake2b(part, digest_size=DIGEST, key=key[:64]).digest() for part in parts]
        known = self.look_up(step, None)
        held, before = ([], []) if known is None else (digests(known["found"]), digests(known["blocks"]))
        found: list[bytes] = []
        for at, name, known_as in zip_longest(starts, names, before[: len(names)]):
            one = slice(at, at + _OF_A_BLOCK)
            found += held[one] if name == known_as else find(range(len(rows))[one])
        if names != before:
            lines = np.frombuffer(b"".join(found), dtype=np.uint8).reshape(len(found), -1 if found else DIGEST)
            self.keep(step, None, {"found": lines, "blocks": np.frombuffer(b"".join(names), dtype=np.uint8)})
        return found

    def asked(self, step: str, made_from: JSON) -> Asked:
        """What ``step`` was asked before, question by question."""
        known = self.look_up(step, made_from)
        before = {} if known is None else dict(zip(digests(known["of"]), known["said"].tolist(), strict=True))
        return Asked(before, lambda said: self.keep(step, made_from, said))

    def look_up(self, step: str, made_from: JSON) -> Arrays | None:
        """What is kept of this, if it is: arrays that lie on the disk until they are read."""
        if self._folder is None:
            return None
        try:
            return _read(self._folder / step, self._key(made_from))
        except (OSError, ValueError, TypeError, KeyError):
            return None  # something of it is gone, or is not what was written: it is found out again

    def keep(self, step: str, made_from: JSON, found: Mapping[str, npt.NDArray[Any]]) -> None:
        """Keep it in place of what the step kept before; where there is no room for it, nothing is kept."""
        if self._folder is not None:
            at = self._folder / step
            with contextlib.suppress(StorageError, OSError):
                if at.is_dir():  # as an earlier strop kept it
                    shutil.rmtree(at)
                _write(at, self._key(made_from), found)

    def _key(self, made_from: JSON) -> str:
        return hashlib.sha256(canonical([self._code, *_versions(), made_from])).hexdigest()


def digest(key: bytes, *parts: object) -> bytes:
    """What stands for a row, or a part of it: plain values, told apart by how Python writes them."""
    written = repr(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(written, digest_size=DIGEST, key=key[:64]).digest()


def digests(held: npt.NDArray[Any]) -> list[bytes]:
    """The digests, or other bytes of one length, that an array holds one a line, or one after another."""
    data, width = held.tobytes(), held.shape[1] if held.ndim > 1 else DIGEST
    return [data[start : start + width] for start in range(0, len(data), width)]


@cache
def _versions() -> tuple[str, ...]:
    return sys.version, *(importlib.metadata.version(package) for package in _PACKAGES)


def _write(path: Path, key: str, found: Mapping[str, npt.NDArray[Any]]) -> None:
    """A line that says whose it is and what follows, the arrays, and a hash of it all."""
    arrays = {name: np.ascontiguousarray(part) for name, part in found.items()}
    parts = [[name, part.dtype.str, part.shape] for name, part in arrays.items()]
    pieces = [np.frombuffer(canonical([key, parts]) + b"\n", dtype=np.uint8)]
    pieces += [part.reshape(-1).view(np.uint8) for part in arrays.values()]
    durable.make_folder(path.parent)
    with durable.new_file(path, lasting=False) as stream:
        for piece in pieces:
            stream.write(piece.data)
            stream.write(bytes(-len(piece) % _ALIGNED))
        stream.write(_seal(pieces))


def _read(path: Path, key: str) -> Arrays | None:
    """The arrays that were written under this key; None where another was. ValueError where a byte has changed."""
    with path.open("rb") as stream:
        first = stream.readline()
    whose, parts = json.loads(first)
    if whose != key:
        return None
    data = np.memmap(path, dtype=np.uint8, mode="r")
    found: Arrays = {}
    pieces = [np.frombuffer(first, dtype=np.uint8)]
    at = len(first) + -len(first) % _ALIGNED
    for name, kind, shape in parts:
        found[name] = np.frombuffer(data, dtype=kind, count=math.prod(shape), offset=at).reshape(shape)
        pieces.append(found[name].reshape(-1).view(np.uint8))
        at += len(pieces[-1]) + -len(pieces[-1]) % _ALIGNED
    if data[at:].tobytes() != _seal(pieces):
        raise ValueError
    return found


def _seal(pieces: Sequence[npt.NDArray[np.uint8]]) -> bytes:
    """A hash of the sums of all blocks, as numbers of 64 bits: any other byte gives another one, in a tenth of the time
    that a hash of all bytes takes."""
    hasher = hashlib.sha256()
    for piece in pieces:
        whole = len(piece) - len(piece) % _BLOCK
        blocks = piece[:whole].view(np.uint64).reshape(-1, _BLOCK // 8)
        hasher.update(blocks.sum(axis=1, dtype=np.uint64).data)
        hasher.update(piece[whole:].data)
        hasher.update(len(piece).to_bytes(8))
    return hasher.digest()


def _lines_of(arrays: Arrays) -> Lines:
    return {
        name: Ragged(part, arrays[name + _SIZES]) if name + _SIZES in arrays else part
        for name, part in arrays.items()
        if not name.endswith(_SIZES)
    }


def _joined(one: Any, other: Any) -> Any:
    if isinstance(one, Ragged):
        return Ragged.joined([one, other])
    return np.concatenate([one, other])


def _places(rows: Sequence[bytes], every: bytes, held: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Where each of these rows (``every``: one after another) stands among those that are held; -1: nowhere."""
    before = held.tobytes()
    if every.startswith(before):  # rows were added behind the others, as they mostly are
        return np.concatenate([np.arange(len(held)), np.full(len(rows) - len(held), -1)])
    width = held.shape[1]
    place = {before[start : start + width]: start // width for start in range(0, len(before), width)}
    return np.array([place.get(row, -1) for row in rows], dtype=np.int64)
