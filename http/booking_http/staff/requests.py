"""What staff send."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from booking_flow.flow import State
from booking_flow.lifecycle.extend_deadline import Deadline
from booking_flow.lifecycle.manual_transition import Remains
from booking_flow.model.money import Money
from booking_flow.model.step import StepName
from booking_flow.model.task import TaskKind
from booking_flow.staff import actions
from booking_flow.staff.action import Parameters
from booking_flow.staff.task_resolution import AnswerKind, TaskAnswer
from booking_flow.supplier_errors import FailureKind
from booking_http.api.corrections import CorrectionRequest, contact_with, name_wish
from booking_http.web.models import AskedAmount, Code, Email, Line, Note, Query, RequestModel
from persistence.tables.bulk import BulkAction

_TEXT_OF_SESSION: Final = rf"^((event|staff)-[0-9]{{1,9}}|{'|'.join(actions.TYPED_FREELY)})$"
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]
TotpCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,200}$")]
SessionCursor = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
PageSize = Annotated[int, Field(ge=1, le=100)]


class SignInRequest(RequestModel):
    """Who wants to come in."""

    email: Email
    password: Password
    code: TotpCode | None = None


class SignOutRequest(RequestModel):
    """Whether to end only this sign-in, or every one of the account."""

    everywhere: bool = False


class SearchRequest(RequestModel):
    """What the caller has, in one box, and what to leave out.

    `reached` is how far they came at least, `furthest` how far and no further; `step` is open, or
    owed to the supplier; `failure` is what became of `call`.
    """

    query: Line | None = None
    state: State | None = None
    attention: bool = False
    cruise_id: Code | None = None
    since: AwareDatetime | None = Field(default=None, alias="from")
    until: AwareDatetime | None = Field(default=None, alias="to")
    reached: State | None = None
    furthest: State | None = None
    ended: bool | None = None
    step: StepName | None = None
    step_status: Literal["started", "unknown", "owed"] | None = None
    call: Code | None = None
    failure: Literal["any"] | FailureKind | None = None
    called_since: AwareDatetime | None = Field(default=None, alias="calledFrom")
    called_until: AwareDatetime | None = Field(default=None, alias="calledTo")
    cursor: Cursor | None = None
    limit: PageSize = 25


class ReasonRequest(RequestModel):
    """Why staff do something; it stands in the history, so no names belong there."""

    reason: Note

    def parameters(self) -> Parameters:
        """Return what the action is given beside the reason."""
        return actions.NOTHING


class ExtendRequest(ReasonRequest):
    """Which deadline is to be later, and when it is then."""

    deadline: Deadline
    until: AwareDatetime

    def parameters(self) -> actions.MoreTime:
        """Return which deadline is to be later, and when it is then."""
        return actions.MoreTime(deadline=self.deadline, until=self.until)


class RecordRequest(ReasonRequest):
    """How much was received outside; the reason says how, such as by which transfer."""

    amount: AskedAmount
    currency: Currency

    def parameters(self) -> actions.Received:
        """Return what was received."""
        return actions.Received(amount=Money(self.amount, self.currency))


class RefundRequest(ReasonRequest):
    """What the line keeps of a cancelled booking; the rest has gone back to the guest."""

    kept: AskedAmount

    def parameters(self) -> actions.Kept:
        """Return what the line keeps."""
        return actions.Kept(kept=self.kept)


class DuplicateRequest(ReasonRequest):
    """The line's number of a second reservation of this session."""

    reservation: Code

    def parameters(self) -> actions.SecondBooking:
        """Return the number."""
        return actions.SecondBooking(reservation=self.reservation)


class MoveRequest(ReasonRequest):
    """Where to; against the flow only with `override` and with all that it does not undo."""

    to: State
    override: bool = False
    not_undone: list[Remains] = Field(default_factory=list, max_length=len(Remains))

    def parameters(self) -> actions.Destination:
        """Return where to, and what that is known to leave."""
        return actions.Destination(
            to=self.to,
            override=self.override,
            not_undone=frozenset(each.value for each in self.not_undone),
        )


