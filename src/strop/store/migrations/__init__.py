"""The history of the tables, one Alembic revision a file; HEAD is the newest, known without importing Alembic."""

HEAD = "0006"
