"""The records table: put a noun in once; find it by id or its beginning, name, kind, time, or what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from strop.records import Interaction, Record, now
from strop.store.database import chunks, insert_one
from strop.store.kinds import about_of, found_by, id_of, kind_of, name_of, read_body
from strop.store.tables import completions, derivation_io, examples, records


def insert(connection: sa.Connection, record: Record) -> Record:
    """Store a record unless its id is there, and return the one that stands.

    Raises TypeError for what is no noun, ValueError for a second, different record under an id that names one event.
    """
    identity = id_of(record)
    row = {
        "id": identity,
        "kind": kind_of(record),
        "name": name_of(record),
        "about": about_of(record),
        "created": getattr(record, "created", None) or now(),
        "body": record.model_dump_json(),
        **found_by(record),
    }
    if insert_one(connection, records, row):
        if isinstance(record, Interaction) and record.complete:
            insert_one(connection, completions, {"interaction": identity, "body": row["body"]})
        return record
    stands = get(connection, identity)
    assert stands is not None
    # Content ids are equal because the content is; they hold no dash. A uuid says "this one event".
    if "-" in identity.rpartition("_")[2] and stands.model_dump_json() != record.model_dump_json():
        raise ValueError(f"{identity} is stored already, with other content: records are append-only")
    return stands


def get(connection: sa.Connection, wanted: str) -> Record | None:
    """The record with this id."""
    row = connection.execute(_bodies().where(records.c.id == wanted)).first()
    return read_body(row.kind, row.body, row.id) if row else None


def newest(
    connection: sa.Connection,
    kind: str | None,
    *,
    about: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: int | None = None,
) -> list[Record]:
    """Records newest first: of a kind, about a record, from ``since`` on and before ``until`` (ISO times, UTC)."""
    query = _bodies().order_by(records.c.number.desc()).limit(limit)
    if kind is not None:
        query = query.where(records.c.kind == kind)
    if about is not None:
        query = query.where(records.c.about == about)
    if since is not None:
        query = query.where(records.c.created >= since)
    if until is not None:
        query = query.where(records.c.created < until)
    return [read_body(row.kind, row.body, row.id) for row in connection.execute(query)]


def current(connection: sa.Connection, kind: str) -> Record | None:
    """The record of a kind that was made, or come back to, last: the output of the newest derivation."""
    made = (
        sa.select(sa.func.max(derivation_io.c.derivation))
        .where(derivation_io.c.record == records.c.id, derivation_io.c.direction == "out")
        .scalar_subquery()
    )
    query = _bodies().where(records.c.kind == kind).order_by(sa.func.coalesce(made, 0).desc(), records.c.number.desc())
    row = connection.execute(query.limit(1)).first()
    return read_body(row.kind, row.body, row.id) if row else None


def several(connection: sa.Connection, wanted: Iterable[str]) -> dict[str, Record]:
    """Records by id; the ones that are not here are left out."""
    found: dict[str, Record] = {}
    for chunk in chunks(list(wanted)):
        query = _bodies().where(records.c.id.in_(chunk))
        found |= {row.id: read_body(row.kind, row.body, row.id) for row in connection.execute(query)}
    return found


def ids_like(connection: sa.Connection, wanted: str, kind: str | None = None) -> list[str]:
    """Ids that people may mean by ``wanted``: the newest of that name, else some of those that begin with it.

    ``kind``: only records of this kind.
    """
    named = sa.select(records.c.id).where(records.c.name == wanted, records.c.kind.in_(("base", "release")))
    if (newest_named := connection.scalar(named.order_by(records.c.number.desc()).limit(1))) is not None:
        return [newest_named]
    found: list[str] = []
    for column in (records.c.id, examples.c.id) if kind in (None, "example") else (records.c.id,):
        matches = column.startswith(wanted, autoescape=True)
        if "_" not in wanted:  # the part after the prefix
            matches |= column.contains(f"_{wanted}", autoescape=True)
        if kind is not None and column is records.c.id:
            matches &= records.c.kind == kind
        found += connection.scalars(sa.select(column).where(matches).order_by(column).limit(6))
    return found


def ids(connection: sa.Connection) -> Iterable[str]:
    """All ids but those of requests and judgements, which are many."""
    many = ("interaction", "judgement")
    return connection.scalars(sa.select(records.c.id).where(records.c.kind.not_in(many)))


def _bodies() -> sa.Select[Any]:
    """A record as it stands: an interaction that ended, with its end."""
    ended = completions.c.interaction == records.c.id
    body = sa.func.coalesce(completions.c.body, records.c.body).label("body")
    return sa.select(records.c.id, records.c.kind, body).select_from(records.outerjoin(completions, ended))
