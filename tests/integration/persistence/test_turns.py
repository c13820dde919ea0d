"""Who floods holds one connection of the pool, and is soon refused without any."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from adapters.postgres.pool import Lent
from persistence.database import Database, create_engine
from persistence.rate_limits import PostgresCaps
from persistence.sign_ins import PostgresSignIns


class Watched(Database):
    """Counts how many connections are lent, and how many were at once."""

    now = most = loans = 0

    @asynccontextmanager
    async def lent(self, *, once: bool = True) -> AsyncIterator[Lent]:
        async with super().lent(once=once) as connection:
            self.loans, self.now = self.loans + 1, self.now + 1
            self.most = max(self.most, self.now)
            try:
                yield connection
            finally:
                self.now -= 1


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Watched]:
    made = create_engine(database_url, pool_size=5)
    made.__class__ = Watched
    yield cast("Watched", made)
    await made.dispose()


async def test_one_address_holds_one_connection_however_often_it_asks(database: Watched) -> None:
    """Forty waited for one lock of the database, each with a connection, and guests had none."""
    caps, sign_ins = PostgresCaps(database), PostgresSignIns(database)

    async def opens(address: bytes) -> float | None:
        return await caps.take_opening(address=address, unknown_proxy=False, most=3, always=False)

    told = await asyncio.gather(*(opens(b"flood") for _ in range(40)))
    assert (told.count(None), database.most) == (3, 1)
    assert all(3590 < wait <= 3600 for wait in told if wait is not None)
    assert await opens(b"another") is None
    tried = await asyncio.gather(
        *(sign_ins.attempt(email_hash=b"one", address_hash=b"flood") for _ in range(20))
    )
    assert (tried.count(True), database.most) == (5, 1)


async def test_who_was_refused_is_refused_for_a_second_without_the_database(
    database: Watched,
) -> None:
    caps = PostgresCaps(database)

    async def opens() -> float | None:
        return await caps.take_opening(address=b"flood", unknown_proxy=False, most=1, always=False)

    assert await opens() is None
    assert await opens() is not None
    asked = database.loans
    waits = [await opens() for _ in range(10)]
    assert database.loans == asked
    assert all(3590 < wait <= 3600 for wait in waits if wait is not None)
    assert None not in waits
