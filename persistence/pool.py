"""The pool of connections: made by us, doubted after silence, and lent for a limited time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import monotonic
from typing import Any, Final, cast

from sqlalchemy import event
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from postgres.connection import Connection, Connector
from postgres.failures import FAILURES, READ_ONLY, name_of

DRIVER: Final = "postgresql+asyncpg://"
_STATEMENTS: Final = 256
"""How many prepared statements a connection remembers: more than there are texts of statements."""
_PATIENCE: Final = "patience"


def open_engine(connector: Connector, *, patience: float, **options: Any) -> AsyncEngine:
    """Open an engine whose connections we make; a loan with one statement takes `patience`."""

    def create() -> Any:
        return engine.dialect.dbapi.connect(  # type: ignore[union-attr]
            async_creator_fn=connector, prepared_statement_cache_size=_STATEMENTS
        )

    engine = create_async_engine(
        DRIVER, creator=create, execution_options={_PATIENCE: patience}, **options
    )
    _Doubts().watch(engine)
    event.listen(engine.sync_engine, "handle_error", _leave_readers)
    return engine


def lent(engine: AsyncEngine, *, once: bool = True) -> AbstractAsyncContextManager[AsyncConnection]:
    """Lend a connection; where none is idle, nobody waits long for one.

    With `once` the limit is for a single statement as well, which otherwise has one of its own.
    """
    pool = cast("AsyncAdaptedQueuePool", engine.sync_engine.pool)
    # A limit around everything costs a tenth of a short statement's time.
    return engine.connect() if pool.checkedin() else _within_limits(engine, once=once)


@asynccontextmanager
async def _within_limits(engine: AsyncEngine, *, once: bool) -> AsyncIterator[AsyncConnection]:
    patience: float = engine.get_execution_options()[_PATIENCE]
    async with asyncio.timeout(patience) as limit, engine.connect() as connection:
        if not once:
            limit.reschedule(None)
        yield connection


class _Doubts:
    """Whether a connection of one pool may have fallen silent, and asking it.

    Asking costs a round trip, so it is done after a silence only, or when another connection of
    the pool was found dead since this one was last heard of.
    """

    def __init__(self) -> None:
        self._raised = float("-inf")

    def watch(self, engine: AsyncEngine) -> None:
        """Look at every connection that is lent or comes back."""
        event.listen(engine.sync_engine, "checkin", self._comes_back)
        event.listen(engine.sync_engine, "checkout", self._goes_out)
        event.listen(engine.sync_engine, "invalidate", self._was_dead)

    def _comes_back(self, connection: Any, _record: Any) -> None:
        if connection is not None:
            connection.driver_connection.note_heard()

    def _was_dead(self, *_: Any) -> None:
        self._raised = monotonic()

    def _goes_out(self, connection: Any, _record: Any, _lent: Any) -> None:
        driver: Connection = connection.driver_connection
        if driver.is_closed():
            raise DisconnectionError
        if driver.is_silent or driver.heard_at < self._raised:
            self._ask(connection)

    def _ask(self, connection: Any) -> None:
        try:
            connection.run_async(Connection.pulse)
        except FAILURES as error:
            raise DisconnectionError from error


def _leave_readers(context: ExceptionContext) -> None:
    """Drop connections to a server that only reads, since another may have become the writer."""
    if name_of(context.original_exception) == READ_ONLY:
        context.is_disconnect = True
