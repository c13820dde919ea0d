"""What a worker finds out about steps others left, and does about cabins held for nobody."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from booking_flow.context import DecisionContext
from booking_flow.flow import State
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.card import Charge, PaymentType
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind, Origin
from booking_flow.model.session import Session
from booking_flow.model.step import OpenStep, OwedUndo, StepStatus
from booking_flow.policy import PaymentChannel
from booking_flow.ports import Committed, Found, Lookup, SpooledAnswer, TakenStep
from booking_flow.runtime.recovery import STUCK_AFTER, Recovery, StepWork
from booking_flow.steps import book, hold, pay, release
from booking_flow.steps.hold import supplier_key
from booking_flow.supplier import (
    BookAnswer,
    BookStatus,
    CallContext,
    ImportedBooking,
    PayAnswer,
)
from persistence.forgotten_claims import PostgresForgottenClaims
from persistence.sessions import PostgresSessionStore
from persistence.work_queue import PostgresWorkQueue
from tests.integration.engine.conftest import MakeShop
from tests.support.builders import a_transaction, an_answer
from tests.support.engine import ORIGIN, VAULT, Guest, Shop

DEPOSIT = PaymentType.DEPOSIT
SELECTED, BASKETED, BOOKED, PAID = (
    State.CABIN_SELECTED,
    State.BASKETED,
    State.BOOKED,
    State.PAID,
)
NO_AUTHCODE = "4000000000000341"


class BackOffice:
    """A look-up channel: reads the reservation the supplier's back office has, if it may."""

    available = True

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.says: Lookup | None = None

    async def find(self, session: Session, *, ctx: CallContext) -> Found:
        if self.says is not None:
            return self.says
        made = (await self._shop.simulator.ledger())["bookings"]
        found = await self._shop.supplier.import_booking(
            session.sailing.line_id, made[-1]["reservation"], session.currency, ctx=ctx
        )
        return found or Lookup.NOT_THERE


@dataclass(kw_only=True)
class Worker:
    """A worker of the shop, and the work it takes."""

    shop: Shop
    queue: PostgresWorkQueue
    recovery: Recovery
    office: BackOffice

    async def take(self) -> list[TakenStep]:
        return list(await self.queue.take_open_steps(limit=10, lease_seconds=60))

    async def steps(self, seconds: float) -> int:
        """Do what is due after so many seconds; return how much that was."""
        await self.shop.pass_time(seconds)
        taken = await self.take()
        for step in taken:
            await self.recovery.open_step(step)
        return len(taken)

    async def together(self, seconds: float) -> Sequence[StepWork]:
        """Do together what is due after so many seconds; return what is left to do alone."""
        await self.shop.pass_time(seconds)
        return await self.recovery.open_steps(await self.take())

    async def payments(self, seconds: float) -> int:
        await self.shop.pass_time(seconds)
        taken = await self.queue.take_payment_checks(limit=10)
        for check in taken:
            await self.recovery.payment_check(check)
        return len(taken)

    async def undos(self, seconds: float) -> int:
        await self.shop.pass_time(seconds)
        taken = await self.queue.take_undos(limit=10, lease_seconds=60)
        for undo in taken:
            await self.recovery.undo(undo)
        return len(taken)


def a_worker(shop: Shop) -> Worker:
    queue, office = PostgresWorkQueue(shop.database, "worker-1"), BackOffice(shop)
    recovery = Recovery(
        store=shop.store,
        queue=queue,
        forgotten=PostgresForgottenClaims(shop.database, due_in=shop.policy.task_time),
        supplier=shop.supplier,
        lookup=office,
        unit_of_work=shop.engine.unit_of_work,
        compensation=shop.engine.compensation,
        policy=shop.policy,
        new_id=uuid4,
        worker="worker-1",
    )
    return Worker(shop=shop, queue=queue, recovery=recovery, office=office)


@pytest.fixture
def worker(shop: Shop) -> Worker:
    return a_worker(shop)


async def commit(guest: Guest, decision: Callable[[Session, DecisionContext], Change]) -> None:
    """Commit a decision, as a process does that dies right after."""
    loaded = await guest.loaded()
    at = DecisionContext(now=loaded.now, new_id=uuid4, policy=guest.shop.policy)
    committed = await guest.shop.store.commit(decision(loaded.session, at), origin=ORIGIN)
    assert committed.result.value == "done"


