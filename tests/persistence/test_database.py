"""The database is reached by any of its names, and its absence has a name of its own."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from booking_flow.ports import StoreUnavailable
from persistence.clock import now
from persistence.database import create_engine, database_url, dsn, fetch_all, fetch_one
from persistence.migrate import current


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_scheme_of_postgresql_is_understood(scheme: str) -> None:
    url = database_url(f"{scheme}://me:secret@db:5433/shop?ssl=require")
    assert url.drivername == "postgresql+asyncpg"
    assert (url.host, url.port, url.database) == ("db", 5433, "shop")
    assert "secret" not in str(url)


def test_asyncpg_reads_the_address_itself() -> None:
    """What follows the ? is PostgreSQL's language, which SQLAlchemy does not speak."""
    url = "postgresql+asyncpg://me:p%40%2Fss@[::1]:5433/shop?sslmode=require"
    assert dsn(url) == "postgresql://me:p%40%2Fss@[::1]:5433/shop?sslmode=require"


async def test_parameters_of_the_address_reach_the_server(database_url: str) -> None:
    engine = create_engine(f"{database_url}?sslmode=prefer&search_path=elsewhere", pool_size=1)
    row = await fetch_one(engine, text("SHOW search_path"))
    await engine.dispose()
    assert row is not None
    assert row.search_path == "elsewhere"


@pytest.mark.parametrize("url", ["mysql://db/shop", "db/shop", ""])
def test_other_addresses_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(ValueError, match="postgresql://") as refused:
        database_url(url)
    assert not url or url not in str(refused.value)


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    engine = create_engine("postgresql://nobody@127.0.0.1:1/none", connect_timeout=1)
    with pytest.raises(StoreUnavailable):
        await now(engine)
    with pytest.raises(StoreUnavailable):
        await current("postgresql://nobody@127.0.0.1:1/none")
    await engine.dispose()


async def test_a_connection_that_dies_is_unavailable_once(
    engine: AsyncEngine, database_url: str
) -> None:
    """The pool notices and the next statement gets a new connection."""
    await now(engine)
    killer = create_engine(database_url, pool_size=1)
    everyone = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await fetch_all(killer, everyone)
    await killer.dispose()
    with pytest.raises(StoreUnavailable):
        await now(engine)
    await now(engine)


async def test_a_statement_that_takes_too_long_is_unavailable(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1, statement_timeout=0.1)
    with pytest.raises(StoreUnavailable):
        await fetch_one(engine, text("SELECT pg_sleep(5)"))
    await engine.dispose()


async def test_a_pool_that_is_used_up_is_unavailable(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1, connect_timeout=1)
    async with engine.connect():
        with pytest.raises(StoreUnavailable):
            await now(engine)
    await engine.dispose()


async def test_a_mistake_of_ours_is_not_unavailability(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError):
        await fetch_one(engine, text("SELECT nonsense"))
