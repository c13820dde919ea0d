import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from datetime import time as clock_time
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession, TCPConnector
from aiohttp.test_utils import TestServer

from adapters.simulator import SimulatorSettings, create_app
from adapters.token_cache import TokenCache
from adapters.traveltek import TraveltekClient, open_client
from tests.support import traveltek as kit
from tests.support.waiting import Limits

NOON = datetime.combine(kit.TODAY, clock_time(12), tzinfo=UTC)
MakeClient = Callable[..., TraveltekClient]


class Simulator:
    """The simulator over real HTTP, with its control API."""

    def __init__(self, base: str, http: ClientSession) -> None:
        self.base = base
        self.http = http
        self.limits = Limits()

    async def control(self, path: str, **body: Any) -> Any:
        async with self.http.post(f"{self.base}/_control/{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def fault(self, endpoint: str, fault: str, **more: Any) -> None:
        self.limits.expect(endpoint, fault, 1)
        await self.control("faults", endpoint=f"{endpoint}.pl", fault=fault, times=1, **more)

    async def show(self, path: str) -> Any:
        async with self.http.get(f"{self.base}/_control/{path}") as answer:
            return await answer.json()

    async def received(self, endpoint: str) -> int:
        counts = (await self.show("calls"))["counts"]
        return int(counts.get(f"{endpoint}.pl", 0))

    @asynccontextmanager
    async def client(self, **changes: Any) -> AsyncIterator[TraveltekClient]:
        """A client of this simulator, without Redis unless one is given."""
        redis = changes.pop("redis", None)
        usual: dict[str, Any] = {
            "base_url": f"{self.base}/2.1/json",
            "limits": self.limits,
            "time_scale": 1.0,
            "retry_wait": 0.01,
        }
        settings = kit.settings(**usual | changes)
        async with open_client(
            settings, redis=redis, new_id=uuid4, boottime=time.monotonic
        ) as made:
            yield made


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    app = create_app(SimulatorSettings(latency_scale=0, today=kit.TODAY, clock=lambda: NOON))
    server = TestServer(app)
    await server.start_server()
    async with ClientSession() as http:
        yield Simulator(str(server.make_url("")).rstrip("/"), http)
    await server.close()


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[TraveltekClient]:
    async with simulator.client() as made:
        yield made


@pytest.fixture
async def make_client() -> AsyncIterator[MakeClient]:
    """Make clients whose answers are made up by aioresponses."""
    http = ClientSession(connector=TCPConnector(force_close=True))

    def make(tokens: TokenCache | None = None, **changes: Any) -> TraveltekClient:
        boottime = changes.pop("boottime", time.monotonic)
        return TraveltekClient(
            kit.settings(**changes), http, tokens or TokenCache(None), uuid4, boottime
        )

    yield make
    await http.close()