async def status(guest: Guest) -> StepStatus | None:
    step = (await guest.session()).open_step
    return step.status if step else None


async def test_a_hold_that_was_never_sent_is_given_up_once_the_basket_proves_it(
    worker: Worker,
) -> None:
    guest = await worker.shop.selected()
    await commit(guest, hold.claim_hold)
    assert await worker.steps(100) == 0
    assert await worker.steps(166) == 1
    assert await status(guest) is StepStatus.UNKNOWN
    assert (await guest.calls()).count("basket") == 1, "a look that changed nothing is evidence"
    assert await worker.steps(290) == 1
    session = await guest.session()
    assert session.open_step is None
    assert (session.state, session.supplier) == (SELECTED, None)
    assert await guest.steps() == [("add_to_basket", "refused")]
    assert "basket" in await guest.calls()
    before = await worker.shop.store.now()
    held = (await guest.hold()).session
    assert held.state is BASKETED
    assert held.supplier is not None
    assert before <= held.supplier.opened_at <= await worker.shop.store.now()
    assert (await guest.calls()).count("cruiseresults") == 2


async def test_a_hold_whose_answer_was_lost_is_found_in_the_basket(make_shop: MakeShop) -> None:
    shop = await make_shop()
    worker, guest = a_worker(shop), await shop.selected()
    await shop.simulator.fault("basketadd", "timeout_after")
    await guest.hold()
    assert await worker.steps(40) == 1
    assert await guest.state() is BASKETED
    assert await shop.simulator.books() == (1, 0, 0)
    assert (await guest.book()).session.state is BOOKED


async def test_a_hold_nobody_can_look_for_is_given_up_once_it_must_have_lapsed(
    make_shop: MakeShop,
) -> None:
    shop = await make_shop()
    worker, guest = a_worker(shop), await shop.selected()
    await shop.simulator.fault("basketadd", "timeout_after")
    await guest.hold()
    await shop.simulator.fault("basket", "http_404", times=9)
    assert await worker.steps(40) == 1
    assert await status(guest) is StepStatus.UNKNOWN
    assert await worker.steps(3600) == 1
    assert await guest.state() is SELECTED
    assert await status(guest) is None


async def in_doubt(make_shop: MakeShop, payment: PaymentType | None = None) -> Guest:
    """Return a guest whose booking was made without our hearing of it."""
    shop = await make_shop()
    guest = await shop.held()
    await shop.simulator.fault("book", "timeout_after")
    await guest.book(payment)
    return guest


@pytest.mark.parametrize(("payment", "state"), [(None, BOOKED), (DEPOSIT, PAID)])
async def test_a_booking_in_doubt_is_found_where_the_account_can_look(
    make_shop: MakeShop, payment: PaymentType | None, state: State
) -> None:
    guest = await in_doubt(make_shop, payment)
    worker = a_worker(guest.shop)
    assert await worker.steps(900) == 1
    session = await guest.session()
    assert session.state is state
    assert session.booking is not None
    (made,) = (await guest.shop.simulator.ledger())["bookings"]
    assert session.booking.reservation == made["reservation"]
    (asked,) = await guest.shop.rows(
        "SELECT s.name FROM supplier_calls c JOIN saga_steps s ON s.id = c.step_id"
        " WHERE c.endpoint = 'cruiseimportbooking'"
    )
    assert asked.name == "book"


async def test_a_cancel_asked_while_a_booking_was_in_doubt_is_obeyed_once_it_is_found(
    make_shop: MakeShop,
) -> None:
    guest = await in_doubt(make_shop)
    await guest.cancel("we cannot go")
    worker = a_worker(guest.shop)
    assert await worker.steps(900) == 1
    session = await guest.session()
    assert session.state is BOOKED
    assert session.unwinding is not None
    assert await guest.tasks() == ["book_unknown", "cancel_with_line"]


async def test_a_booking_that_is_somebody_elses_is_not_taken(make_shop: MakeShop) -> None:
    guest = await in_doubt(make_shop)
    other = await guest.shop.held()
    await other.book(surname="Otherwise")
    worker = a_worker(guest.shop)
    assert await worker.steps(900) == 1
    assert await status(guest) is StepStatus.UNKNOWN


