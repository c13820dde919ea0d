"""A guest who asks to be erased: a task that waits until nobody needs their name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.edit import fresh_details
from booking_flow.lifecycle.request_erasure import NOTHING_KEPT, request_erasure
from booking_flow.model.change import Change
from booking_flow.model.history import EventKind
from booking_flow.model.party import Correction, CorrectionStatus, Details
from booking_flow.model.session import NO_DETAILS
from booking_flow.model.task import TaskKind
from tests.support.builders import DETAILS, NOW, a_refusal, a_session, an_event, at, refused_by

PRICED, BOOKED = a_session(State.PRICED), a_session(State.BOOKED)
ASKED = DETAILS.with_changes(erasure_requested_at=NOW)


def test_it_is_a_task_and_is_asked_for_once() -> None:
    change = request_erasure(PRICED, at())
    assert change is not None
    (task,) = change.tasks
    assert (task.kind, task.due_at) == (TaskKind.ERASURE_REQUESTED, NOW + at().policy.task_time)
    assert change == Change(
        before=PRICED,
        after=replace(PRICED, version=PRICED.version + 1, details=ASKED),
        events=(an_event(EventKind.NOTE, State.PRICED, requested="erasure"),),
        tasks=(task,),
    )
    assert request_erasure(change.after, at()) is None


def test_of_what_is_booked_nothing_is_erased_before_it_has_sailed() -> None:
    change = request_erasure(BOOKED, at())
    assert change is not None
    sails = BOOKED.sailing.sailing_date
    assert change.tasks[0].due_at == datetime(sails.year, sails.month, sails.day + 2, tzinfo=UTC)
    late = change.tasks[0].due_at
    later = request_erasure(BOOKED, at(now=late))
    assert later is not None
    assert later.tasks[0].due_at == late + at().policy.task_time


def test_where_nothing_is_kept_there_is_nothing_to_erase() -> None:
    erased = replace(BOOKED, details=NO_DETAILS)
    found = refused_by(lambda: request_erasure(erased, at()))
    assert found == a_refusal(RefusalCode.WRONG_STATE, NOTHING_KEPT)


def test_who_starts_again_brings_what_they_typed_and_not_what_became_of_it() -> None:
    correction = Correction(
        pointer="/contact/city",
        value="Here",
        requested_at=NOW,
        status=CorrectionStatus.DONE,
        seq=8,
    )
    old = Details(
        dining="2", cancel_reason="ill", corrections=(correction,), erasure_requested_at=NOW
    )
    assert fresh_details(old) == Details(dining="2")
