"""The first shape: records, examples, derivations, test uses, what was forgotten, jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "records",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("name", sa.String),
        sa.Column("about", sa.String),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_records"),
        sa.UniqueConstraint("id", name="uq_records_id"),
    )
    op.create_index("ix_records_kind_number", "records", ["kind", "number"])
    op.create_index("ix_records_kind_created", "records", ["kind", "created"])
    op.create_index("ix_records_name", "records", ["name"])
    op.create_index("ix_records_about", "records", ["about"])
    op.create_table(
        "completions",
        sa.Column("interaction", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("interaction", name="pk_completions"),
        sa.ForeignKeyConstraint(["interaction"], ["records.id"], name="fk_completions_interaction"),
    )
    op.create_table(
        "accepted",
        sa.Column("source", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("record", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name="pk_accepted"),
        sa.ForeignKeyConstraint(["record"], ["records.id"], name="fk_accepted_record"),
    )
    op.create_index("ix_accepted_record", "accepted", ["record"])
    op.create_table(
        "examples",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_examples"),
    )
    op.create_table(
        "dataset_rows",
        sa.Column("dataset", sa.String, nullable=False),
        sa.Column("example", sa.String, nullable=False),
        sa.Column("split", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("line", sa.Integer),
        sa.Column("judgement", sa.String),
        sa.Column("notes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dataset", "example", name="pk_dataset_rows"),
        sa.ForeignKeyConstraint(["dataset"], ["records.id"], name="fk_dataset_rows_dataset"),
        sa.ForeignKeyConstraint(["example"], ["examples.id"], name="fk_dataset_rows_example"),
    )
    op.create_index("ix_dataset_rows_example", "dataset_rows", ["example"])
    op.create_index("ix_dataset_rows_judgement", "dataset_rows", ["judgement"])
    op.create_table(
        "derivations",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("seconds", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_derivations"),
        sa.UniqueConstraint("key", "attempt", name="uq_derivations_key_attempt"),
    )
    op.create_table(
        "derivation_io",
        sa.Column("derivation", sa.Integer, nullable=False),
        sa.Column("direction", sa.String(3), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("record", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("derivation", "direction", "position", name="pk_derivation_io"),
        sa.ForeignKeyConstraint(["derivation"], ["derivations.id"], name="fk_derivation_io_derivation"),
    )
    op.create_index("ix_derivation_io_record_direction", "derivation_io", ["record", "direction"])
    op.create_table(
        "test_uses",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("test_set", sa.String, nullable=False),
        sa.Column("decision", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_test_uses"),
        sa.UniqueConstraint("test_set", "decision", name="uq_test_uses_test_set_decision"),
    )
    op.create_table(
        "forgotten",
        sa.Column("record", sa.String, nullable=False),
        sa.Column("effect", sa.String, nullable=False),
        sa.Column("request", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("record", name="pk_forgotten"),
    )
    op.create_table(
        "job_events",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("job", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_job_events"),
    )
    op.create_index("ix_job_events_job_number", "job_events", ["job", "number"])
    op.create_table(
        "project",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key_check", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_project"),
    )
