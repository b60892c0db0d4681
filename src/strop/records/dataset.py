"""Dataset: an immutable version of the task's rows, with the ledger of every raw row."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from strop.records.base import JSON, Record
from strop.settings.schema import Kind, Reason, Split

__all__ = ["Action", "Dataset", "Fault", "LedgerLine", "Reason", "RowCounts"]
Action = Literal["kept", "held_out", "dropped", "quarantined"]


class LedgerLine(Record):
    """What became of one raw row; ``of`` names the row (``source:line``) that it repeats or contradicts.

    Of rows that cannot be used: ``column`` (a field's name, or the number of a character from 1; "" for the whole row)
    and ``remedy``.
    """

    source: str
    line: int
    action: Action
    reason: Reason | None = None
    example: str | None = None
    of: str | None = None
    detail: str = ""
    column: str = ""
    remedy: str = ""


class Fault(Record):
    """One line of the fault table: how a row stands with regard to one fault, and what that rests on.

    ``score`` lies in [0, 1], lower is worse; ``is_fault``: it lay below the threshold when the version was made. Rows
    without the fault are listed, too, where there is a score: so a threshold can be moved later without computing it
    again. ``related`` names rows (``source:line``) that this one repeats, contradicts or resembles; ``example`` is None
    for rows that left before they had an identity.
    """

    source: str
    line: int
    example: str | None = None
    fault: Reason
    is_fault: bool = True
    score: float
    evidence: str = ""
    related: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """``source:line``."""
        return f"{self.source}:{self.line}"

    def to_table(self) -> dict[str, JSON]:
        """As stored, and under the names that issue tables use: ``is_<fault>`` and ``<fault>_score``."""
        return self.to_json() | {f"is_{self.fault}": self.is_fault, f"{self.fault}_score": self.score}


class RowCounts(Record):
    """read = kept + held_out + dropped + quarantined."""

    read: int
    kept: int
    held_out: int
    dropped: int
    quarantined: int


class Dataset(Record):
    """An immutable version; ``examples``, ``ledger`` and ``fault_table`` are artifact hashes of JSONL files.

    ``waiting``: ids of rows that are set aside until a person says what is right of them; none is in a split. Versions
    that an older strop made have no fault table, and no row that waits. ``unfilled``: of a split that was asked for and
    holds no row, which setting would fill it, in words.
    """

    id: str
    kind: Kind
    system: str | None = None
    labels: tuple[str, ...] = ()
    splits: dict[Split, tuple[str, ...]]
    rows: RowCounts
    reasons: dict[str, int] = Field(default_factory=dict)
    faults: dict[str, int] = Field(default_factory=dict)
    personal_data: dict[str, int] = Field(default_factory=dict)
    leakage: dict[str, JSON] = Field(default_factory=dict)
    recipe: dict[str, JSON] = Field(default_factory=dict)
    examples: str
    ledger: str
    fault_table: str = ""
    waiting: tuple[str, ...] = ()
    unfilled: dict[Split, str] = Field(default_factory=dict)
    parent: str | None = None
    created: str

    @property
    def lacking(self) -> str:
        """Which rows it needs before anything can be learned from it and compared; "" where it has them."""
        if not self.splits.get("train"):
            return "rows to learn from"
        if self.kind == "classification" and len(self.labels) == 1:
            return f"rows of a second label: all have {self.labels[0][:60]!r}"
        if not self.splits.get("validation"):
            fills = self.unfilled.get("validation", "a larger data.splits.validation")
            return f"validation rows: more rows, a file of them, or {fills}"
        return ""
