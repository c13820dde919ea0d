"""Runs migrations over the connection that `persistence.migrate` opened."""

from __future__ import annotations

from alembic import context

from persistence.tables import registry


def run() -> None:
    """Bring the database to the wanted revision in the transaction that is open."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=registry.metadata)
    with context.begin_transaction():
        context.run_migrations()


run()
