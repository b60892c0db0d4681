"""A file of somebody else's answers to our rows: ``id`` or ``input``, ``answer``, and what each took."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from strop.curate.files.formats import layout, raw_rows
from strop.errors import InputError
from strop.records import JSON
from strop.settings import Columns


class GivenAnswer(NamedTuple):
    """One row of the file, as it stands there."""

    line: int
    name: str | None
    input: str | None
    answer: str
    latency_ms: float | None
    cost: float | None


def given_answers(path: Path, columns: Columns) -> list[GivenAnswer]:
    """Every row of a file of answers (JSONL, JSON, CSV, TSV, Parquet).

    Args:
        path: the file.
        columns: the names of the project's own columns also count: a table with an added ``answer`` can be read.
    Raises:
        InputError: with the line, for a row that cannot be read, has no answer, or says neither id nor input.
    """
    found = []
    for row in raw_rows(path, layout(path)):
        if row.value is None:
            raise InputError(row.problem, source=path, line=row.line, remedy="mend that row")
        found.append(_given(row.value, columns, path, row.line))
    if not found:
        raise InputError("holds no answer", source=path, remedy="one a row: id or input, answer, latency_ms, cost")
    return found


def _given(value: Mapping[str, JSON], columns: Columns, path: Path, line: int) -> GivenAnswer:
    name = _text(value.get("id", value.get(columns.id or "id")))
    asked = _text(value.get("input", value.get(columns.input or "input"))) or _last_question(value.get("messages"))
    if "answer" not in value:
        raise InputError(
            f"has no `answer` among its columns ({', '.join(value)})", source=path, line=line,
            remedy="call them `id` or `input`, `answer`, and where they are known `latency_ms` and `cost`",
        )  # fmt: skip
    if value["answer"] is None:
        raise InputError(
            "has no `answer`", source=path, line=line, remedy='an answer that was not given is an empty one: ""'
        )
    if name is None and asked is None:
        raise InputError("says neither `id` nor `input`", source=path, line=line, remedy="which row does it answer?")
    latency, cost = (_number(value.get(key), key, path, line) for key in ("latency_ms", "cost"))
    return GivenAnswer(line, name, asked, _text(value["answer"]) or "", latency, cost)


def _text(value: JSON) -> str | None:
    """As curation reads a field: JSON where it is no text."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _last_question(messages: JSON) -> str | None:
    turns = messages if isinstance(messages, list) else []
    said = [turn.get("content") for turn in turns if isinstance(turn, Mapping) and turn.get("role") == "user"]
    return said[-1] if said and isinstance(said[-1], str) else None


def _number(value: JSON, key: str, path: Path, line: int) -> float | None:
    if value in (None, ""):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise InputError(f"`{key}` is {value!r}, not a number from 0 up", source=path, line=line, remedy="mend it")
    return number
