"""What staff answer to their tasks: checked before it is believed, and one answer wins."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.correct import NameRequest, request_name
from booking_flow.model.card import PaymentType
from booking_flow.model.change import Change
from booking_flow.model.party import Details
from booking_flow.model.session import Loaded, Session
from booking_flow.ports import StoredTask
from booking_flow.saga import abandoned
from booking_flow.staff.people import Role, StaffMember
from booking_flow.staff.task_claims import TaskClaims, TaskWish, stamp
from booking_flow.staff.task_resolution import AnswerKind, Desk, TaskAnswer
from booking_flow.steps.book import not_booked, order_of
from booking_flow.supplier import CallContext
from persistence.audit import PostgresAudit
from persistence.codec import decode_object
from persistence.tasks import PostgresTaskStore
from tests.integration.engine.conftest import MakeShop
from tests.integration.engine.test_recovery import commit, in_doubt
from tests.support.engine import Guest, Shop, refused
from tests.support.waiting import kept_back

STAFF = StaffMember(name="ada", role=Role.SUPERVISOR, account_id=UUID(int=1))
DEPOSIT = PaymentType.DEPOSIT
YELLOW = "4000000000009995"
NO_AUTHCODE = "4000000000000341"
LATER = 20 * 60


def desk(shop: Shop) -> Desk:
    return Desk(
        tasks=PostgresTaskStore(shop.database),
        supplier=shop.supplier,
        unit_of_work=shop.engine.unit_of_work,
        audit=PostgresAudit(shop.database),
    )


async def an_answer(guest: Guest, kind: AnswerKind, **fields: Any) -> TaskAnswer:
    """Return an answer to the guest's first open task but that to collect, as it is now."""
    rows = await guest.shop.rows(
        "SELECT id, version FROM staff_tasks WHERE session_id = :id AND closed_at IS NULL"
        " AND kind <> 'collect_payment' ORDER BY opened_at, id",
        id=guest.id,
    )
    seen = frozenset({fields.pop("version", rows[0].version)})
    return TaskAnswer(task_id=rows[0].id, seen=seen, kind=kind, **fields)


async def answer(guest: Guest, kind: AnswerKind, **fields: Any) -> Loaded:
    given = await an_answer(guest, kind, **fields)
    loaded = await desk(guest.shop).answer(given, by=STAFF)
    assert loaded is not None
    return loaded


async def closed(shop: Shop) -> list[tuple[str, str, str]]:
    rows = await shop.rows(
        "SELECT kind, closed_by, answer FROM staff_tasks WHERE closed_at IS NOT NULL"
        " AND kind <> 'collect_payment'"
    )
    return [(row.kind, row.closed_by, row.answer) for row in rows]


async def the_reservation(guest: Guest) -> str:
    return str((await guest.shop.simulator.ledger())["bookings"][-1]["reservation"])


@pytest.mark.parametrize(("payment", "state"), [(None, State.BOOKED), (DEPOSIT, State.PAID)])
async def test_a_reservation_is_believed_once_the_lines_record_agrees(
    make_shop: MakeShop, payment: PaymentType | None, state: State
) -> None:
    guest = await in_doubt(make_shop, payment)
    number = await the_reservation(guest)
    loaded = await answer(guest, AnswerKind.RESERVATION, reservation=number)
    assert loaded.session.state is state
    assert loaded.session == await guest.session()
    assert await closed(guest.shop) == [("book_unknown", "ada", f"reservation {number}")]


async def test_a_cancel_asked_while_a_booking_was_in_doubt_is_obeyed_then(
    make_shop: MakeShop,
) -> None:
    guest = await in_doubt(make_shop)
    await guest.cancel("we cannot go")
    number = await the_reservation(guest)
    loaded = await answer(guest, AnswerKind.RESERVATION, reservation=number)
    assert loaded.session.state is State.BOOKED
    assert loaded.session.unwinding is not None


async def test_a_reservation_that_disagrees_needs_a_supervisor(make_shop: MakeShop) -> None:
    guest = await in_doubt(make_shop)
    other = await guest.shop.held()
    await other.book(surname="Otherwise")
    number = await the_reservation(guest)
    found = await refused(answer(guest, AnswerKind.RESERVATION, reservation=number))
    assert found.refusal.code is RefusalCode.WRONG_STATE
    assert found.refusal.detail == (
        "The line's record disagrees with the attempt; a supervisor must decide."
    )
    assert [(fault.pointer, fault.detail) for fault in found.refusal.errors] == [
        ("/lead surname", "ours quillfeather, the line's otherwise")
    ]
    assert await closed(guest.shop) == []


