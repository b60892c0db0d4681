"""Leave strop with data or a model: plain files that other tools read. No row leaves that still holds personal data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from strop import durable
from strop.errors import InputError, UserError
from strop.project.clean import only_clean_rows
from strop.project.export.weights import MODELS, Exported, export_model
from strop.project.making.preferring import paired
from strop.project.opened import Opened
from strop.records import JSON, Candidate, Dataset, Example, Record


def export(project: Opened, record: Record, to: str, path: Path, *, split: str | None) -> Exported:
    """Write ``record`` as ``to`` under ``path``.

    Raises:
        UserError: when the two do not fit, or when a row still holds personal data that is to be masked or refused.
    """
    if isinstance(record, Dataset) and to in DATA:
        if path.is_dir():
            raise InputError("is a folder", source=path, remedy="name a file")
        if split is not None and split not in record.splits:
            raise InputError(f"no split is called {split}", remedy=f"one of {', '.join(record.splits)}")
        rows = [
            row for name in ([split] if split else record.splits) for row in project.store.examples(record.id, name)
        ]
        if to == "preference":  # what a person corrected has its rejected answer where it was given
            rows = [_with_rejected(row, text) for row, text in paired(project, rows)]
        only_clean_rows(project, rows, record)
        lines = list(DATA[to](rows, record.system))
        if not lines:
            raise InputError(f"no row can be written as {to}", remedy=_NEEDS[to])
        durable.write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        return Exported(path=str(path))
    if isinstance(record, Candidate) and to in MODELS:
        only_clean_rows(project, project.shots_of(record), project.store.get(record.dataset, Dataset))
        return export_model(project, record, to, path)
    kind = type(record).__name__.lower()
    raise UserError(
        f"a {kind} cannot be exported as {to[:40]}",
        remedy=f"datasets: {', '.join(DATA)}; candidates: {', '.join(MODELS)}",
    )


def _with_rejected(row: Example, text: str) -> Example:
    return row if "rejected" in row.expect else row.model_copy(update={"expect": {**row.expect, "rejected": [text]}})


def _canonical(rows: Iterable[Example], system: str | None) -> Iterable[dict[str, JSON]]:
    """All that a row holds, so that reading it again gives the same row."""
    for row in rows:
        line: dict[str, JSON] = {"messages": [*_asked(row, system), *_said(row.reference)]}
        if row.expect:
            line["expect"] = row.expect
        if row.context:
            line["context"] = list(row.context)
        meta: dict[str, JSON] = {**row.slices, "id": row.name, "group": row.group, "time": row.time}
        if row.slices:
            meta["slices"] = dict(row.slices)
        if row.origin.judgement is not None:
            meta["reviewed"] = True
        line["meta"] = {key: value for key, value in meta.items() if value is not None}
        yield line


def _openai(rows: Iterable[Example], system: str | None) -> Iterable[dict[str, JSON]]:
    return ({"messages": [*_asked(row, system), *_said(row.reference)]} for row in rows if row.reference)


def _preference(rows: Iterable[Example], system: str | None) -> Iterable[dict[str, JSON]]:
    """A line for each answer that was rejected for the row's own."""
    for row in rows:
        rejected = row.expect.get("rejected")
        for text in rejected if row.reference and isinstance(rejected, list) else ():
            if isinstance(text, str) and text.strip():
                yield {"prompt": _asked(row, system), "chosen": _said(row.reference), "rejected": _said(text)}


def _asked(row: Example, system: str | None) -> list[JSON]:
    """The turns before the answer, led by the task's instruction where the row has none of its own."""
    own = [{"role": m.role, "content": m.content} for m in row.messages]
    return [{"role": "system", "content": system}, *own] if system and row.system is None else [*own]


def _said(answer: str | None) -> list[JSON]:
    return [{"role": "assistant", "content": answer}] if answer else []


DATA: dict[str, Callable[[Iterable[Example], str | None], Iterable[dict[str, JSON]]]] = {
    "jsonl": _canonical, "openai": _openai, "preference": _preference,
}  # fmt: skip
_NEEDS = {
    "jsonl": "the split has no rows",
    "openai": "each needs its answer",
    "preference": "each needs a rejected answer beside its own: rows of prompt, chosen and rejected, or corrections",
}
