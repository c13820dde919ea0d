"""A database or a Redis that says no: why, and what to do with the setting that led there."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ssl import SSLCertVerificationError
from typing import Final

from asyncpg import ClientConfigurationError, PostgresError
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from adapters.postgres.pool import NotConnected
from booking_flow.ports import StoreUnavailable
from booking_http.runtime.process import CannotRun
from booking_http.setting_files import is_given

DATABASE_ERRORS: Final = (StoreUnavailable, PostgresError)
"""What comes of a database that is away, says no, or is asked something that it does not know."""
NO_RIGHT: Final = "42501"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A definite no; one that is not final may still pass while a service waits."""

    why: str
    todo: str
    final: bool = True

    def of(self, setting: str) -> str:
        """Say it by the name of the setting that led there."""
        return f"{setting}: {self.why}; {self.todo}"


_ANSWERS: Final[Mapping[str, Rejection]] = {
    "28P01": Rejection(
        why="the database does not accept the account or the password in it",
        todo="correct account or password",
    ),
    "28000": Rejection(
        why="the database does not let the account in it connect",
        todo="correct the account, or allow it to (LOGIN, pg_hba.conf, TLS)",
    ),
    "3D000": Rejection(
        why="the server has no database of the name in it",
        todo="correct the name, or create the database",
    ),
}
_PARAMETERS: Final = Rejection(
    why="the database does not accept a parameter after the ? in it",
    todo="correct or remove the parameter",
)
_OF_PARAMETERS: Final = frozenset({"22023", "42704", "55P02"})
_TABLES: Final = Rejection(
    why="the tables there are not those of this program",
    todo="run `booking-flow migrate`",
    final=False,
)
_OF_TABLES: Final = frozenset({"3F000", "42703", "42883", "42P01"})
_UNKNOWN_HOST: Final = Rejection(
    why="no machine is known by the name of the host in it",
    todo="correct the name",
    final=False,
)
_OF_UNKNOWN_HOSTS: Final = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_TLS: Final = "correct sslmode or sslrootcert in it"


def database_name() -> str:
    """Return what the booking database is called when something is wrong with it."""
    return "DATABASE_URL" if is_given("DATABASE_URL") else "the demo's address"


def catalogue_name() -> str:
    """Return what the catalogue's database is called when something is wrong with it."""
    return "CATALOGUE_URL" if is_given("CATALOGUE_URL") else database_name()


def rejection(error: BaseException) -> Rejection | None:
    """Return the definite no that an error stands for; None where it may pass, or is no answer."""
    for cause in _causes(error):
        if (found := _from_server(cause, error) or _on_the_way(cause)) is not None:
            return found
    return None


def told(setting: str, error: BaseException) -> str | None:
    """Say by the name of its setting why a database cannot be used; None of a mistake of ours."""
    if (found := rejection(error)) is not None:
        return found.of(setting)
    if isinstance(error, StoreUnavailable):
        todo = f"look whether it runs, and whether {setting} leads to it"
        return f"the database cannot be reached ({error}); {todo}"
    return None


@contextmanager
def named(setting: str) -> Iterator[None]:
    """Let a definite no within the block be told by the name of the setting that led there.

    Raises:
        CannotRun: the database said no.
    """
    try:
        yield
    except (OSError, *DATABASE_ERRORS) as error:
        if (found := rejection(error)) is None:
            raise
        raise CannotRun(found.of(setting)) from error


def said_by_server(error: BaseException) -> str:
    """Return PostgreSQL's own words, which name tables and accounts but never a password."""
    words = (getattr(cause, "message", None) for cause in _causes(error))
    return next((str(said) for said in words if said), type(error).__name__)


def redis_rejection(error: BaseException) -> Rejection | None:
    """Return the definite no of a Redis; None where it is only away."""
    # The client wraps what Redis answers while they connect into an error of the connection.
    causes = [*_causes(error), *([error.__context__] if error.__context__ else [])]
    if any(isinstance(cause, (AuthenticationError, NoPermissionError)) for cause in causes):
        why = "Redis does not accept the account or the password in it"
        return Rejection(why=why, todo="correct account or password")
    if any(isinstance(cause, ResponseError) for cause in causes):
        return Rejection(why="Redis has no database of the number in it", todo="correct the number")
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _from_server(cause: BaseException, error: BaseException) -> Rejection | None:
    """Read the server's answer; some mean another thing before there is a connection."""
    state = str(getattr(cause, "sqlstate", None) or "")
    if state == NO_RIGHT:
        return Rejection(
            why=f"the account in it lacks a right ({said_by_server(cause)})",
            todo="grant it the right, or name an account that has it",
        )
    if state in _OF_PARAMETERS and _connecting(error):
        return _PARAMETERS
    return _TABLES if state in _OF_TABLES else _ANSWERS.get(state)


def _connecting(error: BaseException) -> bool:
    return any(isinstance(cause, NotConnected) for cause in _causes(error))


def _on_the_way(cause: BaseException) -> Rejection | None:
    if isinstance(cause, SSLCertVerificationError):
        why = f"the server's certificate is not trusted ({cause.verify_message})"
        return Rejection(why=why, todo=_TLS)
    if isinstance(cause, ClientConfigurationError):
        return Rejection(why="what it says of TLS cannot be used", todo=_TLS)
    if isinstance(cause, socket.gaierror) and cause.errno in _OF_UNKNOWN_HOSTS:
        return _UNKNOWN_HOST
    if type(cause) is ConnectionError and "SSL" in str(cause):
        return Rejection(why="the server offers no TLS", todo=_TLS)
    return None
