"""What curation gives: rows by split, the ledger of every raw row, and the faults that were found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from strop.curate.drafts import Draft
from strop.records import JSON, Action, Example, Kind, LedgerLine, Reason, Record, RowCounts, Split

_LEDGER_FIELDS = set(LedgerLine.model_fields)


class Fault(Record):
    """One line of the fault table: ``score`` in [0, 1], lower is worse; ``related``: rows it repeats or contradicts."""

    source: str
    line: int
    fault: Reason
    score: float
    evidence: str = ""
    related: tuple[str, ...] = ()


@dataclass(frozen=True)
class Curated:
    """A dataset version before it is stored. Its counts are the ledger's and the fault table's, never kept apart."""

    examples: dict[str, Example]
    splits: dict[Split, tuple[str, ...]]
    ledger: list[LedgerLine]
    fault_table: list[Fault]
    personal_data: dict[str, int]
    leakage: dict[str, JSON]
    labels: tuple[str, ...]
    system: str | None
    kind: Kind
    recipe: dict[str, JSON]

    @property
    def rows(self) -> RowCounts:
        """Rows by what became of them."""
        actions = Counter(line.action for line in self.ledger)
        return RowCounts(
            read=len(self.ledger),
            kept=actions["kept"],
            held_out=actions["held_out"],
            dropped=actions["dropped"],
            quarantined=actions["quarantined"],
        )

    @property
    def reasons(self) -> dict[str, int]:
        """Rows by reason, sorted by name."""
        return reasons(self.ledger)

    @property
    def faults(self) -> dict[str, int]:
        """Faults by kind, sorted by name, whether or not the row left for them."""
        return dict(sorted(Counter(fault.fault for fault in self.fault_table).items()))


def reasons(ledger: Iterable[LedgerLine]) -> dict[str, int]:
    """Rows by reason, sorted by name."""
    return dict(sorted(Counter(line.reason for line in ledger if line.reason is not None).items()))


class Book:
    """The ledger while it is written: each raw row once."""

    def __init__(self) -> None:
        self.lines: list[LedgerLine] = []
        self.faults: list[Fault] = []

    def close(
        self,
        row: Draft,
        action: Action,
        reason: Reason | None = None,
        *,
        example: str | None = None,
        of: str | None = None,
        detail: str = "",
    ) -> None:
        """Write what became of a row."""
        self.lines.append(
            LedgerLine.model_construct(
                _LEDGER_FIELDS,
                source=row.source,
                line=row.line,
                action=action,
                reason=reason,
                example=example,
                of=of,
                detail=detail,
            )
        )

    def fault(self, row: Draft, fault: Reason, score: float, evidence: str = "", related: Iterable[str] = ()) -> None:
        """Note a fault, whether or not the row leaves for it."""
        self.faults.append(
            Fault(source=row.source, line=row.line, fault=fault, score=score, evidence=evidence, related=tuple(related))
        )

    def ordered(self, sources: Iterable[str]) -> list[LedgerLine]:
        """The lines in the order of the sources and their rows."""
        rank = {name: number for number, name in enumerate(sources)}
        return sorted(self.lines, key=lambda line: (rank[line.source], line.line))
