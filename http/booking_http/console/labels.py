"""What staff call things: steps, calls, tasks, answers and what a session waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from booking_flow.flow import MEANING, State
from booking_flow.model.task import TaskKind
from booking_flow.saga import SAGA
from booking_flow.staff.task_resolution import AnswerKind
from booking_http.console.formats import humanize
from booking_http.staff.responses import WaitResponse


@dataclass(frozen=True, slots=True)
class TaskLabel:
    """A kind of task: what it is called, and what whoever takes it has to do."""

    title: str
    todo: str


JOBS: Final[Mapping[str, TaskLabel]] = MappingProxyType(
    {
        TaskKind.BOOK_UNKNOWN: TaskLabel(
            "Was it booked?",
            "The line was asked to book, and what it answered does not say whether it did. Call "
            "the line; we will not book again meanwhile.",
        ),
        TaskKind.PAY_UNKNOWN: TaskLabel(
            "Was it paid?",
            "A card was sent and the line's answer does not show an authorisation. Find out at "
            "the line how much it has received.",
        ),
        TaskKind.PRICE_MISMATCH: TaskLabel(
            "The total differs",
            "The line booked at another total than the guest was shown, or told none. Settle it "
            "with line and guest.",
        ),
        TaskKind.SAILING_MISMATCH: TaskLabel(
            "The line names another sailing",
            "The line's answer is about another sailing, party or cabin than the guest asked for. "
            "Both are named below: settle with the line what is booked, and tell the guest.",
        ),
        TaskKind.COLLECT_PAYMENT: TaskLabel(
            "Collect a payment",
            "It is booked, and what is due now, or a balance, has not been paid. Have the guest "
            "pay and enter it here or on the session's page; if it will not be paid, have it "
            "cancelled. Nothing is cancelled by the deadline alone.",
        ),
        TaskKind.DUPLICATE_BOOKING: TaskLabel(
            "Two bookings at the line",
            "The line holds two reservations of one session, and has perhaps charged both. Have it "
            "cancel and refund one of them, the second where it lets you choose.",
        ),
        TaskKind.CANCELLATION_REFUND: TaskLabel(
            "Refund a cancelled booking",
            "It was paid, and the line has cancelled it. Find out how much the line keeps, have "
            "the rest go back to the guest, and then say here what the line keeps.",
        ),
        TaskKind.REFUND: TaskLabel(
            "Refund a charge",
            "A card was charged for a booking that was not made, or the line has received more "
            "than is due. Have what is too much taken back.",
        ),
        TaskKind.PAYMENT_UNCHECKED: TaskLabel(
            "Compare a payment",
            "A payment is entered, but the line's record could not be read, or shows less. That is "
            "tried again, and this task goes once it succeeds; otherwise compare it with the "
            "line, and have refunded what is too much.",
        ),
        TaskKind.CANCEL_WITH_LINE: TaskLabel(
            "Cancel with the line",
            "Only a person can cancel a reservation: call the line, and say here what it answered.",
        ),
        TaskKind.CONFLICT: TaskLabel(
            "Two answers disagree",
            "The supplier answered late, and not what had been decided here. Compare both and "
            "settle it with the line; nothing new is sent meanwhile.",
        ),
        TaskKind.UNDO_STUCK: TaskLabel(
            "A cabin is not let go",
            "The supplier does not confirm that it let the cabin go. Make sure with the line that "
            "nothing is held.",
        ),
        TaskKind.PASS_ON_REQUESTS: TaskLabel(
            "Pass on requests",
            "The guest has requests, which stand below, and no call carries them to the line. Pass "
            "them on; the guest has read that we do, and that the line does not promise them.",
        ),
        TaskKind.CORRECT_NAME: TaskLabel(
            "Correct a name",
            "A traveller's name is wrong. Ask the line to change it, and say here what it "
            "answered; once it is done the name is changed here too, and the guest is mailed.",
        ),
        TaskKind.MAIL_UNDELIVERED: TaskLabel(
            "A mail did not arrive",
            "A mail to the guest or the agency could not be delivered. Call the guest, correct the "
            "address, and mail the confirmation again.",
        ),
        TaskKind.ERASURE_REQUESTED: TaskLabel(
            "Erase a guest",
            "The guest asks that what they typed is erased. A supervisor erases it once that is "
            "possible: after the sailing, with no other task open.",
        ),
        TaskKind.FORGOTTEN: TaskLabel(
            "Forgotten by the database",
            "The database was restored to an earlier moment and does not know that this was asked "
            "of the line. Find it there, and settle it with line and guest outside of here.",
        ),
    }
)
ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        AnswerKind.RESERVATION: "It is booked",
        AnswerKind.NOT_BOOKED: "It is not booked",
        AnswerKind.PAID: "It is paid",
        AnswerKind.NOT_PAID: "It is not paid",
        AnswerKind.LINE_CANCELLED: "The line has cancelled it",
        AnswerKind.LINE_REFUSED: "The line refuses",
        AnswerKind.RECEIVED: "All that is due now was received",
        AnswerKind.CANCEL_BOOKING: "It will not be paid: cancel it",
        AnswerKind.SECOND_CANCELLED: "The second is cancelled and refunded",
        AnswerKind.FIRST_CANCELLED: "The first is cancelled and refunded, the second stands",
        AnswerKind.REFUNDED: "The money went back",
        AnswerKind.DONE: "It is done",
    }
)
_TONES: Final = MappingProxyType({State.PAID: "good", State.EXPIRED: "", State.CANCELLED: ""})


def tone_of(state: State) -> str:
    """Return how a state looks: on its way, well, or over."""
    return _TONES.get(state, "live")


_STEPS: Final[Mapping[str, str]] = MappingProxyType({each.name: each.label for each in SAGA})


def step(name: str) -> str:
    """Return what staff call a step."""
    return _STEPS.get(name, humanize(name))


def job(kind: str) -> TaskLabel:
    """Return what a task is about."""
    return JOBS.get(kind) or TaskLabel(humanize(kind), "")


def answer(kind: str) -> str:
    """Return what an answer says."""
    return ANSWERS.get(kind, humanize(kind))


def waiting(waits: WaitResponse) -> str:
    """Say in a few words what a session waits for."""
    if waits.whom == "staff":
        return f"Staff: {job(waits.what).title}"
    if waits.whom == "supplier":
        name, _, status = waits.what.partition(": ")
        return f"Supplier: {step(name)}{', outcome unknown' if status == 'unknown' else ''}"
    whom = "Cruise line" if waits.whom == "line" else "Guest"
    return f"{whom}: {humanize(waits.what).lower()}"


FILTERS: Final = MappingProxyType(
    {
        "answer_name": answer,
        "job": job,
        "state_name": lambda state: MEANING[state].label,
        "step_name": step,
        "tone": tone_of,
        "waiting": waiting,
    }
)
"""What templates name things with."""
