from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, time
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from adapters.simulator import SimulatorSettings, create_app
from tests.support.agency import TODAY, Agency

NOON = datetime.combine(TODAY, time(12), tzinfo=UTC)
Start = Callable[..., Awaitable["TestClient[Any, Any]"]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start simulators with the settings given; all are stopped at the end."""
    clients: list[TestClient[Any, Any]] = []

    async def started(**settings: Any) -> "TestClient[Any, Any]":
        usual: dict[str, Any] = {"latency_scale": 0, "today": TODAY, "clock": lambda: NOON}
        app = create_app(SimulatorSettings(**(usual | settings)))
        client: TestClient[Any, Any] = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return client

    yield started
    for client in clients:
        await client.close()


@pytest.fixture
async def agency(start: Start) -> Agency:
    return Agency(await start())
