"""Examples of each fault of a dataset version: what became of such rows, what to do about them, and what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strop.curate import is_judged
from strop.curate.drafts import REMEDIES
from strop.records import Dataset, Fault, LedgerLine
from strop.web.context import Context

TEXT_SHOWN = 240
"""Characters of a row's text."""
_NOTHING: Mapping[str, str] = {
    "exact_duplicate": "nothing: one copy stays",
    "near_duplicate": "nothing: one of them stays",
    "leaks_evaluation": "nothing: the row that it gives away stays held out",
    "imbalance": "gather rows of the rare ones",
    "outlier": "look whether it belongs to the task: strop review rows",
    "paraphrase_duplicate": "look whether both are needed: strop review rows",
}


@dataclass(frozen=True)
class FaultyRow:
    """A row with a fault, ready to print; ``other`` is what the row at ``related`` says."""

    place: str
    asked: str
    answer: str
    because: str
    related: str
    other: str


@dataclass(frozen=True)
class FaultyRows:
    """Examples of one fault; ``became``: what all rows with it became, ``remedy``: what a person does about them."""

    fault: str
    total: int
    became: str
    remedy: str
    rows: tuple[FaultyRow, ...]


def rows(subject: Dataset, context: Context) -> list[FaultyRows]:
    """Examples of each fault, the most frequent first; texts as short as a table bears."""
    found = context.fault_examples
    became = _became(context.faults, context.ledger)
    return [
        FaultyRows(
            name,
            subject.faults.get(name, len(found[name])),
            became.get(name, ""),
            _remedy(name, subject),
            tuple(
                FaultyRow(
                    one.fault.place,
                    _short(one.asked),
                    _short(one.answer),
                    one.fault.evidence,
                    ", ".join(one.fault.related[:1]),
                    _short(one.other),
                )
                for one in found[name]
            ),
        )
        for name in sorted(found, key=lambda name: (-subject.faults.get(name, 0), name))
    ]


def _became(faults: Iterable[Fault], ledger: Iterable[LedgerLine]) -> dict[str, str]:
    """Of each fault how many of its rows stay and how many are set aside, for whatever reason."""
    aside = {f"{line.source}:{line.line}": line.action for line in ledger if line.action in ("dropped", "quarantined")}
    counts: dict[str, Counter[str]] = {}
    for fault in faults:
        if fault.is_fault:
            counts.setdefault(fault.fault, Counter())[aside.get(fault.place, "stay")] += 1
    order = ("dropped", "quarantined", "stay")
    return {
        name: ", ".join(f"{count[action]:,} {action}" for action in order if count[action])
        for name, count in counts.items()
    }


def _remedy(fault: str, subject: Dataset) -> str:
    asked = subject.recipe.get("data")
    if fault == "personal_data" and isinstance(asked, Mapping) and asked.get("personal_data") == "mask":
        return "nothing: it is replaced"
    told = _NOTHING.get(fault) or next((told for reason, told in REMEDIES.items() if reason == fault), "")
    judged = is_judged(fault, subject.kind) and "review rows" not in told
    return f"{told}; strop review rows asks about each" if judged else told


def _short(text: str) -> str:
    """In one line, cut where a table bears no more."""
    line = " ".join(text.split())
    return line if len(line) <= TEXT_SHOWN else f"{line[:TEXT_SHOWN]}…"
