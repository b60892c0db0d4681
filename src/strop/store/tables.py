"""The tables. Few on purpose: a noun is one row of ``records``, and how it came about is one row of ``derivations``.

    records        every frozen noun, as JSON; append-only; ``number`` is the order in which they were stored, ``about``
                   names the record that it speaks of (a judgement's interaction, a report's candidate); of what comes
                   in great numbers, ``sort``, ``who`` and ``audit`` say what is looked for without reading it: an
                   interaction's arm, its candidate, and whether it is in the audit sample (else null); a judgement's
                   kind (or "complaint") and its author
    completions    how a served interaction ended: written once; a request is complete exactly if it has one
    accepted       idempotency keys of judgements, so that one that is sent again is found and not stored twice
    examples       the content of a row of the task (what its id is the hash of), once, however many datasets hold it
    sheets         some rows of a dataset version; later versions that hold the same rows share them. ``name`` is a hash
                   of its rows (null: nobody shares it any more)
    sheet_rows     which sheet holds which example, in which split, from which file and line or which correction
    dataset_sheets which dataset consists of which sheets; together with their rows: ``dataset_rows``
    derivations    what was done: stage, the key under which it is looked up, settings, when, how long
    derivation_io  what went in and what came out of it
    test_uses      which decision opened which sealed test set; append-only, so that looking is counted; ``spent`` is
                   the α that the look may err with (null: not known); ``seal`` is a hash of the line, its set's items
                   and the seal before it, so that a line that is gone shows
    test_items     what lay in a test set that was opened, so that an item stays known when others come or go; ``asks``
                   is a keyed hash of its words, ``item`` the first example that was the same item (it bears its name,
                   or nearly its words), by which a copy that was touched up is known, too
    forgotten      which examples were erased, and which datasets and candidates are blocked because they held them
    job_events     what background jobs reported, in order; the last one is a job's state
    project        one line: whose key the ids in here were made with

Bodies are text, not a JSON column: PostgreSQL's refuses U+0000 and NaN, which rows and measures may hold.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

records = Table(
    "records",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("name", String),
    Column("about", String),
    Column("created", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("sort", String),
    Column("who", String),
    Column("audit", Boolean),
    Index(None, "kind", "number"),
    Index(None, "kind", "created"),
    Index(None, "name"),
    Index(None, "about"),
    Index(None, "kind", "sort", "who", "number"),
)
_DRAWN = records.c.audit.is_not(None)
Index("ix_records_audit", records.c.number, sqlite_where=_DRAWN, postgresql_where=_DRAWN)

completions = Table(
    "completions",
    metadata,
    Column("interaction", String, ForeignKey("records.id"), primary_key=True),
    Column("body", Text, nullable=False),
)

accepted = Table(
    "accepted",
    metadata,
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("record", String, ForeignKey("records.id"), nullable=False),
    Index(None, "record"),
)

examples = Table(
    "examples",
    metadata,
    Column("id", String, primary_key=True),
    Column("body", Text, nullable=False),
)

sheets = Table(
    "sheets",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", String, unique=True),
)

sheet_rows = Table(
    "sheet_rows",
    metadata,
    Column("sheet", Integer, ForeignKey("sheets.number"), primary_key=True),
    Column("example", String, ForeignKey("examples.id"), primary_key=True),
    Column("split", String, nullable=False),
    Column("source", String, nullable=False),
    Column("line", Integer),
    Column("judgement", String),
    Column("notes", Text, nullable=False),
    Index(None, "example"),
    Index(None, "judgement"),
)

dataset_sheets = Table(
    "dataset_sheets",
    metadata,
    Column("dataset", String, ForeignKey("records.id"), primary_key=True),
    Column("sheet", Integer, ForeignKey("sheets.number"), primary_key=True),
    Index(None, "sheet"),
)

dataset_rows = (
    select(dataset_sheets.c.dataset, *(column for column in sheet_rows.c if column.name != "sheet"))
    .join(sheet_rows, sheet_rows.c.sheet == dataset_sheets.c.sheet)
    .subquery("dataset_rows")
)
"""Which dataset holds which example, and what it knew of it; read as a table, written by the sheet."""

derivations = Table(
    "derivations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("stage", String, nullable=False),
    Column("key", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("code", String, nullable=False),
    Column("settings", Text, nullable=False),
    Column("created", String, nullable=False),
    Column("seconds", Float),
    UniqueConstraint("key", "attempt"),
)

derivation_io = Table(
    "derivation_io",
    metadata,
    Column("derivation", Integer, ForeignKey("derivations.id"), primary_key=True),
    Column("direction", String(3), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("record", String, nullable=False),
    Index(None, "record", "direction"),
)

test_uses = Table(
    "test_uses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("test_set", String, nullable=False),
    Column("decision", String, nullable=False),
    Column("created", String, nullable=False),
    Column("seal", String),
    Column("spent", Float),
    UniqueConstraint("test_set", "decision"),
)

test_items = Table(
    "test_items",
    metadata,
    Column("test_set", String, primary_key=True),
    Column("example", String, primary_key=True),
    Column("asks", String),
    Column("item", String),
    Index(None, "example"),
    Index(None, "asks"),
)

forgotten = Table(
    "forgotten",
    metadata,
    Column("record", String, primary_key=True),
    Column("effect", String, nullable=False),
    Column("request", String, nullable=False),
    Column("created", String, nullable=False),
)

job_events = Table(
    "job_events",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("job", String, nullable=False),
    Column("state", String, nullable=False),
    Column("created", String, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "job", "number"),
)

project = Table(
    "project",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_check", String, nullable=False),
)
