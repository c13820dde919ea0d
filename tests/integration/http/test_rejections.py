"""What a definite no is told as, and what is only waited for."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from ssl import SSLCertVerificationError

import pytest
from asyncpg import ClientConfigurationError, InvalidPasswordError, PostgresError
from sqlalchemy import text
from structlog.testing import capture_logs

from booking_flow.ports import StoreUnavailable
from booking_http.runtime import environment_guard
from booking_http.runtime.connection_errors import named, rejection, told
from booking_http.runtime.process import CannotRun
from persistence import environment_mark
from persistence.database import Database, create_engine, fetch_one
from persistence.environment_mark import Mark
from tests.support.service import settings_for

WRONG = InvalidPasswordError("password authentication failed")
AWAY = StoreUnavailable("ConnectionRefusedError")


def unavailable(cause: Exception) -> StoreUnavailable:
    error = StoreUnavailable("away")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "words", "final"),
    [
        (WRONG, "does not accept the account or the password", True),
        (SSLCertVerificationError(1, "self-signed"), "certificate is not trusted", True),
        (ClientConfigurationError("no root.crt"), "of TLS cannot be used", True),
        (ConnectionError("rejected SSL upgrade"), "offers no TLS", True),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "no machine is known", False),
    ],
    ids=lambda it: type(it).__name__,
)
def test_a_definite_no_is_known_however_deep_it_lies(
    cause: Exception, words: str, final: bool
) -> None:
    if isinstance(cause, SSLCertVerificationError):
        cause.verify_message = "self-signed certificate"
    found = rejection(unavailable(cause))
    assert found is not None
    assert (words in found.why, found.final) == (True, final)


@pytest.mark.parametrize(
    "cause",
    [
        ConnectionRefusedError(),
        ConnectionResetError("SSL"),
        TimeoutError(),
        socket.gaierror(socket.EAI_AGAIN, "later"),
    ],
    ids=lambda it: type(it).__name__,
)
def test_what_may_pass_is_no_answer(cause: Exception) -> None:
    assert rejection(unavailable(cause)) is None
    with pytest.raises(StoreUnavailable), named("DATABASE_URL"):
        raise unavailable(cause)


async def test_a_mistake_of_ours_keeps_its_traceback(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    with pytest.raises(PostgresError) as found:
        await fetch_one(engine, text("SELECT 1 / 0"))
    await engine.dispose()
    assert told("DATABASE_URL", found.value) is None


async def test_a_no_that_comes_later_is_logged_once_and_outlived(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that was up before its database may see it half restored."""
    compared = asyncio.Event()
    answers: Iterator[Exception | None] = iter([AWAY, AWAY, unavailable(WRONG), unavailable(WRONG)])

    async def read_mark(engine: Database) -> Mark | None:
        if (answer := next(answers, None)) is not None:
            raise answer
        compared.set()
        return await environment_mark.read_mark(engine)

    monkeypatch.setattr(environment_guard, "read_mark", read_mark)
    monkeypatch.setattr(environment_guard, "_PAUSE", 0.01)
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings = settings_for(database_url=database_url, supplier_url="http://supplier.test")
    engine = create_engine(database_url, pool_size=1)
    with capture_logs() as lines:
        async with environment_guard.guard_environment(settings, engine):
            await asyncio.wait_for(compared.wait(), 20)
    await engine.dispose()
    said = [(line["log_level"], line["setting"], line["why"]) for line in lines]
    assert [level for level, _, _ in said] == ["warning", "error"]
    assert said[1][1] == "DATABASE_URL"
    assert "does not accept the account or the password" in said[1][2]


async def test_a_no_at_the_start_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read_mark(_: object) -> Mark | None:
        raise unavailable(WRONG)

    monkeypatch.setattr(environment_guard, "read_mark", read_mark)
    url = "postgresql://nobody@127.0.0.1:9/none"
    settings = settings_for(database_url=url, supplier_url="http://supplier.test")
    engine = create_engine(url, pool_size=1)
    with pytest.raises(CannotRun, match="does not accept the account"):
        async with environment_guard.guard_environment(settings, engine):
            raise AssertionError("it started")
