"""A migration lets those who book go first, says what it waits for, and knows whom it serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from adapters.backoff import Backoff
from persistence.database import create_engine
from persistence.migrate import CannotMigrate, MigrationLimits, current, downgrade, upgrade
from persistence.revisions import Limits, RevisionStanding, head, known, standing

FORGOTTEN = "20261129_14"
BEFORE = "20261122_13"
OLDEST = "20261122_12"
FUTURE = "20991231_01"
READS = "SELECT one FROM installation"
MAKES = "CREATE TABLE forgotten_claims ()"
TWICE = MigrationLimits(tries=2, backoff=Backoff(first=0.1, longest=1))


@asynccontextmanager
async def reader(dsn: str, does: str = READS) -> AsyncIterator[None]:
    """Do something to what that revision changes, and leave the transaction open."""
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "a report"})
    try:
        async with connection.transaction():
            await connection.execute(does)
            yield
    finally:
        await connection.close()


@pytest.fixture
async def behind(database_url: str) -> str:
    """Return a database before the revision of forgotten claims."""
    await downgrade(database_url, BEFORE)
    return database_url


async def test_a_migration_waits_its_turn_and_lets_others_pass(behind: str) -> None:
    """Whoever comes behind a waiting migration is held for as long as one of its tries at most."""
    said: list[str] = []
    guest = await asyncpg.connect(behind)
    loop = asyncio.get_running_loop()
    async with reader(behind):
        migrating = asyncio.create_task(upgrade(behind, tell=said.append))
        held = []
        for _ in range(12):
            began = loop.time()
            await guest.fetch("SELECT one FROM installation")
            held.append(loop.time() - began)
            await asyncio.sleep(0.2)
    await asyncio.wait_for(migrating, 10)
    await guest.close()
    assert max(held) < 2
    assert said[0] == f"{FORGOTTEN}: others hold what it needs, try 1 of 30"
    assert said[-1] == f"{head()}: done"
    assert await current(behind) == head()


async def test_a_migration_that_never_gets_its_turn_says_who_is_in_the_way(
    behind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.migrate.limits_of", lambda _: Limits(lock=0.1))
    async with reader(behind):
        await asyncio.sleep(1)
        with pytest.raises(CannotMigrate, match=r"others hold .*: a report with pid \d+ since"):
            await upgrade(behind, patience=TWICE)
    assert await current(behind) == BEFORE


async def test_a_statement_that_takes_too_long_ends_the_migration(
    behind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.migrate.limits_of", lambda _: Limits(lock=5, statement=0.2))
    async with reader(behind):
        with pytest.raises(CannotMigrate, match=f"a statement of {FORGOTTEN} took more than"):
            await upgrade(behind)
    assert await current(behind) == BEFORE


async def test_each_revision_is_kept_though_the_next_one_fails(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "20261122_11")
    monkeypatch.setattr(
        "persistence.migrate.limits_of",
        lambda revision: Limits(lock=5, statement=0.2 if revision == FORGOTTEN else 60),
    )
    async with reader(empty_database_url, MAKES):
        with pytest.raises(CannotMigrate):
            await upgrade(empty_database_url)
    assert await current(empty_database_url) == BEFORE


async def put_ahead(dsn: str, *, oldest: str | None) -> None:
    """Make the tables those of a program that does not exist yet."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE alembic_version SET version_num = $1", FUTURE)
    await connection.execute("UPDATE installation SET oldest_program = $1", oldest)
    await connection.close()


async def stands(dsn: str) -> RevisionStanding:
    engine = create_engine(dsn, pool_size=1)
    try:
        return await standing(engine)
    finally:
        await engine.dispose()


async def test_the_tables_say_which_programs_they_serve(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    noted = await connection.fetchval("SELECT oldest_program FROM installation")
    await connection.close()
    assert noted == OLDEST
    assert await stands(database_url) == RevisionStanding(
        revision=head(), fit=True, said=f"the tables are at {head()}"
    )


@pytest.mark.parametrize(("oldest", "fit"), [(BEFORE, True), (FORGOTTEN, True), (FUTURE, False)])
async def test_a_program_runs_on_newer_tables_that_still_serve_it(
    database_url: str, oldest: str, fit: bool
) -> None:
    """What the tables say is the revision of forgotten claims that a program must know."""
    await put_ahead(database_url, oldest=oldest)
    found = await stands(database_url)
    assert (found.revision, found.fit) == (FUTURE, fit)
    assert f"{'still' if fit else 'no longer'} serve this program" in found.said


async def test_newer_tables_that_say_nothing_are_not_trusted(database_url: str) -> None:
    await put_ahead(database_url, oldest=None)
    assert (await stands(database_url)).fit is False


async def test_older_tables_and_none_are_named(empty_database_url: str) -> None:
    assert (await stands(empty_database_url)).said == (
        f"the tables are at nothing, this program needs {head()}"
    )
    await upgrade(empty_database_url, "20261122_01")
    assert (await stands(empty_database_url)).fit is False


async def test_an_older_programs_migrate_leaves_newer_tables_alone(database_url: str) -> None:
    said: list[str] = []
    await put_ahead(database_url, oldest=BEFORE)
    await upgrade(database_url, tell=said.append)
    assert await current(database_url) == FUTURE
    assert "nothing is to be done" in said[0]
    await put_ahead(database_url, oldest=FUTURE)
    with pytest.raises(CannotMigrate, match="Run a newer program"):
        await upgrade(database_url)


def test_revisions_are_known_in_their_order() -> None:
    assert known()[0] == head()
    assert known()[-1] == "20261122_01"
