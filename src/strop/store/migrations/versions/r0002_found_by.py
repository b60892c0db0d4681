"""Requests and judgements are found by what is looked for, without reading them all; who is complete has an end."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("records", sa.Column("sort", sa.String))
    op.add_column("records", sa.Column("who", sa.String))
    op.add_column("records", sa.Column("audit", sa.Boolean))
    op.create_index("ix_records_kind_sort_who_number", "records", ["kind", "sort", "who", "number"])
    where = sa.text("audit IS NOT NULL")
    op.create_index("ix_records_audit", "records", ["number"], sqlite_where=where, postgresql_where=where)
    records = sa.table("records", *map(sa.column, ("number", "id", "kind", "body", "sort", "who", "audit")))
    completions = sa.table("completions", *map(sa.column, ("interaction", "body")))
    connection = op.get_bind()
    after = 0
    while rows := list(connection.execute(
        sa.select(records.c.number, records.c.id, records.c.kind, records.c.body, completions.c.interaction)
        .select_from(records.outerjoin(completions, completions.c.interaction == records.c.id))
        .where(records.c.number > after, records.c.kind.in_(("interaction", "judgement")))
        .order_by(records.c.number)
        .limit(1_000)
    )):  # fmt: skip
        for row in rows:
            # Written down here, not taken from the code of today: what this revision did stays what it did.
            body, after = json.loads(row.body), row.number
            if row.kind == "interaction":
                found = {"sort": body["arm"], "who": body["candidate"], "audit": body["audit"] or None}
                if body["complete"] and row.interaction is None:
                    connection.execute(completions.insert().values(interaction=row.id, body=row.body))
            else:
                value = body["value"]
                low = body["kind"] == "rating" and isinstance(value, (bool, int, float)) and value <= 0
                sort = "complaint" if low or body["kind"] == "correction" else body["kind"]
                found = {"sort": sort, "who": body["by"]}
            connection.execute(records.update().where(records.c.number == row.number).values(found))
