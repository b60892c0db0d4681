"""Examples of each fault of a dataset version, with the text of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strop import curate
from strop.project import known_names
from strop.project.clean import masked_as_now
from strop.project.opened import Opened
from strop.project.rows.doubtful import found_lines
from strop.records import Dataset, Fault, LedgerLine, Record

SHOWN = 3
"""Examples of each fault."""
UNMASKED = "(found before personal data was masked as now: strop curate)"
"""Stands in place of what a fault quotes from a row."""
_MOST = 100_000
"""Rows up to which sources are read again for a page."""


class FaultExample(Record):
    """A row with a fault: what it asks and its answer, masked; and the row that it repeats or contradicts (``other``).

    Of a sealed test row, and of what repeats one or gives it away, its id stands in place of the texts.
    Texts are empty where the file has changed since, or holds a row that was forgotten.
    """

    fault: Fault
    asked: str = ""
    answer: str = ""
    other: str = ""


def fault_examples(project: Opened, dataset: Dataset) -> dict[str, list[FaultExample]]:
    """The worst rows of each fault, by name of the fault; from the store where they stayed, else from their files.

    Rows whose texts would show a sealed one come last: an example that says nothing is none.
    """
    sealed = _sealed(project, dataset)

    def order(fault: Fault) -> tuple[str, bool, float]:
        return fault.fault, any(place in sealed for place in (fault.place, *fault.related)), fault.score

    worst: dict[str, list[Fault]] = {}
    for fault in sorted(found_lines(project, dataset), key=order):
        if len(worst.setdefault(fault.fault, [])) < SHOWN:
            worst[fault.fault].append(fault)
    chosen = [fault for faults in worst.values() for fault in faults]
    if not masked_as_now(project, dataset):
        chosen = [fault.model_copy(update={"evidence": UNMASKED}) for fault in chosen]
    texts = _texts(project, dataset, chosen)
    found: dict[str, list[FaultExample]] = {name: [] for name in worst}
    for fault in chosen:
        found[fault.fault].append(_example(fault, texts, sealed))
    return found


def _sealed(project: Opened, dataset: Dataset) -> dict[str, str]:
    """Of rows whose text would show a sealed test row what stands in its place, by place: of the row itself, of what
    repeats it or gives it away, and of copies of that."""
    lines = list(project.store.artifacts.read_jsonl(dataset.ledger, LedgerLine))
    found = {
        f"{line.source}:{line.line}": f"sealed test row {line.example}" for line in lines if line.reason == "split_test"
    }
    for _ in range(2):
        found |= {
            f"{line.source}:{line.line}": f"beside the {found[line.of].removeprefix('beside the ')}"
            for line in lines
            if line.of in found
        }
    return found


def _texts(project: Opened, dataset: Dataset, chosen: Sequence[Fault]) -> dict[str, curate.Quote]:
    """What the rows say, by place."""
    if project.store.erasure.when([dataset.id]):
        return {}  # the files may still hold what was to be forgotten
    rows = project.store.examples_by_id(fault.example for fault in chosen if fault.example is not None)
    hide = known_names.masker(project)  # the version may have kept what is masked now

    def masked(text: str) -> str:
        return text if hide is None else hide.mask(text).text

    stored = {
        fault.place: curate.Quote(
            masked(row.input), row.reference or "" if dataset.kind == "classification" else masked(row.reference or "")
        )
        for fault in chosen
        if fault.example is not None and (row := rows.get(fault.example)) is not None
    }
    wanted = {place for fault in chosen for place in (fault.place, *fault.related[:1])} - stored.keys()
    if dataset.rows.read > _MOST:
        return stored
    sources = dataset.recipe.get("sources", [])
    return curate.quotes(project.settings, project.folder, project.store.key, sources, wanted) | stored


def _example(fault: Fault, texts: dict[str, curate.Quote], sealed: Mapping[str, str]) -> FaultExample:
    if of := [sealed[place] for place in (fault.place, *fault.related) if place in sealed]:
        return FaultExample(fault=fault, asked=f"({of[0]})")
    quote, other = texts.get(fault.place), texts.get(fault.related[0]) if fault.related else None
    told = f"{other.asked} → {other.answer}" if other is not None else ""
    return FaultExample(
        fault=fault, asked=quote.asked if quote else "", answer=quote.answer if quote else "", other=told
    )
