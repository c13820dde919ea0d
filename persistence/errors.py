"""What can go wrong in the database, in terms its callers can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError

from adapters.postgres.failures import FAILURES, NO_RIGHT, NO_TABLE, is_ours, is_refusal, name_of
from adapters.postgres.pool import NotConnected
from booking_flow.ports import CommitResult, StoreUnavailable

_UNFIT: Final = "22"
"""SQLSTATEs of values that no column can hold."""
_OF_A_RESERVATION: Final = frozenset(
    {
        "uq_bookings_line_id_reservation",
        "uq_bookings_supplier_booking_id",
        "uq_staff_tasks_duplicate",
    }
)
_LOG: Final = structlog.get_logger()


class Erased(Exception):  # noqa: N818 - names what was found
    """The session's data key is gone, so nothing personal can be kept for it."""

    def __init__(self, session_id: UUID) -> None:
        """Name the session."""
        super().__init__(f"the personal data of session {session_id} was erased")


class NoTable(StoreUnavailable):
    """A table is not there, or not yet."""


class NoRight(StoreUnavailable):
    """The account may not do what was asked, or not yet."""


def constraint(error: BaseException) -> str:
    """Return the name of the constraint that an error violated, or an empty string."""
    return str(getattr(error, "constraint_name", None) or "")


def refused_by(error: asyncpg.PostgresError) -> CommitResult:
    """Say what a violated constraint means for a commit.

    Raises:
        StoreUnavailable: none is violated. A commit's statements are right, so what else is wrong
            with them is wrong with the tables, and what was to be written must not be dropped.
    """
    match constraint(error):
        case "pk_idempotency_keys":
            return CommitResult.DUPLICATE
        case "pk_session_references":
            return CommitResult.LOST
    if not _refuses(error):
        raise _unavailable(name_of(error)) from error
    _LOG.warning("commit_rejected", sqlstate=name_of(error), constraint=constraint(error))
    return CommitResult.UNFIT if _unfit(error) else CommitResult.REJECTED


def taken_by_another(error: asyncpg.PostgresError) -> bool:
    """Whether a commit was refused because the reservation is that of another session."""
    return constraint(error) in _OF_A_RESERVATION


@contextmanager
def available() -> Iterator[None]:
    """Turn every failure of the database into `StoreUnavailable`.

    What remains is what trying again cannot help: refused values, and mistakes of ours.
    """
    try:
        yield
    except NotConnected as error:
        raise _unavailable(name_of(error.__cause__ or error)) from error
    except FAILURES as error:
        if _refuses(error) or is_ours(name_of(error)):
            raise
        raise _unavailable(name_of(error)) from error


@contextmanager
def unwrapped() -> Iterator[None]:
    """Raise the driver's error where SQLAlchemy, which runs migrations, has wrapped it."""
    try:
        yield
    except DBAPIError as error:
        cause = getattr(error.orig, "__cause__", None) or error.orig
        raise (cause if isinstance(cause, FAILURES) else error) from error


def _refuses(error: BaseException) -> bool:
    return is_refusal(name_of(error)) or _unfit(error)


def _unfit(error: BaseException) -> bool:
    """Whether values are refused, by the database or by the driver that cannot write them down."""
    return name_of(error).startswith(_UNFIT) or isinstance(error, asyncpg.DataError)


def _unavailable(name: str) -> StoreUnavailable:
    return {NO_TABLE: NoTable, NO_RIGHT: NoRight}.get(name, StoreUnavailable)(name)
