"""The ports through which the core reaches stores and catalogue; adapters implement them."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

from booking_flow.claim_journal import JournaledClaim, JournaledEnd, JournaledStep
from booking_flow.errors import Refusal
from booking_flow.model.audit import AuditEntry
from booking_flow.model.card import Charge
from booking_flow.model.change import Change, IdempotencyBinding
from booking_flow.model.history import Origin
from booking_flow.model.sailing import Sailing
from booking_flow.model.session import Loaded, Session
from booking_flow.model.step import OwedUndo, StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.supplier import BookAnswer, CallContext, ImportedBooking, PayAnswer, SupplierCall

T = TypeVar("T")


class StoreUnavailable(Exception):  # noqa: N818 - named for what is seen
    """PostgreSQL cannot be reached; nothing is known of the statement that was under way."""


class CommitResult(StrEnum):
    """How a commit ended; a lost race is an answer, not an exception."""

    DONE = "done"
    LOST = "lost"
    """The row is no longer what the change began from: load it again and decide anew."""
    DUPLICATE = "duplicate"
    """The idempotency key is bound already: replay instead."""
    REJECTED = "rejected"
    """A constraint refuses it, such as a reservation that another session has."""
    UNFIT = "unfit"
    """A value in it is none that can be stored, such as a number out of range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The end of a commit; `now` is the database's clock, `fence` that of a claimed step."""

    result: CommitResult
    now: datetime
    fence: int | None = None
    taken: bool = False
    """Whether it was rejected because the reservation belongs to another session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAttempt:
    """One attempt at a step, as stored."""

    id: UUID
    session_id: UUID
    name: StepName
    status: StepStatus
    claimed_at: datetime
    settled_at: datetime | None
    sent: bool
    refusal: Refusal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What an Idempotency-Key was bound to: a step's present outcome, or a plain success."""

    session_id: UUID
    fingerprint: bytes
    success_status: int
    step: StepAttempt | None


