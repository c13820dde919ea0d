"""Fixtures: databases with catalogues in them, and an account that may only read them."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count

import pytest
from yarl import URL

from tests.conftest import PostgresServer, administer, run_apart
from tests.support.catalogue_tables import Columns, Shelf, build, stock

MakeShelf = Callable[..., Awaitable[Shelf]]
_numbers = count(1)


@pytest.fixture(scope="session")
def reader_role(postgres_server: PostgresServer) -> Iterator[str]:
    name = f"catalogue_reader_{os.getpid()}"
    run_apart(administer(postgres_server, f"CREATE ROLE {name} LOGIN PASSWORD 'reading'"))
    yield name
    run_apart(administer(postgres_server, f"DROP ROLE {name}"))


@pytest.fixture
async def make_shelf(postgres_server: PostgresServer, reader_role: str) -> AsyncIterator[MakeShelf]:
    """Return a maker of stocked catalogues; the service gets an account that may only read."""
    made: list[str] = []

    async def make(columns: Columns | None = None, *, stocked: bool = True) -> Shelf:
        name = f"shelf_{os.getpid()}_{next(_numbers)}"
        await administer(postgres_server, f"CREATE DATABASE {name}")
        made.append(name)
        owner = postgres_server.dsn_of(name)
        await build(owner, columns)
        if stocked:
            await stock(owner)
        reading = str(URL(owner).with_user(reader_role).with_password("reading"))
        shelf = Shelf(url=reading, owner=owner)
        await shelf.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader_role}")
        return shelf

    yield make
    for name in made:
        await administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")
