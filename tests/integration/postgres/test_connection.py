"""Connections find the host that will do, encrypted as asked, and end when it falls silent."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.address import read_address
from adapters.postgres.connection import Connector
from tests.conftest import PostgresServer, administer
from tests.integration.postgres.tls import gate
from tests.support.tcp_proxy import answer_in, network

TRUSTED = "sslrootcert=system"


def to(dsn: str, **more: float) -> Connector:
    return Connector(address=read_address(dsn), **more)  # type: ignore[arg-type]


async def asked(dsn: str) -> object:
    connection = await to(dsn)()
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


async def test_encryption_is_what_the_address_asks_for(database_url: str, tmp_path: Path) -> None:
    async with gate(database_url, tmp_path) as server:
        ours, other = f"sslrootcert={server.certificate}", f"sslrootcert={server.stranger}"
        for words in ("sslmode=require", "ssl=require", "", f"sslmode=verify-full&{ours}"):
            assert await asked(server.dsn(words)) == 1
        assert (server.encrypted, server.plain) == (4, 0)
        for words in (
            f"sslmode=verify-ca&{other}",
            f"sslmode=require&{other}",
            "sslrootcert=system",
        ):
            with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
                await asked(server.dsn(words))
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asked(server.dsn("sslmode=disable"))


async def test_a_server_without_encryption_is_refused_to_who_wants_it(database_url: str) -> None:
    with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
        await asked(f"{database_url}?sslmode=require")


def two_hosts(first: str, second: str) -> str:
    """Return the address of two servers with the accounts and the database of the second."""
    place = first.partition("@")[2].partition("/")[0]
    return second.replace("@", f"@{place},")


async def test_the_second_host_is_taken_when_the_first_is_away(database_url: str) -> None:
    away = "postgresql://nobody@127.0.0.1:1/none"
    assert await asked(two_hosts(away, database_url)) == 1


async def test_a_silent_host_costs_its_limit_once(database_url: str) -> None:
    """The limit is each host's own, and the host that answered is asked first from then on."""
    async with network(database_url) as net:
        net.freeze()
        silent = net.through(database_url)
        connector = to(two_hosts(silent, database_url), connect_timeout=0.5)
        for limit in (2.0, 0.4):
            connecting = asyncio.create_task(connector())
            await answer_in(connecting, limit)
            connecting.result().terminate()
        assert net.accepted == 1


async def test_a_host_that_only_reads_is_passed_over(
    postgres_server: PostgresServer, database_url: str
) -> None:
    """Two databases of one server stand for a standby and its primary."""
    name = database_url.rpartition("/")[2]
    await administer(
        postgres_server, f"ALTER DATABASE {name} SET default_transaction_read_only = on"
    )
    with pytest.raises(asyncpg.exceptions.TargetServerAttributeNotMatched):
        await asked(f"{database_url}?target_session_attrs=read-write")
    assert await asked(f"{database_url}?target_session_attrs=prefer-standby") == 1


async def test_what_a_server_says_is_told_rather_than_that_another_is_away(
    database_url: str,
) -> None:
    wrong = database_url.replace("booking:", "booking:x", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asked(two_hosts("postgresql://nobody@127.0.0.1:1/none", wrong))


async def test_the_kernel_watches_every_connection(database_url: str) -> None:
    options = {
        socket.TCP_KEEPIDLE: 5,
        socket.TCP_KEEPINTVL: 2,
        socket.TCP_KEEPCNT: 3,
        socket.TCP_USER_TIMEOUT: 8000,
    }
    words = "?keepalives_idle=9&tcp_user_timeout=4000"
    told = options | {socket.TCP_KEEPIDLE: 9, socket.TCP_USER_TIMEOUT: 4000}
    for dsn, expected in ((database_url, options), (database_url + words, told)):
        connection = await to(dsn)()
        watched = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        found = {name: watched.getsockopt(socket.IPPROTO_TCP, name) for name in expected}
        assert (found, watched.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) == (expected, 1)
        await connection.close()


async def test_a_statement_without_an_answer_cuts_its_connection(database_url: str) -> None:
    """Nobody asks the server to cancel: what it has done may stand, and is not known to others."""
    async with network(database_url) as net:
        connection = await to(net.through(database_url), command_timeout=0.3)()
        net.silence()
        with pytest.raises(TimeoutError):
            await answer_in(connection.fetchval("SELECT 1"), 1)
        assert connection.is_closed()
        await asyncio.sleep(0.1)
        assert net.accepted == 1


async def test_prepared_statements_and_transactions_end_as_well(database_url: str) -> None:
    async with network(database_url) as net:
        connection = await to(net.through(database_url), command_timeout=0.3)()
        async with connection.transaction():
            await connection.fetchval("SELECT 1")
        begun = connection.transaction()
        await begun.start()
        prepared = await connection.prepare("SELECT $1::int")
        net.silence()
        with pytest.raises(TimeoutError):
            await answer_in(prepared.fetchval(1), 1)
        with pytest.raises(asyncpg.InterfaceError):
            await answer_in(begun.rollback(), 1)
        await answer_in(connection.close(), 1)