async def test_a_booking_another_session_has_is_not_taken_from_it(shop: Shop) -> None:
    """One family, the same cabin twice: ours may still turn up."""
    await shop.booked()
    guest = await shop.held()
    await shop.simulator.fault("book", "reset_before")
    await guest.book()
    worker = a_worker(shop)
    assert await worker.steps(900) == 1
    assert await status(guest) is StepStatus.UNKNOWN
    assert "cruiseimportbooking" in await guest.calls()
    assert await worker.steps(900 + 60) == 0
    assert await worker.steps(900 + 3600) == 1


@pytest.mark.parametrize(("says", "again"), [(Lookup.NO_CHANNEL, 0), (Lookup.NOT_THERE, 1)])
async def test_a_booking_that_cannot_be_found_is_left_to_people_or_looked_for_again(
    make_shop: MakeShop, says: Lookup, again: int
) -> None:
    guest = await in_doubt(make_shop)
    worker = a_worker(guest.shop)
    worker.office.says = says
    assert await worker.steps(900) == 1
    assert await status(guest) is StepStatus.UNKNOWN
    assert await worker.steps(900 + 2 * 3600) == again


async def test_a_look_up_that_fails_is_made_again(make_shop: MakeShop) -> None:
    guest = await in_doubt(make_shop)
    worker = a_worker(guest.shop)
    await guest.shop.simulator.fault("cruiseimportbooking", "http_404")
    assert await worker.steps(900) == 1
    assert await status(guest) is StepStatus.UNKNOWN
    assert "cruiseimportbooking" in await guest.calls()
    assert await worker.steps(900 + 3600) == 1
    assert await guest.state() is BOOKED


async def test_an_abandoned_booking_is_in_doubt_with_a_task(shop: Shop) -> None:
    worker, guest = a_worker(shop), await shop.held()
    request = await guest.request()
    await commit(guest, lambda session, at: book.claim_book(session, request, at))
    worker.office.says = Lookup.NO_CHANNEL
    assert await worker.steps(96) == 1
    assert await status(guest) is StepStatus.UNKNOWN
    assert await guest.tasks() == ["book_unknown"]
    rows = await shop.rows("SELECT actor_name FROM session_history ORDER BY seq")
    assert rows[-1].actor_name == "worker-1"


async def abandoned_booking(guest: Guest) -> None:
    request = await guest.request()
    await commit(guest, lambda session, at: book.claim_book(session, request, at))


async def test_abandoned_steps_are_settled_together_and_those_to_look_for_are_left(
    shop: Shop,
) -> None:
    """Two bookings are for people, who are told; a hold is looked for, and a release is done."""
    worker, guests = a_worker(shop), [await shop.held() for _ in range(3)]
    worker.office.available = False
    holding = await shop.selected()
    for guest in guests[:2]:
        await abandoned_booking(guest)
    await commit(guests[2], release.claim_release)
    await commit(holding, hold.claim_hold)
    (left,) = await worker.together(166)
    assert [await status(guest) for guest in guests] == [*[StepStatus.UNKNOWN] * 2, None]
    assert [await guest.tasks() for guest in guests] == [["book_unknown"], ["book_unknown"], []]
    assert (left.taken.session_id, await status(holding)) == (holding.id, StepStatus.UNKNOWN)
    assert "basket" not in await holding.calls()
    await worker.recovery.open_step(left.taken, left.loaded)
    assert (await holding.calls()).count("basket") == 1
    assert [each.session_id for each in await taken_after(worker, 290)] == [holding.id]


async def taken_after(worker: Worker, seconds: float) -> list[TakenStep]:
    await worker.shop.pass_time(seconds)
    return await worker.take()


async def test_an_unknown_booking_is_looked_for_alone_where_the_account_can_look(
    make_shop: MakeShop,
) -> None:
    guest = await in_doubt(make_shop)
    worker = a_worker(guest.shop)
    (left,) = await worker.together(900)
    await worker.recovery.open_step(left.taken, left.loaded)
    assert await guest.state() is BOOKED


