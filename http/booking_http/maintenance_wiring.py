"""What looks after sessions when no request does: the queue, recovery, the desk and its tasks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from adapters.back_office import BackOfficeAddress, NoLookup, open_back_office
from adapters.claim_journal import FileJournal
from adapters.folders import require_writable
from adapters.spool import FileSpool
from booking_flow.engine import Engine
from booking_flow.policy import Policy
from booking_flow.ports import BookingLookup, SessionStore
from booking_flow.runtime.recovery import Recovery
from booking_flow.staff.action import Work
from booking_flow.staff.task_resolution import Desk
from booking_flow.supplier import Supplier
from booking_http.runtime.process import writing
from booking_http.settings import Settings
from persistence.audit import PostgresAudit
from persistence.database import Database
from persistence.forgotten_claims import PostgresForgottenClaims
from persistence.tasks import PostgresTaskStore
from persistence.work_queue import PostgresWorkQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """What the worker and the staff's commands are made of."""

    queue: PostgresWorkQueue
    forgotten: PostgresForgottenClaims
    tasks: PostgresTaskStore
    recovery: Recovery
    audit: PostgresAudit
    staff_work: Work
    desk: Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedParts:
    """What requests and maintenance share; `owner` names this process on what it takes."""

    database: Database
    store: SessionStore
    supplier: Supplier
    lookup: BookingLookup
    engine: Engine
    policy: Policy
    new_id: Callable[[], UUID]
    owner: str
    mails: bool
    """Whether confirmations are mailed."""


def maintenance_of(wired: SharedParts) -> Maintenance:
    """Put maintenance together."""
    queue, tasks = (
        PostgresWorkQueue(wired.database, wired.owner),
        PostgresTaskStore(wired.database),
    )
    forgotten = PostgresForgottenClaims(wired.database, due_in=wired.policy.task_time)
    recovery = Recovery(
        store=wired.store,
        queue=queue,
        forgotten=forgotten,
        supplier=wired.supplier,
        lookup=wired.lookup,
        unit_of_work=wired.engine.unit_of_work,
        compensation=wired.engine.compensation,
        policy=wired.policy,
        new_id=wired.new_id,
        worker=wired.owner,
    )
    audit = PostgresAudit(wired.database)
    return Maintenance(
        queue=queue,
        forgotten=forgotten,
        tasks=tasks,
        recovery=recovery,
        audit=audit,
        staff_work=Work(
            engine=wired.engine,
            store=wired.store,
            tasks=tasks,
            queue=queue,
            recovery=recovery,
            audit=audit,
            policy=wired.policy,
            mails=wired.mails,
        ),
        desk=Desk(
            tasks=tasks,
            supplier=wired.supplier,
            unit_of_work=wired.engine.unit_of_work,
            audit=audit,
        ),
    )


async def open_lookup(
    settings: Settings,
    opened: AsyncExitStack,
    *,
    new_id: Callable[[], UUID],
    boottime: Callable[[], float],
) -> BookingLookup:
    """Open the channel by which this account finds bookings, if it has one."""
    if settings.back_office_url is None:
        return NoLookup()
    token = settings.back_office_token
    address = BackOfficeAddress(
        url=settings.back_office_url,
        token=token.get_secret_value() if token else None,
        booked_words=words_of(settings),
    )
    return await opened.enter_async_context(
        open_back_office(address, new_id=new_id, boottime=boottime)
    )


def words_of(settings: Settings) -> frozenset[str]:
    """Return the words of status that mean booked, as they are compared."""
    return frozenset(word.casefold() for word in settings.booked_words)


def journal_of(settings: Settings, *, owner: str) -> FileJournal | None:
    """Return where claims are written down outside of the database, if such a place is set.

    Whether it can be written is not asked: a full disk must not keep anybody from booking.
    """
    if not settings.journal_dir:
        return None
    return FileJournal(Path(settings.journal_dir), owner=owner)


def spool_of(settings: Settings) -> FileSpool | None:
    """Return where answers survive while the database is away, if such a place is set.

    Raises:
        CannotRun: nothing can be kept there.
    """
    if not settings.spool_dir:
        return None
    folder = Path(settings.spool_dir)
    with writing(f"SPOOL_DIR: {folder}", advice="give our account a folder of its own"):
        require_writable(folder)
    return FileSpool(folder)
