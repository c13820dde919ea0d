"""Sessions and tasks as staff see them: pure functions of what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from booking_flow.flow import MEANING, State
from booking_flow.model.session import Session
from booking_flow.staff.action import Situation
from booking_flow.staff.actions import TransitionOption, possible_actions
from booking_flow.staff.task_resolution import POSSIBLE
from booking_http.api.responses import ActionResponse, CruiseResponse
from booking_http.api.session_response import cruise_fields, render_event
from booking_http.staff import action_responses as desk
from booking_http.staff import responses as tell
from booking_http.staff.masks import details_of, guest_of
from booking_http.staff.wiring import BASE
from booking_http.web.auth import Staff
from persistence.history_check import Checked
from persistence.support_search import Hit
from persistence.task_queries import QueuedTask


def state_label(session: Session, now: datetime) -> str:
    """Return what a state is called; a hold that has run out is none, whatever is still open."""
    return _label(session.state, session.basket.hold_until if session.basket else None, now)


def _label(state: State, hold_until: datetime | None, now: datetime) -> str:
    over = state is State.BASKETED and hold_until is not None and hold_until <= now
    return "Hold ran out" if over else MEANING[state].label


def session_view(
    now: Situation, *, staff: Staff, waits: tell.WaitResponse | None
) -> tell.StaffSessionResponse:
    """Return a session without its secret and without anything only its guest may do."""
    session = now.session
    event = render_event(session, now=now.at.now, session_id=str(session.id), allowed=lambda _: ())
    meaning = MEANING[session.state]
    fields = dict(event) | {"allowed_actions": actions_view(now, staff=staff)}
    return tell.StaffSessionResponse.model_construct(
        **fields,
        state_label=state_label(session, now.at.now),
        state_meaning=meaning.meaning,
        created_at=session.created_at,
        cards_tried=session.cards_tried,
        details=details_of(session.details, masked=not staff.sees_all),
        waits_for=waits,
    )


def actions_view(now: Situation, *, staff: Staff) -> list[ActionResponse]:
    """Return what this member of staff may do with the session now, and where."""
    base = f"{BASE}/sessions/{now.session.id}"
    return [
        ActionResponse(name=action.name, method="POST", href=f"{base}/{action.name}")
        for action in possible_actions(now, role=staff.account.role)
    ]


def hit_view(hit: Hit, *, masked: bool) -> tell.HitResponse:
    """Return a session as the result of a search."""
    session, booking = hit.session, hit.session.booking
    return tell.HitResponse(
        session_id=str(session.id),
        reference=session.reference,
        state=session.state,
        state_label=state_label(session, hit.now),
        created_at=session.created_at,
        age_seconds=max(int((hit.now - session.created_at).total_seconds()), 0),
        cruise=CruiseResponse.model_validate(cruise_fields(session.sailing)),
        guest=guest_of(session.details, masked=masked),
        money=_money(session),
        reservation=booking and booking.reservation,
        supplier_booking_id=booking and booking.supplier_booking_id,
        waits_for=waits_for(
            session, task=hit.task_kind, due_at=hit.task_due_at, owes_undo=hit.owes_undo
        ),
    )


def waits_for(
    session: Session, *, task: str | None, due_at: datetime | None, owes_undo: bool
) -> tell.WaitResponse | None:
    """Return whom a session waits for: people first, since nothing else moves what needs them."""
    if task is not None:
        return tell.WaitResponse(whom="staff", what=task, until=due_at)
    if session.open_step is not None:
        step = session.open_step
        return tell.WaitResponse(whom="supplier", what=f"{step.name}: {step.status}", until=None)
    if owes_undo:
        return tell.WaitResponse(whom="supplier", what="letting a cabin go", until=None)
    if session.unwinding is not None:
        return tell.WaitResponse(whom="line", what=f"{session.unwinding.reason}", until=None)
    return _guest_waits(session)


def _guest_waits(session: Session) -> tell.WaitResponse | None:
    if session.state is State.BOOKED and session.booking is not None:
        due = session.booking.due_by
        return tell.WaitResponse(whom="guest", what="payment", until=due)
    if session.ended or session.reserved:
        return None
    held = session.state is State.BASKETED and session.basket is not None
    until = session.basket.hold_until if held and session.basket else session.expires_at
    return tell.WaitResponse(whom="guest", what="the next step", until=until)


def _money(session: Session) -> tell.MoneyResponse | None:
    if booking := session.booking:
        return tell.MoneyResponse(
            total=booking.total.amount,
            paid=booking.paid.amount,
            outstanding=booking.outstanding.amount,
            currency=booking.total.currency,
        )
    if session.basket is None:
        return None
    total = session.basket.total
    return tell.MoneyResponse(
        total=total.amount, paid=None, outstanding=None, currency=total.currency
    )


def task_view(queued: QueuedTask) -> tell.TaskResponse:
    """Return a task with the session it is about."""
    task = queued.task
    return tell.TaskResponse(
        task_id=str(task.id),
        version=task.version,
        kind=task.kind,
        step_id=str(task.step_id) if task.step_id else None,
        session_id=str(task.session_id),
        reference=queued.reference,
        state=queued.state,
        state_label=(
            _label(queued.state, queued.hold_until, queued.now) if queued.state else "Forgotten"
        ),
        opened_at=task.opened_at,
        due_at=task.due_at,
        overdue=task.closed_at is None and task.due_at < queued.now,
        not_before=task.not_before,
        facts=dict(task.facts),
        answers=list(POSSIBLE[task.kind]),
        claimed_by=task.claim and task.claim.name,
        claimed_by_id=str(task.claim.account_id) if task.claim else None,
        claimed_at=task.claim and task.claim.at,
        closed_at=task.closed_at,
        closed_by=task.closed_by,
        answer=task.answer,
    )


def check_view(checked: Checked) -> desk.CheckResponse:
    """Return which of some histories do not fold."""
    return desk.CheckResponse(
        sessions=checked.sessions,
        events=checked.events,
        broken=[
            desk.FailedResponse(
                session_id=str(each.session_id), reference=each.reference, why=each.why
            )
            for each in checked.broken
        ],
        next=str(checked.last) if checked.last else None,
    )


def way_view(way: TransitionOption) -> desk.WayResponse:
    """Return whether a session can be moved somewhere, and at what price."""
    jump = way.jump
    return desk.WayResponse(
        to=way.to,
        label=MEANING[way.to].label,
        possible=jump is not None,
        why_not=way.why_not,
        override=jump is not None and jump.override,
        not_undone=[
            desk.RemainResponse(what=what, detail=detail)
            for what, detail in (jump.remains if jump else {}).items()
        ],
    )


def wait_of(
    session: Session, tasks: Sequence[QueuedTask], *, owes_undo: bool
) -> tell.WaitResponse | None:
    """Return whom a session waits for, given all of its tasks."""
    first = next((each.task for each in tasks if each.task.closed_at is None), None)
    return waits_for(
        session,
        task=first.kind.value if first else None,
        due_at=first.due_at if first else None,
        owes_undo=owes_undo,
    )