async def test_of_steps_that_were_taken_over_since_only_the_others_are_settled(
    shop: Shop,
) -> None:
    """One is lost before its session is read, one between that and the commit."""
    worker, guests = a_worker(shop), [await shop.held() for _ in range(3)]
    worker.office.available = False
    for guest in guests:
        await abandoned_booking(guest)
    await shop.pass_time(96)
    taken = await worker.take()
    await take_over(guests[0])
    store = SlowStore(shop.database, VAULT, "worker-1")
    store.meanwhile = lambda: take_over(guests[1])
    slow = a_worker(shop.over(store))
    slow.office.available = False
    (left,) = await slow.recovery.open_steps(taken)
    started, unknown = StepStatus.STARTED, StepStatus.UNKNOWN
    assert (left.taken.session_id, left.loaded) == (guests[1].id, None)
    assert [await status(guest) for guest in guests] == [started, started, unknown]
    await slow.recovery.open_step(left.taken, left.loaded)
    assert await status(guests[1]) is started


async def test_a_step_that_is_unknown_already_is_not_entered_as_that_again(
    make_shop: MakeShop,
) -> None:
    guest = await in_doubt(make_shop)
    worker = a_worker(guest.shop)
    await guest.shop.pass_time(900)
    before = (await guest.session()).version
    (left,) = await worker.recovery.open_steps(await worker.take())
    assert (left.taken.session_id, (await guest.session()).version) == (guest.id, before)


async def test_the_clocks_of_many_are_entered_together_and_unwindings_are_left(
    worker: Worker,
) -> None:
    expiring, living = [await worker.shop.held() for _ in range(2)], await worker.shop.held()
    ending = await unwinding(worker.shop)
    assert list(await worker.recovery.clocks_each([living.id, ending.id])) == [ending.id]
    await worker.shop.pass_time(3 * 3600)
    ids = [guest.id for guest in expiring]
    assert list(await worker.recovery.clocks_each(ids)) == []
    assert [await guest.state() for guest in expiring] == [State.EXPIRED] * 2
    assert list(await worker.recovery.clocks_each([])) == []


async def take_over(guest: Guest) -> None:
    """Raise the fence of the open step, as another worker does that takes it."""
    await guest.shop.run(
        "UPDATE saga_steps SET fence = fence + 1 WHERE session_id = :id AND status = 'started'",
        id=guest.id,
    )


class SlowStore(PostgresSessionStore):
    """The real store, with a moment between reading sessions and the next commit."""

    meanwhile: Callable[[], Awaitable[None]]

    async def commit_each(
        self, changes: Sequence[Change], *, origin: Origin
    ) -> Sequence[Committed]:
        await self.meanwhile()
        return await super().commit_each(changes, origin=origin)


async def test_an_abandoned_release_is_owed(shop: Shop) -> None:
    worker, guest = a_worker(shop), await shop.held()
    await commit(guest, release.claim_release)
    assert await worker.steps(36) == 1
    assert await guest.state() is SELECTED
    assert ("release", "owed") in await guest.steps()
    assert await worker.undos(60) == 1
    assert await shop.simulator.books() == (0, 0, 0)


async def test_a_step_settled_before_the_worker_looked_is_left_alone(
    make_shop: MakeShop,
) -> None:
    guest = await in_doubt(make_shop)
    worker = a_worker(guest.shop)
    await guest.shop.pass_time(900)
    (taken,) = await worker.take()
    await commit(guest, book.not_booked)
    before = await guest.session()
    await worker.recovery.open_step(taken)
    assert await guest.session() == before


async def test_a_step_that_another_worker_took_meanwhile_is_left_to_it(
    make_shop: MakeShop,
) -> None:
    guest = await in_doubt(make_shop)
    worker = a_worker(guest.shop)
    await guest.shop.pass_time(900)
    (taken,) = await worker.take()
    await worker.recovery.open_step(replace(taken, fence=taken.fence - 1))
    assert await status(guest) is StepStatus.UNKNOWN
    assert "cruiseimportbooking" not in await guest.calls()


