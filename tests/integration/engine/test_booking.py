"""Booking and paying: sent once, judged by what the supplier's ledger says afterwards."""

import asyncio
import json
from typing import Any

import pytest

from booking_flow.engine import AlreadyBound
from booking_flow.errors import RefusalCode, Refused
from booking_flow.flow import State
from booking_flow.model.card import PaymentType
from booking_flow.model.session import Loaded
from booking_flow.model.step import StepName, StepStatus
from booking_flow.policy import FailedYellow, PaymentChannel
from booking_flow.steps.hold import supplier_key
from booking_flow.supplier import CallContext, PayAnswer
from tests.integration.engine.conftest import MakeShop
from tests.support.engine import Guest, Shop, a_command, another_had_it_already, bound, refused
from tests.support.waiting import PATIENCE, kept_back

DEPOSIT, ALL = PaymentType.DEPOSIT, PaymentType.FULL_PAYMENT
BASKETED, SELECTED, BOOKED, PAID = (
    State.BASKETED,
    State.CABIN_SELECTED,
    State.BOOKED,
    State.PAID,
)
DECLINED = "4000000000000002"
YELLOW = "4000000000009995"
CHARGED_AND_FAILED = "4000000000005126"
NO_AUTHCODE = "4000000000000341"


def open_step(answer: Loaded) -> tuple[StepName, StepStatus] | None:
    step = answer.session.open_step
    return (step.name, step.status) if step else None


async def test_a_booking_without_a_card_is_a_reservation(shop: Shop) -> None:
    guest = await shop.booked()
    session = await guest.session()
    assert session.state is BOOKED
    assert session.booking is not None
    assert session.booking.outstanding == session.booking.total
    assert session.cards_tried == 0
    assert session.details.contact is not None
    assert len(session.details.passengers) == 2
    assert await shop.simulator.books() == (0, 1, 0)


@pytest.mark.parametrize("kind", [DEPOSIT, ALL])
async def test_a_card_pays_what_the_basket_asks_for(shop: Shop, kind: PaymentType) -> None:
    guest = await shop.held()
    due = (await guest.payment(kind)).amount
    session = (await guest.book(kind)).session
    assert session.state is PAID
    assert session.booking is not None
    assert session.booking.paid == due
    assert session.booking.card is not None
    assert session.booking.card.last4 == "1111"
    (charge,) = (await shop.simulator.ledger())["charges"]
    assert charge["amount"] == str(due.amount)
    rows = await shop.rows("SELECT amount, auth_code, card_last4 FROM booking_payments")
    assert [(row.amount, row.auth_code, row.card_last4) for row in rows] == [
        (due.amount, charge["authCode"], "1111")
    ]


async def test_a_declined_card_may_be_followed_by_another(shop: Shop) -> None:
    """The basket is looked at first."""
    guest = await shop.held()
    found = await refused(guest.book(DEPOSIT, number=DECLINED))
    assert found.refusal.code is RefusalCode.CARD_DECLINED
    assert found.session is not None
    assert found.session.basket is not None
    assert found.session.basket.recheck
    assert await shop.simulator.received("basket") == 0
    assert (await guest.book(DEPOSIT)).session.state is PAID
    assert await shop.simulator.received("basket") == 1
    assert (await guest.session()).cards_tried == 2
    assert await shop.simulator.books() == (0, 1, 1)


async def test_only_so_many_cards_may_be_tried(make_shop: MakeShop) -> None:
    shop = await make_shop(max_cards=1)
    guest = await shop.held()
    await refused(guest.book(DEPOSIT, number=DECLINED))
    assert (await refused(guest.book(DEPOSIT))).refusal.code is RefusalCode.RATE_LIMITED
    assert await shop.simulator.received("book") == 1
    assert (await guest.book()).session.state is BOOKED


async def test_a_cabin_gone_from_the_basket_is_not_booked_with_another_card(shop: Shop) -> None:
    guest = await shop.held()
    await refused(guest.book(DEPOSIT, number=DECLINED))
    await shop.simulator.fault("basket", "empty_basket")
    found = await refused(guest.book(DEPOSIT))
    assert found.refusal.code is RefusalCode.HOLD_LAPSED
    assert await guest.state() is SELECTED
    assert await shop.simulator.received("book") == 1
    assert await shop.simulator.books() == (0, 0, 0)