class SessionStore(Protocol):
    """Sessions in PostgreSQL; the only place that commits."""

    async def now(self) -> datetime:
        """Return the database's clock, the one all deadlines are compared by."""

    async def create(
        self,
        session: Session,
        *,
        secret_hash: bytes,
        origin: Origin,
        binding: IdempotencyBinding | None,
        calls: Sequence[SupplierCall],
    ) -> CommitResult:
        """Insert a session with its event 0; DUPLICATE when the key is bound already."""

    async def load(self, session_id: UUID) -> Loaded | None:
        """Return the session as it is now, or None."""

    async def load_for_guest(self, session_id: UUID, secret_hash: bytes) -> Loaded | None:
        """Return the session if the secret is its own; None tells nothing of which is wrong."""

    async def commit(
        self,
        change: Change,
        *,
        origin: Origin,
        calls: Sequence[SupplierCall] = (),
        binding: IdempotencyBinding | None = None,
        audit: AuditEntry | None = None,
    ) -> Committed:
        """Write a change under its guards, with its events, evidence and audit, in one commit."""

    async def load_each(self, session_ids: Collection[UUID]) -> Sequence[Loaded]:
        """Return those of these sessions that there are, as they are now, without their prices."""

    async def commit_each(
        self, changes: Sequence[Change], *, origin: Origin
    ) -> Sequence[Committed]:
        """Write changes of different sessions, each under guards of its own.

        They share a transaction; where the database refuses one of them, each has its own.
        """

    async def record_calls(self, session_id: UUID, calls: Sequence[SupplierCall]) -> None:
        """Keep evidence of calls after which nothing changed."""

    async def record_passing_calls(self, calls: Sequence[SupplierCall]) -> None:
        """Count calls after which no session began."""

    async def replay(self, *, scope: str, route: str, key_hash: bytes) -> Replay | None:
        """Return what an Idempotency-Key was bound to within the last 24 hours."""

    async def owed(self, session_id: UUID) -> Sequence[OwedUndo]:
        """Return the undos this session still owes, the latest first."""

    async def take_owed(self, undo_id: UUID, *, lease_seconds: float, origin: Origin) -> int | None:
        """Lease an owed undo and return its fencing number; None when another has it."""

    async def settle_owed(
        self,
        undo_id: UUID,
        *,
        fence: int,
        done: bool,
        calls: Sequence[SupplierCall],
    ) -> bool:
        """Record how an owed undo went; False when the lease was lost meanwhile."""

    async def redact(self, session_id: UUID, text: str) -> bool:
        """Take the text of a row of the timeline out for good; False where there is none."""

    async def erase(self, session_id: UUID) -> bool:
        """Make what the guest typed unreadable for ever; False when it was before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenStep:
    """An open step leased to this worker; whoever held it before is fenced off."""

    session_id: UUID
    step_id: UUID
    name: StepName
    fence: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUndo:
    """An owed undo leased to this worker."""

    session_id: UUID
    undo: OwedUndo
    currency: str
    fence: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenCheck:
    """A payment whose receipt at the line was not seen, and the task that asks for it."""

    session_id: UUID
    task_id: UUID
    step_id: UUID | None
    version: int


class WorkQueue(Protocol):
    """Work that waits in PostgreSQL; any number of workers take it, each piece once."""

    async def take_open_steps(self, *, limit: int, lease_seconds: float) -> Sequence[TakenStep]:
        """Lease steps whose owner is gone, and unknown ones that are due for another look."""

    async def take_step(self, session_id: UUID, *, lease_seconds: float) -> TakenStep | None:
        """Lease the open step of a session; None when there is none or somebody works on it."""

    async def look_again(
        self, taken: TakenStep, *, after: timedelta | None, calls: Sequence[SupplierCall]
    ) -> None:
        """Give a step back that is still unknown; None leaves it to people."""

    async def leave_to_people(self, taken: Sequence[TakenStep]) -> None:
        """Give steps back that only people can find out about, those that are still ours."""

    async def take_undos(self, *, limit: int, lease_seconds: float) -> Sequence[TakenUndo]:
        """Lease owed undos that are due."""

    async def settle_undo(
        self,
        taken: TakenUndo,
        *,
        done: bool,
        calls: Sequence[SupplierCall],
        task: StaffTask | None = None,
    ) -> bool:
        """Record how an undo went; a task for it is opened once. False when fenced off."""

    async def take_payment_checks(self, *, limit: int) -> Sequence[TakenCheck]:
        """Take payments whose receipt is due for another look; for a minute nobody else does."""

    async def due_sessions(self, *, limit: int) -> Sequence[UUID]:
        """Return sessions whose hold or life has ended, or whose unwinding can be finished."""

    async def overdue_payments(self, *, limit: int) -> Sequence[UUID]:
        """Return booked sessions whose time to be paid, set by the line, has passed."""

    async def balances_to_remind(self, *, limit: int, days: int) -> Sequence[UUID]:
        """Return paid bookings whose balance is due within so many days, and nobody was told."""

    async def uncollected_payments(self, *, limit: int) -> Sequence[UUID]:
        """Return bookings whose money nobody collects, or should have collected by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClaim:
    """Who works on a task, and since when."""

    account_id: UUID
    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask:
    """A staff task as stored; `version` guards competing answers."""

    id: UUID
    session_id: UUID
    kind: TaskKind
    step_id: UUID | None
    opened_at: datetime
    due_at: datetime
    not_before: datetime | None
    facts: Mapping[str, str]
    version: int
    closed_at: datetime | None
    closed_by: str | None
    answer: str | None
    claim: TaskClaim | None = None