async def test_what_was_found_of_one_step_never_settles_another(make_shop: MakeShop) -> None:
    """The step is settled, and the next one begun, while the worker asks."""
    guest = await in_doubt(make_shop)
    worker, shop = a_worker(guest.shop), guest.shop
    await shop.pass_time(900)
    (taken,) = await worker.take()
    ask = worker.office.find

    async def find(session: Session, *, ctx: CallContext) -> Found:
        found = await ask(session, ctx=ctx)
        await commit(guest, book.not_booked)
        return found

    worker.office.find = find  # type: ignore[method-assign]
    await worker.recovery.open_step(taken)
    assert await status(guest) is None
    assert (await guest.session()).booking is None


@pytest.mark.parametrize("trouble", ["http_404", "other_sailing"])
async def test_a_payment_in_doubt_is_found_in_the_lines_record_once_that_is_ours(
    make_shop: MakeShop, trouble: str
) -> None:
    shop = await make_shop(payment_channel=PaymentChannel.SUPPLIER_PAYMENT)
    worker, guest = a_worker(shop), await shop.booked()
    await shop.simulator.fault("payment", "timeout_after")
    await guest.pay()
    await shop.simulator.fault("cruiseimportbooking", trouble)
    assert await worker.steps(300) == 1
    assert await status(guest) is StepStatus.UNKNOWN
    assert await worker.steps(300 + 3600) == 1
    session = await guest.session()
    assert session.state is PAID
    assert session.booking is not None
    (charge,) = (await shop.simulator.ledger())["charges"]
    assert charge["amount"] == str(session.booking.paid.amount)
    asked = await shop.simulator.received("cruiseimportbooking")
    assert (await guest.calls()).count("cruiseimportbooking") == asked


async def test_a_payment_in_doubt_that_was_taken_twice_is_entered_once(
    make_shop: MakeShop,
) -> None:
    shop = await make_shop(payment_channel=PaymentChannel.SUPPLIER_PAYMENT)
    worker, guest = a_worker(shop), await shop.booked()
    await shop.simulator.fault("payment", "timeout_after")
    await guest.pay()
    session, payment = await guest.session(), await guest.payment(DEPOSIT)
    again = CallContext(started=shop.boottime())
    await shop.supplier.pay(supplier_key(session), session.details, payment, ctx=again)
    assert await worker.steps(300) == 1
    booked = (await guest.session()).booking
    assert booked is not None
    assert booked.paid == payment.amount
    assert await guest.tasks() == ["pay_unknown", "refund"]
    assert await shop.simulator.books() == (0, 1, 2)


async def test_a_payment_the_line_knows_nothing_of_is_looked_for_again(worker: Worker) -> None:
    guest = await worker.shop.held()
    await guest.book(DEPOSIT, number=NO_AUTHCODE)
    assert await worker.steps(300) == 1
    assert await status(guest) is StepStatus.UNKNOWN
    assert await worker.steps(300 + 3600) == 1


async def owing(shop: Shop) -> Guest:
    """Return a guest who let a cabin go that the supplier has not."""
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "http_500", times=2)
    await guest.release()
    return guest


async def test_a_cabin_owed_back_is_given_back(worker: Worker) -> None:
    guest = await owing(worker.shop)
    assert (await worker.shop.simulator.books())[0] == 1
    (owed,) = await worker.shop.store.owed(guest.id)
    supplier, currencies = worker.shop.supplier, []
    remove = supplier.remove_from_basket

    async def watched(
        session_key: str, item_key: str, currency: str, *, ctx: CallContext
    ) -> BasketAnswer:
        currencies.append(currency)
        return await remove(session_key, item_key, currency, ctx=ctx)

    supplier.remove_from_basket = watched  # type: ignore[method-assign]
    assert await worker.undos(60) == 1
    assert currencies == ["USD"]
    assert (await worker.shop.simulator.books())[0] == 0
    assert ("release", "done") in await guest.steps()
    assert await worker.undos(24 * 3600) == 0
    rows = await worker.shop.rows("SELECT step_id FROM supplier_calls ORDER BY at, id")
    assert rows[-1].step_id == owed.id


async def test_a_worker_that_was_frozen_asks_for_nothing(worker: Worker) -> None:
    """Its lease has run out: the cabin is somebody else's to let go."""
    await owing(worker.shop)
    asked = await worker.shop.simulator.received("basketremove")
    worker.shop.boottime.freeze_after_next_reading(3600)
    assert await worker.undos(60) == 1
    assert await worker.shop.simulator.received("basketremove") == asked
    assert await worker.undos(24 * 3600) == 1