async def test_a_supervisor_may_take_a_reservation_that_disagrees(make_shop: MakeShop) -> None:
    guest = await in_doubt(make_shop)
    number = await at_the_line(await guest.shop.held())
    loaded = await answer(guest, AnswerKind.RESERVATION, reservation=number, override=True)
    assert loaded.session.state is State.BOOKED
    assert loaded.session.booking is not None
    assert loaded.session.booking.reservation == number


async def at_the_line(guest: Guest) -> str:
    """Book as somebody else, without our knowing of it."""
    request = await guest.request(surname="Otherwise")
    session = await guest.session()
    details = Details(contact=request.contact, passengers=request.passengers)
    order = replace(order_of(session, request), details=details)
    booked = await guest.shop.supplier.book(order, ctx=CallContext(started=guest.shop.boottime()))
    assert booked.reservation is not None
    return booked.reservation


async def test_a_reservation_of_another_session_is_not_taken_twice(make_shop: MakeShop) -> None:
    guest = await in_doubt(make_shop)
    other = await guest.shop.held()
    await other.book(surname="Otherwise")
    number = await the_reservation(guest)
    found = await refused(answer(guest, AnswerKind.RESERVATION, reservation=number, override=True))
    assert found.refusal.code is RefusalCode.WRONG_STATE
    assert found.refusal.detail == "Another session has this reservation."
    assert await closed(guest.shop) == []


@pytest.mark.parametrize("trouble", [True, False])
async def test_a_reservation_that_cannot_be_read_needs_a_supervisor(
    make_shop: MakeShop, trouble: bool
) -> None:
    """The line cannot be asked, or does not know the number."""
    guest = await in_doubt(make_shop)
    number = await the_reservation(guest) if trouble else "NOSUCH"
    if trouble:
        await guest.shop.simulator.fault("cruiseimportbooking", "http_404", times=2)
    found = await refused(answer(guest, AnswerKind.RESERVATION, reservation=number))
    assert found.refusal.code is RefusalCode.WRONG_STATE
    assert found.refusal.detail == (
        "The line's record could not be read: a supervisor must confirm this reservation."
    )
    loaded = await answer(guest, AnswerKind.RESERVATION, reservation=number, override=True)
    booking, basket = loaded.session.booking, loaded.session.basket
    assert booking is not None
    assert basket is not None
    assert (booking.reservation, booking.status) == (number, "Booked")
    assert booking.total == basket.total
    assert await guest.tasks() == ["book_unknown"]


@pytest.mark.parametrize("number", [None, ""])
async def test_a_reservation_needs_its_number(make_shop: MakeShop, number: str | None) -> None:
    guest = await in_doubt(make_shop)
    found = await refused(answer(guest, AnswerKind.RESERVATION, reservation=number))
    assert found.refusal.code is RefusalCode.VALIDATION_FAILED
    assert [(fault.pointer, fault.detail) for fault in found.refusal.errors] == [
        ("/reservation", "is needed")
    ]


async def test_not_booked_is_not_believed_before_it_could_be_seen(make_shop: MakeShop) -> None:
    guest = await in_doubt(make_shop)
    found = await refused(answer(guest, AnswerKind.NOT_BOOKED))
    assert found.refusal.code is RefusalCode.WRONG_STATE
    assert found.refusal.detail is not None
    assert found.refusal.detail.startswith("Not before 20")
    assert found.refusal.detail.endswith("+00:00: it may still turn up.")
    await guest.shop.pass_time(LATER)
    loaded = await answer(guest, AnswerKind.NOT_BOOKED)
    assert loaded.session.state is State.CABIN_SELECTED
    assert loaded.session.open_step is None
    assert await closed(guest.shop) == [("book_unknown", "ada", "not_booked")]


@pytest.mark.parametrize(
    ("kind", "state"),
    [(AnswerKind.PAID, State.PAID), (AnswerKind.NOT_PAID, State.BOOKED)],
)
async def test_a_payment_in_doubt_is_what_staff_found_out(
    shop: Shop, kind: AnswerKind, state: State
) -> None:
    guest = await shop.held()
    await guest.book(DEPOSIT, number=NO_AUTHCODE)
    loaded = await answer(guest, kind)
    assert loaded.session.state is state
    assert loaded.session.open_step is None
    assert await closed(shop) == [("pay_unknown", "ada", kind.value)]


