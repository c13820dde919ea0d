"""The database is reached by any of its names, and its absence has a name of its own."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from booking_flow.ports import StoreUnavailable
from persistence.clock import now
from persistence.database import Database, create_engine, execute, fetch_all, fetch_one, transaction
from persistence.errors import NoRight, NoTable
from persistence.migrate import current


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    engine = create_engine("postgresql://nobody@127.0.0.1:1/none", connect_timeout=1)
    with pytest.raises(StoreUnavailable):
        await now(engine)
    with pytest.raises(StoreUnavailable):
        await current("postgresql://nobody@127.0.0.1:1/none")
    await engine.dispose()


EVERYONE = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def kill_connections(database_url: str) -> None:
    killer = create_engine(database_url, pool_size=1)
    await fetch_all(killer, EVERYONE)
    await killer.dispose()
    # The server ends them in its own time.
    await asyncio.sleep(0.3)


async def test_a_connection_that_died_idle_is_not_lent(engine: Database, database_url: str) -> None:
    """The pool has heard of its end, and the next statement gets a new connection."""
    await now(engine)
    await kill_connections(database_url)
    await now(engine)


async def test_a_connection_that_dies_under_a_statement_is_unavailable_once(
    engine: Database, database_url: str
) -> None:
    await now(engine)
    asked = asyncio.create_task(fetch_one(engine, text("SELECT pg_sleep(5)")))
    await asyncio.sleep(0.2)
    await kill_connections(database_url)
    with pytest.raises(StoreUnavailable):
        await asked
    await now(engine)


async def test_a_statement_that_takes_too_long_is_unavailable(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1, statement_timeout=0.1)
    with pytest.raises(StoreUnavailable):
        await fetch_one(engine, text("SELECT pg_sleep(5)"))
    await engine.dispose()


async def test_a_pool_that_is_used_up_is_unavailable(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1, connect_timeout=1)
    async with engine.lent():
        with pytest.raises(StoreUnavailable):
            await now(engine)
    await engine.dispose()


async def test_a_mistake_of_ours_is_not_unavailability(engine: Database) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await fetch_one(engine, text("SELECT nonsense"))


@pytest.mark.parametrize(
    "state",
    ["0A000", "28000", "3D000", "3F000", "42501", "42P01", "54000", "55000", "58030", "XX000"],
)
async def test_whatever_is_no_refusal_and_no_mistake_is_unavailable(
    engine: Database, state: str
) -> None:
    """Callers must try again, and whoever looks into it is told the state."""
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(StoreUnavailable, match=f"^{state}$"):
        await fetch_one(engine, text(raising))


@pytest.mark.parametrize("state", ["22003", "23505", "42601", "42703"])
async def test_what_trying_again_cannot_help_is_not(engine: Database, state: str) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(asyncpg.PostgresError):
        await fetch_one(engine, text(raising))


async def test_a_value_that_cannot_be_sent_is_refused(engine: Database) -> None:
    """The driver says so without asking the database."""
    with pytest.raises(asyncpg.PostgresError):
        await fetch_one(engine, text("SELECT CAST(:n AS bigint)"), {"n": 2**70})


async def test_a_table_that_is_not_there_and_a_right_have_names(engine: Database) -> None:
    with pytest.raises(NoTable, match="42P01"):
        await fetch_one(engine, text("SELECT 1 FROM nowhere"))
    with pytest.raises(NoRight, match="42501"):
        await fetch_one(engine, text("DO $$ BEGIN RAISE insufficient_privilege; END $$"))


async def test_a_plan_that_a_migration_made_stale_is_made_anew(database_url: str) -> None:
    """A statement that fails so was not begun, so it may run once more."""
    engine = create_engine(database_url, pool_size=1)
    await execute(engine, text("CREATE TABLE growing AS SELECT 1 AS a"))
    every = text("SELECT * FROM growing")
    assert tuple(await fetch_one(engine, every) or ()) == (1,)
    await execute(engine, text("ALTER TABLE growing ADD COLUMN b int DEFAULT 2"))
    assert tuple(await fetch_one(engine, every) or ()) == (1, 2)
    await engine.dispose()


async def test_a_stale_plan_in_a_transaction_is_for_its_caller_to_repeat(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    await execute(engine, text("CREATE TABLE growing AS SELECT 1 AS a"))
    every = text("SELECT * FROM growing")
    for column in ("b", "c"):
        await fetch_one(engine, every)
        await execute(engine, text(f"ALTER TABLE growing ADD COLUMN {column} int"))
        with pytest.raises(StoreUnavailable, match="0A000"):
            async with transaction(engine) as connection:
                await connection.fetch_all(every)
    await engine.dispose()
