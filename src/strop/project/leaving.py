"""Leave strop with data or a model: plain files that other tools read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from strop import durable
from strop.errors import InputError, UserError
from strop.project.opened import Opened
from strop.project.weights import MODELS, Exported, export_model
from strop.records import JSON, Candidate, Dataset, Example, Record

DATA = ("jsonl", "openai")


def export(project: Opened, record: Record, to: str, path: Path, *, split: str | None) -> Exported:
    """Write ``record`` as ``to`` under ``path``. Raises UserError when the two do not fit."""
    if isinstance(record, Dataset) and to in DATA:
        if path.is_dir():
            raise InputError("is a folder", source=path, remedy="name a file")
        if split is not None and split not in record.splits:
            raise InputError(f"no split is called {split}", remedy=f"one of {', '.join(record.splits)}")
        rows = [
            row for name in ([split] if split else record.splits) for row in project.store.examples(record.id, name)
        ]
        lines = _canonical(rows) if to == "jsonl" else _openai(rows)
        durable.write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        return Exported(path=str(path))
    if isinstance(record, Candidate) and to in MODELS:
        return export_model(project, record, to, path)
    kind = type(record).__name__.lower()
    raise UserError(
        f"a {kind} cannot be exported as {to[:40]}",
        remedy=f"datasets: {', '.join(DATA)}; candidates: {', '.join(MODELS)}",
    )


def _canonical(rows: Iterable[Example]) -> Iterable[dict[str, JSON]]:
    for row in rows:
        line: dict[str, JSON] = {"messages": _turns(row)}
        if row.expect:
            line["expect"] = row.expect
        if row.context:
            line["context"] = list(row.context)
        meta = {"id": row.name, "group": row.group, "time": row.time, **row.slices}
        line["meta"] = {key: value for key, value in meta.items() if value is not None}
        yield line


def _openai(rows: Iterable[Example]) -> Iterable[dict[str, JSON]]:
    return ({"messages": _turns(row)} for row in rows if row.reference)


def _turns(row: Example) -> list[dict[str, str]]:
    turns = [{"role": m.role, "content": m.content} for m in row.messages]
    return [*turns, {"role": "assistant", "content": row.reference}] if row.reference else turns
