"""Who floods holds one connection of the pool, and is soon refused without any."""

from __future__ import annotations

import asyncio

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.database import create_engine
from persistence.rate_limits import PostgresCaps
from persistence.sign_ins import PostgresSignIns


def busiest(engine: AsyncEngine) -> list[int]:
    """Return where the largest number of connections stands that were lent at once."""
    lent, most = [0], [0]

    @event.listens_for(engine.sync_engine, "checkout")
    def out(*_: object) -> None:
        lent[0] += 1
        most[0] = max(most[0], lent[0])

    @event.listens_for(engine.sync_engine, "checkin")
    def back(*_: object) -> None:
        lent[0] -= 1

    return most


async def test_one_address_holds_one_connection_however_often_it_asks(database_url: str) -> None:
    """Forty waited for one lock of the database, each with a connection, and guests had none."""
    engine = create_engine(database_url, pool_size=5)
    most, caps, sign_ins = busiest(engine), PostgresCaps(engine), PostgresSignIns(engine)

    async def opens(address: bytes) -> float | None:
        return await caps.take_opening(address=address, unknown_proxy=False, most=3, always=False)

    told = await asyncio.gather(*(opens(b"flood") for _ in range(40)))
    assert (told.count(None), most[0]) == (3, 1)
    assert all(3590 < wait <= 3600 for wait in told if wait is not None)
    assert await opens(b"another") is None
    tried = await asyncio.gather(
        *(sign_ins.attempt(email_hash=b"one", address_hash=b"flood") for _ in range(20))
    )
    assert (tried.count(True), most[0]) == (5, 1)
    await engine.dispose()


async def test_who_was_refused_is_refused_for_a_second_without_the_database(
    database_url: str,
) -> None:
    engine = create_engine(database_url, pool_size=2)
    caps = PostgresCaps(engine)

    async def opens() -> float | None:
        return await caps.take_opening(address=b"flood", unknown_proxy=False, most=1, always=False)

    assert await opens() is None
    assert await opens() is not None
    asked: list[object] = []
    event.listen(engine.sync_engine, "checkout", lambda *_: asked.append(1))
    waits = [await opens() for _ in range(10)]
    assert asked == []
    assert all(3590 < wait <= 3600 for wait in waits if wait is not None)
    assert None not in waits
    await engine.dispose()
