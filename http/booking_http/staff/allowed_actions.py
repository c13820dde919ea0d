"""What staff may do with a session: by their role, and by what the flow allows now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from booking_flow.flow import State
from booking_flow.lifecycle.extend_deadline import movable
from booking_flow.lifecycle.record_payment import recordable
from booking_flow.model.session import NO_DETAILS, Session
from booking_flow.steps.context import DecisionContext
from booking_http.staff.wiring import BASE
from persistence.tables.staff import Role

Possible = Callable[[Session, DecisionContext], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action, who may take it, and when; `needs` says so to who comes at a wrong time."""

    name: str
    role: Role
    possible: Possible
    needs: str = ""

    def href(self, session_id: UUID) -> str:
        """Return where it is asked for."""
        return f"{BASE}/sessions/{session_id}/{self.name}"


def _always(_: Session, __: DecisionContext) -> bool:
    return True


def _step_open(session: Session, _: DecisionContext) -> bool:
    return session.open_step is not None


def _held(session: Session, _: DecisionContext) -> bool:
    return session.idle and session.state is State.BASKETED


def _may_cancel(session: Session, _: DecisionContext) -> bool:
    asked = session.cancel_requested_at is not None and session.open_step is not None
    return not (session.ended or asked or session.unwinding is not None)


def _may_extend(session: Session, _: DecisionContext) -> bool:
    return movable(session) is not None


def _may_pay(session: Session, at: DecisionContext) -> bool:
    return recordable(session, at.policy)


def _told(session: Session, _: DecisionContext) -> bool:
    known = session.booking is not None and session.details.contact is not None
    return known and (session.reserved or session.ended)


def _cancelling(session: Session, _: DecisionContext) -> bool:
    return session.unwinding is not None and session.reserved and session.open_step is None


def _idle(session: Session, _: DecisionContext) -> bool:
    return session.idle


def _may_erase(session: Session, at: DecisionContext) -> bool:
    over = session.ended or (session.reserved and session.sailing.sailing_date < at.now.date())
    return over and session.idle and session.details != NO_DETAILS


NOTE: Final = Action(name="note", role=Role.AGENT, possible=_always)
RECONCILE: Final = Action(
    name="reconcile", role=Role.AGENT, possible=_step_open, needs="No step is open."
)
RETRY_UNDO: Final = Action(name="retry-undo", role=Role.AGENT, possible=_always)
RELEASE: Final = Action(
    name="release-hold", role=Role.AGENT, possible=_held, needs="No cabin is held that may go."
)
CANCEL: Final = Action(
    name="cancel", role=Role.AGENT, possible=_may_cancel, needs="It is cancelled, or about to be."
)
EXTEND: Final = Action(
    name="extend-deadline",
    role=Role.AGENT,
    possible=_may_extend,
    needs="It has no deadline that is ours to move. Once the payment deadline has passed, only the"
    " line's refusal to cancel lets the booking go on.",
)
RECORD: Final = Action(
    name="record-payment",
    role=Role.AGENT,
    possible=_may_pay,
    needs="Nothing is owed, it is paid by card here, or something else has to end first.",
)
RESEND: Final = Action(
    name="resend-confirmation",
    role=Role.AGENT,
    possible=_told,
    needs="There is no booking to confirm, or nobody to tell.",
)
CONFIRM_CANCELLATION: Final = Action(
    name="confirm-cancellation",
    role=Role.AGENT,
    possible=_cancelling,
    needs="No cancellation is under way at the line.",
)
REFUSE_CANCELLATION: Final = Action(
    name="refuse-cancellation",
    role=Role.AGENT,
    possible=_cancelling,
    needs="No cancellation is under way at the line.",
)
MOVE: Final = Action(
    name="move",
    role=Role.SUPERVISOR,
    possible=_idle,
    needs="A step is open or something is being undone; that has to end first.",
)
ERASE: Final = Action(
    name="erase-guest",
    role=Role.SUPERVISOR,
    possible=_may_erase,
    needs="Only the details of who has nothing open any more, and has sailed if they booked.",
)
ACTIONS: Final = (
    *(NOTE, RECONCILE, RETRY_UNDO, RELEASE, EXTEND, RECORD, RESEND),
    *(CANCEL, CONFIRM_CANCELLATION, REFUSE_CANCELLATION, MOVE, ERASE),
)


def possible_actions(session: Session, *, at: DecisionContext, role: Role) -> Iterator[Action]:
    """Return what may be done now, by somebody with this role."""
    for action in ACTIONS:
        if role.includes(action.role) and action.possible(session, at):
            yield action
