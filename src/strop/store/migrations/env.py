"""Alembic's entry: run the revisions on the connection that strop.store.database hands over, in its transaction."""

from alembic import context

from strop.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
