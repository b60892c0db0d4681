"""Tables as earlier revisions had them."""

from __future__ import annotations

import sqlalchemy as sa

from strop.store import tables


def rows_before_sheets(connection: sa.Connection) -> None:
    """The rows of versions a line each, as they were until revision 0006."""
    columns = {column.name: sa.Column(column.name, column.type) for column in tables.dataset_rows.c}
    before = sa.Table(
        "dataset_rows", sa.MetaData(), *columns.values(), sa.Column("position", sa.Integer, server_default="0")
    )
    before.create(connection)
    connection.execute(before.insert().from_select([*columns], sa.select(tables.dataset_rows)))
    for table in (tables.dataset_sheets, tables.sheet_rows, tables.sheets):
        table.drop(connection)
