"""Putting right what was typed wrong: the contact at once, a name by way of the line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode, Refused, invalid, refuse
from booking_flow.guards import wrong_state
from booking_flow.lifecycle.cancellation import staff_task
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.party import Contact, Correction, CorrectionStatus, Details, Passenger
from booking_flow.model.session import Session
from booking_flow.model.task import TaskKind

CORRECTABLE: Final = {
    "email": "email",
    "phone": "phone",
    "address": "address",
    "address2": "address2",
    "city": "city",
    "state": "state",
    "postal_code": "postalCode",
    "country": "country",
}
"""What of a contact can be corrected, each with its name outside."""
NAMES: Final = {"firstName": "first_name", "lastName": "last_name"}
"""The names of a traveller as they are called outside, and here."""
ASKED: Final = "The line is asked for this already; its answer has to come first."


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRequest:
    """What a traveller's first or last name should say."""

    guest: int
    """The traveller's place in the party, from 0 on."""
    field: str
    """A key of `NAMES`."""
    value: str
    printed: str
    """As the line prints it."""
    words: str | None = None
    """Why, in the guest's own words."""

    @property
    def pointer(self) -> str:
        """Return where the name stands in the body's `details`."""
        return f"/passengers/{self.guest}/{self.field}"


def correctable(session: Session) -> bool:
    """Whether it has details that can no longer be edited as a draft, and still matter."""
    busy = session.reserved or session.open_step is not None
    return busy and not session.ended and session.details.contact is not None


def contact_of(session: Session) -> Contact:
    """Return the contact that may be corrected.

    Raises:
        Refused: `wrong_state`, there is none.
    """
    if session.details.contact is None or not correctable(session):
        raise wrong_state(session, "a correction of the contact")
    return session.details.contact


def correct_contact(
    session: Session, contact: Contact, at: DecisionContext, *, reason: str | None
) -> Change | None:
    """Replace e-mail, telephone and address; None where that changes nothing.

    The address of before is told, and people are told anew how the booking stands.

    Raises:
        Refused: `wrong_state`, there is nothing that could be corrected.
    """
    before = contact_of(session)
    fields = [name for name in CORRECTABLE if getattr(contact, name) != getattr(before, name)]
    if not fields:
        return None
    made = tuple(_done(session, contact, name, before.email, at) for name in fields)
    details = session.details.with_changes(
        contact=contact, corrections=(*session.details.corrections, *made)
    )
    names = ",".join(f"contact.{CORRECTABLE[name]}" for name in fields)
    change = begin(session).put(details=details)
    change = change.record(EventKind.EDITED, reason=reason, details={"fields": names})
    return replace(change, confirms=True, warns=True)


def _done(
    session: Session, contact: Contact, name: str, told: str, at: DecisionContext
) -> Correction:
    return Correction(
        pointer=f"/contact/{CORRECTABLE[name]}",
        value=getattr(contact, name),
        requested_at=at.now,
        status=CorrectionStatus.DONE,
        seq=session.version + 1,
        told=told,
    )


def request_name(
    session: Session, wish: NameRequest, at: DecisionContext, *, reason: str | None
) -> Change | None:
    """Open a task to have a traveller's name changed by the line; None where it is so already.

    Raises:
        Refused: `wrong_state`, nothing is booked or it is asked for; `validation_failed`, there is
            no such traveller.
    """
    if not session.reserved or not correctable(session):
        raise wrong_state(session, "a correction of a name")
    if getattr(_traveller(session.details, wish.guest), NAMES[wish.field]) == wish.value:
        return None
    if any(_waits(each) and each.pointer == wish.pointer for each in session.details.corrections):
        raise refuse(RefusalCode.WRONG_STATE, ASKED)
    extra = {"field": wish.pointer}
    task = staff_task(session, TaskKind.CORRECT_NAME, at, extra=extra)
    asked = _asked(session, wish, task.id, at)
    details = session.details.with_changes(corrections=(*session.details.corrections, asked))
    change = begin(session).put(details=details).plus(tasks=(task,))
    said = {"requested": wish.pointer}
    return change.record(EventKind.NOTE, reason=reason, details=said)


def _asked(session: Session, wish: NameRequest, task_id: UUID, at: DecisionContext) -> Correction:
    return Correction(
        pointer=wish.pointer,
        value=wish.value,
        requested_at=at.now,
        status=CorrectionStatus.REQUESTED,
        seq=session.version + 1,
        printed=wish.printed,
        task_id=task_id,
        reason=wish.words,
    )


def _traveller(details: Details, guest: int) -> Passenger:
    if guest >= len(details.passengers):
        raise Refused(invalid("/pointer", "names no traveller of this booking"))
    return details.passengers[guest]


def _waits(correction: Correction) -> bool:
    return correction.status is CorrectionStatus.REQUESTED


def answer_name(session: Session, task_id: UUID, *, done: bool, reason: str | None) -> Change:
    """Note what the line said of a name; a name that it has changed is the traveller's from now on.

    Where the details were erased meanwhile there is nothing left to change.
    """
    change = begin(session)
    asked = next((each for each in session.details.corrections if each.task_id == task_id), None)
    if asked is None:
        return change.record(EventKind.NOTE, reason=reason)
    details = _answered(session.details, asked, done=done)
    status = "done" if done else "refused"
    change = change.put(details=details)
    change = change.record(EventKind.NOTE, reason=reason, details={status: asked.pointer})
    return replace(change, confirms=done)


def _answered(details: Details, asked: Correction, *, done: bool) -> Details:
    status = CorrectionStatus.DONE if done else CorrectionStatus.REFUSED
    corrections = tuple(
        replace(each, status=status) if each is asked else each for each in details.corrections
    )
    if done:
        details = details.with_changes(passengers=_renamed(details, asked))
    return details.with_changes(corrections=corrections)


def _renamed(details: Details, asked: Correction) -> tuple[Passenger, ...]:
    _, _, guest, field = asked.pointer.split("/")
    name = NAMES[field]
    changed = {name: asked.value, f"printed_{name}": asked.printed}
    return tuple(
        replace(each, **changed) if str(number) == guest else each  # type: ignore[arg-type]  # NAMES
        for number, each in enumerate(details.passengers)
    )
