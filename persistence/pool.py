"""The pool of connections: made by us, doubted after silence, and lent for a limited time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, cast

from sqlalchemy import event
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from adapters.postgres.connection import Connection, Connector
from adapters.postgres.failures import FAILURES, READ_ONLY, name_of

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
    event.listen(engine.sync_engine, "checkin", _note_heard)
    event.listen(engine.sync_engine, "checkout", _ensure_alive)
    event.listen(engine.sync_engine, "handle_error", _give_up)
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


def _note_heard(connection: Any, _record: Any) -> None:
    if connection is not None:
        connection.driver_connection.note_heard()


def _ensure_alive(connection: Any, _record: Any, _lent: Any) -> None:
    """Give up all connections where one is found dead: the others met the same, most likely."""
    driver: Connection = connection.driver_connection
    if driver.is_closed():
        raise InvalidatePoolError
    # Asking costs a round trip, so it is done after a silence only.
    if not driver.is_silent:
        return
    try:
        connection.run_async(Connection.pulse)
    except FAILURES as error:
        raise InvalidatePoolError from error


def _give_up(context: ExceptionContext) -> None:
    """Give up all connections when one of them falls silent, or leads to a server that only reads.

    Another server may have become the one that writes.
    """
    error = context.original_exception
    if isinstance(error, OSError) or name_of(error) == READ_ONLY:
        context.is_disconnect = True
        # For an error that is not the driver's own, SQLAlchemy would give up this one only.
        context.invalidate_pool_on_disconnect = True
