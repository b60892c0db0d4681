"""The rows of dataset versions in sheets that versions share; those of an older version are a sheet of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
_KEPT = ("example", "split", "source", "line", "judgement", "notes")


def upgrade() -> None:
    op.create_table(
        "sheets",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.String),
        sa.PrimaryKeyConstraint("number", name="pk_sheets"),
        sa.UniqueConstraint("name", name="uq_sheets_name"),
    )
    op.create_table(
        "sheet_rows",
        sa.Column("sheet", sa.Integer, nullable=False),
        sa.Column("example", sa.String, nullable=False),
        sa.Column("split", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("line", sa.Integer),
        sa.Column("judgement", sa.String),
        sa.Column("notes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sheet", "example", name="pk_sheet_rows"),
        sa.ForeignKeyConstraint(["sheet"], ["sheets.number"], name="fk_sheet_rows_sheet"),
        sa.ForeignKeyConstraint(["example"], ["examples.id"], name="fk_sheet_rows_example"),
    )
    op.create_index("ix_sheet_rows_example", "sheet_rows", ["example"])
    op.create_index("ix_sheet_rows_judgement", "sheet_rows", ["judgement"])
    op.create_table(
        "dataset_sheets",
        sa.Column("dataset", sa.String, nullable=False),
        sa.Column("sheet", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("dataset", "sheet", name="pk_dataset_sheets"),
        sa.ForeignKeyConstraint(["dataset"], ["records.id"], name="fk_dataset_sheets_dataset"),
        sa.ForeignKeyConstraint(["sheet"], ["sheets.number"], name="fk_dataset_sheets_sheet"),
    )
    op.create_index("ix_dataset_sheets_sheet", "dataset_sheets", ["sheet"])
    before = sa.table("dataset_rows", *map(sa.column, ("dataset", *_KEPT)))
    sheets = sa.table("sheets", sa.column("number"))
    rows = sa.table("sheet_rows", *map(sa.column, ("sheet", *_KEPT)))
    held = sa.table("dataset_sheets", *map(sa.column, ("dataset", "sheet")))
    connection = op.get_bind()
    for number, dataset in enumerate(list(connection.scalars(sa.select(before.c.dataset).distinct())), 1):
        connection.execute(sheets.insert().values(number=number))
        its_own = sa.select(sa.literal(number), *(before.c[name] for name in _KEPT)).where(before.c.dataset == dataset)
        connection.execute(rows.insert().from_select(["sheet", *_KEPT], its_own.order_by(before.c.example)))
        connection.execute(held.insert().values(dataset=dataset, sheet=number))
    op.drop_table("dataset_rows")
