"""Migrations lead to exactly the tables the code knows, and back."""

import asyncio
import re
from pathlib import Path

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.schema import CreateSchema

import persistence
from adapters.postgres.address import read_address
from adapters.postgres.connection import Connector
from persistence.migrate import current, downgrade, open_engine, upgrade
from persistence.revisions import head
from persistence.tables.registry import metadata

# Everything that has a name in our schemas, with its definition.
DEFINITIONS = """
SELECT c.conrelid::regclass::text AS place, c.conname AS name, pg_get_constraintdef(c.oid) AS def
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname IN ('public', 'catalogue') AND c.conrelid <> 0
  AND c.conrelid::regclass::text <> 'alembic_version'
UNION ALL
SELECT tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname IN ('public', 'catalogue') AND tablename <> 'alembic_version'
UNION ALL
SELECT table_name, column_name, concat_ws(' ', data_type, numeric_precision, numeric_scale,
       is_nullable, is_identity, column_default)
FROM information_schema.columns
WHERE table_schema IN ('public', 'catalogue') AND table_name <> 'alembic_version'
"""

LEFT_BEHIND = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'catalogue') AND c.relname NOT LIKE 'alembic_version%'
"""

FUNCTIONS = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"


async def definitions(address: str) -> set[tuple[str, ...]]:
    connection = await asyncpg.connect(address)
    rows = await connection.fetch(DEFINITIONS)
    await connection.close()
    return {tuple(row) for row in rows}


async def test_migrations_go_up_down_and_up_again(empty_database_url: str) -> None:
    assert await current(empty_database_url) is None
    await upgrade(empty_database_url)
    assert await current(empty_database_url) == head()
    first = await definitions(empty_database_url)
    await downgrade(empty_database_url, "base")
    assert await current(empty_database_url) is None
    connection = await asyncpg.connect(empty_database_url)
    assert await connection.fetchval(LEFT_BEHIND) == 0
    assert await connection.fetchval(FUNCTIONS) == 0
    await connection.close()
    await upgrade(empty_database_url)
    assert await definitions(empty_database_url) == first


async def test_one_revision_at_a_time_works_too(empty_database_url: str) -> None:
    await upgrade(empty_database_url, "20261122_01")
    assert await current(empty_database_url) == "20261122_01"
    await upgrade(empty_database_url, "+1")
    await downgrade(empty_database_url, "-1")
    assert await current(empty_database_url) == "20261122_01"


async def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    await asyncio.gather(*(upgrade(empty_database_url) for _ in range(4)))
    assert await current(empty_database_url) == head()


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"include_schemas": True, "compare_type": True}
    )
    return list(compare_metadata(context, metadata))


async def test_alembic_sees_no_difference_between_code_and_database(database_url: str) -> None:
    """Reflection reads JSON as SQLAlchemy does, so it gets an engine without our codec."""
    engine = open_engine(Connector(address=read_address(database_url)))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_constraints_and_partial_indexes_are_the_same_as_well(
    database_url: str, empty_database_url: str
) -> None:
    """Alembic compares neither; a word added to an enum without a migration shows here."""
    engine = open_engine(Connector(address=read_address(empty_database_url)))
    async with engine.begin() as connection:
        await connection.execute(CreateSchema("catalogue"))
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    assert await definitions(empty_database_url) == await definitions(database_url)


def test_migrations_run_without_a_loop_of_the_caller(database_url: str) -> None:
    assert asyncio.run(current(database_url)) == head()


WILD = re.compile(r"SELECT\s+\*|RETURNING\s+\*|\b[a-z_]+\.\*")


def test_statements_name_their_columns() -> None:
    """A new column must not change what a running program reads, nor make its plans stale."""
    folder = Path(persistence.__file__).parent
    statements = [(path.name, path.read_text("utf-8")) for path in folder.glob("*.py")]
    assert [name for name, text in statements if WILD.search(text)] == []