async def test_another_amount_that_was_taken_is_refunded_by_a_person(shop: Shop) -> None:
    """Whoever answers that a payment was not taken need not think of what was."""
    guest = await shop.held()
    await shop.simulator.fault("book", "charged_too_little")
    await guest.book(DEPOSIT)
    loaded = await answer(guest, AnswerKind.NOT_PAID)
    assert loaded.session.state is State.BOOKED
    (row,) = await shop.rows("SELECT facts, step_id FROM staff_tasks WHERE kind = 'refund'")
    facts = decode_object(row.facts)
    assert (facts["received"], facts["paid"]) == ("1.00 USD", "0.00 USD")
    (charge,) = (await shop.simulator.ledger())["charges"]
    assert (facts["amounts"], facts["authCodes"]) == ("1.00 USD", charge["authCode"])
    assert row.step_id is not None


@pytest.mark.parametrize("kind", [AnswerKind.PAID, AnswerKind.NOT_PAID])
async def test_a_cancel_asked_while_a_payment_was_in_doubt_is_obeyed_then(
    shop: Shop, kind: AnswerKind
) -> None:
    guest = await shop.held()
    await guest.book(DEPOSIT, number=NO_AUTHCODE)
    await guest.cancel("we cannot go")
    assert (await guest.session()).unwinding is None
    before = await shop.store.now()
    loaded = await answer(guest, kind)
    assert loaded.session.unwinding is not None
    assert before <= loaded.session.unwinding.since <= loaded.now


@pytest.mark.parametrize(
    ("kind", "state"),
    [(AnswerKind.LINE_CANCELLED, State.CANCELLED), (AnswerKind.LINE_REFUSED, State.BOOKED)],
)
async def test_a_cancellation_is_what_the_line_says(
    shop: Shop, kind: AnswerKind, state: State
) -> None:
    guest = await shop.booked()
    await guest.cancel()
    loaded = await answer(guest, kind, note="on the phone")
    assert loaded.session.state is state
    assert loaded.session.unwinding is None
    assert (await guest.history())[-1].reason == "on the phone"


@pytest.mark.parametrize(
    ("kind", "surname", "status"),
    [(AnswerKind.DONE, "Sørensen", "done"), (AnswerKind.LINE_REFUSED, "Quillfeather", "refused")],
)
async def test_a_name_is_what_the_line_says(
    shop: Shop, kind: AnswerKind, surname: str, status: str
) -> None:
    guest = await shop.booked()
    wish = NameRequest(guest=0, field="lastName", value="Sørensen", printed="Sorensen")

    def asked(session: Session, at: DecisionContext) -> Change:
        change = request_name(session, wish, at, reason=None)
        assert change is not None
        return change

    await commit(guest, asked)
    details = (await answer(guest, kind, note="on the phone")).session.details
    assert details.passengers[0].last_name == surname
    assert [each.status.value for each in details.corrections] == [status]
    assert (await guest.history())[-1].reason == "on the phone"


@pytest.mark.parametrize(("note", "reason"), [("refunded", "refunded"), (None, "done")])
async def test_a_task_without_a_question_is_noted_as_done(
    shop: Shop, note: str | None, reason: str
) -> None:
    guest = await shop.held()
    await shop.simulator.fault("book", "price_differs")
    await guest.book()
    before = await guest.session()
    loaded = await answer(guest, AnswerKind.DONE, note=note)
    assert loaded.session.version == before.version + 1
    last = (await guest.history())[-1]
    assert (last.kind.value, last.reason) == ("note", reason)
    assert await closed(shop) == [("price_mismatch", "ada", "done")]


@pytest.mark.parametrize("kind", [AnswerKind.PAID, AnswerKind.DONE, AnswerKind.LINE_CANCELLED])
async def test_an_answer_to_another_question_is_refused(
    make_shop: MakeShop, kind: AnswerKind
) -> None:
    guest = await in_doubt(make_shop)
    found = await refused(answer(guest, kind))
    assert found.refusal.code is RefusalCode.VALIDATION_FAILED
    assert found.refusal.detail == f"{kind.value} does not answer book_unknown."


async def test_a_task_nobody_opened_is_not_known(shop: Shop) -> None:
    asked = TaskAnswer(task_id=uuid4(), seen=frozenset({1}), kind=AnswerKind.DONE)
    found = await refused(desk(shop).answer(asked, by=STAFF))
    assert found.refusal.code is RefusalCode.NOT_FOUND
    assert found.refusal.detail == "There is no such task."


