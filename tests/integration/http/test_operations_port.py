"""Guests and operators on ports of their own, and what neither sees of the other's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiohttp import ClientSession

from booking_flow.staff.people import Role
from booking_http.app import create_app
from booking_http.runtime.server import serve_app
from tests.integration.http.conftest import MakeService
from tests.support.ports import free_port
from tests.support.service import Simulator, settings_for
from tests.support.staff import hire

PROBES = ("/livez", "/readyz")
PRIVATE = ("/metrics", "/readyz?verbose", "/api/v1/debug/db-info")


@pytest.fixture
async def ports(seeded_url: str, simulator: Simulator) -> AsyncIterator[tuple[int, int]]:
    """Serve on two ports, that of guests and that of operators."""
    guests, operators = free_port(), free_port()
    settings = settings_for(
        database_url=seeded_url, supplier_url=simulator.api, operations_port=operators
    )
    up = asyncio.Event()
    serving = asyncio.create_task(
        serve_app(
            create_app(settings),
            host="127.0.0.1",
            port=guests,
            operations_port=operators,
            patience=1,
            ready=up.set,
        )
    )
    await asyncio.wait_for(up.wait(), 30)
    yield guests, operators
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


async def test_operators_have_a_port_of_their_own(
    ports: tuple[int, int], make_service: MakeService
) -> None:
    clerk = await hire(await make_service(), Role.SUPERVISOR)

    async def statuses(http: ClientSession, port: int, *paths: str) -> list[int]:
        found = []
        for path in paths:
            url = f"http://127.0.0.1:{port}{path}"
            async with http.get(url, headers=clerk.headers, allow_redirects=False) as answer:
                found.append(answer.status)
        return found

    guests, operators = ports
    async with ClientSession() as http:
        assert await statuses(http, guests, *PROBES, "/docs", "/console") == [200, 200, 200, 303]
        assert await statuses(http, guests, *PRIVATE) == [404, 404, 404]
        assert await statuses(http, operators, *PROBES, *PRIVATE) == [200] * 5
        hidden = ("/docs", "/console", "/console/sign-in", "/api/v1/booking/cruises", "/nowhere")
        assert await statuses(http, operators, *hidden) == [404] * 5
        async with http.head(f"http://127.0.0.1:{guests}/metrics") as answer:
            assert answer.status == 404


async def test_without_the_setting_one_port_has_all(make_service: MakeService) -> None:
    service = await make_service()
    for path in (*PROBES, "/metrics", "/readyz?verbose"):
        assert (await service.call("GET", path)).status == 200