async def test_a_cabin_the_supplier_will_not_let_go_is_asked_for_again(worker: Worker) -> None:
    guest = await owing(worker.shop)
    await worker.shop.simulator.fault("basketremove", "http_500")
    assert await worker.undos(60) == 1
    assert ("release", "owed") in await guest.steps()
    assert await guest.tasks() == []


async def test_a_cabin_whose_hold_has_lapsed_needs_no_asking(worker: Worker) -> None:
    guest = await owing(worker.shop)
    asked = await worker.shop.simulator.received("basketremove")
    assert await worker.undos(3600) == 1
    assert await worker.shop.simulator.received("basketremove") == asked
    assert ("release", "owed") not in await guest.steps()


async def owe(guest: Guest) -> OwedUndo:
    """Owe an item of which nobody knows when it lapses."""
    supplier = (await guest.session()).supplier
    assert supplier is not None
    undo = OwedUndo(id=uuid4(), session_key=supplier.key, item_key="123", hold_until=None)
    await commit(
        guest, lambda session, _at: begin(session).record(EventKind.NOTE).plus(owed=(undo,))
    )
    return undo


async def test_a_cabin_let_go_at_the_last_attempt_is_no_persons_affair(worker: Worker) -> None:
    guest = await worker.shop.selected()
    await owe(guest)
    await worker.shop.simulator.fault("basketremove", "http_500", times=STUCK_AFTER - 1)
    for day in range(1, STUCK_AFTER + 1):
        assert await worker.undos(day * 24 * 3600) == 1
    assert await worker.undos((STUCK_AFTER + 1) * 24 * 3600) == 0
    assert await guest.tasks() == []


async def test_a_cabin_that_nobody_can_let_go_is_shown_to_a_person_once(worker: Worker) -> None:
    guest = await worker.shop.selected()
    undo = await owe(guest)
    await worker.shop.simulator.fault("basketremove", "http_500", times=99)
    for day in range(1, STUCK_AFTER + 3):
        assert await worker.undos(day * 24 * 3600) == 1
        assert await guest.tasks() == (["undo_stuck"] if day >= STUCK_AFTER else [])
    rows = await worker.shop.rows("SELECT facts, step_id FROM staff_tasks")
    assert '"itemKey": "123"' in rows[0].facts
    assert rows[0].step_id == undo.id


async def test_the_clocks_end_what_nobody_looks_at(worker: Worker) -> None:
    guest = await worker.shop.held()
    await worker.shop.pass_time(3 * 3600)
    assert list(await worker.queue.due_sessions(limit=10)) == [guest.id]
    await worker.recovery.clocks(guest.id)
    assert await guest.state() is State.EXPIRED
    assert list(await worker.queue.due_sessions(limit=10)) == []


async def unwinding(shop: Shop) -> Guest:
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "http_500")
    await guest.cancel()
    return guest


async def test_an_unwinding_ends_once_nothing_is_owed(worker: Worker) -> None:
    guest = await unwinding(worker.shop)
    await worker.recovery.clocks(guest.id)
    assert await guest.state() is BASKETED
    assert await worker.undos(60) == 1
    await worker.recovery.clocks(guest.id)
    assert await guest.state() is State.CANCELLED


async def test_the_clocks_leave_a_living_session_alone(worker: Worker) -> None:
    guest = await worker.shop.held()
    before = await guest.session()
    await worker.recovery.clocks(guest.id)
    assert await guest.session() == before


async def test_an_unpaid_booking_past_its_deadline_goes_to_a_person(worker: Worker) -> None:
    guest = await worker.shop.booked()

    def due(session: Session, at: DecisionContext) -> Change:
        made = session.booking
        assert made is not None
        with_deadline = replace(made, payment_due_at=at.now + timedelta(hours=1))
        return begin(session).record(EventKind.NOTE).put(booking=with_deadline)

    await commit(guest, due)
    await worker.recovery.payment(guest.id)
    assert await guest.tasks() == []
    await worker.shop.pass_time(3601)
    await worker.recovery.payment(guest.id)
    assert await guest.tasks() == ["cancel_with_line"]
    assert (await guest.session()).unwinding is not None


