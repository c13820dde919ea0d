"""Workers over a real database, and clocks that jump for everyone at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from booking_http.settings import Settings
from booking_http.web.metrics import Metrics
from booking_http.wiring import Parts, open_parts
from booking_http.worker.main import Worker
from persistence.clock import set_clock_offset
from persistence.database import Database, fetch_all
from persistence.statements import Row
from persistence.tasks import PostgresTaskStore
from tests.support.service import Guest, Service, Simulator, patient

LEASES = timedelta(minutes=4)
"""Longer than any lease, shorter than a hold."""


class Clocks:
    """The database's clock and the supplier's, moved together."""

    def __init__(self, database: Database, simulator: Simulator) -> None:
        self.database = database
        self.simulator = simulator
        self.ahead = timedelta()

    async def advance(self, by: timedelta) -> None:
        self.ahead += by
        await set_clock_offset(self.database, self.ahead)
        await self.simulator.control("clock", advanceSeconds=by.total_seconds())

    async def reset(self) -> None:
        """Go back to the real time; the simulator forgets everything."""
        self.ahead = timedelta()
        await set_clock_offset(self.database, self.ahead)
        await self.simulator.control("reset")


def worker_of(service: Service) -> Worker:
    """Return a worker over the parts of a service, to be drained by hand."""
    return Worker(service.parts, metrics=Metrics())


def clocks_of(service: Service) -> Clocks:
    return Clocks(service.parts.database, service.simulator)


@asynccontextmanager
async def worker_for(settings: Settings) -> AsyncIterator[tuple[Worker, Parts]]:
    """Open a worker of its own, to be drained by hand."""
    async with AsyncExitStack() as opened:
        with patient():
            parts = await opened.enter_async_context(open_parts(settings))
        yield Worker(parts, metrics=Metrics()), parts


async def rows(database: Database, sql: str, **values: Any) -> list[Row]:
    return await fetch_all(database, text(sql), values)


async def kinds_of_open_tasks(database: Database, guest: Guest) -> list[str]:
    """Return what waits for a person in a guest's session."""
    tasks = await PostgresTaskStore(database).open_tasks()
    return sorted(task.kind.value for task in tasks if task.session_id == UUID(guest.uuid))
