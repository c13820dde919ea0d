"""What a commit has to write, reduced to what decides the text of its statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from booking_flow.flow import State
from booking_flow.model.change import Change, IdempotencyBinding
from booking_flow.model.session import Session
from booking_flow.model.step import OpenStep, StepName, StepStatus
from booking_flow.saga import EFFECTS
from booking_flow.supplier import SupplierCall
from persistence.columns import StepDirection


class Grip(StrEnum):
    """How a change relates to the session's open step."""

    NONE = "none"
    CLAIM_FORWARD = "claim_forward"
    CLAIM_UNDO = "claim_undo"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Which guards and which rows a commit has; equal shapes share one prepared statement."""

    grip: Grip
    live: bool
    hold: bool
    selection: bool
    basket: bool
    details: bool
    quote: bool
    booking: bool
    passengers: bool
    follow_up: bool
    """The settled step leaves another one open: booked, and the payment unknown."""
    answered: bool
    """A step that was unknown has ended, and with it the task to find out."""
    unbind: bool
    bind: bool
    closes: bool
    """A person's answer closes their task, if nobody else has answered it."""
    events: bool
    calls: bool
    owed: bool
    tasks: bool
    payments: bool
    collected: bool
    """A booking waits for its money no longer, and with that ends the task to collect it."""
    announced: bool
    """Somebody outside is to be told of it."""
    remembers: bool
    """Claims that the database had forgotten are entered."""
    remembered_step: bool
    """One of them is the open step again."""
    audited: bool
    """It is something that staff do."""

    @property
    def seals(self) -> bool:
        """Whether it writes what only the session's data key can read."""
        return self.details or self.passengers


def direction(name: StepName) -> StepDirection:
    """Return whether a step goes on with the booking or takes something back."""
    return StepDirection.FORWARD if EFFECTS[name].forward else StepDirection.UNDO


def shape_of(
    change: Change,
    *,
    calls: Sequence[SupplierCall],
    binding: IdempotencyBinding | None,
    announced: bool = False,
    audited: bool = False,
) -> Shape:
    """Compare both ends of a change and say what has to be written.

    Raises:
        ValueError: it changes what a session keeps from its birth to its end.
    """
    before, after, settle = change.before, change.after, change.settle
    _ensure_kept(before, after)
    return Shape(
        grip=_grip(change),
        live=change.live,
        hold=change.hold_for is not None,
        selection=after.selection != before.selection,
        basket=after.basket != before.basket,
        details=after.details != before.details,
        quote=after.quote != before.quote,
        booking=after.booking is not None and after.booking != before.booking,
        passengers=_names_travellers(before, after),
        follow_up=follow_up(change) is not None,
        answered=_answered(change),
        unbind=settle is not None and not settle.sent,
        bind=binding is not None,
        closes=change.closes is not None,
        events=bool(change.events),
        calls=bool(calls),
        owed=bool(change.owed),
        tasks=bool(change.tasks),
        payments=bool(change.payments),
        collected=_collected(before, after),
        announced=announced,
        remembers=bool(change.remembers),
        remembered_step=remembered_step(change) is not None,
        audited=audited,
    )


def collectable(session: Session) -> bool:
    """Whether a booking waits for money, and is not being cancelled."""
    made = session.booking
    owing = session.state is State.BOOKED or (
        session.state is State.PAID and made is not None and made.outstanding.positive
    )
    return owing and session.unwinding is None


def _collected(before: Session, after: Session) -> bool:
    """Whether what was waited for has come, or will not; a balance is waited for anew."""
    return collectable(before) and (before.state is not after.state or not collectable(after))


def _ensure_kept(before: Session, after: Session) -> None:
    for name in _KEPT:
        if getattr(before, name) != getattr(after, name):
            raise ValueError(f"the {name} of a session never changes")
    if before.booking is not None and after.booking is None:
        raise ValueError("the booking of a session is never dropped")


def reserves(before: Session, after: Session) -> bool:
    """Whether a change is the one that makes the reservation known."""
    return before.booking is None and after.booking is not None and after.reserved


def _names_travellers(before: Session, after: Session) -> bool:
    """Whether travellers of a reservation become known, or one of them is named anew."""
    travellers = after.details.passengers
    renamed = before.booking is not None and travellers != before.details.passengers
    return bool(travellers) and (reserves(before, after) or renamed)


_KEPT: Final = ("id", "reference", "created_at", "flow_version", "sailing", "party", "currency")


def follow_up(change: Change) -> OpenStep | None:
    """Return the step that a settlement leaves open besides its own."""
    left = change.after.open_step
    if change.settle is None or left is None or left.id == change.settle.id:
        return None
    return left


def remembered_step(change: Change) -> OpenStep | None:
    """Return the forgotten step that a change makes the open one again."""
    step = change.after.open_step
    if step is None or step == change.before.open_step or step.id not in change.remembers:
        return None
    return step


def open_after(change: Change) -> tuple[object, StepName] | None:
    """Return id and name of the step that is open once the change is committed."""
    if change.claim is not None:
        return change.claim.id, change.claim.name
    left = follow_up(change) or remembered_step(change)
    if left is None and not _closes(change):
        left = change.before.open_step
    return None if left is None else (left.id, left.name)


def makes_work(change: Change) -> bool:
    """Whether a commit leaves something that a worker has to finish or find out."""
    left = change.after.open_step
    found = left is not None and left.unknown and left != change.before.open_step
    return found or bool(change.owed)


def _closes(change: Change) -> bool:
    return change.settle is not None and change.settle.status is not StepStatus.UNKNOWN


def _answered(change: Change) -> bool:
    asked = change.before.open_step
    return _closes(change) and asked is not None and asked.unknown


def _grip(change: Change) -> Grip:
    if change.settle is not None:
        return Grip.SETTLE
    if change.claim is None:
        return Grip.NONE
    undo = direction(change.claim.name) is StepDirection.UNDO
    return Grip.CLAIM_UNDO if undo else Grip.CLAIM_FORWARD
