"""An answer that loses the race for its task says who was first, and changes nothing."""

from __future__ import annotations

from uuid import UUID

import pytest

from booking_flow.errors import RefusalCode, Refused
from booking_flow.model.task import TaskKind
from booking_flow.ports import StoredTask
from booking_flow.staff.people import Role, StaffMember
from booking_flow.staff.task_resolution import AnswerKind, Desk, TaskAnswer
from persistence.database import Database
from persistence.tasks import PostgresTaskStore
from tests.support.service import Guest, Service
from tests.support.workers import rows

ADA, BEN = (
    StaffMember(name=name, role=Role.SUPERVISOR, account_id=UUID(int=number))
    for number, name in enumerate(("ada", "ben"))
)


class SeenEarlier(PostgresTaskStore):
    """Tasks as somebody saw them before another answered; at the second look as they are."""

    def __init__(self, seen: StoredTask, engine: Database) -> None:
        super().__init__(engine)
        self.seen: StoredTask | None = seen

    async def task(self, task_id: UUID) -> StoredTask | None:
        seen, self.seen = self.seen, None
        return seen or await super().task(task_id)


async def test_who_answers_a_moment_too_late_hears_who_was_first(
    service: Service, guest: Guest
) -> None:
    """The task was open when they looked; the commit is lost, and no step says why."""
    await guest.to_basketed()
    assert (await guest.book(guest.booking(surname="Pricediffers"))).status == 201
    maintenance = service.parts.maintenance
    tasks = await maintenance.tasks.open_tasks()
    (task,) = (each for each in tasks if each.kind is TaskKind.PRICE_MISMATCH)
    answer = TaskAnswer(task_id=task.id, seen=frozenset({task.version}), kind=AnswerKind.DONE)
    await maintenance.desk.answer(answer, by=ADA)
    version = (await guest.look()).body["version"]
    late = Desk(
        tasks=SeenEarlier(task, service.parts.database),
        supplier=service.parts.supplier,
        unit_of_work=service.parts.engine.unit_of_work,
        audit=maintenance.audit,
    )
    with pytest.raises(Refused) as refused:
        await late.answer(answer, by=BEN)
    assert refused.value.refusal.code is RefusalCode.VERSION_MISMATCH
    assert refused.value.refusal.detail == "ada answered done first."
    assert (await guest.look()).body["version"] == version


DISPUTE = """
INSERT INTO staff_tasks (session_id, id, kind, opened_at, due_at, facts)
VALUES (:id, gen_random_uuid(), 'conflict', booking_now(), booking_now(), '{}') RETURNING id
"""


async def test_while_staff_decide_about_a_booking_its_outcome_is_unknown_to_the_guest(
    service: Service, guest: Guest
) -> None:
    """Two answers contradict each other: nothing is asked again, and nobody is told a lie."""
    await guest.to_basketed()
    (task,) = await rows(service.parts.database, DISPUTE, id=UUID(guest.uuid))
    looked, asked = await guest.look(), await guest.book()
    for reply in (looked, asked):
        pending = reply.body["pending"]
        assert (pending["step"], pending["outcome"]) == ("book", "unknown")
        assert reply.actions == ["release_basket", "cancel"]
    assert (looked.status, asked.status) == (200, 202)
    assert await service.simulator.received("book.pl") == 0
    answer = TaskAnswer(task_id=task.id, seen=frozenset({1}), kind=AnswerKind.DONE)
    await service.parts.maintenance.desk.answer(answer, by=ADA)
    assert (await guest.look()).body["pending"] is None
    assert (await guest.book()).status == 201
