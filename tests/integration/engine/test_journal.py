"""Claims are journaled before they are sent; what a database forgets of them is entered again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from booking_flow.claim_journal import JournaledClaim, JournaledEnd, JournaledStep
from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.model.card import PaymentType
from booking_flow.model.step import StepName, StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.policy import PaymentChannel
from booking_flow.ports import CommitResult, Committed
from booking_flow.staff.people import Role, StaffMember
from booking_flow.staff.task_resolution import AnswerKind, Desk, TaskAnswer
from persistence.audit import PostgresAudit
from persistence.database import execute
from persistence.forgotten_claims import PostgresForgottenClaims
from persistence.tasks import PostgresTaskStore
from tests.integration.engine.conftest import MakeShop
from tests.integration.engine.test_recovery import Worker, a_worker
from tests.support.database_moments import go_back, keep_moment
from tests.support.engine import Guest, Shop, a_command, bound, refused

DEPOSIT, FULL = PaymentType.DEPOSIT, PaymentType.FULL_PAYMENT
LATER = PaymentChannel.SUPPLIER_PAYMENT
DECLINED = "4000000000000002"
ADA, BEN = (
    StaffMember(name=name, role=Role.SUPERVISOR, account_id=UUID(int=number))
    for number, name in enumerate(("ada", "ben"))
)


class Paper:
    """A journal that a test can read, and say what it has seen."""

    def __init__(self) -> None:
        self.claims: list[JournaledClaim] = []
        self.ends: list[JournaledEnd] = []
        self.seen_before: dict[UUID, int] = {}
        self.glances: list[int] = []
        self.doubts = 0
        self.compared = True
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def claimed(self, claim: JournaledClaim) -> None:
        self.claims.append(claim)
        self.seen_before[claim.session_id] = claim.version
        await self._pass()

    async def ended(self, end: JournaledEnd) -> None:
        self.ends.append(end)
        await self._pass()

    async def _pass(self) -> None:
        if self.meanwhile is not None:
            await self.meanwhile()

    def seen(self, session_id: UUID) -> int:
        if self.glances:
            return self.glances.pop(0)
        return self.seen_before.get(session_id, 0)

    def may_claim(self) -> bool:
        return self.compared

    def doubt(self) -> None:
        self.doubts += 1
        self.compared = False

    def steps(self) -> list[JournaledStep]:
        ends = {end.step_id: end for end in self.ends}
        return [JournaledStep(claim=claim, end=ends.get(claim.step_id)) for claim in self.claims]


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
async def shop(make_shop: MakeShop, paper: Paper) -> Shop:
    return await make_shop(journal=paper)


@pytest.fixture
async def later(make_shop: MakeShop, paper: Paper) -> Shop:
    """Return a shop in which guests pay after they have booked."""
    return await make_shop(journal=paper, payment_channel=LATER)


async def _release_and_hold(guest: Guest) -> None:
    await guest.release()
    await guest.hold()


async def test_hold_book_and_pay_are_journaled_with_their_ends(later: Shop, paper: Paper) -> None:
    guest = await later.held()
    await _release_and_hold(guest)
    await guest.book()
    await guest.pay()
    assert [claim.step.value for claim in paper.claims] == [
        "add_to_basket",
        "add_to_basket",
        "book",
        "pay",
    ]
    assert [end.outcome.value for end in paper.ends] == ["done"] * 4
    made = (await guest.session()).booking
    assert made is not None
    assert (paper.ends[2].reservation, paper.ends[2].supplier_booking_id) == (
        made.reservation,
        made.supplier_booking_id,
    )


@pytest.mark.parametrize("step", ["add_to_basket", "book"])
async def test_a_claim_is_committed_when_it_is_journaled_and_not_sent_yet(
    shop: Shop, paper: Paper, step: str
) -> None:
    guest = await (shop.selected() if step == "add_to_basket" else shop.held())
    found: list[tuple[str | None, int]] = []

    async def look() -> None:
        open_now = (await guest.session()).open_step
        asked = await shop.simulator.received("basketadd" if step == "add_to_basket" else "book")
        found.append((open_now.status.value if open_now else None, asked))

    paper.meanwhile = look
    await (guest.hold() if step == "add_to_basket" else guest.book())
    assert found == [("started", 0), ("started", 1)]


async def test_an_end_says_how_it_was_judged(shop: Shop, paper: Paper) -> None:
    guest = await shop.held()
    await refused(guest.book(DEPOSIT, number=DECLINED))
    await shop.simulator.fault("book", "reset")
    await guest.book(DEPOSIT)
    assert [end.outcome.value for end in paper.ends] == ["done", "refused", "unknown"]


async def test_an_end_is_journaled_once_however_often_it_is_written(
    shop: Shop, paper: Paper
) -> None:
    guest = await shop.held()
    await execute(
        shop.database,
        text("ALTER TABLE booking_passengers RENAME TO passengers_elsewhere"),
    )

    async def back() -> None:
        if shop.pause.waits == [1]:
            statement = "ALTER TABLE passengers_elsewhere RENAME TO booking_passengers"
            await execute(shop.database, text(statement))

    shop.pause.meanwhile = back
    await guest.book(DEPOSIT)
    assert await guest.state() is State.PAID
    assert [end.outcome.value for end in paper.ends] == ["done", "done"]


async def test_a_session_behind_the_journal_is_refused_before_anything_is_asked(
    shop: Shop, paper: Paper
) -> None:
    guest = await shop.held()
    await keep_moment(shop.database)
    await guest.book(DEPOSIT)
    await go_back(shop.database)
    before = await shop.simulator.received_all()
    refusal = await refused(guest.book(DEPOSIT))
    assert refusal.refusal.code is RefusalCode.UNAVAILABLE
    assert paper.doubts == 1
    assert await shop.simulator.received_all() == before


async def test_nothing_is_claimed_until_the_database_was_compared(
    later: Shop, paper: Paper
) -> None:
    selected, held, booked = await later.selected(), await later.held(), await later.booked()
    paper.compared = False
    asked = (selected.hold(), held.book(), booked.pay())
    codes = [(await refused(each)).refusal.code for each in asked]
    assert codes == [RefusalCode.UNAVAILABLE] * 3
    assert (await held.release()).session.state is State.CABIN_SELECTED


async def test_a_session_that_another_request_has_changed_is_read_again(
    shop: Shop, paper: Paper
) -> None:
    """The claim of the other request is seen before its session is; the database is not behind."""
    guest = await shop.selected()
    old = await guest.loaded()
    await guest.hold()
    booked = await shop.engine.book(old, request=await guest.request(), command=a_command())
    assert (booked.session.state, paper.doubts) == (State.BOOKED, 0)


async def test_a_claim_in_a_database_that_went_back_meanwhile_is_not_sent(
    shop: Shop, paper: Paper
) -> None:
    """Its version is not higher than that of a claim before; the key is free afterwards."""
    guest, command = await shop.held(), bound("once more")
    paper.glances = [0, 99]
    refusal = await refused(guest.book(DEPOSIT, command=command))
    assert (refusal.refusal.code, paper.doubts) == (RefusalCode.UNAVAILABLE, 1)
    assert await shop.simulator.received("book") == 0
    assert (await guest.steps())[-1] == ("book", "refused")
    assert await guest.replay(command) is None
    assert (await guest.session()).cards_tried == 0
    assert [claim.step for claim in paper.claims] == [StepName.ADD_TO_BASKET]


@dataclass(kw_only=True)
class Memory:
    """What the database has forgotten, and who enters it again."""

    shop: Shop
    paper: Paper
    worker: Worker
    forgotten: PostgresForgottenClaims

    async def restored(self) -> list[JournaledStep]:
        """Go back, and note what is forgotten by that."""
        await go_back(self.shop.database)
        missing = await self.forgotten.missing(self.paper.steps())
        await self.forgotten.record([each for each in missing if not each.refused])
        self.paper.seen_before.clear()
        return missing

    async def enter(self) -> None:
        for session_id in await self.forgotten.sessions(limit=10):
            await self.worker.recovery.forgotten(session_id)


def memory_of(shop: Shop, paper: Paper) -> Memory:
    forgotten = PostgresForgottenClaims(shop.database, due_in=shop.policy.task_time)
    return Memory(shop=shop, paper=paper, worker=a_worker(shop), forgotten=forgotten)


async def test_a_forgotten_booking_is_asked_for_and_never_made_again(
    shop: Shop, paper: Paper
) -> None:
    memory, guest = memory_of(shop, paper), await shop.held()
    await keep_moment(shop.database)
    await guest.book(DEPOSIT)
    made = paper.ends[-1]
    (lost,) = await memory.restored()
    await memory.enter()
    session = await guest.session()
    step = session.open_step
    assert step is not None
    assert (step.id, step.status, step.since) == (
        lost.claim.step_id,
        StepStatus.UNKNOWN,
        lost.claim.at,
    )
    (task,) = await shop.rows("SELECT kind, facts ->> 'reservation' AS found FROM staff_tasks")
    assert (task.kind, task.found) == ("book_unknown", made.reservation)
    assert (await refused(guest.book(DEPOSIT))).refusal.code is RefusalCode.IN_PROGRESS
    assert session.cards_tried == 1
    assert (await guest.kinds())[-1] == "step_unknown"


async def test_a_forgotten_booking_that_is_found_is_entered_with_its_money(
    shop: Shop, paper: Paper
) -> None:
    """The journal knows what the card was asked for, and nothing of the card."""
    memory, guest = memory_of(shop, paper), await shop.held()
    passengers = (await guest.request()).passengers
    await shop.engine.edit(
        await guest.loaded(),
        changes={"passengers": passengers},
        command=a_command(),
    )
    await keep_moment(shop.database)
    await guest.book(FULL)
    await memory.restored()
    await memory.enter()
    await memory.worker.steps(3)
    booking = (await guest.session()).booking
    assert booking is not None
    assert (await guest.state(), booking.paid, booking.card) == (State.PAID, booking.total, None)
    assert await shop.rows("SELECT id FROM staff_tasks WHERE closed_at IS NULL") == []


async def test_a_forgotten_hold_is_found_in_the_basket(shop: Shop, paper: Paper) -> None:
    memory, guest = memory_of(shop, paper), await shop.selected()
    await keep_moment(shop.database)
    await guest.hold()
    await _release_and_hold(guest)
    assert len(await memory.restored()) == 2
    await memory.enter()
    assert await guest.tasks() == []
    await memory.worker.steps(3)
    assert await guest.state() is State.BASKETED
    assert await shop.simulator.books() == (1, 0, 0)


async def test_a_forgotten_payment_is_looked_for_at_the_line(later: Shop, paper: Paper) -> None:
    memory, guest = memory_of(later, paper), await later.booked()
    await keep_moment(later.database)
    await guest.pay()
    await memory.restored()
    await memory.enter()
    assert await guest.tasks() == ["pay_unknown"]
    assert (await refused(guest.pay())).refusal.code is RefusalCode.IN_PROGRESS
    await memory.worker.steps(3)
    assert await guest.state() is State.PAID
    assert await later.simulator.books() == (0, 1, 1)


async def test_a_booking_and_its_later_payment_are_found_together(
    later: Shop, paper: Paper
) -> None:
    memory, guest = memory_of(later, paper), await later.held()
    passengers = (await guest.request()).passengers
    await later.engine.edit(
        await guest.loaded(),
        changes={"passengers": passengers},
        command=a_command(),
    )
    await keep_moment(later.database)
    await guest.book()
    await guest.pay(FULL)
    await memory.restored()
    await memory.enter()
    await memory.worker.steps(3)
    assert await guest.state() is State.PAID


async def test_what_does_not_fit_shuts_the_session_until_staff_have_looked(
    shop: Shop, paper: Paper
) -> None:
    memory, guest = memory_of(shop, paper), await shop.selected()
    await keep_moment(shop.database)
    await guest.hold()
    await guest.book(DEPOSIT)
    await memory.restored()
    await memory.enter()
    assert await guest.tasks() == ["conflict", "conflict"]
    assert (await guest.hold()).session.disputed_since is not None
    assert await guest.state() is State.CABIN_SELECTED
    assert (await guest.kinds())[-2:] == ["late_answer", "late_answer"]
    assert await shop.simulator.received("basketadd") == 1


async def test_a_session_that_is_gone_leaves_tasks_that_stand_for_themselves(
    shop: Shop, paper: Paper
) -> None:
    memory = memory_of(shop, paper)
    await keep_moment(shop.database)
    await shop.booked(DEPOSIT)
    await memory.restored()
    await memory.enter()
    rows = await shop.rows("SELECT entered_as FROM forgotten_claims")
    assert [row.entered_as for row in rows] == ["task", "task"]


async def test_nobody_claims_anything_while_a_forgotten_claim_waits(
    make_shop: MakeShop, shop: Shop, paper: Paper
) -> None:
    """In no process, whether it keeps a journal or not; letting go and reading goes on."""
    memory, guest = memory_of(shop, paper), await shop.held()
    elsewhere = await make_shop()
    selected, held = await elsewhere.selected(), await elsewhere.held()
    await keep_moment(shop.database)
    await guest.book()
    await memory.restored()
    for asked in (selected.hold(), held.book()):
        assert (await refused(asked)).refusal.code is RefusalCode.UNAVAILABLE
    assert (await held.release()).session.state is State.CABIN_SELECTED
    assert (await selected.price()).session.state is State.CABIN_SELECTED
    await memory.enter()
    await selected.select()
    assert await selected.state() is State.BASKETED


async def test_a_claim_that_was_decided_before_is_not_committed_after(
    shop: Shop, paper: Paper
) -> None:
    """What was noted meanwhile is seen by the claim's own statement."""
    memory, guest, other = memory_of(shop, paper), await shop.held(), await shop.held()
    await keep_moment(shop.database)
    await other.book()
    loaded = await guest.loaded()
    await memory.restored()
    asked = shop.engine.book(loaded, request=await guest.request(), command=a_command())
    assert (await refused(asked)).refusal.code is RefusalCode.UNAVAILABLE
    assert await shop.simulator.received("book") == 1


