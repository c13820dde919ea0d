"""Those who ask: guests who go through every step, and a client of the bare server."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from yarl import URL

from tests.support.ports import free_port
from tests.support.service import Guest, Reply, Service
from tests.support.testbed import Ground, Program, Server

BARE = "bare HTTP and one commit"


class WentWrong(Exception):  # noqa: N818 - says what happened
    """A step of a measurement was answered otherwise than it must be."""


def checked(reply: Reply, *statuses: int) -> Reply:
    """Return the reply of a step that went well.

    Raises:
        WentWrong: it did not, and there is nothing to measure.
    """
    if reply.status not in statuses:
        raise WentWrong(str(reply))
    return reply


def service_of(ground: Ground, server: Server) -> Service:
    """Return a server as guests see it."""
    return Service(
        app=web.Application(), url=server.url, http=ground.http, simulator=ground.simulator
    )


async def book(guest: Guest) -> None:
    """Go from nothing to a booking that is paid."""
    checked(await guest.open(), 201)
    checked(await guest.price(), 200)
    held = checked(await guest.select(), 200)
    payment = guest.payment(held.body["price"]["total"])
    checked(await guest.book(guest.booking(payment=payment)), 201)


async def book_and_pay(guest: Guest) -> Reply:
    """Book what a guest holds, and pay all of it by card."""
    payment = guest.payment(guest.rate()["total"])
    return await guest.book(guest.booking(payment=payment))


async def per_second(ask: Callable[[int], Awaitable[None]], *, at_once: int, for_s: float) -> float:
    """Return how often `ask` can be done in a second by so many at once."""
    done, ends, began = 0, time.perf_counter() + for_s, time.perf_counter()

    async def one(number: int) -> None:
        nonlocal done
        while time.perf_counter() < ends:
            await ask(number)
            done += 1

    await asyncio.gather(*(one(number) for number in range(at_once)))
    return done / (time.perf_counter() - began)


@dataclass(slots=True)
class BareClient:
    """Asks the bare server for commits; each caller has a row of its own."""

    ground: Ground
    server: Server
    versions: dict[int, int]

    async def commit(self, number: int) -> None:
        """Commit once."""
        ask = {"id": number + 1, "version": self.versions.get(number, 0)}
        async with self.ground.http.post(self.server.url / "commit", json=ask) as answer:
            self.versions[number] = (await answer.json())["version"]


@asynccontextmanager
async def bare(ground: Ground) -> AsyncIterator[BareClient]:
    """Run the bare server."""
    port = free_port()
    environ = {**os.environ, "DATABASE_URL": ground.postgres.dsn, "APP_PORT": str(port)}
    program = Program("tests.bench.bare", log=ground.folder / "bare.log", environ=environ)
    server = Server(program=program, url=URL(f"http://127.0.0.1:{port}/"), http=ground.http)
    await server.start()
    try:
        yield BareClient(ground, server, {})
    finally:
        await program.end()