async def test_a_basket_that_cannot_be_read_is_not_an_unknown_booking(
    make_shop: MakeShop,
) -> None:
    """Book.pl was not sent."""
    shop = await make_shop()
    guest = await shop.held()
    await refused(guest.book(DEPOSIT, number=DECLINED))
    await shop.simulator.fault("basket", "timeout_before", times=9)
    found = await refused(guest.book(DEPOSIT))
    assert found.refusal.code is RefusalCode.SUPPLIER_TIMEOUT
    assert (await guest.session()).open_step is None
    assert await guest.state() is BASKETED
    assert await shop.simulator.received("book") == 1


async def test_a_supplier_session_that_is_over_lets_the_cabin_go(shop: Shop) -> None:
    guest = await shop.held()
    await shop.simulator.fault("book", "session_expired")
    found = await refused(guest.book())
    assert found.refusal.code is RefusalCode.HOLD_LAPSED
    assert await guest.state() is SELECTED
    assert (await guest.session()).supplier is None


async def test_failed_and_yellow_stays_open(shop: Shop) -> None:
    """It may yet turn Booked: no second book."""
    guest = await shop.held()
    answer = await guest.book(DEPOSIT, number=YELLOW)
    assert open_step(answer) == (StepName.BOOK, StepStatus.UNKNOWN)
    assert await guest.tasks() == ["book_unknown"]
    assert (await refused(guest.book(DEPOSIT))).refusal.code is RefusalCode.IN_PROGRESS
    assert await shop.simulator.received("book") == 1


async def test_failed_and_yellow_is_refused_where_the_policy_says_so(make_shop: MakeShop) -> None:
    shop = await make_shop(failed_yellow=FailedYellow.REFUSED)
    guest = await shop.held()
    found = await refused(guest.book(DEPOSIT, number=YELLOW))
    assert found.refusal.code is RefusalCode.CARD_DECLINED


@pytest.mark.parametrize(
    ("fault", "tasks"),
    [
        ("unknown_status", ["book_unknown"]),
        ("errors_with_bookingid", ["book_unknown", "refund"]),
        ("failed_with_authcode", ["book_unknown", "refund"]),
        ("reset", ["book_unknown"]),
        ("http_500_after", ["book_unknown"]),
        ("malformed", ["book_unknown"]),
    ],
)
async def test_an_answer_that_proves_nothing_leaves_the_booking_open(
    shop: Shop, fault: str, tasks: list[str]
) -> None:
    guest = await shop.held()
    await shop.simulator.fault("book", fault)
    answer = await guest.book(DEPOSIT)
    assert open_step(answer) == (StepName.BOOK, StepStatus.UNKNOWN)
    assert sorted(await guest.tasks()) == tasks
    assert await shop.simulator.received("book") == 1


@pytest.mark.parametrize(("fault", "booked"), [("timeout_before", 0), ("timeout_after", 1)])
async def test_a_booking_without_an_answer_is_never_sent_again(
    make_shop: MakeShop, fault: str, booked: int
) -> None:
    shop = await make_shop()
    guest = await shop.held()
    await shop.simulator.fault("book", fault)
    command = bound("k")
    answer = await guest.book(DEPOSIT, command=command)
    assert open_step(answer) == (StepName.BOOK, StepStatus.UNKNOWN)
    for again in (command, a_command()):
        with pytest.raises((AlreadyBound, Refused)):
            await guest.book(DEPOSIT, command=again)
    assert await shop.simulator.received("book") == 1
    assert (await shop.simulator.books())[1:] == (booked, booked)
    replay = await guest.replay(command)
    assert replay is not None
    assert replay.step is not None
    assert replay.step.status is StepStatus.UNKNOWN


async def test_a_booking_in_doubt_outlives_both_clocks(make_shop: MakeShop) -> None:
    shop = await make_shop()
    guest = await shop.held()
    await shop.simulator.fault("book", "timeout_after")
    await guest.book()
    before = await guest.session()
    await shop.pass_time(24 * 3600)
    assert (await guest.look()).session == before