async def test_many_enter_the_same_and_it_is_entered_once(shop: Shop, paper: Paper) -> None:
    memory, guest = memory_of(shop, paper), await shop.held()
    await keep_moment(shop.database)
    await guest.book()
    await memory.restored()
    await asyncio.gather(*(memory.worker.recovery.forgotten(guest.id) for _ in range(4)))
    assert await guest.tasks() == ["book_unknown"]
    assert (await guest.kinds()).count("step_unknown") == 1


async def test_whoever_loses_every_race_leaves_it_to_the_others(
    shop: Shop, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, guest = memory_of(shop, paper), await shop.held()
    await keep_moment(shop.database)
    await guest.book()
    await memory.restored()

    async def lost(*_: Any, **__: Any) -> Committed:
        return Committed(result=CommitResult.LOST, now=await shop.store.now())

    monkeypatch.setattr(shop.store, "commit", lost)
    refusal = await refused(memory.worker.recovery.forgotten(guest.id))
    assert refusal.refusal.code is RefusalCode.IN_PROGRESS
    assert (await memory.forgotten.standing()).waiting == 1


async def test_what_a_constraint_keeps_out_stands_for_itself_and_shuts_the_session(
    shop: Shop, paper: Paper
) -> None:
    memory, guest = memory_of(shop, paper), await shop.held()
    await keep_moment(shop.database)
    await guest.book()
    await memory.restored()
    statement = "ALTER TABLE staff_tasks ADD CHECK (kind <> 'book_unknown')"
    await execute(shop.database, text(statement))
    await memory.enter()
    (row,) = await shop.rows("SELECT entered_as FROM forgotten_claims")
    assert row.entered_as == "task"
    assert (await guest.book()).session.disputed_since is not None
    assert await shop.simulator.received("book") == 1


async def test_what_was_certainly_refused_is_no_loss(shop: Shop, paper: Paper) -> None:
    memory, guest = memory_of(shop, paper), await shop.held()
    await keep_moment(shop.database)
    await refused(guest.book(DEPOSIT, number=DECLINED))
    (lost,) = await memory.restored()
    assert lost.refused
    assert await shop.rows("SELECT step_id FROM forgotten_claims") == []
    await guest.book(DEPOSIT)
    assert await guest.state() is State.PAID


class Beaten(PostgresTaskStore):
    """Tasks of which somebody else has always just closed the one in question."""

    async def close(self, task_id: UUID, **values: Any) -> bool:
        await super().close(task_id, **values | {"name": "ben"})
        return False


class Withheld(PostgresTaskStore):
    """Tasks that cannot be closed, though nothing has happened to them."""

    async def close(self, task_id: UUID, **_: Any) -> bool:
        return False


def desk_of(shop: Shop, tasks: PostgresTaskStore) -> Desk:
    return Desk(
        tasks=tasks,
        supplier=shop.supplier,
        unit_of_work=shop.engine.unit_of_work,
        audit=PostgresAudit(shop.database),
    )


async def one_for_staff(shop: Shop, paper: Paper) -> TaskAnswer:
    """Return the answer to the forgotten hold of a session that is gone."""
    memory = memory_of(shop, paper)
    await keep_moment(shop.database)
    await shop.held()
    await memory.restored()
    await memory.enter()
    (task,) = await PostgresTaskStore(shop.database).open_tasks()
    assert task.kind is TaskKind.FORGOTTEN
    return TaskAnswer(task_id=task.id, seen=frozenset({task.version}), kind=AnswerKind.DONE)


async def test_staff_close_what_stands_for_itself_and_the_second_hears_who_was_first(
    shop: Shop, paper: Paper
) -> None:
    answer = await one_for_staff(shop, paper)
    memory, tasks = memory_of(shop, paper), PostgresTaskStore(shop.database)
    assert (await memory.forgotten.standing()).unsettled == 1
    assert await desk_of(shop, tasks).answer(answer, by=ADA) is None
    assert await tasks.open_tasks() == []
    assert (await memory.forgotten.standing()).unsettled == 0
    late = await refused(desk_of(shop, tasks).answer(answer, by=BEN))
    assert late.refusal.detail == "ada answered done first."


@pytest.mark.parametrize(
    ("tasks", "said"), [(Beaten, "ben answered done first."), (Withheld, "It changed.")]
)
async def test_who_closes_it_a_moment_too_late_changes_nothing(
    shop: Shop, paper: Paper, tasks: type[PostgresTaskStore], said: str
) -> None:
    answer = await one_for_staff(shop, paper)
    found = await refused(desk_of(shop, tasks(shop.database)).answer(answer, by=ADA))
    assert (found.refusal.code, found.refusal.detail) == (RefusalCode.VERSION_MISMATCH, said)