class RedactRequest(ReasonRequest):
    """Which text is to go: a row of the session's timeline, or what the guest typed.

    Rows are those of history (`event-7`) and of what staff did (`staff-2`), as the timeline names
    them. What is taken out cannot be had back.
    """

    text: Annotated[str, StringConstraints(pattern=_TEXT_OF_SESSION)]

    def parameters(self) -> actions.TextToGo:
        """Return which text is to go."""
        return actions.TextToGo(text=self.text)


class CorrectRequest(CorrectionRequest, ReasonRequest):
    """What a field that was typed wrong should say, and how that is known."""

    reason: Note

    def parameters(self) -> actions.RightWords:
        """Return which field, and what it should say."""
        return actions.RightWords(
            pointer=self.pointer,
            contact=lambda contact: contact_with(contact, self),
            name=name_wish(self),
        )


_MORE: Final[Mapping[str, type[ReasonRequest]]] = {
    actions.EXTEND.name: ExtendRequest,
    actions.RECORD.name: RecordRequest,
    actions.CORRECT.name: CorrectRequest,
    actions.REFUND.name: RefundRequest,
    actions.DUPLICATE.name: DuplicateRequest,
    actions.MOVE.name: MoveRequest,
    actions.REDACT.name: RedactRequest,
}
REQUESTS: Final[Mapping[str, type[ReasonRequest]]] = MappingProxyType(
    {name: _MORE.get(name, ReasonRequest) for name in actions.ACTIONS}
)
"""What is sent for each action."""


class AnswerRequest(ReasonRequest):
    """What a person found out; `override` takes what the line's record contradicts."""

    kind: AnswerKind
    reservation: Code | None = None
    override: bool = False
    takeover: bool = False
    """Answers what a colleague works on."""
    kept: AskedAmount | None = None
    """What the line keeps of a cancelled booking; the rest has gone back."""

    def answer(self, task_id: UUID | None, seen: frozenset[int]) -> TaskAnswer:
        """Return the answer as the core takes it."""
        return TaskAnswer(
            task_id=task_id,
            seen=seen,
            kind=self.kind,
            reservation=self.reservation if self.kind is AnswerKind.RESERVATION else None,
            note=self.reason,
            override=self.override,
            takeover=self.takeover,
            kept=self.kept,
        )


class SeenTaskRequest(RequestModel):
    """A task as it was seen."""

    task_id: UUID
    version: int


class GroupAnswerRequest(ReasonRequest):
    """One answer to several tasks of one cause, such as an outage; each is answered by itself.

    A reservation answers one task only.
    """

    kind: Literal[
        AnswerKind.NOT_BOOKED,
        AnswerKind.PAID,
        AnswerKind.NOT_PAID,
        AnswerKind.LINE_CANCELLED,
        AnswerKind.LINE_REFUSED,
        AnswerKind.RECEIVED,
        AnswerKind.CANCEL_BOOKING,
        AnswerKind.SECOND_CANCELLED,
        AnswerKind.FIRST_CANCELLED,
        AnswerKind.DONE,
    ]
    tasks: Annotated[list[SeenTaskRequest], Field(min_length=1, max_length=100)]

    def answers(self) -> list[TaskAnswer]:
        """Return the answers as the core takes them."""
        return [
            TaskAnswer(
                task_id=each.task_id,
                seen=frozenset({each.version}),
                kind=self.kind,
                note=self.reason,
            )
            for each in self.tasks
        ]


class BulkRequest(ReasonRequest):
    """What to do to every session that a search finds and that needs it; a bounded number."""

    action: BulkAction
    search: SearchRequest


class ClaimRequest(RequestModel):
    """Takes a task; one that a colleague works on only with `takeover` and a reason."""

    takeover: bool = False
    reason: Note | None = None


class HandBackRequest(RequestModel):
    """Why a task is given back, if there is something to say."""

    reason: Note | None = None


class CheckQuery(Query):
    """From where on to check histories, and how many."""

    cursor: SessionCursor | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 250


class TasksQuery(Query):
    """Which tasks, and which page of them."""

    kind: TaskKind | None = None
    mine: bool = False
    overdue: bool = False
    cursor: Cursor | None = None
    limit: PageSize = 50