async def test_a_reservation_without_the_cards_authcode_leaves_the_payment_open(
    shop: Shop,
) -> None:
    guest = await shop.held()
    answer = await guest.book(DEPOSIT, number=NO_AUTHCODE)
    assert answer.session.state is BOOKED
    assert open_step(answer) == (StepName.PAY, StepStatus.UNKNOWN)
    assert await guest.tasks() == ["pay_unknown"]
    assert await guest.steps() == [
        ("add_to_basket", "done"),
        ("book", "done"),
        ("pay", "unknown"),
    ]


async def test_a_booking_at_another_price_is_a_booking_and_a_task(shop: Shop) -> None:
    guest = await shop.held()
    await shop.simulator.fault("book", "price_differs")
    session = (await guest.book()).session
    assert session.state is BOOKED
    assert session.booking is not None
    assert session.basket is not None
    assert session.booking.total.amount > session.basket.total.amount
    assert await guest.tasks() == ["price_mismatch"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("token_expired_200", RefusalCode.SUPPLIER_UNAVAILABLE),
        ("token_expired_401", RefusalCode.SUPPLIER_UNAVAILABLE),
        ("reset_before", None),
        ("http_404", None),
        ("http_429", None),
    ],
)
async def test_a_booking_certainly_not_made_may_be_tried_again(
    shop: Shop, fault: str, code: RefusalCode | None
) -> None:
    """A reset before the answer proves nothing, and so is not among these."""
    guest = await shop.held()
    await shop.simulator.fault("book", fault)
    if code is None:
        assert open_step(await guest.book()) == (StepName.BOOK, StepStatus.UNKNOWN)
        return
    assert (await refused(guest.book())).refusal.code is code
    assert (await guest.book()).session.state is BOOKED


async def test_a_frozen_process_does_not_book_late(shop: Shop) -> None:
    """The deadline is read right before sending, on a clock that counts through suspension."""
    guest = await shop.held()
    command = bound("k")
    shop.boottime.freeze_after_next_reading(21)
    found = await refused(guest.book(DEPOSIT, command=command))
    assert found.refusal.code is RefusalCode.SUPPLIER_UNAVAILABLE
    assert await shop.simulator.received("book") == 0
    rows = await shop.rows("SELECT status, sent FROM saga_steps WHERE name = 'book'")
    assert [(row.status, row.sent) for row in rows] == [("refused", False)]
    assert await guest.replay(command) is None
    assert (await guest.book(DEPOSIT, command=command)).session.state is PAID


async def test_a_process_that_is_only_slow_books(shop: Shop) -> None:
    guest = await shop.held()
    shop.boottime.freeze_after_next_reading(19)
    assert (await guest.book()).session.state is BOOKED


@pytest.mark.parametrize("seconds", [13 * 60, 15 * 60])
async def test_a_hold_about_to_lapse_is_not_booked(shop: Shop, seconds: float) -> None:
    guest = await shop.held()
    request = await guest.request()
    await shop.pass_time(seconds)
    booking = shop.engine.book(await guest.loaded(), request=request, command=a_command())
    assert (await refused(booking)).refusal.code is RefusalCode.HOLD_LAPSED
    assert await shop.simulator.received("book") == 0


@pytest.mark.parametrize("rivals", [2, 5])
@pytest.mark.parametrize("keyed", [True, False])
async def test_the_same_booking_at_many_processes_books_and_charges_once(
    make_shop: MakeShop, rivals: int, keyed: bool
) -> None:
    shops = [await make_shop() for _ in range(rivals)]
    guest = await shops[0].held()
    loaded, request = await guest.loaded(), await guest.request(DEPOSIT)
    command = bound("k") if keyed else a_command()
    found = await asyncio.gather(
        *(shop.engine.book(loaded, request=request, command=command) for shop in shops),
        return_exceptions=True,
    )
    answers = [one for one in found if isinstance(one, Loaded)]
    assert [answer.session.state for answer in answers] == [PAID]
    for one in found:
        assert isinstance(one, Loaded | AlreadyBound | Refused)
        if isinstance(one, Refused):
            assert one.refusal.code in (RefusalCode.IN_PROGRESS, RefusalCode.WRONG_STATE)
    assert await shops[0].simulator.received("book") == 1
    assert await shops[0].simulator.books() == (0, 1, 1)
    assert (await guest.kinds()).count("book") == 1


