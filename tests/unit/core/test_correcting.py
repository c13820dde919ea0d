"""Correcting what was typed wrong: at once, or by way of the line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from booking_flow.errors import Refusal, RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.correct import (
    ASKED,
    NameRequest,
    answer_name,
    contact_of,
    correct_contact,
    correctable,
    request_name,
)
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.party import Correction, CorrectionStatus, Details
from booking_flow.model.session import NO_DETAILS, Session
from booking_flow.model.step import StepName, StepStatus
from booking_flow.model.task import TaskKind
from tests.support.builders import (
    NOW,
    a_contact,
    a_passenger,
    a_refusal,
    a_session,
    a_step,
    a_task,
    an_event,
    an_id,
    at,
    refused_by,
    with_faults,
)

WHY = "the guest called"
TRAVELLERS = (a_passenger(), a_passenger(first_name="Ben"))
KNOWN = Details(contact=a_contact(), passengers=TRAVELLERS)
BOOKED = a_session(State.BOOKED, details=KNOWN)
HELD = a_session(State.BASKETED, details=KNOWN)
IN_DOUBT = replace(HELD, open_step=a_step(StepName.BOOK, StepStatus.UNKNOWN))
WISH = NameRequest(guest=1, field="lastName", value="Sørensen", printed="Sorensen", words="typo")
POINTER = "/passengers/1/lastName"


def correction(pointer: str, value: str | None, **fields: Any) -> Correction:
    usual: dict[str, Any] = {
        "requested_at": NOW,
        "status": CorrectionStatus.DONE,
        "seq": BOOKED.version + 1,
        "told": KNOWN.contact and KNOWN.contact.email,
    }
    return Correction(pointer=pointer, value=value, **usual | fields)


ASKED_FOR = correction(
    POINTER,
    "Sørensen",
    status=CorrectionStatus.REQUESTED,
    told=None,
    printed="Sorensen",
    task_id=an_id(1),
    reason="typo",
)


def why_not(session: Session, wish: NameRequest = WISH) -> Refusal:
    return refused_by(lambda: request_name(session, wish, at(), reason=WHY))


def test_a_contact_is_replaced_and_the_address_of_before_is_told() -> None:
    contact = a_contact(email="new@example.test", postal_code="1", title="Dr")
    made = (
        correction("/contact/email", "new@example.test"),
        correction("/contact/postalCode", "1"),
    )
    fields = "contact.email,contact.postalCode"
    assert correct_contact(BOOKED, contact, at(), reason=WHY) == Change(
        before=BOOKED,
        after=replace(
            BOOKED,
            version=BOOKED.version + 1,
            details=KNOWN.with_changes(contact=contact, corrections=made),
        ),
        events=(an_event(EventKind.EDITED, State.BOOKED, reason=WHY, fields=fields),),
        confirms=True,
        warns=True,
    )


def test_a_second_correction_is_kept_beside_the_first() -> None:
    first = correct_contact(BOOKED, a_contact(city="Here"), at(), reason=None)
    assert first is not None
    second = correct_contact(first.after, a_contact(city="There"), at(), reason=None)
    assert second is not None
    kept = second.after.details.corrections
    assert [(each.value, each.seq) for each in kept] == [
        ("Here", BOOKED.version + 1),
        ("There", BOOKED.version + 2),
    ]


def test_what_changes_nothing_is_no_change() -> None:
    assert correct_contact(BOOKED, a_contact(title="Dr"), at(), reason=WHY) is None
    assert request_name(BOOKED, replace(WISH, value="Quillfeather"), at(), reason=WHY) is None


@pytest.mark.parametrize(
    ("session", "may"),
    [
        (BOOKED, True),
        (replace(BOOKED, state=State.PAID), True),
        (IN_DOUBT, True),
        (HELD, False),
        (replace(BOOKED, state=State.CANCELLED), False),
        (replace(BOOKED, details=NO_DETAILS), False),
    ],
)
def test_only_what_can_no_longer_be_edited_is_corrected(session: Session, may: bool) -> None:
    assert correctable(session) is may
    if may:
        assert contact_of(session) == a_contact()
        return
    refused = refused_by(lambda: correct_contact(session, a_contact(city="X"), at(), reason=WHY))
    assert refused.code is RefusalCode.WRONG_STATE
    assert refused == refused_by(lambda: contact_of(session))
    assert refused.detail == (f"a correction of the contact is not possible while {session.state}.")


def test_a_name_is_a_task_for_the_line() -> None:
    task = a_task(TaskKind.CORRECT_NAME)
    change = request_name(BOOKED, WISH, at(), reason=WHY)
    assert change is not None
    (opened,) = change.tasks
    assert (opened.kind, opened.step_id, opened.due_at) == (task.kind, None, task.due_at)
    assert opened.facts["field"] == POINTER
    assert change == Change(
        before=BOOKED,
        after=replace(
            BOOKED,
            version=BOOKED.version + 1,
            details=KNOWN.with_changes(corrections=(replace(ASKED_FOR, task_id=opened.id),)),
        ),
        events=(an_event(EventKind.NOTE, State.BOOKED, reason=WHY, requested=POINTER),),
        tasks=(opened,),
    )


def test_a_name_cannot_be_asked_for_twice_or_for_nobody() -> None:
    waiting = replace(BOOKED, details=KNOWN.with_changes(corrections=(ASKED_FOR,)))
    assert why_not(waiting) == a_refusal(RefusalCode.WRONG_STATE, ASKED)
    other = replace(WISH, field="firstName", value="Bernard")
    assert request_name(waiting, other, at(), reason=WHY) is not None
    nobody = with_faults(
        RefusalCode.VALIDATION_FAILED, ("/pointer", "names no traveller of this booking")
    )
    assert why_not(BOOKED, replace(WISH, guest=2)) == nobody
    no_booking = a_refusal(
        RefusalCode.WRONG_STATE, "a correction of a name is not possible while basketed."
    )
    assert why_not(IN_DOUBT) == why_not(HELD) == no_booking


def test_a_name_that_the_line_has_changed_is_the_travellers() -> None:
    before = replace(correction("/passengers/0/lastName", "Here"), status=CorrectionStatus.REFUSED)
    asked = replace(BOOKED, details=KNOWN.with_changes(corrections=(before, ASKED_FOR)))
    ben = replace(TRAVELLERS[1], last_name="Sørensen", printed_last_name="Sorensen")
    done = replace(ASKED_FOR, status=CorrectionStatus.DONE)
    details = KNOWN.with_changes(passengers=(TRAVELLERS[0], ben), corrections=(before, done))
    assert answer_name(asked, an_id(1), done=True, reason=WHY) == Change(
        before=asked,
        after=replace(asked, version=asked.version + 1, details=details),
        events=(an_event(EventKind.NOTE, State.BOOKED, reason=WHY, done=POINTER),),
        confirms=True,
    )


def test_a_name_that_the_line_keeps_stays() -> None:
    asked = replace(BOOKED, details=KNOWN.with_changes(corrections=(ASKED_FOR,)))
    refused = replace(ASKED_FOR, status=CorrectionStatus.REFUSED)
    details = KNOWN.with_changes(corrections=(refused,))
    assert answer_name(asked, an_id(1), done=False, reason=WHY) == Change(
        before=asked,
        after=replace(asked, version=asked.version + 1, details=details),
        events=(an_event(EventKind.NOTE, State.BOOKED, reason=WHY, refused=POINTER),),
    )


def test_of_erased_details_only_the_answer_is_noted() -> None:
    erased = replace(BOOKED, details=NO_DETAILS)
    assert answer_name(erased, an_id(1), done=True, reason=WHY) == begin(erased).record(
        EventKind.NOTE, reason=WHY
    )