def spooled(
    guest: Guest, step_id: UUID, answer: BookAnswer, charge: Charge | None = None
) -> SpooledAnswer:
    return SpooledAnswer(session_id=guest.id, step_id=step_id, answer=answer, charge=charge)


async def test_an_answer_that_could_not_be_written_settles_its_step(make_shop: MakeShop) -> None:
    guest = await in_doubt(make_shop)
    worker, step = a_worker(guest.shop), (await guest.session()).open_step
    assert step is not None
    answer = an_answer(status=BookStatus.BOOKED, reservation="ZZ1")
    await worker.recovery.late_answer(spooled(guest, step.id, answer))
    session = await guest.session()
    assert session.state is BOOKED
    assert session.booking is not None
    assert session.booking.reservation == "ZZ1"
    await worker.recovery.late_answer(spooled(guest, step.id, answer))
    assert await guest.session() == session


async def test_what_the_card_paid_is_in_an_answer_that_could_not_be_written(
    make_shop: MakeShop,
) -> None:
    guest = await in_doubt(make_shop, DEPOSIT)
    worker, held = a_worker(guest.shop), await guest.session()
    step = held.open_step
    assert step is not None
    assert held.basket is not None
    charge = pay.charge_of(step)
    assert charge is not None
    answer = an_answer(
        status=BookStatus.BOOKED,
        reservation="ZZ1",
        transactions=(a_transaction(),),
        total=held.basket.total,
    )
    await worker.recovery.late_answer(spooled(guest, step.id, answer, charge))
    session = await guest.session()
    assert (session.state, session.booking and session.booking.paid) == (PAID, charge.amount)


async def test_an_answer_that_could_not_be_written_never_settles_another_step(
    make_shop: MakeShop,
) -> None:
    guest = await in_doubt(make_shop)
    worker = a_worker(guest.shop)
    answer = an_answer(status=BookStatus.BOOKED, reservation="ZZ1")
    await worker.recovery.late_answer(spooled(guest, uuid4(), answer))
    assert await guest.state() is BASKETED
    assert sorted(await guest.tasks()) == ["book_unknown", "conflict"]


async def test_an_answer_that_names_anothers_reservation_goes_to_a_person(
    make_shop: MakeShop,
) -> None:
    """A constraint refuses to enter it, now and whenever it is tried; nobody tries again."""
    guest = await in_doubt(make_shop)
    other = await (await guest.shop.booked()).session()
    worker, step = a_worker(guest.shop), (await guest.session()).open_step
    assert step is not None
    assert other.booking is not None
    answer = an_answer(status=BookStatus.BOOKED, reservation=other.booking.reservation)
    await worker.recovery.late_answer(spooled(guest, step.id, answer))
    assert await status(guest) is StepStatus.UNKNOWN
    assert sorted(await guest.tasks()) == ["book_unknown", "conflict"]
    assert (await guest.kinds())[-1] == "late_answer"


async def paying_in_doubt(make_shop: MakeShop) -> tuple[Guest, OpenStep]:
    """Return a guest whose payment was taken without an answer, and its step."""
    shop = await make_shop(payment_channel=PaymentChannel.SUPPLIER_PAYMENT)
    guest = await shop.booked()
    await shop.simulator.fault("payment", "timeout_after")
    step = (await guest.pay()).session.open_step
    assert step is not None
    return guest, step


def spooled_payment(guest: Guest, step: OpenStep) -> SpooledAnswer:
    return SpooledAnswer(
        session_id=guest.id,
        step_id=step.id,
        answer=None,
        charge=pay.charge_of(step),
        paid=PayAnswer(transaction=a_transaction()),
    )


async def test_a_payment_that_could_not_be_written_settles_its_step(make_shop: MakeShop) -> None:
    guest, step = await paying_in_doubt(make_shop)
    charge = pay.charge_of(step)
    assert charge is not None
    await a_worker(guest.shop).recovery.late_answer(spooled_payment(guest, step))
    session = await guest.session()
    assert (session.state, session.booking and session.booking.paid) == (PAID, charge.amount)


