"""A database keeps what it is known by through restores, and a copy by template does not."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from persistence.database import create_engine, execute
from persistence.database_identity import identity_of
from tests.conftest import PostgresServer
from tests.support.restoring import copied_by_template, dump, restore


async def known_as(url: str) -> UUID:
    engine = create_engine(url, pool_size=1)
    try:
        found = await identity_of(engine)
        assert found is not None
        assert await identity_of(engine) == found
        return found.id
    finally:
        await engine.dispose()


async def test_it_is_given_at_first_use_and_kept(database_url: str) -> None:
    assert await known_as(database_url) == await known_as(database_url)


async def test_a_dump_that_is_restored_is_the_same(
    database_url: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    before = await known_as(database_url)
    await dump(database_url, tmp_path / "dump")
    await restore(postgres_server, database_url, tmp_path / "dump")
    assert await known_as(database_url) == before


async def test_a_copy_by_template_is_another(
    database_url: str, postgres_server: PostgresServer
) -> None:
    before = await known_as(database_url)
    async with copied_by_template(postgres_server, database_url) as copy:
        assert await known_as(copy) != before
    assert await known_as(database_url) == before


async def test_a_stand_by_that_takes_over_is_the_same(database_url: str) -> None:
    """It is a physical copy; only one that was moved to another cluster has another number."""
    before = await known_as(database_url)
    engine = create_engine(database_url, pool_size=1)
    await execute(engine, text("UPDATE installation SET bound_system = 1, bound_database = 1"))
    await engine.dispose()
    assert await known_as(database_url) == before


async def test_without_a_mark_there_is_none(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    await execute(engine, text("DELETE FROM installation"))
    assert await identity_of(engine) is None
    await engine.dispose()