async def test_an_answered_task_tells_who_answered_what(shop: Shop) -> None:
    guest = await shop.booked()
    await guest.cancel()
    given = await an_answer(guest, AnswerKind.LINE_REFUSED)
    await desk(shop).answer(given, by=STAFF)
    found = await refused(desk(shop).answer(given, by=STAFF))
    assert found.refusal.code is RefusalCode.VERSION_MISMATCH
    assert found.refusal.detail == "ada answered line_refused first."
    assert given.task_id is not None
    task = await PostgresTaskStore(shop.database).task(given.task_id)
    assert task is not None
    assert task.closed_at is not None
    assert found.refusal.facts == {
        "answered": "line_refused",
        "answered_by": "ada",
        "answered_at": stamp(task.closed_at),
        "your_answer": "line_refused",
    }


async def test_an_answer_to_an_older_version_is_refused(shop: Shop) -> None:
    guest = await shop.booked()
    await guest.cancel()
    given = await an_answer(guest, AnswerKind.LINE_REFUSED, version=0)
    found = await refused(desk(shop).answer(given, by=STAFF))
    assert found.refusal.code is RefusalCode.VERSION_MISMATCH
    assert found.refusal.detail == "It changed."


async def test_of_two_answers_one_wins(make_shop: MakeShop) -> None:
    shop = await make_shop()
    guest = await shop.booked()
    await guest.cancel()
    given = [
        await an_answer(guest, kind)
        for kind in (AnswerKind.LINE_REFUSED, AnswerKind.LINE_CANCELLED)
    ]
    found = await asyncio.gather(
        *(desk(shop).answer(one, by=STAFF) for one in given), return_exceptions=True
    )
    assert sum(isinstance(one, Loaded) for one in found) == 1
    assert len(await closed(shop)) == 1
    assert len([kind for kind in await guest.kinds() if kind in ("unwinding", "cancel")]) == 2


class QuickRival(PostgresTaskStore):
    """The real tasks, where somebody answers right after they were looked at."""

    rival: Callable[[], Awaitable[object]] | None = None

    async def task(self, task_id: UUID) -> StoredTask | None:
        found = await super().task(task_id)
        rival, self.rival = self.rival, None
        if rival is not None:
            await rival()
        return found


async def test_who_answers_a_moment_too_late_is_told_who_was_quicker(shop: Shop) -> None:
    guest = await shop.held()
    await shop.simulator.fault("book", "price_differs")
    await guest.book()
    given = await an_answer(guest, AnswerKind.DONE)
    tasks = QuickRival(shop.database)
    tasks.rival = lambda: desk(shop).answer(given, by=STAFF)
    slow = Desk(
        tasks=tasks,
        supplier=shop.supplier,
        unit_of_work=shop.engine.unit_of_work,
        audit=PostgresAudit(shop.database),
    )
    found = await refused(slow.answer(given, by=replace(STAFF, name="bob", account_id=UUID(int=2))))
    assert found.refusal.code is RefusalCode.VERSION_MISMATCH
    assert found.refusal.detail == "ada answered done first."
    assert (await guest.kinds()).count("note") == 1


async def test_a_step_that_settled_meanwhile_is_not_settled_again(shop: Shop) -> None:
    """A late answer was quicker than the person."""
    guest = await shop.held()
    with kept_back("book"):
        booking = asyncio.create_task(guest.book())
        await shop.simulator.has_received("book")
        await commit(guest, abandoned)
        given = await an_answer(guest, AnswerKind.NOT_BOOKED)
    await booking
    await shop.pass_time(LATER)
    assert await guest.state() is State.BOOKED
    found = await refused(desk(shop).answer(given, by=STAFF))
    assert found.refusal.code in (RefusalCode.WRONG_STATE, RefusalCode.VERSION_MISMATCH)
    assert await guest.state() is State.BOOKED


@pytest.mark.parametrize("other", [False, True])
async def test_a_task_whose_step_is_open_no_more_is_not_answered(
    make_shop: MakeShop, other: bool
) -> None:
    """The database was set back: another step is open, or the same one is under way again."""
    guest = await in_doubt(make_shop)
    shop = guest.shop
    await shop.pass_time(LATER)
    if other:
        await shop.rows("UPDATE staff_tasks SET step_id = :id RETURNING id", id=uuid4())
    else:
        await shop.rows(
            "UPDATE saga_steps SET status = 'started' WHERE status = 'unknown' RETURNING id"
        )
    found = await refused(answer(guest, AnswerKind.NOT_BOOKED))
    assert found.refusal.code is RefusalCode.WRONG_STATE
    assert found.refusal.detail == "This step is no longer open."
    assert await closed(shop) == []


