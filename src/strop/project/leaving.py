"""Leave strop with data or a model: plain files that other tools read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from strop import durable
from strop.errors import InputError, UserError
from strop.project.opened import Opened
from strop.records import JSON, Candidate, Dataset, Example, Record

FORMATS = ("jsonl", "openai", "peft")


def export(project: Opened, record: Record, to: str, path: Path, *, split: str | None) -> Path:
    """Write ``record`` as ``to`` under ``path``. Raises UserError when the two do not fit."""
    if isinstance(record, Dataset) and to in ("jsonl", "openai"):
        if split is not None and split not in record.splits:
            raise InputError(f"no split is called {split}", remedy=f"one of {', '.join(record.splits)}")
        rows = [
            row for name in ([split] if split else record.splits) for row in project.store.examples(record.id, name)
        ]
        lines = _canonical(rows) if to == "jsonl" else _openai(rows)
        durable.write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        return path
    if isinstance(record, Candidate) and to == "peft":
        if record.artifact is None or record.spec.method == "classical":
            raise UserError(f"{record.id} has no adapter", remedy="export a candidate of method lora")
        if path.exists():
            raise UserError("is there already", place=str(path), remedy="choose another path")
        with durable.clear_disk_errors(path):
            shutil.copytree(project.store.artifacts.path(record.artifact), path, copy_function=shutil.copyfile)
        return path
    kind = type(record).__name__.lower()
    raise UserError(f"a {kind} cannot be exported as {to}", remedy="datasets: jsonl, openai; candidates: peft")


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