class TaskStore(Protocol):
    """Staff tasks in PostgreSQL; each change writes its line of the audit in the same commit."""

    async def task(self, task_id: UUID) -> StoredTask | None:
        """Return a task, open or closed, or None."""

    async def tasks_of(self, session_id: UUID) -> Sequence[StoredTask]:
        """Return the tasks of a session, answered ones as well."""

    async def close(
        self, task_id: UUID, *, version: int, answer: str, name: str, audit: AuditEntry
    ) -> bool:
        """End a task that stands for itself; False when it is not as it was seen."""

    async def claim(
        self,
        task_id: UUID,
        *,
        account_id: UUID,
        name: str,
        seen: Collection[int],
        takeover: bool,
        audit: AuditEntry,
    ) -> bool:
        """Take a task as it was seen; False when it is not so any more, or is another's."""

    async def hand_back(
        self,
        task_id: UUID,
        *,
        account_id: UUID | None,
        seen: Collection[int],
        anybodys: bool,
        audit: AuditEntry,
    ) -> bool:
        """Give a task back as it was seen; False when it is not so any more, or is another's."""


class Audit(Protocol):
    """Where looks and refused attempts are written down; what changes something brings its own."""

    async def write(self, entry: AuditEntry) -> None:
        """Add a line that nobody can change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledAnswer:
    """A definite answer that could not be written yet: of book.pl or of payment.pl.

    Nothing personal is in it.
    """

    session_id: UUID
    step_id: UUID
    answer: BookAnswer | None
    """What book.pl answered; None where it is an answer of payment.pl."""
    charge: Charge | None
    paid: PayAnswer | None = None
    """What payment.pl answered."""


class Spool(Protocol):
    """Where definite supplier answers survive this process while PostgreSQL is away."""

    async def keep(self, answer: SpooledAnswer) -> bool:
        """Write an answer down durably, one per step; False where that cannot be done now."""

    async def drop(self, step_id: UUID) -> None:
        """Forget the answer of a step once it is in the database; never raises."""


class ClaimJournal(Protocol):
    """Where claims are written down outside of the database; nothing here ever raises."""

    async def claimed(self, claim: JournaledClaim) -> None:
        """Write a committed claim down before it is sent, durably where that can be done."""

    async def ended(self, end: JournaledEnd) -> None:
        """Write down how a claim has ended, before that is committed."""

    def seen(self, session_id: UUID) -> int:
        """Return the highest version of a session that this process has journaled, or 0."""

    def may_claim(self) -> bool:
        """Whether the database is known to remember what the journal does."""

    def doubt(self) -> None:
        """Have the database compared with the journal before anything more is claimed."""


class ForgottenClaims(Protocol):
    """Claims of the journal that the database had forgotten when it was compared."""

    async def waiting(self, session_id: UUID) -> Sequence[JournaledStep]:
        """Return those of one session that are not entered yet, the oldest first."""

    async def leave_to_staff(self, step_ids: Sequence[UUID]) -> None:
        """Make each a task that stands for itself, beside no session."""


class Watch(Protocol):
    """Who is told of answers that wait to be written, so that operators hear of it."""

    def waits(self, step: StepName, step_id: UUID, fault: Exception) -> None:
        """Hear that an answer cannot be written for now, and why."""

    def cut(self, step: StepName, step_id: UUID, evidence: Mapping[str, str]) -> None:
        """Hear that an answer cannot be stored as what it is; `evidence` is what it said."""

    def ended(self, step_id: UUID) -> None:
        """Hear that an answer waits no longer."""


class Aside(Protocol):
    """Runs work that must come to its end, whoever waits for it and for how long."""

    async def within(self, seconds: float, work: Coroutine[Any, Any, T]) -> T | None:
        """Return what the work came to, or None when it goes on after so many seconds."""


class BookingLookup(Protocol):
    """A channel that some accounts have to look a booking up (traveltek.md, section 8)."""

    @property
    def available(self) -> bool:
        """Whether this account has one."""

    async def find(self, session: Session, *, ctx: CallContext) -> Found:
        """Look for the booking of a session whose book step is unknown."""


class Lookup(StrEnum):
    """What a look-up channel can say without a booking."""

    NO_CHANNEL = "no_channel"
    NOT_THERE = "not_there"
    """Not there now; within the visibility lag that proves nothing."""


Found = ImportedBooking | Lookup


class Catalogue(Protocol):
    """Sailings as the agency's catalogue knows them."""

    async def sailing(self, cruise_id: str) -> Sailing | None:
        """Return a sailing by the supplier's `codetocruiseid`, or None."""