async def test_a_step_settled_while_the_line_is_asked_is_not_settled_again(
    make_shop: MakeShop,
) -> None:
    guest = await in_doubt(make_shop)
    number = await the_reservation(guest)
    with kept_back("cruiseimportbooking"):
        asking = asyncio.create_task(answer(guest, AnswerKind.RESERVATION, reservation=number))
        await guest.shop.simulator.has_received("cruiseimportbooking")
        await commit(guest, not_booked)
    found = await refused(asking)
    assert found.refusal.code is RefusalCode.VERSION_MISMATCH
    assert found.refusal.detail == "guest answered refused first."


async def test_the_answer_to_an_earlier_attempt_settles_no_later_one(make_shop: MakeShop) -> None:
    """The first was found not to have been made, and the guest booked again."""
    guest = await in_doubt(make_shop)
    shop, first = guest.shop, await an_answer(guest, AnswerKind.NOT_BOOKED)
    tasks = QuickRival(shop.database)

    async def again() -> None:
        await commit(guest, not_booked)
        await guest.hold()
        await shop.simulator.fault("book", "timeout_after")
        await guest.book()

    tasks.rival = again
    await shop.pass_time(LATER)
    slow = Desk(
        tasks=tasks,
        supplier=shop.supplier,
        unit_of_work=shop.engine.unit_of_work,
        audit=PostgresAudit(shop.database),
    )
    found = await refused(slow.answer(first, by=STAFF))
    assert found.refusal.code is RefusalCode.VERSION_MISMATCH
    assert found.refusal.detail == "guest answered refused first."
    step = (await guest.session()).open_step
    assert step is not None
    assert step.unknown


async def test_an_answer_is_on_record_in_its_commit_and_a_refused_one_as_refused(
    shop: Shop,
) -> None:
    guest = await shop.booked()
    await guest.cancel()
    await refused(answer(guest, AnswerKind.PAID))
    await answer(guest, AnswerKind.LINE_REFUSED, note="on the phone")
    lines = await PostgresAudit(shop.database).of_session(guest.id)
    assert [(line.name, line.account_id, line.facts.get("refused")) for line in lines] == [
        ("ada", STAFF.account_id, "validation_failed"),
        ("ada", STAFF.account_id, None),
    ]
    assert lines[1].reason == "on the phone"
    assert lines[1].facts == {"answer": "line_refused", "override": "false"}
    tasks = await PostgresTaskStore(shop.database).tasks_of(guest.id)
    (task,) = (each for each in tasks if each.answer == "line_refused")
    assert [(line.action, line.task_id) for line in lines] == [("answer_task", task.id)] * 2


async def test_answers_are_for_agents_and_overriding_for_supervisors(shop: Shop) -> None:
    guest = await shop.booked()
    await guest.cancel()
    for role, override, why in (
        (Role.VIEWER, False, None),
        (Role.AGENT, True, "Only a supervisor overrides the line's record."),
    ):
        given = await an_answer(guest, AnswerKind.LINE_REFUSED, override=override)
        found = await refused(desk(shop).answer(given, by=replace(STAFF, role=role)))
        assert found.refusal.code is RefusalCode.FORBIDDEN
        assert why in (None, found.refusal.detail)


async def test_what_a_colleague_works_on_is_answered_by_whoever_takes_it_over(shop: Shop) -> None:
    guest = await shop.booked()
    await guest.cancel()
    given, bob = await an_answer(guest, AnswerKind.LINE_REFUSED), replace(STAFF, name="bob")
    wish = TaskWish(
        staff=replace(bob, account_id=UUID(int=2)), task_id=given.task_id, seen=given.seen
    )
    await TaskClaims(PostgresTaskStore(shop.database)).claim(wish)
    given = await an_answer(guest, AnswerKind.LINE_REFUSED)
    found = await refused(desk(shop).answer(given, by=STAFF))
    assert found.refusal.facts["claimed_by"] == "bob"
    await desk(shop).answer(replace(given, takeover=True), by=STAFF)
    assert await closed(shop) == [("cancel_with_line", "ada", "line_refused")]


async def test_several_tasks_take_one_answer_each_by_itself(shop: Shop) -> None:
    guests = [await shop.booked(), await shop.booked()]
    given = []
    for guest in guests:
        await guest.cancel()
        given.append(await an_answer(guest, AnswerKind.LINE_REFUSED))
    given[1] = replace(given[1], seen=frozenset({9}))
    refusals = await desk(shop).answer_each(given, by=STAFF)
    assert {task: refusal.code for task, refusal in refusals.items()} == {
        given[1].task_id: RefusalCode.VERSION_MISMATCH
    }
    assert len(await closed(shop)) == 1
