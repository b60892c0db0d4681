"""Forget: erase the text, block what was made with it, and search for what is left.

Artifacts first, tables last: killed anywhere, the records are still selected and the same call does the rest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from strop.lineage.planning import Plan, plan_for
from strop.lineage.proving import Proof, forms, holds, needles, prove
from strop.lineage.selecting import select
from strop.records import (
    JSON,
    Dataset,
    Decision,
    Example,
    Fault,
    Interaction,
    ItemResult,
    Judgement,
    LedgerLine,
    Listener,
    Progress,
    Record,
    Report,
    new_id,
    silent,
)
from strop.store import Store

FORGOTTEN = "[forgotten]"
KEPT = "kept"
"""Folder, beside unfinished work, of numbers that engines computed of the rows: not to be searched for words."""
VERDICTS = frozenset(
    {"good", "fix", "drop", "cannot_judge", "unsure", "left", "right", "same", "both_bad", "approve", "refuse"}
)
"""Words of a judgement's value that say nothing about anybody."""
R = TypeVar("R", bound=Record)


def forget(store: Store, folder: Path, selector: str, *, on_event: Listener = silent) -> tuple[Plan, Proof]:
    """Carry out the plan for ``selector`` on the state in ``folder`` (``.strop``); the plan and the search afterwards.

    Measured numbers stay; the text of the selected records, and every stored answer that quotes it, goes. Raises
    UnknownRecord and UserError as :func:`strop.lineage.select` does.
    """
    selected = select(store, selector)
    made, theirs = plan_for(store, selector, selected), set(selected.ids)
    pieces = needles(store, selected)
    _redact_datasets(store, set(made.datasets), set(selected.examples), pieces)
    _redact_reports(store, set(selected.examples), pieces, on_event)
    _erase_artifacts(store, pieces)
    _erase_work(folder / "work", pieces)
    spoken: list[Interaction | Judgement] = [*store.all(Interaction), *store.all(Judgement)]
    quoting = [record for record in spoken if record.id in theirs or _quotes(record, pieces)]
    redacted = [_without_words(record, selected.values) for record in quoting]
    store.erasure.erase(
        tuple(selected.examples), redacted, (*made.datasets, *made.candidates), request=new_id("forget")
    )
    return made, prove(store, folder, pieces)


def _redact_datasets(store: Store, datasets: set[str], gone: set[str], pieces: Sequence[str]) -> None:
    """Versions that set a row aside do not hold it, but their ledger and fault table may quote it."""
    for dataset in store.all(Dataset):
        places = _redact_faults(store, dataset.fault_table, gone, pieces)

        def plain(line: LedgerLine, places: set[tuple[str, int]] = places) -> LedgerLine:
            theirs = line.example in gone or (line.source, line.line) in places
            return line.model_copy(update={"detail": ""}) if theirs or _quotes(line, pieces) else line

        if dataset.id in datasets or places:
            _rewrite(store, dataset.ledger, LedgerLine, plain)
        if dataset.id in datasets:
            _rewrite(store, dataset.examples, Example, lambda row: None if row.id in gone else row)


def _redact_faults(store: Store, table: str, gone: set[str], pieces: Sequence[str]) -> set[tuple[str, int]]:
    """Leave out what a fault table says of the rows that go, and what it quotes of them; the places of those rows."""
    places = set[tuple[str, int]]()

    def without(fault: Fault) -> Fault | None:
        if fault.example in gone:
            places.add((fault.source, fault.line))
            return None
        return fault.model_copy(update={"evidence": ""}) if _quotes(fault, pieces) else fault

    _rewrite(store, table, Fault, without)
    return places


def _redact_reports(store: Store, gone: set[str], pieces: Sequence[str], on_event: Listener) -> None:
    def without(item: ItemResult) -> ItemResult:
        if item.example not in gone and not _quotes(item, pieces):
            return item
        if item.label is not None:  # a label of the task, which nobody owns; a verdict is recomputed from it
            return item
        answer = FORGOTTEN if item.answer.strip() else ""
        return item.model_copy(update={"answer": answer, "gold": None, "drawn": ()})

    judged = [report.items for report in store.all(Report)]
    judged += [items for decision in store.all(Decision) for items in (decision.swapped, decision.constant)]
    for number, items in enumerate(judged):
        on_event(Progress(task="searching reports", done=number, total=len(judged), unit="reports"))
        _rewrite(store, items, ItemResult, without)
    on_event(Progress(task="searching reports", done=len(judged), total=len(judged), unit="reports"))


def _rewrite(store: Store, artifact: str, record_class: type[R], change: Callable[[R], R | None]) -> None:
    """Put another artifact in an artifact's place when ``change`` changes a line of it (None: leaves it out)."""
    if not artifact or not store.artifacts.has(artifact):
        return
    old = store.artifacts.read_jsonl(artifact, record_class)
    new = [changed for line in old if (changed := change(line)) is not None]
    if new != old:
        store.artifacts.redact(artifact, store.artifacts.put_jsonl(new))


def _erase_artifacts(store: Store, pieces: Sequence[str]) -> None:
    """What still holds the text word for word: an adapter that stored its rows, a file of corrections.

    An adapter that only learned from the text is blocked, and stays until it is replaced.
    """
    for artifact in store.artifacts.all():
        if _anywhere(store.artifacts.path(artifact), pieces):
            store.artifacts.redact(artifact, None)


def _erase_work(folder: Path, pieces: Sequence[str]) -> None:
    """Checkpoints of unfinished work that hold the text: that work starts again. What was computed of rows goes too."""
    shutil.rmtree(folder / KEPT, ignore_errors=True)
    for work in folder.glob("*"):
        if work.is_dir() and _anywhere(work, pieces):
            shutil.rmtree(work)


def _anywhere(place: Path, pieces: Sequence[str]) -> bool:
    return any(holds(path, pieces) for path in (place, *place.rglob("*")) if path.is_file())


def _quotes(record: Record, pieces: Sequence[str]) -> bool:
    """Also of others: the answer of a model that learned the text may repeat it."""
    data = record.model_dump_json().encode("utf-8")
    return any(form in data for piece in pieces for form in forms(piece))


def _without_words(record: Interaction | Judgement, values: Sequence[str]) -> Interaction | Judgement:
    """Without its words. Of a request stay arm, time and label; of a judgement a rating, a verdict, an outcome."""
    if isinstance(record, Interaction):
        worded = record.answer is not None and record.label is None
        answer = FORGOTTEN if worded else record.answer
        return record.model_copy(update={"messages": (), "answer": answer, "session": None})
    value = None if record.kind in ("comment", "correction") else _wordless(record.value)
    update: dict[str, JSON] = {"value": value, "comment": "", "by": FORGOTTEN if record.by in values else record.by}
    return record.model_copy(update=update)


def _wordless(value: JSON) -> JSON:
    """Numbers, and single words as verdicts and sides are; None in place of text."""
    if isinstance(value, dict):
        return {key: kept for key, inner in value.items() if (kept := _wordless(inner)) is not None}
    if isinstance(value, str):
        return value if value in VERDICTS else None
    return value if isinstance(value, bool | int | float) else None
