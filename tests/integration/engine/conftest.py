"""Fixtures: a supplier, a database with sailings in it, and engines over both."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from persistence.database import create_engine
from tests.conftest import PostgresServer, Templates, own_copy
from tests.mutants import WITHOUT_SERVERS
from tests.support.engine import Shop, Simulator, running_shop, running_simulator, seed

HERE = Path(__file__).parent
MakeShop = Callable[..., Awaitable[Shop]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests out where a round of mutants wants the quick ones alone."""
    if os.environ.get(WITHOUT_SERVERS):
        items[:] = [item for item in items if not item.path.is_relative_to(HERE)]


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with running_simulator() as simulator:
        yield simulator


async def fill(database_url: str) -> None:
    database = create_engine(database_url, pool_size=1)
    await seed(database)
    await database.dispose()


@pytest.fixture
async def seeded_url(postgres_server: PostgresServer, templates: Templates) -> AsyncIterator[str]:
    """Return a database of this test's own in which the supplier's sailings are on sale."""
    async with own_copy(postgres_server, templates.filled(fill)) as url:
        yield url


@pytest.fixture
async def make_shop(seeded_url: str, simulator: Simulator) -> AsyncIterator[MakeShop]:
    """Return a maker of engines, each with connections of its own, over one database."""
    async with AsyncExitStack() as running:

        async def make(url: str = seeded_url, **settings: Any) -> Shop:
            return await running.enter_async_context(running_shop(url, simulator, **settings))

        yield make


@pytest.fixture
async def shop(make_shop: MakeShop) -> Shop:
    return await make_shop()
