"""A row on its way through curation, and why a row leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from strop.curate import lines
from strop.records import JSON, Beside, Example, Message, Origin, Reason, Role, Split, identity_of

# One set for all rows: each record would carry its own otherwise, as large as the record.
_EXAMPLE_FIELDS, _MESSAGE_FIELDS, _ORIGIN_FIELDS = (set(made.model_fields) for made in (Example, Message, Origin))


REMEDIES: dict[Reason, str] = {
    "malformed": "mend that row",
    "empty": "ask something in it, or take it out",
    "no_answer": "give it its answer, or take it out",
    "too_long": "shorten it, or raise data.max_tokens",
    "conflicting_answers": "keep the row with the right answer only",
    "personal_data": "take it out of the row, or set data.personal_data: mask",
    "label_suspect": "give it the right label, or name its label in task.labels",
    "garbage": "mend its text, or take it out",
    "truncated": "complete it, or take it out",
    "wrong_language": "translate it, or take it out",
    "off_topic": "take it out, if it is none of this task's",
    "unsupported_answer": "mend its answer",
    "style_break": "mend its answer by the style guide",
}
"""What to do about a row that is set aside, by reason."""


def names(rows: Iterable[Draft]) -> Iterator[bytes]:
    """What findings about rows are kept under: their identities."""
    return map(str.encode, map(attrgetter("identity"), rows))


def numbers_of(rows: Sequence[Draft]) -> npt.NDArray[np.int64]:
    """Their places in the run."""
    return np.fromiter(map(attrgetter("number"), rows), np.int64, len(rows))


class RowProblem(Exception):
    """This row cannot be used: the ledger's reason, a sentence on this row, where in it, and what to do."""

    def __init__(self, reason: Reason, detail: str, *, column: str = "", remedy: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.column = column
        self.remedy = remedy or REMEDIES.get(reason, "")


@dataclass(slots=True)
class Draft:
    """One row while it is worked on.

    ``fixed`` is the split that its source or the sealed test set gives it, ``sealed`` that only the latter does,
    ``before`` its split in the last version, ``reviewed`` that a person stands for its answer, ``number`` its place in
    the run; ``asks`` and ``says`` stand for its question and answer where rows are compared (see ``comparing``).
    """

    source: str
    line: int
    fixed: Split | None
    turns: tuple[tuple[Role, str], ...]
    reference: str | None
    expect: dict[str, JSON] = field(default_factory=dict)
    context: tuple[str, ...] = ()
    slices: dict[str, str] = field(default_factory=dict)
    group: str | None = None
    time: str | None = None
    name: str | None = None
    people: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    identity: str = ""
    judgement: str | None = None
    number: int = -1
    before: Split | None = None
    reviewed: bool = False
    sealed: bool = False
    asks: bytes = b""
    says: bytes = b""

    @property
    def place(self) -> str:
        """``source:line``, as the ledger and messages name the row."""
        return f"{self.source}:{self.line}"

    @property
    def input(self) -> str:
        """The last user turn."""
        return next((text for role, text in reversed(self.turns) if role == "user"), "")

    @property
    def system(self) -> str | None:
        """The row's system message."""
        return self.turns[0][1] if self.turns and self.turns[0][0] == "system" else None

    @property
    def answer(self) -> str:
        """The reference, "" where there is none."""
        return self.reference or ""

    @property
    def asked(self) -> str:
        """Everything that distinguishes the question: all turns but the system's, documents included."""
        return "\n".join(text for role, text in self.turns if role != "system")

    def without_system(self, shared: str) -> None:
        """Drop a system message that is the task's, not the row's own."""
        if self.system == shared:
            self.turns = self.turns[1:]

    def identity_by(self, key: bytes) -> str:
        """The identity of the row as it is now."""
        return identity_of(key, self.turns, self.reference, self.expect, self.context)

    def identify(self, key: bytes) -> None:
        """Fix the identity: the row's content does not change from here on."""
        self.says = b""
        self.identity = self.identity_by(key)

    def beside(self) -> Beside:
        """What a version knows of the row beside its content. One that was made of a correction names it."""
        by, name = self.judgement, self.name
        if name is not None and name.startswith("jdg_"):
            by = name
        return self.source, self.line, by, self.slices, self.group, self.time, name

    def to_json(self) -> str:
        """The frozen row as JSON, as :meth:`to_example` would be written, without making it."""
        return lines.row(self.identity, self.turns, self.reference, self.expect, self.context, self.beside())

    def to_example(self) -> Example:
        """The frozen row."""
        source, line, judgement, slices, group, time, name = self.beside()
        return Example.made_of(
            {
                "id": self.identity,
                "messages": tuple(
                    Message.made_of({"role": role, "content": text}, _MESSAGE_FIELDS) for role, text in self.turns
                ),
                "reference": self.reference,
                "expect": self.expect,
                "context": self.context,
                "slices": slices,
                "group": group,
                "time": time,
                "name": name,
                "origin": Origin.made_of({"source": source, "line": line, "judgement": judgement}, _ORIGIN_FIELDS),
            },
            _EXAMPLE_FIELDS,
        )
