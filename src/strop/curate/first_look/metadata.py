"""Which bookkeeping fields are what: the row's own id, its group, its time, and fields to show results by."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from strop.curate.files.shapes import names_people
from strop.records import JSON, Kind, Split

_IDS = ("id", "uid", "uuid", "row_id", "example_id", "ticket_id")
_TIMES = ("time", "timestamp", "date", "datetime", "created_at", "created", "created_on")
_GROUPS = (
    "group", "customer_id", "user_id", "client_id", "patient_id", "account_id", "conversation_id", "session_id",
    "thread_id", "document_id", "doc_id", "customer", "user", "author", "patient", "conversation", "dialogue",
    "session", "thread", "document", "party", "company", "source_document", "ticker",
)  # fmt: skip
_MOST_VALUES = 30
"""Values that a field to slice by may have."""
_LEAST_ROWS = 5
"""Rows a value has on average, in each split."""


class Bookkeeping(NamedTuple):
    """Names of fields, None where there is none."""

    identity: str | None
    group: str | None
    time: str | None
    slices: tuple[str, ...]
    notes: tuple[str, ...]


def bookkeeping(
    rows: Sequence[tuple[Split | None, dict[str, JSON]]], *, kind: Kind, answers: Sequence[str]
) -> Bookkeeping:
    """Sort the fields of the rows' metadata.

    Args:
        rows: each row's split, if its file says one, and its fields.
        kind: a field that only repeats the label of a classification task is no slice.
        answers: each row's answer.
    """
    fields = list(dict.fromkeys(name for _, row in rows for name in row))
    notes: list[str] = []
    identity = next((name for name in _IDS if name in fields and _unique(rows, name)), None)
    time = next((name for name in _TIMES if name in fields), None)
    group = next((name for name in _GROUPS if name in fields and _is_group(rows, name)), None)
    slices = []
    for name in fields:
        if name in (identity, time, group) or name.startswith("split") or _names_one(name):
            continue
        values = [_scalar(row.get(name)) for _, row in rows]
        if kind == "classification" and all(v is None or v == a.strip() for v, a in zip(values, answers, strict=True)):
            continue
        verdict = _sliceable(rows, name)
        if verdict == "yes":
            slices.append(name)
        elif verdict == "many":
            notes.append(f"`{name}` has many values: add it to data.columns.slices to see results by it.")
    if group:
        notes.append(f"Rows of one `{group}` stay together.")
    return Bookkeeping(identity, group, time, tuple(slices), tuple(notes))


def _names_one(field: str) -> bool:
    """Whether a field tells persons or things apart rather than kinds of them: a name or an id is no slice."""
    return names_people(field) or field.casefold().endswith(("_id", "_uuid")) or field in _IDS


def _unique(rows: Sequence[tuple[Split | None, dict[str, JSON]]], name: str) -> bool:
    values = [value for _, row in rows if (value := _scalar(row.get(name))) is not None]
    return len(values) == len(rows) and len(set(values)) == len(values)


def _is_group(rows: Sequence[tuple[Split | None, dict[str, JSON]]], name: str) -> bool:
    """Values that repeat, but seldom; where files give the splits, none that stands in two of them."""
    values = Counter(value for _, row in rows if (value := _scalar(row.get(name))) is not None)
    if not values or len(values) < 5 or len(values) == values.total() or max(values.values()) * 5 > values.total():
        return False
    if values.total() < 0.9 * len(rows):
        return False
    stands: defaultdict[str, set[Split | None]] = defaultdict(set)
    for split, row in rows:
        if (value := _scalar(row.get(name))) is not None:
            stands[value].add(split)
    return all(len(splits) == 1 for splits in stands.values())


def _sliceable(rows: Sequence[tuple[Split | None, dict[str, JSON]]], name: str) -> str:
    """``yes``, ``no``, or ``many`` where only the number of values speaks against it."""
    by_split: defaultdict[Split | None, Counter[str]] = defaultdict(Counter)
    kinds = set()
    for split, row in rows:
        value = row.get(name)
        if (text := _scalar(value)) is not None and text:
            by_split[split][text] += 1
            kinds.add(type(value))
    values = set().union(*by_split.values()) if by_split else set()
    filled = sum(counts.total() for counts in by_split.values())
    if not kinds or float in kinds or len(values) < 2 or filled < 0.9 * len(rows) or any(len(v) > 60 for v in values):
        return "no"
    if kinds == {int} and len(values) > 12:
        return "no"
    if len(by_split) > 1 and all(len(counts) == 1 for counts in by_split.values()):
        return "no"
    if len(values) * _LEAST_ROWS > filled:
        return "no"
    return "yes" if len(values) <= _MOST_VALUES else "many"


def _scalar(value: JSON) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None
