"""Which record class goes under which kind, and which artifacts a record rests on: the one place that knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from strop.errors import EditedRecord, StorageError, UnknownRecord
from strop.records import (
    Base,
    Candidate,
    Dataset,
    Decision,
    Finding,
    Interaction,
    Judgement,
    Ladder,
    Person,
    Record,
    Release,
    Report,
    Run,
    Spec,
    Suite,
)

KINDS: dict[str, type[Record]] = {
    "base": Base,
    "candidate": Candidate,
    "dataset": Dataset,
    "decision": Decision,
    "finding": Finding,
    "interaction": Interaction,
    "judgement": Judgement,
    "ladder": Ladder,
    "person": Person,
    "release": Release,
    "report": Report,
    "run": Run,
    "spec": Spec,
    "suite": Suite,
}
_RESTORE = "restore the database from a backup"
_KIND_OF = {record_class: kind for kind, record_class in KINDS.items()}


def kind_of(record: Record | type[Record]) -> str:
    """The kind under which a record (class) is stored. Raises TypeError for what is not stored on its own."""
    record_class = record if isinstance(record, type) else type(record)
    try:
        return _KIND_OF[record_class]
    except KeyError:
        raise TypeError(f"{record_class.__name__} is not stored as a record of its own") from None


def class_of(kind: str) -> type[Record]:
    """The record class of a kind as people write it: ``candidate`` or ``candidates``."""
    singular = kind.lower().strip()
    for name in (singular, singular.removesuffix("s")):
        if name in KINDS:
            return KINDS[name]
    raise UnknownRecord(
        f"no kind of record is called {kind!r}", remedy=f"kinds: {', '.join(KINDS)}{_near(singular, KINDS)}"
    )


def read_body(kind: str, body: str, identity: str) -> Record:
    """The record that is stored as ``identity``.

    Raises EditedRecord when it was changed since, StorageError where a newer strop may have written it.
    """
    try:
        record = KINDS[kind].model_validate_json(body)
    except KeyError:
        why = f"this strop knows no {kind}"
    except ValidationError as error:
        faults = error.errors()
        unknown_field = next((fault for fault in faults if fault["type"] == "extra_forbidden"), None)
        if unknown_field is None:
            raise _edited(identity, f" ({_place(faults[0])}: {faults[0]['msg']})") from error
        why = f"this strop knows no {_place(unknown_field)} of a {kind}"
    else:
        if id_of(record) != identity or (isinstance(record, Candidate) and not record.as_made):
            raise _edited(identity)
        return record
    raise StorageError(
        f"{identity} cannot be read: {why}",
        remedy=f"if a newer strop wrote to this project: pip install --upgrade strop; else somebody did: {_RESTORE}",
    )


def _edited(identity: str, why: str = "") -> EditedRecord:
    return EditedRecord(f"{identity} does not match its hash: it was changed since it was stored{why}", remedy=_RESTORE)


def _place(fault: ErrorDetails) -> str:
    return ".".join(map(str, fault["loc"])) or "its text"


def id_of(record: Record) -> str:
    """A record's identity."""
    value = getattr(record, "id", None)
    if not isinstance(value, str) or not value:
        raise TypeError(f"{type(record).__name__} has no id")
    return value


def name_of(record: Record) -> str | None:
    """The name that people use for it."""
    match record:
        case Base() | Person():
            return record.name
        case Release():
            return record.alias
        case _:
            return None


def about_of(record: Record) -> str | None:
    """The record that it speaks of."""
    match record:
        case Judgement():
            return record.subject
        case Interaction():
            return record.release or record.candidate
        case Report() | Decision() | Release():
            return record.candidate
        case _:
            return None


def found_by(record: Record) -> dict[str, str | bool | None]:
    """What is looked for among the records that come in great numbers: the columns ``sort``, ``who``, ``audit``."""
    match record:
        case Judgement():
            return {"sort": "complaint" if record.complains else record.kind, "who": record.by, "audit": None}
        case Interaction():
            return {"sort": record.arm, "who": record.candidate, "audit": record.audit or None}
        case _:
            return {"sort": None, "who": None, "audit": None}


def artifacts_of(record: Record) -> tuple[str, ...]:
    """The artifact hashes that a record cannot do without."""
    match record:
        case Dataset():
            return (record.examples, record.ledger, *([record.fault_table] if record.fault_table else ()))
        case Candidate():
            return (record.artifact,) if record.artifact else ()
        case Decision():
            return tuple(artifact for artifact in (record.swapped, record.constant) if artifact)
        case Report():
            return (record.items,) if record.items else ()
        case _:
            return ()


def unknown(wanted: str, known: Iterable[str]) -> UnknownRecord:
    """The error for an id that is not there, with the ids that look like it."""
    near = difflib.get_close_matches(wanted, list(known), n=3, cutoff=0.6)
    remedy = f"did you mean {' or '.join(near)}?" if near else "`strop list` shows what is in this project"
    return UnknownRecord(f"nothing here is called {wanted!r}", remedy=remedy)


def _near(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {near[0]}?" if near else ""
