"""A shop, its supplier and its clocks, in which a test makes things happen one after another."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from sqlalchemy import text

from adapters.simulator import SimulatorSettings, create_app
from adapters.simulator.dispatch import SUPPLIER
from adapters.simulator.supplier import Supplier
from booking_flow.errors import Refused
from booking_flow.model.task import TaskKind
from booking_flow.ports import StoredTask, StoreUnavailable
from booking_flow.staff.people import Role, StaffMember
from booking_flow.staff.task_resolution import AnswerKind, TaskAnswer
from booking_http.web.metrics import Metrics
from booking_http.worker.main import Worker
from booking_http.worker.outbox_sender import send_due
from persistence.clock import set_clock_offset
from persistence.database import Database, create_engine, fetch_one
from persistence.tasks import PostgresTaskStore
from tests.acceptance.stopping import Process, start_process
from tests.support.service import Service, Simulator

T = TypeVar("T")
FORGET = """
    BEGIN;
    ALTER TABLE session_history DISABLE TRIGGER USER;
    TRUNCATE booking_sessions, cap_holds, cap_cards CASCADE;
    ALTER TABLE session_history ENABLE TRIGGER USER;
    UPDATE clock_offset SET ahead_by = '0';
    COMMIT
"""
"""Make a shop's database new again; a copy of a seeded one would take ten times as long."""
STAFF = StaffMember(name="rosa", role=Role.SUPERVISOR)
LEASES = timedelta(minutes=4)
"""Longer than any lease, shorter than a hold."""
HOLDS = timedelta(minutes=31)
"""Longer than any hold can be, and than a booking can stay unseen."""
LIVES = timedelta(hours=3)
"""Longer than a session lives."""

EXPECTED: Final = text(
    """
    SELECT b.paid + split_part(t.intent ->> 'amount', ' ', 1)::numeric AS money
    FROM bookings b
    JOIN booking_sessions s ON s.id = b.session_id
    JOIN saga_steps t ON t.session_id = s.id AND t.id = s.open_step
    WHERE b.reservation = :reservation
    """
)


