"""Runs the migrations on the connection that `catalogue.migrate` hands over."""

from __future__ import annotations

from alembic import context

from archive_search.archive.catalogue import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a column in place: Alembic then copies the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
