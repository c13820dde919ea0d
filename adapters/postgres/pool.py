"""A pool of connections: made by us, doubted after silence, and lent for a limited time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from adapters.postgres.connection import Connection
from adapters.postgres.failures import FAILURES, READ_ONLY, name_of

if TYPE_CHECKING:
    Lent = PoolConnectionProxy[asyncpg.Record]
    _Pool = asyncpg.Pool[asyncpg.Record]
else:
    Lent = PoolConnectionProxy
    _Pool = asyncpg.Pool

_MANY: Final = 2**31
"""After so many statements a connection would be replaced."""
_LIFETIME: Final = 1800.0
"""Seconds after which a connection is replaced, so that none stays with a server that has moved."""


class NotConnected(Exception):  # noqa: N818 - names what happened
    """No host of the address would do; the cause says why."""


class ConnectionPool:
    """Connections to one database, which are made when they are first needed."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        size: int,
        wait: float,
        patience: float,
    ) -> None:
        """Take who connects, and how many connections there are at most.

        `wait` is how many seconds one may wait for others to give a connection back, and
        `patience` for how long who must wait or connect has a connection and its statement.
        """
        self._connect = connect
        self._size = size
        self._wait = wait
        self._patience = patience
        self._opened: _Pool | None = None
        self.on_statement: Callable[[Any], None] | None = None
        """Who is told of each statement that has ended, by the driver's `LoggedQuery`."""

    @asynccontextmanager
    async def lent(self, *, once: bool = True) -> AsyncIterator[Lent]:
        """Lend a connection that was heard of lately.

        With `once` the limit of who must wait is for a single statement as well, which otherwise
        has one of its own.
        """
        pool = await self._pool()
        # A limit around everything costs a tenth of a short statement's time.
        if pool.get_idle_size():
            async with self._borrowed(pool) as connection:
                yield connection
            return
        async with asyncio.timeout(self._patience) as limit, self._borrowed(pool) as connection:
            if not once:
                limit.reschedule(None)
            yield connection

    async def renew(self) -> None:
        """Let every connection be made anew before it is lent again."""
        if self._opened is not None:
            await self._opened.expire_connections()

    async def dispose(self) -> None:
        """Close the connections; they are made again for who asks again."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened.terminate()

    @asynccontextmanager
    async def _borrowed(self, pool: _Pool) -> AsyncIterator[Lent]:
        connection = await self._acquired(pool)
        try:
            yield connection
        except FAILURES as error:
            # What has met one connection has most likely met the others; and where one leads to a
            # server that only reads, another server may have become the one that writes.
            if _is_lost(connection, error):
                await pool.expire_connections()
            raise
        finally:
            await _give_back(pool, connection)

    async def _acquired(self, pool: _Pool) -> Lent:
        while True:
            full = pool.get_size() == self._size and not pool.get_idle_size()
            connection = await pool.acquire(timeout=self._wait if full else None)
            try:
                if await _is_usable(connection):
                    return connection
                await pool.expire_connections()
            except BaseException:
                await _give_back(pool, connection)
                raise
            await _give_back(pool, connection)

    async def _pool(self) -> _Pool:
        if self._opened is None:
            self._opened = asyncpg.create_pool(
                min_size=0,
                max_size=self._size,
                max_queries=_MANY,
                max_inactive_connection_lifetime=0,
                connect=self._connected,
                # Each statement commits by itself, and leaves nothing to be put back: doing so all
                # the same would be one more round trip.
                reset=_nothing,
                connection_class=Connection,
            )
            await self._opened
        return self._opened

    async def _connected(self, *_: object, **__: object) -> Connection:
        try:
            connection = await self._connect()
        except FAILURES as error:
            raise NotConnected from error
        if self.on_statement is not None:
            connection.add_query_logger(self.on_statement)
        return connection


@asynccontextmanager
async def all_or_nothing(connection: Lent) -> AsyncIterator[None]:
    """Open a transaction on a lent connection; it rolls back unless the block ends well.

    The driver's own block would raise its failure to roll back, on a connection that was cut, in
    place of the cancellation that has cut it: whoever is told to stop would go on.
    """
    opened = connection.transaction()
    await opened.start()
    try:
        yield
    except BaseException:
        with suppress(*FAILURES):
            await opened.rollback()
        raise
    await opened.commit()


async def _give_back(pool: _Pool, connection: Lent) -> None:
    """Give a connection back; one that was cut meanwhile has left the pool by itself.

    The driver's complaint of that must not take the place of what has cut it, a cancellation above
    all: whoever is told to stop would go on. One that is still in a transaction is cut, since
    nothing would end what others begin on it.
    """
    with suppress(asyncpg.InterfaceError, asyncpg.InternalClientError):
        if connection.is_in_transaction():
            connection.terminate()
        await pool.release(connection)


async def _nothing(_: object) -> None:
    """Put nothing back."""


async def _is_usable(connection: Any) -> bool:
    """Whether a connection lives and is not too old; asked only after a silence."""
    if connection.age > _LIFETIME:
        return False
    try:
        if connection.is_silent:
            await connection.pulse()
        connection.note_heard()
    except FAILURES:
        return False
    return True


def _is_lost(connection: Lent, error: BaseException) -> bool:
    return isinstance(error, OSError) or _is_cut(connection) or name_of(error) == READ_ONLY


def _is_cut(connection: Lent) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # It was cut, and has left the pool by itself.
        return True