async def test_a_reservation_that_another_session_has_is_left_to_people(shop: Shop) -> None:
    """The supplier's answer contradicts what is booked already: neither is lost."""
    first, second = await shop.booked(), await shop.held()
    with kept_back("book"):
        booking = asyncio.create_task(second.book())
        reservation = await the_second_reservation(shop)
        await another_had_it_already(shop, first, reservation)
    answer = await booking
    assert open_step(answer) == (StepName.BOOK, StepStatus.UNKNOWN)
    assert await second.tasks() == ["book_unknown"]
    assert await second.state() is BASKETED
    rows = await shop.rows(
        "SELECT evidence FROM saga_steps WHERE name = 'book' AND session_id = :id", id=second.id
    )
    assert "book: broken" in str(rows[0].evidence)
    assert reservation in str(rows[0].evidence)
    assert shop.pause.waits == [1], "it was tried again once, after a moment"


async def the_second_reservation(shop: Shop) -> str:
    async with asyncio.timeout(PATIENCE):
        while len(made := (await shop.simulator.ledger())["bookings"]) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return str(made[1]["reservation"])


async def paying_shop(make_shop: MakeShop, **settings: Any) -> Shop:
    return await make_shop(payment_channel=PaymentChannel.SUPPLIER_PAYMENT, **settings)


async def test_a_booking_is_paid_through_the_supplier(make_shop: MakeShop) -> None:
    shop = await paying_shop(make_shop)
    guest = await shop.booked()
    session = (await guest.pay()).session
    assert session.state is PAID
    assert session.booking is not None
    (charge,) = (await shop.simulator.ledger())["charges"]
    assert charge["amount"] == str(session.booking.paid.amount)
    assert (await guest.steps())[-1] == ("pay", "done")


async def a_double_charge(make_shop: MakeShop, after: float) -> Guest:
    """Return a guest whose deposit was taken twice, by an answer that took so many seconds."""
    shop = await paying_shop(make_shop)
    guest, pay = await shop.booked(), shop.supplier.pay

    async def slow(*ask: Any, **more: Any) -> PayAnswer:
        answer = await pay(*ask, **more)
        shop.boottime.freeze_after_next_reading(after)
        shop.boottime()
        return answer

    shop.supplier.pay = slow  # type: ignore[method-assign]
    await shop.simulator.fault("payment", "duplicate_submit")
    assert (await guest.pay()).session.state is PAID
    assert await shop.simulator.books() == (0, 1, 2)
    return guest


@pytest.mark.parametrize("after", [0, 40, 65])
async def test_a_deposit_taken_twice_is_seen_in_the_lines_record(
    make_shop: MakeShop, after: float
) -> None:
    guest = await a_double_charge(make_shop, after)
    assert await guest.tasks() == ["refund"]
    assert (await guest.calls()).count("cruiseimportbooking") == 1


async def test_the_lines_record_is_not_read_once_the_lease_may_end(make_shop: MakeShop) -> None:
    guest = await a_double_charge(make_shop, 70)
    assert await guest.tasks() == ["payment_unchecked"]
    assert await guest.shop.simulator.received("cruiseimportbooking") == 0


async def test_a_refusal_of_a_payment_the_line_has_received_is_a_doubt(
    make_shop: MakeShop,
) -> None:
    """A payment that arrived twice may be answered by the refusal of the second."""
    shop = await paying_shop(make_shop)
    guest = await shop.booked()
    session, payment = await guest.session(), await guest.payment(ALL)
    first = CallContext(started=shop.boottime())
    await shop.supplier.pay(supplier_key(session), session.details, payment, ctx=first)
    answer = await guest.pay(ALL)
    assert open_step(answer) == (StepName.PAY, StepStatus.UNKNOWN)
    assert await guest.tasks() == ["pay_unknown"]
    (evidence,) = await shop.rows("SELECT evidence FROM saga_steps WHERE name = 'pay'")
    assert json.loads(evidence.evidence) == {"failure": "payment: broken"}


