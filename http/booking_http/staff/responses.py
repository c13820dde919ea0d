"""What staff are told; what is personal comes masked to who only looks."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from booking_flow.flow import State
from booking_flow.model.party import PassengerType
from booking_flow.model.step import StepName
from booking_flow.model.task import TaskKind
from booking_flow.staff.people import Role
from booking_flow.staff.task_resolution import AnswerKind
from booking_http.api.responses import (
    ContactResponse,
    CorrectionResponse,
    CruiseResponse,
    EventResponse,
)
from booking_http.web.models import Amount, Moment, ResponseModel


class MeResponse(ResponseModel):
    """Who is signed in; `csrfToken` goes into X-CSRF-Token beside the cookie."""

    email: str
    name: str
    role: Role
    csrf_token: str | None


class SignedOutResponse(ResponseModel):
    """How many sign-ins were ended."""

    ended: int


class WaitResponse(ResponseModel):
    """Whom a session waits for, for what, and until when."""

    whom: Literal["staff", "supplier", "line", "guest"]
    what: str
    until: Moment | None


class GuestResponse(ResponseModel):
    """Who to speak to."""

    name: str
    email: str | None
    phone: str | None


class MoneyResponse(ResponseModel):
    """What it costs, what has been paid and what has not."""

    total: Amount
    paid: Amount | None
    outstanding: Amount | None
    currency: str


class HitResponse(ResponseModel):
    """A session that was found."""

    session_id: str
    reference: str
    state: State
    state_label: str
    created_at: Moment
    age_seconds: int
    cruise: CruiseResponse
    guest: GuestResponse | None
    money: MoneyResponse | None
    reservation: str | None
    supplier_booking_id: str | None
    waits_for: WaitResponse | None


class HitsResponse(ResponseModel):
    """A page of sessions, the latest first; `next` is the cursor of the page after."""

    sessions: list[HitResponse]
    next: str | None


class StaffPassengerResponse(ResponseModel):
    """One traveller; a masked one has no date of birth."""

    title: str
    first_name: str
    last_name: str
    date_of_birth: date | None
    gender: str
    nationality: str
    passenger_type: PassengerType
    printed_first_name: str | None
    printed_last_name: str | None


class StaffCorrectionResponse(CorrectionResponse):
    """A field that was typed wrong, and what it should say; null for whoever may not read it."""

    value: str | None
    reason: str | None
    """Why, in the guest's words."""


class StaffDetailsResponse(ResponseModel):
    """What the guest typed; `masked` says whether parts were left out."""

    masked: bool
    contact: ContactResponse | None
    passengers: list[StaffPassengerResponse]
    dining: str | None
    special_requests: str | None
    cancel_reason: str | None
    """Why the guest cancelled, in their words."""
    corrections: list[StaffCorrectionResponse]


class StaffSessionResponse(EventResponse):
    """A session as staff see it; `allowedActions` are theirs, none is the guest's."""

    state_label: str
    state_meaning: str
    created_at: Moment
    cards_tried: int
    details: StaffDetailsResponse
    waits_for: WaitResponse | None


class TaskResponse(ResponseModel):
    """Something that only a person can find out or do.

    `state` is null where the database has forgotten the session.
    """

    task_id: str
    version: int
    kind: TaskKind
    step_id: str | None
    session_id: str
    reference: str
    state: State | None
    state_label: str
    opened_at: Moment
    due_at: Moment
    overdue: bool
    not_before: Moment | None
    facts: dict[str, str]
    answers: list[AnswerKind]
    claimed_by: str | None
    claimed_by_id: str | None
    """The account of whoever works on it; two people may have one name."""
    claimed_at: Moment | None
    closed_at: Moment | None
    closed_by: str | None
    answer: str | None


class RefusedAnswerResponse(ResponseModel):
    """A task that was not answered, and why."""

    task_id: str
    code: str
    why: str


class GroupAnswerResponse(ResponseModel):
    """How many tasks were answered, and which were not."""

    answered: int
    refused: list[RefusedAnswerResponse]


class TaskCountsResponse(ResponseModel):
    """How many tasks wait, should have been answered by now, and are one's own."""

    waiting: int
    overdue: int
    mine: int


class TasksResponse(ResponseModel):
    """A page of open tasks, the most urgent first; `next` is the cursor of the page after."""

    tasks: list[TaskResponse]
    next: str | None


class HappeningResponse(ResponseModel):
    """One thing that happened, whoever did it; what does not apply to its kind is null."""

    row: str
    """Its name within the session, which stays."""
    at: Moment
    kind: Literal["event", "step", "call", "task_opened", "task_closed", "staff", "mail", "webhook"]
    what: str
    actor: str | None = None
    name: str | None = None
    seq: int | None = None
    trigger: str | None = None
    from_state: State | None = None
    to_state: State | None = None
    outcome: str | None = None
    reason: str | None = None
    step: StepName | None = None
    step_id: str | None = None
    task_id: str | None = None
    ended_at: Moment | None = None
    seconds: float | None = None
    http_status: int | None = None
    error_code: int | None = None
    request_id: str | None = None
    trace_id: str | None = None
    facts: dict[str, str] = Field(default_factory=dict)
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None


class StoryResponse(ResponseModel):
    """A session with its tasks and all that happened to it, on one axis."""

    session: StaffSessionResponse
    tasks: list[TaskResponse]
    timeline: list[HappeningResponse]


class HistoryResponse(ResponseModel):
    """Whether the stored history leads, by the flow as it is now, to the stored state."""

    folds: bool
    problem: str | None
    folded_state: State | None
    stored_state: State
    version: int
    flow_version: int
    events: list[HappeningResponse]
