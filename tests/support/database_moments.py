"""A database taken back to an earlier moment where it stands, as a physical restore leaves it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from persistence.database import Database, transaction
from persistence.statements import Transaction

_TABLES: Final = text(
    """
    SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'clock_offset')
    """
)


async def keep_moment(database: Database) -> None:
    """Keep this moment, to which `go_back` returns."""
    async with transaction(database) as connection:
        await connection.execute(text("DROP SCHEMA IF EXISTS past CASCADE"))
        await connection.execute(text("CREATE SCHEMA past"))
        for table in await _tables(connection):
            await connection.execute(text(f"CREATE TABLE past.{table} AS TABLE public.{table}"))


async def go_back(database: Database) -> None:
    """Forget everything since; identity and tables stay what they are."""
    async with transaction(database) as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        tables = await _tables(connection)
        await connection.execute(text("TRUNCATE " + ", ".join(tables)))
        for table in tables:
            await connection.execute(
                text(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE past.{table}")
            )


async def _tables(connection: Transaction) -> list[str]:
    return [row.tablename for row in await connection.fetch_all(_TABLES)]
