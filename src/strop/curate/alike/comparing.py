"""When two rows are the same: it depends on what the task's answers are.

A label repeats by nature, so rows of a closed set of answers are compared by what they ask. Free answers may differ for
one question, and questions made from one template are alike by nature: there the question and the answer must both be
repeated. Shingles find the candidates; whether they differ by noise or by content is decided word by word.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Protocol

from strop.curate.alike.alignment import bare, difference, lines_of
from strop.curate.attributes import attributes
from strop.curate.drafts import Draft
from strop.curate.kept import Asked, digest
from strop.measure.alike.near import Pair, shingles
from strop.measure.alike.near import canonical_text as folded
from strop.records import Kind

SHORT: Final = 160
"""Characters up to which a lost word lowers the similarity so much that candidates are looked for further down."""
CLOSED: Final[frozenset[Kind]] = frozenset({"classification", "extraction"})
"""Kinds where one question has one right answer: two answers to it contradict each other."""


class Resemblances(Protocol):
    """The similar pairs among all rows of a run."""

    def short(self, rows: Sequence[Draft]) -> list[int]:
        """Positions of the rows whose texts a lost word makes much less similar."""

    def pairs(self, rows: Sequence[Draft], against: Sequence[Draft] | None, threshold: float) -> list[Pair] | None:
        """Those among these rows, at least all that may be alike; None where nothing is known of them."""


class Comparison:
    """How rows of one kind are compared; ``threshold`` is the shingle similarity from which texts repeat each other.

    ``resembling``: the similar pairs among all rows, where they were looked for together; ``known``: which rows were
    found alike before.
    """

    def __init__(self, kind: Kind, threshold: float) -> None:
        self.resembling: Resemblances | None = None
        self.known: Asked | None = None
        self.kind = kind
        self.threshold = threshold
        self.closed = kind in CLOSED

    def question(self, row: Draft) -> bytes:
        """What identical questions share (a hash of it, kept with the row)."""
        row.asks = row.asks or _hashed(self._question(row))
        return row.asks

    def answer(self, row: Draft) -> bytes:
        """What identical answers share, in the same way."""
        row.says = row.says or _hashed(self._answer(row))
        return row.says

    def _question(self, row: Draft) -> str:
        """Attributes are one question in any order; code keeps case and indentation."""
        if self.kind == "code":
            return f"{row.system or ''}\n{row.asked}".strip()
        given = attributes(row.input) if self.kind == "generation" else {}
        if given and len(row.turns) == 1:
            return "\n".join(sorted(f"{folded(key)}: {folded(value)}" for key, value in given.items()))
        return folded(self.asked(row))

    def _answer(self, row: Draft) -> str:
        if self.kind == "extraction":
            try:
                return json.dumps(json.loads(row.answer), sort_keys=True, ensure_ascii=False)
            except (ValueError, RecursionError):
                pass
        return row.answer.strip() if self.kind == "code" else folded(row.answer)

    def asked(self, row: Draft) -> str:
        """The question as written, with the row's own system message."""
        return row.asked if row.system is None else f"{row.system}\n{row.asked}"

    def text(self, row: Draft) -> str:
        """What candidates are looked for in: the question's words, and the answer where answers are free."""
        words = " ".join(bare(self.asked(row)))
        return words if self.closed else f"{words}\n{row.answer}"

    def repeats(self, one: Draft, other: Draft) -> bool:
        """Whether two rows with similar texts are the same row: question and answer of one repeat the other's."""
        if self.closed:
            return self.answer(one) == self.answer(other) and self._ask_alike(one, other)
        return self.same_question(one, other) and self._alike("answer", one, other, lambda row: row.answer)

    def leaks(self, one: Draft, other: Draft) -> bool:
        """Whether one row gives the other's answer away: it asks nearly the same, and closed answers are the same."""
        return self.repeats(one, other) if self.closed else self.same_question(one, other)

    def same_question(self, one: Draft, other: Draft) -> bool:
        """Whether two rows ask the same, up to noise."""
        if self.question(one) == self.question(other):
            return True
        if attributes(one.input) or attributes(other.input):
            return False  # other values, another question
        return self._ask_alike(one, other)

    def _ask_alike(self, one: Draft, other: Draft) -> bool:
        return self._alike("question", one, other, self.asked)

    def _alike(self, what: str, one: Draft, other: Draft, text: Callable[[Draft], str]) -> bool:
        def find() -> bool:
            return self.alike(text(one), text(other))

        return find() if self.known is None else self.known.of(digest(b"", what, one.identity, other.identity), find)

    def alike(self, one: str, other: str) -> bool:
        """Whether two texts differ by noise, or little and without other content in its place.

        Texts of as many lines are compared line by line: one line exchanged is a slot of a form filled otherwise.
        """
        if folded(one) == folded(other):
            return True
        left, right = lines_of(one), lines_of(other)
        if len(left) == len(right) > 1:
            return all(self.alike(mine, theirs) for mine, theirs in zip(left, right, strict=True))
        found = difference(one, other)
        return found.is_noise or (not found.is_content and similarity(one, other) >= self.threshold)


def _hashed(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of two texts' shingles."""
    left, right = _shingles(one), _shingles(other)
    return len(left & right) / max(1, len(left | right))


@lru_cache(maxsize=4096)
def _shingles(text: str) -> frozenset[str]:
    return shingles(text)
