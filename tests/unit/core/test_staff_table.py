"""The table of staff actions: who may take which, when it is possible, and what is said then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.extend_deadline import TOO_LATE, Deadline
from booking_flow.model.party import Details
from booking_flow.model.session import NO_DETAILS, Session, Unwinding, UnwindingReason
from booking_flow.model.step import StepName, StepStatus
from booking_flow.policy import PaymentChannel
from booking_flow.staff import actions
from booking_flow.staff.action import Situation
from booking_flow.staff.people import Role, StaffMember, operator
from tests.support.builders import (
    NOW,
    a_booking,
    a_contact,
    a_session,
    a_step,
    an_id,
    at,
    refused_by,
    usd,
)

CANCELLING = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
LAPSED = Unwinding(since=NOW, reason=UnwindingReason.EXPIRE)
BUSY = a_step(StepName.BOOK, StepStatus.UNKNOWN)
CREATED, HELD, BOOKED, PAID = (
    a_session(state) for state in (State.CREATED, State.BASKETED, State.BOOKED, State.PAID)
)
GONE = a_session(State.CANCELLED)
TOLD = replace(BOOKED, details=Details(contact=a_contact()))
WHOLE = a_booking(paid=a_booking().total)


def now(session: Session, **fields: Any) -> Situation:
    moment = at(payment_channel=fields.pop("channel", PaymentChannel.MANUAL))
    facts: dict[str, Any] = {"owes_undo": False, "task_open": False, "mails": True}
    return Situation(session=session, at=moment, **facts | fields)


def after_sailing(session: Session, **fields: Any) -> Situation:
    found = now(session, **fields)
    later = NOW + timedelta(days=400)
    return replace(found, at=replace(found.at, now=later))


def sailing_today(session: Session) -> Situation:
    found = now(session)
    day = datetime.combine(session.sailing.sailing_date, NOW.time(), tzinfo=UTC)
    return replace(found, at=replace(found.at, now=day))


@pytest.mark.parametrize(
    ("name", "situation", "why"),
    [
        ("note", now(CREATED), None),
        ("reconcile", now(CREATED), "No step is open."),
        ("reconcile", now(replace(HELD, open_step=BUSY)), None),
        ("retry-undo", now(HELD), "No cabin has to be let go again."),
        ("retry-undo", now(HELD, owes_undo=True), None),
        ("release-hold", now(CREATED), "No cabin is being held."),
        ("release-hold", now(HELD), None),
        ("release-hold", now(replace(HELD, open_step=BUSY)), actions.STEP_OPEN),
        ("release-hold", now(replace(HELD, unwinding=CANCELLING)), actions.UNWINDING),
        ("cancel", now(HELD), None),
        ("cancel", now(GONE), "It is cancelled, or about to be."),
        ("extend-deadline", now(HELD), None),
        ("extend-deadline", now(GONE), actions.OVER),
        ("extend-deadline", now(PAID), "This deadline is set by the line."),
        ("extend-deadline", now(replace(HELD, open_step=BUSY)), actions.STEP_OPEN),
        ("extend-deadline", now(replace(BOOKED, unwinding=CANCELLING)), actions.UNWINDING),
        ("extend-deadline", now(replace(BOOKED, unwinding=LAPSED)), TOO_LATE.detail),
        ("record-payment", now(BOOKED), None),
        ("record-payment", now(HELD), "Nothing is booked, so nothing is owed."),
        (
            "record-payment",
            now(replace(GONE, booking=a_booking())),
            "Nothing is booked, so nothing is owed.",
        ),
        ("record-payment", now(replace(PAID, booking=WHOLE)), "Nothing is owed."),
        ("record-payment", now(replace(BOOKED, open_step=BUSY)), actions.STEP_OPEN),
        ("record-payment", now(BOOKED, channel=PaymentChannel.WITH_BOOKING), None),
        ("resend-confirmation", now(TOLD), None),
        ("resend-confirmation", now(HELD), "There is no booking to confirm."),
        (
            "resend-confirmation",
            now(replace(TOLD, booking=None)),
            "There is no booking to confirm.",
        ),
        (
            "enter-duplicate",
            now(HELD),
            "Nothing is booked, so there is no second booking.",
        ),
        ("record-refund", now(GONE), "No money of a cancelled booking is to be settled."),
        (
            "resend-confirmation",
            now(replace(BOOKED, details=NO_DETAILS)),
            "There is nobody to tell: no contact is known.",
        ),
        (
            "resend-confirmation",
            now(TOLD, mails=False),
            "No mail is sent from here: SMTP_URL is not set.",
        ),
        ("confirm-cancellation", now(replace(BOOKED, unwinding=CANCELLING)), None),
        ("confirm-cancellation", now(BOOKED), "No cancellation is under way at the line."),
        ("refuse-cancellation", now(replace(BOOKED, open_step=BUSY)), actions.STEP_OPEN),
        ("move", now(HELD), None),
        ("move", now(HELD, owes_undo=True), actions.OWED),
        ("move", now(replace(HELD, open_step=BUSY)), actions.STEP_OPEN),
        (
            "erase-guest",
            now(replace(GONE, details=NO_DETAILS)),
            "Nothing that the guest typed is kept.",
        ),
        ("correct", now(TOLD), None),
        ("correct", now(replace(GONE, details=TOLD.details)), actions.OVER),
        ("correct", now(HELD), "The guest is still booking, and can change it."),
        ("erase-guest", now(TOLD), "Possible after the sailing on 7 March 2027."),
        ("erase-guest", sailing_today(TOLD), "Possible after the sailing on 7 March 2027."),
        ("erase-guest", after_sailing(TOLD), None),
        ("erase-guest", now(replace(HELD, details=TOLD.details)), "The guest is still booking."),
        (
            "erase-guest",
            after_sailing(TOLD, task_open=True),
            "A task is open that may need the guest's name.",
        ),
        ("erase-guest", after_sailing(replace(TOLD, open_step=BUSY)), actions.STEP_OPEN),
    ],
)
def test_each_action_says_when_it_is_possible_and_why_not(
    name: str, situation: Situation, why: str | None
) -> None:
    assert actions.action_named(name).why_not(situation) == why


def test_roles_see_what_is_theirs_and_possible() -> None:
    def names(role: Role) -> list[str]:
        return [action.name for action in actions.possible_actions(now(HELD), role=role)]

    assert names(Role.VIEWER) == []
    assert names(Role.AGENT) == ["note", "release-hold", "extend-deadline", "cancel"]
    assert names(Role.SUPERVISOR) == [*names(Role.AGENT), "move", "redact"]


def test_an_action_nobody_knows_is_not_found() -> None:
    found = refused_by(lambda: actions.action_named("dance"))
    assert (found.code, found.detail) == (RefusalCode.NOT_FOUND, "There is no such action.")


@pytest.mark.parametrize(
    ("name", "after", "said", "waits"),
    [
        ("note", CREATED, "Your note stands in the history.", False),
        ("cancel", GONE, "The session is cancelled.", False),
        ("cancel", BOOKED, "Cancellation requested. Now call the line: open the task.", True),
        (
            "cancel",
            replace(HELD, open_step=BUSY),
            "Cancellation requested. It takes effect once the open step has ended.",
            True,
        ),
        ("release-hold", CREATED, "The cabin was let go.", False),
        ("extend-deadline", HELD, "The deadline is later now.", False),
        (
            "release-hold",
            replace(HELD, open_step=BUSY),
            "The line has not said yet that the cabin is free; it is asked again.",
            True,
        ),
        ("resend-confirmation", BOOKED, "The confirmation is on its way.", True),
    ],
)
def test_what_is_said_afterwards_is_what_came_of_it(
    name: str, after: Session, said: str, waits: bool
) -> None:
    action = actions.action_named(name)
    assert (action.done(after), action.waits(after)) == (said, waits)


def test_a_line_of_the_audit_names_who_and_the_request() -> None:
    ada = StaffMember(name="ada", role=Role.AGENT, account_id=an_id(7), request_id="request-7")
    line = ada.entry("note", reason="why")
    assert (line.account_id, line.name, line.request_id) == (ada.account_id, "ada", "request-7")


def test_the_audit_notes_what_an_action_was_given() -> None:
    more = actions.MoreTime(deadline=Deadline.SESSION, until=NOW)
    assert more.facts == {"deadline": "session", "until": "2026-11-22T12:00:00+00:00"}
    assert actions.Received(amount=usd("5")).facts == {"amount": "5.00 USD"}
    to = actions.Destination(to=State.CANCELLED, override=True)
    assert to.facts == {"to": "cancelled", "override": "true"}
    assert actions.TextToGo(text="event-7").facts == {"text": "event-7"}
    words = actions.RightWords(pointer="/contact/email", contact=lambda contact: contact)
    assert words.facts == {"field": "/contact/email"}
    assert actions.NOTHING.facts == {}


def test_where_a_session_may_be_moved_waits_for_what_is_owed() -> None:
    free = {each.to: each for each in actions.transition_options(now(HELD))}
    assert free[State.CANCELLED].jump is not None
    assert free[State.PAID].why_not == "No reservation is known, so it cannot be paid."
    late = replace(GONE, expires_at=NOW)
    over = {each.to: each for each in actions.transition_options(now(late))}
    assert "Its time is over" in str(over[State.CREATED].why_not)
    owed = {each.to: each for each in actions.transition_options(now(HELD, owes_undo=True))}
    assert (owed[State.CANCELLED].jump, owed[State.CANCELLED].why_not) == (None, actions.OWED)


def test_an_operator_has_no_account_and_is_named_as_such() -> None:
    ada = operator("ada")
    assert (ada.name, ada.role, ada.account_id) == ("ada (operator)", Role.SUPERVISOR, None)
    assert ada.origin.actor_name == "ada (operator)"


def test_who_lacks_a_role_is_told_which_it_is() -> None:
    ben = StaffMember(name="ben", role=Role.AGENT, account_id=an_id(1))
    ben.ensure(Role.VIEWER)
    found = refused_by(lambda: ben.ensure(Role.SUPERVISOR))
    assert (found.code, found.detail) == (
        RefusalCode.FORBIDDEN,
        "This needs the role supervisor.",
    )
