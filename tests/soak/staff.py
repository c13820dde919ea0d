"""Staff after the storm: they ring the line about every task and answer what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from booking_flow.errors import Refused
from booking_flow.model.task import TaskKind
from booking_flow.ports import StoredTask
from booking_flow.staff.people import Role, StaffMember
from booking_flow.staff.task_resolution import AnswerKind, Desk, TaskAnswer
from booking_http.wiring import open_parts
from tests.support.books import Books, read_books
from tests.support.testbed import Ground

STAFF: Final = StaffMember(name="soak", role=Role.SUPERVISOR)
ROUNDS: Final = 4
"""An answer may leave another question, such as what became of the card."""


async def answer_all(ground: Ground, told: Mapping[str, Any]) -> Counter[str]:
    """Answer every open task by the supplier's ledger; return how often which answer was given.

    `told` are the settings by which others hear of it.
    """
    given: Counter[str] = Counter()
    async with open_parts(ground.settings(worker=False, **told)) as parts:
        for _ in range(ROUNDS):
            books = await read_books(ground.database, ground.simulator)
            for task in await parts.maintenance.tasks.open_tasks(limit=100_000):
                if task.kind is TaskKind.PAYMENT_UNCHECKED and _comparable(books, task):
                    # A worker can read the line's record again.
                    continue
                answer = await _answer_to(ground, books, task)
                given[f"{task.kind}: {await _give(parts.maintenance.desk, answer)}"] += 1
    return given


async def _give(desk: Desk, answer: TaskAnswer) -> str:
    try:
        await desk.answer(answer, by=STAFF)
    except Refused as refused:
        return f"{answer.kind} refused, {refused.refusal.code}"
    return answer.kind.value


async def _answer_to(ground: Ground, books: Books, task: StoredTask) -> TaskAnswer:
    reservation = _reservation(books, task.session_id)
    kind = AnswerKind.DONE
    match task.kind:
        case TaskKind.BOOK_UNKNOWN:
            kind = AnswerKind.RESERVATION if reservation else AnswerKind.NOT_BOOKED
        case TaskKind.PAY_UNKNOWN:
            kind = AnswerKind.PAID if _charged(books, reservation) else AnswerKind.NOT_PAID
        case TaskKind.CANCEL_WITH_LINE:
            await ground.simulator.control("cancel", reservation=reservation)
            kind = AnswerKind.LINE_CANCELLED
        case TaskKind.COLLECT_PAYMENT:
            kind = AnswerKind.RECEIVED
        case TaskKind.CANCELLATION_REFUND:
            kind = AnswerKind.REFUNDED
    return TaskAnswer(
        task_id=task.id,
        seen=frozenset({task.version}),
        kind=kind,
        reservation=reservation if kind is AnswerKind.RESERVATION else None,
        override=kind is AnswerKind.RESERVATION,
        kept=Decimal(0) if kind is AnswerKind.REFUNDED else None,
    )


def _reservation(books: Books, session: UUID) -> str | None:
    """Return the reservation that the line finds for a session."""
    owners = books.owners()
    return next(
        (row["reservation"] for row in books.reserved() if session in owners[row["itemKey"]]), None
    )


def _comparable(books: Books, task: StoredTask) -> bool:
    """Whether the line has received what is entered, in its currency; else a person compares."""
    amount, _, currency = task.facts["paid"].rpartition(" ")
    reservation = _reservation(books, task.session_id)
    made = [row for row in books.reserved() if row["reservation"] == reservation]
    ids = {row["bookingId"] for row in made if row["currency"] == currency}
    charges = (charge for charge in books.ledger["charges"] if charge["bookingId"] in ids)
    return sum(Decimal(charge["amount"]) for charge in charges) >= Decimal(amount)


def _charged(books: Books, reservation: str | None) -> bool:
    """Whether the line has taken money for a reservation."""
    ids = {row["bookingId"] for row in books.reserved() if row["reservation"] == reservation}
    return any(charge["bookingId"] in ids for charge in books.ledger["charges"])
