"""The two databases of a copy: which they are, and that only one at a time writes into a target."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from asyncpg import Connection, Record

from adapters.catalogue.connection import manners
from adapters.catalogue.pairing import CannotCopy
from adapters.postgres.address import read_address
from adapters.postgres.connection import Connector, milliseconds

_LOCK: Final = int.from_bytes(b"bookflow")
"""What everybody locks who writes into a catalogue."""
_TRY: Final = "SELECT pg_try_advisory_lock($1)"
_TRIES: Final = 20
# Who holds the lock, and since when they have been connected.
_HOLDER: Final = """
    SELECT a.application_name, a.client_addr, a.pid, date_trunc('second', a.backend_start) AS since
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
      AND (l.classid::bigint << 32) | l.objid::bigint = $1
"""
# What no two databases have in common, whatever names and addresses lead to them.
_WHICH: Final = """
    SELECT pg_postmaster_start_time(), oid FROM pg_catalog.pg_database
    WHERE datname = current_database()
"""


class Busy(CannotCopy):
    """Somebody else is writing into the target."""


@asynccontextmanager
async def connected(
    url: str,
    *,
    called: str,
    read_only: bool,
    statement_timeout: float = 60.0,
    lock_timeout: float = 5.0,
) -> AsyncIterator[Connection[Any]]:
    """Open a connection of our own; it is cut rather than closed when the block fails."""
    name, address = f"{called} {socket.gethostname()}:{os.getpid()}"[:63], read_address(url)
    connector = Connector(
        address=address if read_only else address.writable,
        called=name,
        connect_timeout=10,
        command_timeout=statement_timeout * 2,
        polite=True,
        server_settings={
            **manners(
                name, read_only=read_only, statement_timeout=statement_timeout, idle_timeout=600
            ),
            "jit": "off",
            "lock_timeout": milliseconds(lock_timeout),
        },
    )
    connection = await connector()
    try:
        yield connection
    except BaseException:
        connection.terminate()
        raise
    await connection.close()


def address(url: str) -> str:
    """Return where a database is, without the account and its password."""
    return str(read_address(url))


async def forbid_same(source: Connection[Any], target: Connection[Any]) -> None:
    """Refuse to copy a database onto itself.

    Raises:
        CannotCopy: both connections lead to one database.
    """
    if await source.fetchrow(_WHICH) == await target.fetchrow(_WHICH):
        raise CannotCopy("source and target are the same database")


async def take_alone(connection: Connection[Any]) -> None:
    """Keep everybody else from writing into this catalogue until the connection ends.

    A connection of our own that was lost on the way may not have been missed by the server yet;
    it is ended.

    Raises:
        Busy: somebody else is writing; the message says who and since when.
    """
    ours = await connection.fetchval("SELECT current_setting('application_name')")
    for _ in range(_TRIES):
        if await connection.fetchval(_TRY, _LOCK):
            return
        holder = await connection.fetchrow(_HOLDER, _LOCK)
        if holder is not None and holder["application_name"] != ours:
            raise Busy(f"{_named(holder)} is writing into this catalogue")
        if holder is not None:
            await connection.execute("SELECT pg_terminate_backend($1)", holder["pid"])
        await asyncio.sleep(0.1)
    raise Busy("somebody else is writing into this catalogue")


def _named(holder: Record) -> str:
    """Say who it is; of another account's connections the server tells only the number."""
    words = [holder["application_name"] or "somebody"]
    if holder["since"]:
        place = holder["client_addr"] or "the database's own machine"
        words.append(f"connected from {place} since {holder['since']:%Y-%m-%d %H:%M:%S} UTC")
    return f"{', '.join(words)} (backend {holder['pid']})"