@dataclass(slots=True, kw_only=True)
class World:
    """Everything that can change in an example; one process serves, others may stand still."""

    database_url: str
    settings: Mapping[str, Any]
    simulator: Simulator
    supplier: Supplier
    database: Database
    ahead: timedelta = timedelta()
    processes: list[Process] = field(default_factory=list)

    @property
    def process(self) -> Process:
        """The process that serves; those before it stand still."""
        return self.processes[-1]

    @property
    def service(self) -> Service:
        return self.process.service

    def boottime(self) -> float:
        """Return seconds that also pass while nothing happens."""
        return time.monotonic() + self.ahead.total_seconds()

    async def start(self) -> None:
        """Start another process, which serves from now on."""
        started = await start_process(
            self.database_url, self.simulator, self.boottime, **self.settings
        )
        self.processes.append(started)

    async def do(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Let the serving process do something; when it stops meanwhile, another takes over."""
        done = await self.process.do(work)
        if self.process.points.stopped.is_set():
            await self.start()
        return done

    async def wake(self) -> list[Any]:
        """Let the processes that stand still go on, and end when they are through."""
        answers = []
        while len(self.processes) > 1:
            sleeper = self.processes.pop(0)
            try:
                answers += await sleeper.go_on()
            finally:
                await sleeper.end()
        return answers

    async def kill_sleepers(self) -> None:
        """Let the processes that stand still never go on."""
        while len(self.processes) > 1:
            await self.processes.pop(0).end()

    async def end(self) -> None:
        while self.processes:
            await self.processes.pop().end()

    async def pass_time(self, by: timedelta) -> None:
        """Let time pass for everyone."""
        self.ahead += by
        await set_clock_offset(self.database, self.ahead)
        self.supplier_runs_ahead(by)

    def supplier_runs_ahead(self, by: timedelta) -> None:
        """Let time pass for the supplier alone."""
        self.supplier.clock.advance(by.total_seconds())
        self.supplier.pass_time()

    async def work(self) -> None:
        """Let a worker do all there is to do, and send all there is to send."""
        parts = self.service.parts
        await self.do(Worker(parts, metrics=Metrics()).drain())
        if parts.notifications.all_channels:
            await send_due(parts)

    async def open_tasks(self) -> list[StoredTask]:
        return list(await PostgresTaskStore(self.database).open_tasks())

    async def answer(self, task: StoredTask, *, line_cancels: bool = True) -> Refused | None:
        """Let staff find out the truth and answer a task by it."""
        answer = await self.truth(task, line_cancels=line_cancels)
        try:
            await self.do(self.service.parts.maintenance.desk.answer(answer, by=STAFF))
        except Refused as refused:
            return refused
        except StoreUnavailable:
            return None
        return None

    async def truth(self, task: StoredTask, *, line_cancels: bool) -> TaskAnswer:
        """Return what staff find out when they ask the line."""
        reservation = None
        match task.kind:
            case TaskKind.BOOK_UNKNOWN:
                reservation = self.reservation_of(task.facts["itemKey"])
                kind = AnswerKind.RESERVATION if reservation else AnswerKind.NOT_BOOKED
            case TaskKind.PAY_UNKNOWN:
                paid = await self.charged_for(task.facts["reservation"])
                kind = AnswerKind.PAID if paid else AnswerKind.NOT_PAID
            case TaskKind.CANCEL_WITH_LINE:
                kind = await self._asked_the_line(task.facts["reservation"], line_cancels)
            case TaskKind.COLLECT_PAYMENT:
                kind = AnswerKind.CANCEL_BOOKING
            case TaskKind.DUPLICATE_BOOKING:
                kind = AnswerKind.SECOND_CANCELLED
            case TaskKind.CANCELLATION_REFUND:
                kind = AnswerKind.REFUNDED
            case _:
                kind = AnswerKind.DONE
        return TaskAnswer(
            task_id=task.id,
            seen=frozenset({task.version}),
            kind=kind,
            reservation=reservation,
            override=True,
            kept=Decimal(0) if kind is AnswerKind.REFUNDED else None,
        )

    async def _asked_the_line(self, reservation: str, line_cancels: bool) -> AnswerKind:
        """Ring the line up; what it has cancelled once stays cancelled."""
        made = (one for one in self.supplier.state.bookings if one.reservation == reservation)
        cancelled = any(one.status == "Cancelled" for one in made)
        if not (line_cancels or cancelled):
            return AnswerKind.LINE_REFUSED
        await self.simulator.control("cancel", reservation=reservation)
        return AnswerKind.LINE_CANCELLED

    def reservation_of(self, item_key: str) -> str | None:
        """Return the reservation that the line has for a basket item."""
        made = (one for one in self.supplier.state.bookings if one.item_key == item_key)
        return next((one.reservation for one in made if one.reservation), None)

    async def charged_for(self, reservation: str) -> bool:
        """Whether the line has received for a reservation what is entered and what is unknown."""
        made = (one for one in self.supplier.state.bookings if one.reservation == reservation)
        row = await fetch_one(self.database, EXPECTED, {"reservation": reservation})
        return row is not None and any(self.supplier.received_for(one) >= row.money for one in made)

    async def settle(self) -> None:
        """Let everything come to its end: time passes, workers work, staff answer."""
        for passed in (LEASES, HOLDS, LIVES, LEASES):
            await self.pass_time(passed)
            await self.work()
            for task in await self.open_tasks():
                await self.answer(task)
            await self.work()


async def administer(database_url: str, statements: str) -> None:
    """Run statements that no service would."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


@asynccontextmanager
async def supplying() -> AsyncIterator[tuple[Simulator, Supplier]]:
    """Run a simulator whose books can be read without asking it."""
    app = create_app(SimulatorSettings(latency_scale=0))
    server = TestServer(app)
    await server.start_server(access_log=None)
    async with ClientSession() as http:
        yield Simulator(server.make_url("/"), http), app[SUPPLIER]
    await server.close()


@asynccontextmanager
async def world_over(
    database_url: str, simulator: Simulator, supplier: Supplier, folder: Path, **changes: Any
) -> AsyncIterator[World]:
    """Open a world over a seeded database; it and the supplier forget everything before."""
    supplier.reset()
    await administer(database_url, FORGET)
    database = create_engine(database_url, pool_size=1)
    world = World(
        database_url=database_url,
        settings={"spool_dir": str(folder)} | changes,
        simulator=simulator,
        supplier=supplier,
        database=database,
    )
    await world.start()
    try:
        yield world
    finally:
        await world.end()
        await database.dispose()
