"""What rows are compared by where leaks are looked for: of each row what hangs on it alone, so it is found out once.

No text is among it: words are numbers of 32 bits, and letters hashes, by which equal ones can be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strop.curate.alike.comparing import Comparison
from strop.curate.attributes import attributes
from strop.curate.drafts import Draft, names, numbers_of
from strop.curate.kept import DIGEST, Kept, digest
from strop.measure.alike.disguised import Consonants, consonants
from strop.measure.alike.quoted import Hashes, numbered, words_of
from strop.measure.alike.ragged import Ragged

_LONGEST: Final = 100_000_000
"""Characters of all rows up to which their traits are kept: these take as much room as the texts."""
_AT_ONCE: Final = 10_000
Numbers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


class Traits(NamedTuple):
    """Of each row, in every part:

    - what its question and its answer share with equal ones (rows × 16 bytes each);
    - the words of its question, with the row's own instruction, and those of its question and answer; how many of
      these are the question's, and their letters; whether the question is made of attributes;
    - the consonants of its question (see ``measure.alike.disguised``).
    """

    question: Bytes
    answer: Bytes
    asked: Ragged
    said: Ragged
    spoken: Numbers
    letters: Numbers
    form: npt.NDArray[np.bool_]
    skeleton: Hashes
    consonants: Ragged

    def of(self, rows: Sequence[int] | Numbers) -> Traits:
        """Those of the rows at these positions."""
        parts: Sequence[Any] = self
        return Traits(*(part[np.asarray(rows, dtype=np.int64)] for part in parts))

    @property
    def labels(self) -> Hashes:
        """A number for each answer."""
        return np.ascontiguousarray(self.answer[:, :8]).view(np.uint64)[:, 0]

    @property
    def disguise(self) -> Consonants:
        """What disguises are told by."""
        return Consonants(self.skeleton, self.consonants)


class Seen(NamedTuple):
    """Rows with what they are compared by."""

    rows: Sequence[Draft]
    traits: Traits


class Table:
    """All rows of a run with their traits; those of a row that the last run had are not found out again.

    Args:
        rows: all rows, with their identities.
        compare: how rows are compared.
        kept: what was found out before.
        key: the project key.
    """

    def __init__(self, rows: Sequence[Draft], compare: Comparison, kept: Kept, key: bytes) -> None:
        if sum([len(text) for row in rows for _, text in row.turns]) > _LONGEST:
            kept = Kept()
        found = kept.of_rows(
            "traits",
            compare.kind,
            len(rows),
            names(rows),
            lambda new: _in_parts([rows[number] for number in new], compare, key)._asdict(),
        )
        self._traits = Traits(**found)
        self._numbers = numbers_of(rows)
        for row, asks, says in zip(rows, _each(self._traits.question), _each(self._traits.answer), strict=True):
            row.asks, row.says = asks, says

    def places(self, rows: Sequence[Draft]) -> Numbers:
        """Where some of the rows stand among all."""
        return np.searchsorted(self._numbers, numbers_of(rows))

    def seen(self, rows: Sequence[Draft], places: Numbers) -> Seen:
        """Some of the rows, by where they stand among all."""
        return Seen(rows, self._traits.of(places))


def traits(rows: Sequence[Draft], compare: Comparison, key: bytes = b"") -> Traits:
    """The traits of any rows.

    Args:
        rows: they.
        compare: how rows are compared.
        key: the project key, so that no text can be guessed from what stands for it.
    """
    secret = key[:64]
    questions = [words_of(row.asked) for row in rows]
    asked = [compare.asked(row) for row in rows]
    hidden = consonants(asked, secret)
    return Traits(
        question=_lines([digest(key, compare.question(row)) for row in rows]),
        answer=_lines([digest(key, compare.answer(row)) for row in rows]),
        asked=numbered(
            [q if row.system is None else words_of(t) for row, q, t in zip(rows, questions, asked, strict=True)], secret
        ),
        said=numbered([q + words_of(row.answer) for row, q in zip(rows, questions, strict=True)], secret),
        spoken=np.array([len(words) for words in questions], dtype=np.int64),
        letters=np.array([sum(map(len, words)) for words in questions], dtype=np.int64),
        form=np.array([bool(attributes(row.input)) for row in rows], dtype=bool),
        skeleton=hidden.letters,
        consonants=hidden.words,
    )


def _in_parts(rows: Sequence[Draft], compare: Comparison, key: bytes) -> Traits:
    """Some thousand rows at a time: the words of a million rows are never all held as text."""
    parts = [traits(rows[start : start + _AT_ONCE], compare, key) for start in range(0, max(len(rows), 1), _AT_ONCE)]
    return Traits(*map(_joined, zip(*parts, strict=True)))


def _joined(parts: Sequence[Any]) -> Any:
    return Ragged.joined(parts) if isinstance(parts[0], Ragged) else np.concatenate(parts)


def _lines(digests: Sequence[bytes]) -> Any:
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(digests), DIGEST)


def _each(lines: Bytes) -> list[bytes]:
    held = lines.tobytes()
    return [held[start : start + DIGEST] for start in range(0, len(held), DIGEST)]
