"""A change: the next value of a session, the events that explain it, and what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from uuid import UUID

from booking_flow.flow import State, Trigger, target
from booking_flow.model.card import CardMask
from booking_flow.model.history import Event, EventKind
from booking_flow.model.money import Money
from booking_flow.model.session import Receipt, Session
from booking_flow.model.step import OwedUndo, StepClaim, StepSettlement
from booking_flow.model.task import StaffTask


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """Money that moved for a booking; a refund is negative."""

    amount: Money
    auth_code: str | None
    card: CardMask | None
    step_id: UUID | None

    @property
    def by_card(self) -> bool:
        """Whether a card was charged; everything else is entered by staff."""
        return self.step_id is not None or self.card is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyBinding:
    """Ties a request's Idempotency-Key to what it did, so that a replay finds it again.

    `key_hash` is a keyed hash: the key itself is never stored.
    """

    scope: str
    route: str
    key_hash: bytes
    fingerprint: bytes
    success_status: int
    older_fingerprints: tuple[bytes, ...] = ()
    """What programs of the release before made of the same request; compared, never stored."""
    earlier: tuple[IdempotencyBinding, ...] = ()
    """The same request as older keys of the hashes bind it; looked for, never stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClosing:
    """Closes a staff task in the same commit, if it is still at `version` and open."""

    task_id: UUID
    version: int
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit: `before` becomes `after` if the row is still what `before` says.

    Guarded in one statement by version and open step; further by the flags here. Each event
    takes the next version. At most one of `claim` and `settle` is given.
    """

    before: Session
    after: Session
    events: tuple[Event, ...] = ()
    live: bool = False
    """Needs `expires_at` in the future, by the database's clock."""
    hold_for: timedelta | None = None
    """Needs the hold to live at least this long, by the database's clock."""
    claim: StepClaim | None = None
    settle: StepSettlement | None = None
    owed: tuple[OwedUndo, ...] = ()
    tasks: tuple[StaffTask, ...] = ()
    payments: tuple[PaymentRecord, ...] = ()
    closes: TaskClosing | None = None
    remembers: tuple[UUID, ...] = ()
    """Forgotten claims that are entered with it, unless somebody else was first."""
    confirms: bool = False
    """Tells people how the booking stands, or that none was made."""
    reminds: bool = False
    """Reminds the guest of the balance."""
    warns: bool = False
    """Tells the guest's address of before that the contact was changed."""

    def move(
        self,
        trigger: Trigger,
        *,
        reason: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> Change:
        """Return the change with one more transition along the flow."""
        event = Event(
            kind=EventKind.TRANSITION,
            from_state=self.after.state,
            to_state=target(self.after.state, trigger),
            trigger=trigger,
            reason=reason,
            details=MappingProxyType(dict(details or {})),
        )
        return self._with(event, state=event.to_state)

    def jump(self, to: State, *, reason: str, details: Mapping[str, str] | None = None) -> Change:
        """Return the change with a move that a person makes, whatever the flow says."""
        event = Event(
            kind=EventKind.OVERRIDE,
            from_state=self.after.state,
            to_state=to,
            reason=reason,
            details=MappingProxyType(dict(details or {})),
        )
        return self._with(event, state=to)

    def record(
        self,
        kind: EventKind,
        *,
        trigger: Trigger | None = None,
        reason: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> Change:
        """Return the change with one more event that leaves the state as it is."""
        state = self.after.state
        event = Event(
            kind=kind,
            from_state=state,
            to_state=state,
            trigger=trigger,
            reason=reason,
            details=MappingProxyType(dict(details or {})),
        )
        return self._with(event, state=state)

    def put(self, **fields: object) -> Change:
        """Return the change with fields of the session replaced."""
        after = replace(self.after, **fields)  # type: ignore[arg-type]  # names are checked there
        return replace(self, after=after)

    def plus(
        self,
        *,
        owed: tuple[OwedUndo, ...] = (),
        tasks: tuple[StaffTask, ...] = (),
        payments: tuple[PaymentRecord, ...] = (),
    ) -> Change:
        """Return the change with more rows beside the session."""
        return replace(
            self,
            after=_with_receipts(self.after, payments),
            owed=self.owed + owed,
            tasks=self.tasks + tasks,
            payments=self.payments + payments,
        )

    def _with(self, event: Event, *, state: State) -> Change:
        after = replace(self.after, state=state, version=self.after.version + 1)
        return replace(self, after=after, events=(*self.events, event))


def _with_receipts(session: Session, payments: tuple[PaymentRecord, ...]) -> Session:
    if session.booking is None or not payments:
        return session
    entries = tuple(
        Receipt(amount=each.amount, by_card=each.by_card, card=each.card) for each in payments
    )
    booking = replace(session.booking, receipts=session.booking.receipts + entries)
    return replace(session, booking=booking)


def begin(session: Session) -> Change:
    """Start a change of `session` that does nothing yet."""
    return Change(before=session, after=session)
