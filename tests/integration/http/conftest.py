"""Fixtures: a simulated supplier, a real service over a real database, and a guest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from booking_flow.staff.people import Role
from tests.conftest import PostgresServer, Templates, own_copy
from tests.support.service import (
    Guest,
    Service,
    Simulator,
    running_service,
    running_simulator,
    seed_catalogue,
)
from tests.support.staff import Clerk, hire

MakeService = Callable[..., Any]


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a supplier that answers at once."""
    async with running_simulator() as simulator:
        yield simulator


@pytest.fixture
async def seeded_url(postgres_server: PostgresServer, templates: Templates) -> AsyncIterator[str]:
    """Return a database of this test's own in which the simulator's sailings are on sale."""
    async with own_copy(postgres_server, templates.filled(seed_catalogue)) as url:
        yield url


@pytest.fixture
async def make_service(seeded_url: str, simulator: Simulator) -> AsyncIterator[MakeService]:
    """Return a maker of services whose settings a test may choose; they share one database."""
    async with AsyncExitStack() as running:

        async def make(**changes: Any) -> Service:
            url = changes.pop("database_url", seeded_url)
            return await running.enter_async_context(running_service(url, simulator, **changes))

        yield make


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """Run the service."""
    made: Service = await make_service()
    return made


@pytest.fixture
async def agent(service: Service) -> Clerk:
    """Return an agent with an API token."""
    return await hire(service, Role.AGENT)


@pytest.fixture
async def supervisor(service: Service) -> Clerk:
    """Return a supervisor with an API token."""
    return await hire(service, Role.SUPERVISOR, "Sue Pervisor")


@pytest.fixture
def guest(service: Service) -> Guest:
    """Return a guest who has not begun."""
    return service.guest()
