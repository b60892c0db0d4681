"""Dataset: an immutable version of the task's rows, with the ledger of every raw row."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from strop.records.base import JSON, Record
from strop.settings.schema import Kind, Reason, Split

__all__ = ["Action", "Dataset", "LedgerLine", "Reason", "RowCounts"]
Action = Literal["kept", "held_out", "dropped", "quarantined"]


class LedgerLine(Record):
    """What became of one raw row; ``of`` names the row (``source:line``) that it repeats or contradicts."""

    source: str
    line: int
    action: Action
    reason: Reason | None = None
    example: str | None = None
    of: str | None = None
    detail: str = ""


class RowCounts(Record):
    """read = kept + held_out + dropped + quarantined."""

    read: int
    kept: int
    held_out: int
    dropped: int
    quarantined: int


class Dataset(Record):
    """An immutable version; ``examples`` and ``ledger`` are artifact hashes of JSONL files."""

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
    parent: str | None = None
    created: str
