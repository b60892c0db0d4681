"""Looks know an item that was touched up, and what they spent of alpha; earlier shares are read off the decisions."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("test_items", sa.Column("item", sa.String))
    op.add_column("test_uses", sa.Column("spent", sa.Float))
    uses = sa.table("test_uses", *map(sa.column, ("seal", "spent")))
    records = sa.table("records", *map(sa.column, ("kind", "body")))
    connection = op.get_bind()
    for body in list(connection.scalars(sa.select(records.c.body).where(records.c.kind == "decision"))):
        # Written down here, not taken from the code of today: what this revision did stays what it did.
        made = json.loads(body)
        if made.get("opening"):
            connection.execute(uses.update().where(uses.c.seal == made["opening"]).values(spent=made["alpha"]))
