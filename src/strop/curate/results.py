"""What curation gives: rows by split, the ledger of every raw row, and the faults that were found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

import numpy as np

from strop.curate.drafts import REMEDIES, Draft, RowProblem
from strop.curate.faults import DIGITS, Sign
from strop.curate.files.sources import Opened
from strop.curate.lines import Fields, Lines, fault_lines, ledger_lines
from strop.errors import InputError
from strop.records import JSON, Action, Beside, Example, Fault, Kind, LedgerLine, Reason, RowCounts, Split


class Rows(Mapping[str, Example]):
    """Examples by identity, each made when it is asked for: of a million rows few are held twice."""

    def __init__(self, drafts: Iterable[Draft]) -> None:
        self._drafts = {draft.identity: draft for draft in drafts}

    def __getitem__(self, identity: str) -> Example:
        return self._drafts[identity].to_example()

    def __contains__(self, identity: object) -> bool:
        return identity in self._drafts  # a mapping's own way would make the example

    def __iter__(self) -> Iterator[str]:
        return iter(self._drafts)

    def __len__(self) -> int:
        return len(self._drafts)

    def beside(self, identity: str) -> Beside:
        """What is known of a row beside its content."""
        return self._drafts[identity].beside()

    def line(self, identity: str) -> str:
        """A row as JSON."""
        return self._drafts[identity].to_json()


@dataclass(frozen=True)
class Curated:
    """A dataset version before it is stored. Its counts are the ledger's and the fault table's, never kept apart.

    ``left``: rows that were read whole and left, with why, in the order of their sources;
    ``waiting``: those of them that come back when a person says what is right; ``stored``: the examples, and these.
    ``unfilled``: of splits that were asked for and hold no row, which setting would fill them;
    ``names``: people's names that columns gave, sealed with the project key.
    """

    examples: Rows
    splits: dict[Split, tuple[str, ...]]
    ledger: Lines[LedgerLine]
    fault_table: Lines[Fault]
    personal_data: dict[str, int]
    leakage: dict[str, JSON]
    labels: tuple[str, ...]
    system: str | None
    kind: Kind
    recipe: dict[str, JSON]
    left: tuple[tuple[Reason, Draft], ...] = ()
    waiting: tuple[Example, ...] = ()
    unfilled: dict[Split, str] = field(default_factory=dict)
    stored: Rows = field(default_factory=lambda: Rows(()))
    names: tuple[str, ...] = ()

    @property
    def aside(self) -> tuple[tuple[Reason, Example], ...]:
        """The rows that left, for studies that ask what it changed."""
        return tuple((reason, row.to_example()) for reason, row in self.left)

    @property
    def rows(self) -> RowCounts:
        """Rows by what became of them."""
        actions = Counter(self.ledger.column("action"))
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
        return dict(sorted(Counter(filter(None, self.ledger.column("reason"))).items()))

    @property
    def faults(self) -> dict[str, int]:
        """Faults by kind, sorted by name, whether or not the row left for them."""
        found = zip(self.fault_table.column("fault"), self.fault_table.column("is_fault"), strict=True)
        return dict(sorted(Counter(fault for fault, is_fault in found if is_fault).items()))


class NothingLeft(InputError):
    """Every row left: ``ledger`` says of each why."""

    def __init__(self, source: str, ledger: Lines[LedgerLine]) -> None:
        self.ledger = ledger
        counted: Counter[Reason] = Counter(filter(None, ledger.column("reason")))
        told = ", ".join(f"{name} {count}" for name, count in counted.most_common())
        advice = dict.fromkeys(REMEDIES[reason] for reason, _ in counted.most_common() if reason in REMEDIES)
        remedy = "; ".join([f"of {len(ledger)} rows: {told}", *list(advice)[:2]])
        super().__init__("no row is left to train on", source=source, remedy=remedy)


_STAYS: Final[Mapping[Split, tuple[Action, Reason | None]]] = {
    "train": ("kept", None), "test": ("held_out", "split_test"), "validation": ("held_out", "split_validation"),
}  # fmt: skip
"""Action and reason of rows that stay."""


def _done_to(row: Draft) -> str:
    """What the ledger says of a row that stays."""
    if not row.masked and not row.judgement:
        return ""
    told = [f"masked: {', '.join(row.masked)}"] if row.masked else []
    return "; ".join([*told, *(["a person gave the answer"] if row.judgement else [])])


class Book:
    """The ledger while it is written: each raw row once."""

    def __init__(self) -> None:
        self._lines: list[Fields] = []
        self._aside: list[tuple[Reason, Draft]] = []
        self._waiting: list[Draft] = []
        self._faults: list[tuple[int, Reason, Draft, bool, Sign]] = []

    def close(
        self,
        row: Draft,
        action: Action,
        reason: Reason | None = None,
        *,
        example: str | None = None,
        of: str | None = None,
        detail: str = "",
        waits: bool = False,
    ) -> None:
        """Write what became of a row; ``waits``: it comes back when a person says what is right."""
        if waits:
            self._waiting.append(row)
            detail = f"waits for a person: {detail}"
        if reason is not None and action in ("dropped", "quarantined") and row.identity:
            self._aside.append((reason, row))
        remedy = REMEDIES[reason] if action == "quarantined" and reason in REMEDIES else ""
        self._lines.append((row.source, row.line, action, reason, example, of, detail, "", remedy))

    def stay(self, rows: Iterable[tuple[Draft, Split]]) -> None:
        """Write of rows that they stay, each in its split."""
        self._lines += [
            (row.source, row.line, *_STAYS[split], row.identity, None, _done_to(row), "", "") for row, split in rows
        ]

    def refuse(self, source: str, line: int, found: RowProblem) -> None:
        """Write that a row cannot be used."""
        told = found.detail, found.column, found.remedy
        self._lines.append((source, line, "quarantined", found.reason, None, None, *told))

    def counted(self) -> Counter[str]:
        """How many rows of each source are in it."""
        return Counter(map(itemgetter(0), self._lines))

    def fault(
        self,
        row: Draft,
        fault: Reason,
        score: float,
        evidence: str = "",
        related: Iterable[str] = (),
        *,
        is_fault: bool = True,
    ) -> None:
        """Note how a row stands with regard to a fault, whether or not it leaves for it."""
        self._faults.append((row.number, fault, row, is_fault, Sign(score, evidence, tuple(related))))

    def signs(self, rows: Sequence[Draft], fault: Reason, signs: Mapping[str, Sign], faulty: Container[str]) -> None:
        """Note the signs of a fault that rows show, by identity; ``faulty``: identities of those that have it."""
        self._faults += [
            (row.number, fault, row, row.identity in faulty, sign)
            for row in rows
            if (sign := signs.get(row.identity)) is not None
        ]

    def aside(self) -> tuple[tuple[Reason, Draft], ...]:
        """The rows that left after they were read whole, in the order of the sources and their rows."""
        return tuple(sorted(self._aside, key=lambda one: one[1].number))

    def waiting(self, but: Container[str]) -> list[Draft]:
        """The rows that wait for a person, in the order of the sources and their rows; each content once.

        Args:
            but: identities that stand in a split: what is the same as a row that stays needs no word of its own.
        """
        found = {row.identity: row for row in sorted(self._waiting, key=lambda row: row.number, reverse=True)}
        return sorted((row for row in found.values() if row.identity not in but), key=lambda row: row.number)

    def ordered(self, sources: Sequence[Opened]) -> Lines[LedgerLine]:
        """The lines in the order of the sources and their rows."""
        rank = {source.name: number for number, source in enumerate(sources)}
        return ledger_lines(sorted(self._lines, key=lambda line: (rank[line[0]], line[1])))

    def fault_table(self) -> Lines[Fault]:
        """The faults in the order of the rows; a row's identity, which it got on its way, is in each of its lines."""
        self._faults.sort(key=itemgetter(0, 1))
        scores = np.round([one[4].score for one in self._faults], DIGITS).tolist()
        return fault_lines([
            (row.source, row.line, row.identity or None, fault, is_fault, score, sign.evidence, sign.related)
            for (_, fault, row, is_fault, sign), score in zip(self._faults, scores, strict=True)
        ])  # fmt: skip