async def test_a_refused_payment_that_the_line_has_not_received_is_refused(
    make_shop: MakeShop,
) -> None:
    shop = await paying_shop(make_shop)
    guest = await shop.booked()
    await shop.simulator.control("policy", payment_answer="error")
    assert (await refused(guest.pay())).refusal.code is RefusalCode.SUPPLIER_ERROR
    assert (await guest.calls())[-2:] == ["payment", "cruiseimportbooking"]
    assert (await guest.session()).open_step is None


async def test_a_payment_that_was_never_sent_is_not_looked_for(make_shop: MakeShop) -> None:
    shop = await paying_shop(make_shop)
    guest = await shop.booked()
    shop.boottime.freeze_after_next_reading(6)
    assert (await refused(guest.pay())).refusal.code is RefusalCode.SUPPLIER_UNAVAILABLE
    assert await shop.simulator.received("cruiseimportbooking") == 0


async def test_a_payment_counts_where_the_lines_record_cannot_be_read(make_shop: MakeShop) -> None:
    shop = await paying_shop(make_shop)
    guest = await shop.booked()
    await shop.simulator.fault("cruiseimportbooking", "http_404")
    assert (await guest.pay()).session.state is PAID
    assert await guest.tasks() == ["payment_unchecked"]


async def test_a_declined_payment_leaves_the_booking_unpaid(make_shop: MakeShop) -> None:
    shop = await paying_shop(make_shop)
    guest = await shop.booked()
    await shop.simulator.control("policy", payment_answer="declined")
    found = await refused(guest.pay())
    assert found.refusal.code is RefusalCode.CARD_DECLINED
    assert await guest.state() is BOOKED
    assert await shop.simulator.books() == (0, 1, 0)


async def test_a_payment_that_says_nothing_stays_open_and_is_not_sent_again(
    make_shop: MakeShop,
) -> None:
    shop = await paying_shop(make_shop)
    guest = await shop.booked()
    await shop.simulator.control("policy", payment_answer="empty")
    answer = await guest.pay()
    assert open_step(answer) == (StepName.PAY, StepStatus.UNKNOWN)
    assert await guest.tasks() == ["pay_unknown"]
    assert (await refused(guest.pay())).refusal.code is RefusalCode.IN_PROGRESS
    assert await shop.simulator.received("payment") == 1


async def test_a_payment_that_timed_out_stays_open(make_shop: MakeShop) -> None:
    shop = await paying_shop(make_shop)
    guest = await shop.booked()
    await shop.simulator.fault("payment", "timeout_after")
    answer = await guest.pay()
    assert open_step(answer) == (StepName.PAY, StepStatus.UNKNOWN)
    assert await shop.simulator.books() == (0, 1, 1)


async def test_the_same_payment_at_two_processes_charges_once(make_shop: MakeShop) -> None:
    one, other = await paying_shop(make_shop), await paying_shop(make_shop)
    guest = await one.booked()
    loaded, payment = await guest.loaded(), await guest.payment(DEPOSIT)
    await asyncio.gather(
        *(shop.engine.pay(loaded, payment=payment, command=a_command()) for shop in (one, other)),
        return_exceptions=True,
    )
    assert await guest.state() is PAID
    assert await one.simulator.books() == (0, 1, 1)


async def test_a_payment_is_not_taken_where_the_card_goes_with_the_booking(shop: Shop) -> None:
    guest = await shop.booked()
    assert (await refused(guest.pay())).refusal.code is RefusalCode.WRONG_STATE
    assert await shop.simulator.received("payment") == 0


async def test_a_charge_for_a_booking_that_failed_is_a_task(shop: Shop) -> None:
    guest = await shop.held()
    answer = await guest.book(DEPOSIT, number=CHARGED_AND_FAILED)
    assert open_step(answer) == (StepName.BOOK, StepStatus.UNKNOWN)
    assert sorted(await guest.tasks()) == ["book_unknown", "refund"]
    assert await shop.simulator.books() == (1, 0, 1)
