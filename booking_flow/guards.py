"""Guards every step shares: whether a trigger may be pulled on a session now."""

from __future__ import annotations

from booking_flow.channels import channel_of
from booking_flow.context import DecisionContext
from booking_flow.errors import Refusal, RefusalCode, Refused, refuse
from booking_flow.flow import State, Trigger, rule, triggers_from
from booking_flow.model.sailing import check_bookable
from booking_flow.model.session import Session, UnwindingReason
from booking_flow.policy import Policy

SESSION_OVER = Refusal(
    code=RefusalCode.SESSION_EXPIRED,
    detail="This booking session has ended. Start again with the same party and details.",
)
BEHIND = Refusal(
    code=RefusalCode.UNAVAILABLE,
    detail="What was booked is being compared with the journal. Please try again shortly.",
)
CLAIMING = frozenset({Trigger.ADD_TO_BASKET, Trigger.BOOK, Trigger.PAY})
"""What asks the supplier for something new."""


def ensure(session: Session, trigger: Trigger) -> None:
    """Let pass what the flow allows now.

    Raises:
        Refused: with `session_expired`, `in_progress` or `wrong_state`.
    """
    ensure_open(session)
    if not can_move(session, trigger):
        raise wrong_state(session, trigger.value)


def passes(session: Session, trigger: Trigger, at: DecisionContext) -> bool:
    """Whether a trigger leads on from here, by the flow and by the guard of its row."""
    row = rule(session.state, trigger)
    return row is not None and (row.guard is None or row.guard.lets(session, at))


def ensure_open(session: Session) -> None:
    """Refuse a session that is over, being undone, or busy with a step."""
    if expiring(session):
        raise Refused(SESSION_OVER)
    ensure_no_step(session)
    if session.unwinding is not None:
        raise refuse(RefusalCode.WRONG_STATE, "This booking is being cancelled.")


def ensure_no_step(session: Session) -> None:
    """Refuse a session that is busy with a step."""
    if session.open_step is not None:
        raise refuse(
            RefusalCode.IN_PROGRESS,
            f"The step {session.open_step.name} is still under way.",
            step=session.open_step.name.value,
        )


def wrong_state(session: Session, wish: str) -> Refused:
    """Build the refusal of something the flow does not know in this state."""
    return refuse(RefusalCode.WRONG_STATE, f"{wish} is not possible while {session.state}.")


def ensure_on_sale(session: Session, at: DecisionContext) -> None:
    """Refuse what may be sold no more: a line taken off sale, or a sailing that has left."""
    refusal = check_bookable(session.sailing, today=at.now.date(), live_lines=at.policy.live_lines)
    if refusal is not None:
        raise Refused(refusal)


def ensure_not_stopped(at: DecisionContext) -> None:
    """Refuse to ask for anything new while claims are found that the database has forgotten."""
    if at.stopped:
        raise Refused(BEHIND)


def expiring(session: Session) -> bool:
    """Whether the session is over by the clock, or about to be."""
    if session.unwinding is not None:
        return session.unwinding.reason is UnwindingReason.EXPIRE
    return session.state is State.EXPIRED


def allowed_triggers(session: Session, *, policy: Policy) -> tuple[Trigger, ...]:
    """Return what the guest may do now; while a step is open that is at most to cancel.

    While staff decide between two answers, nothing is claimed.
    """
    if session.unwinding is not None:
        return ()
    if session.open_step is not None:
        return (Trigger.CANCEL,) if session.cancel_requested_at is None else ()
    hidden = CLAIMING if session.disputed_since is not None else _elsewhere(session, policy)
    known = triggers_from(session.state)
    if balance_payable(session):
        known = (Trigger.PAY, *known)
    return tuple(trigger for trigger in known if trigger not in hidden)


def balance_payable(session: Session) -> bool:
    """Whether a paid booking owes a balance; paying that moves it nowhere."""
    made = session.booking
    return session.state is State.PAID and made is not None and made.outstanding.positive


def payable_by_card(session: Session, policy: Policy) -> bool:
    """Whether the supplier takes a card for what is booked already."""
    if balance_payable(session) and policy.balance_by_card:
        return True
    return channel_of(policy).card_after_booking


def _elsewhere(session: Session, policy: Policy) -> frozenset[Trigger]:
    """Return what the agency does not take through the supplier."""
    return frozenset() if payable_by_card(session, policy) else frozenset({Trigger.PAY})


def can_move(session: Session, trigger: Trigger) -> bool:
    """Whether the flow has a row for this trigger in the session's state."""
    return rule(session.state, trigger) is not None