async def test_a_payment_whose_step_was_settled_otherwise_is_shown_to_people(
    make_shop: MakeShop,
) -> None:
    guest, step = await paying_in_doubt(make_shop)
    await commit(guest, pay.not_paid)
    await a_worker(guest.shop).recovery.late_answer(spooled_payment(guest, step))
    assert await guest.state() is State.BOOKED
    assert (await guest.kinds())[-1] == "late_answer"
    assert "refund" in await guest.tasks()


async def paid_unseen(shop: Shop, *, twice: bool) -> Guest:
    """Return a guest who paid while the line's record could not be read right after."""
    guest = await shop.booked()
    if twice:
        await shop.simulator.fault("payment", "duplicate_submit")
    await shop.simulator.fault("cruiseimportbooking", "http_404")
    assert (await guest.pay()).session.state is PAID
    assert await shop.simulator.books() == (0, 1, 2 if twice else 1)
    return guest


@pytest.mark.parametrize(
    ("twice", "tasks", "answer"),
    [
        (True, ["payment_unchecked", "refund"], "received 1000.00 USD"),
        (False, ["payment_unchecked"], "received 500.00 USD"),
    ],
)
async def test_a_payment_whose_receipt_was_not_seen_is_compared_later(
    make_shop: MakeShop, twice: bool, tasks: list[str], answer: str
) -> None:
    shop = await make_shop(payment_channel=PaymentChannel.SUPPLIER_PAYMENT)
    worker, guest = a_worker(shop), await paid_unseen(shop, twice=twice)
    assert await guest.tasks() == ["payment_unchecked"]
    assert await worker.payments(30) == 0
    await shop.simulator.fault("cruiseimportbooking", "http_404")
    assert await worker.payments(61) == 1
    assert await worker.payments(62) == 0, "a look that saw nothing is made again later"
    assert await worker.payments(200) == 1
    assert await guest.tasks() == tasks
    (check,) = await shop.rows("SELECT * FROM staff_tasks WHERE kind = 'payment_unchecked'")
    assert (check.answer, check.closed_by) == (answer, "worker-1")
    assert (await guest.kinds())[-1] == "note"
    assert await worker.payments(24 * 3600) == 0
    assert (await guest.calls()).count("cruiseimportbooking") == 3


async def test_a_payment_staff_have_compared_themselves_is_left_alone(
    make_shop: MakeShop,
) -> None:
    """They answer while the worker asks the line."""
    shop = await make_shop(payment_channel=PaymentChannel.SUPPLIER_PAYMENT)
    worker, guest = a_worker(shop), await paid_unseen(shop, twice=True)
    ask = shop.supplier.import_booking

    async def slow(*args: Any, **more: Any) -> ImportedBooking | None:
        found = await ask(*args, **more)
        await shop.rows(
            "UPDATE staff_tasks SET closed_at = booking_now(), version = version + 1 RETURNING id"
        )
        return found

    shop.supplier.import_booking = slow  # type: ignore[method-assign]
    before = await guest.session()
    assert await worker.payments(61) == 1
    assert await guest.session() == before
    assert await guest.tasks() == ["payment_unchecked"]


async def test_a_spooled_payment_is_compared_with_the_lines_record_later(
    make_shop: MakeShop,
) -> None:
    """What is spooled was written down before the record could be read, or without it."""
    guest, step = await paying_in_doubt(make_shop)
    shop, worker = guest.shop, a_worker(guest.shop)
    session, payment = await guest.session(), await guest.payment(DEPOSIT)
    again = CallContext(started=shop.boottime())
    await shop.supplier.pay(supplier_key(session), session.details, payment, ctx=again)
    await worker.recovery.late_answer(spooled_payment(guest, step))
    assert await guest.tasks() == ["pay_unknown", "payment_unchecked"]
    assert await worker.payments(61) == 1
    assert await guest.tasks() == ["pay_unknown", "payment_unchecked", "refund"]


async def test_a_spooled_answer_of_no_call_is_nothing_to_enter(worker: Worker) -> None:
    empty = SpooledAnswer(session_id=uuid4(), step_id=uuid4(), answer=None, charge=None)
    half = replace(empty, paid=PayAnswer(transaction=a_transaction()))
    for answer in (empty, half):
        with pytest.raises(ValueError, match=r"^a spooled answer is one of book\.pl or one"):
            await worker.recovery.late_answer(answer)
