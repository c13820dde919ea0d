"""What can go wrong in the database, in terms its callers can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from booking_flow.ports import CommitResult, StoreUnavailable

_PASSING: Final = ("08", "40", "53", "57", "25006")
"""SQLSTATEs that pass by themselves: connection, deadlock, resources, shutdown, read-only."""

_UNFIT: Final = "22"
"""SQLSTATEs of values that no column can hold."""
_REJECTING: Final = "23"
"""SQLSTATEs of rows that a constraint refuses."""
_OF_A_RESERVATION: Final = frozenset(
    {"uq_bookings_line_id_reservation", "uq_bookings_supplier_booking_id"}
)
_TURNED_AWAY: Final = ("28", "3D")
"""SQLSTATEs of an account or a database that the server does not know; nothing was begun."""
_LOG: Final = structlog.get_logger()


class Erased(Exception):  # noqa: N818 - names what was found
    """The session's data key is gone, so nothing personal can be kept for it."""

    def __init__(self, session_id: UUID) -> None:
        """Name the session."""
        super().__init__(f"the personal data of session {session_id} was erased")


def sqlstate(error: DBAPIError) -> str:
    """Return the SQLSTATE of an error, or an empty string."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def constraint(error: DBAPIError) -> str:
    """Return the name of the constraint that an error violated, or an empty string."""
    cause = getattr(error.orig, "__cause__", None)
    return str(getattr(cause, "constraint_name", None) or "")


def refused_by(error: DBAPIError) -> CommitResult:
    """Say what a violated constraint means for a commit; any other error is raised again."""
    match constraint(error):
        case "pk_idempotency_keys":
            return CommitResult.DUPLICATE
        case "pk_session_references":
            return CommitResult.LOST
    if not sqlstate(error).startswith((_UNFIT, _REJECTING)):
        raise error
    _LOG.warning("commit_rejected", sqlstate=sqlstate(error), constraint=constraint(error))
    unfit = sqlstate(error).startswith(_UNFIT)
    return CommitResult.UNFIT if unfit else CommitResult.REJECTED


def taken_by_another(error: DBAPIError) -> bool:
    """Whether a commit was refused because the reservation is that of another session."""
    return constraint(error) in _OF_A_RESERVATION


@contextmanager
def available() -> Iterator[None]:
    """Turn every failure to reach the database into `StoreUnavailable`."""
    try:
        yield
    except (OSError, TimeoutError, PoolTimeout) as error:
        raise StoreUnavailable(type(error).__name__) from error
    except DBAPIError as error:
        if not _passes(error):
            raise
        raise StoreUnavailable(sqlstate(error) or type(error).__name__) from error


def _passes(error: DBAPIError) -> bool:
    if error.connection_invalidated or sqlstate(error).startswith(_PASSING + _TURNED_AWAY):
        return True
    return not sqlstate(error) and isinstance(error, (InterfaceError, OperationalError))
