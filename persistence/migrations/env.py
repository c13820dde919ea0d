"""Runs migrations over the connection that `persistence.migrate` opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from persistence import schema_all

# Let one process migrate at a time; the others find the work done.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('booking_flow migrations'))")


def run() -> None:
    """Bring the database to the wanted revision in one transaction."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=schema_all.metadata)
    with context.begin_transaction():
        connection.execute(ONE_AT_A_TIME)
        context.run_migrations()


run()
