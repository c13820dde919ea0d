"""Booking: what is checked before book.pl, and the exact change each answer makes."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from booking_flow.booking_results import CARD_DECLINED
from booking_flow.errors import Refusal, RefusalCode, Refused
from booking_flow.flow import State, Trigger
from booking_flow.guards import SESSION_OVER
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.card import PaymentType
from booking_flow.model.change import Change, PaymentRecord
from booking_flow.model.history import Event, EventKind
from booking_flow.model.party import AgeBands, Details, Party, PartyRules, PassengerType
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import OpenStep, OwedUndo, StepClaim, StepName, StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.policy import FailedYellow, PaymentChannel, Policy
from booking_flow.steps.book import (
    PAYMENT_REQUIRED,
    BookingDetails,
    BookResult,
    Consent,
    claim_book,
    ensure_still_held,
    order_of,
    settle_book,
)
from booking_flow.steps.outcomes import Failure
from booking_flow.supplier import BookAnswer, BookOrder, BookStatus, FraudCategory
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.support.builders import (
    BOOKED_FACTS,
    DAY_LATER,
    DETAILS,
    FACTS,
    HELD_UNTIL,
    MASK,
    NOTHING_HELD,
    NOW,
    OWED,
    SAILS,
    STEP_ID,
    STEP_SINCE,
    a_basket,
    a_basket_answer,
    a_booking,
    a_card,
    a_contact,
    a_failed_answer,
    a_move,
    a_passenger,
    a_payment,
    a_refusal,
    a_request,
    a_sailing,
    a_session,
    a_settlement,
    a_step,
    a_task,
    a_transaction,
    an_answer,
    an_event,
    an_id,
    an_item,
    at,
    booking,
    eur,
    plain,
    price_is,
    refused_by,
    to_be_collected,
    usd,
    with_faults,
)

BASKETED = State.BASKETED
HELD = a_session(BASKETED)
ASKING = replace(HELD, details=Details(special_requests="Honeymooners"))
"""A guest with requests."""
INTENT = {"itemKey": "700001", "total": "3006.56 USD"}
CARD_INTENT = INTENT | {"amount": "500.00 USD", "card": "VIS 1111"}
TYPED = Details(
    contact=a_contact(),
    passengers=a_request().passengers,
    dining="1",
    special_requests="Honeymooners",
)


def claimed(intent: dict[str, Any], **fields: Any) -> Change:
    step = OpenStep(
        id=an_id(1),
        name=StepName.BOOK,
        status=StepStatus.STARTED,
        since=NOW,
        fence=1,
        intent=intent,
    )
    return Change(
        before=ASKING,
        after=a_session(BASKETED, version=8, open_step=step, details=TYPED, **fields),
        events=(an_event(EventKind.STEP_CLAIMED, BASKETED, step="book", **intent),),
        live=True,
        hold_for=timedelta(seconds=80),
        claim=StepClaim(id=an_id(1), name=StepName.BOOK, lease_seconds=95, intent=intent),
    )


def test_a_booking_is_claimed_with_what_the_guest_typed() -> None:
    limit = timedelta(seconds=80)
    assert claim_book(ASKING, a_request(), at(book_limit=limit)) == claimed(INTENT)


def test_a_booking_with_a_card_counts_the_card_and_keeps_its_mask_only() -> None:
    limit = timedelta(seconds=80)
    change = claim_book(ASKING, a_request(a_payment()), at(book_limit=limit))
    assert change == claimed(CARD_INTENT, cards_tried=1)


@pytest.mark.parametrize("dining", [None, "1", "2"])
def test_a_seating_on_offer_or_none_may_be_asked_for(dining: str | None) -> None:
    change = claim_book(HELD, a_request(dining=dining), at())
    assert change.after.details.dining == dining


NO_SEATING = with_faults(
    RefusalCode.VALIDATION_FAILED, ("/dining", "is not one of the seatings offered")
)
NO_CARD_HERE = with_faults(
    RefusalCode.VALIDATION_FAILED, ("/payment", "is not taken together with the booking")
)
TOO_SOON = a_refusal(RefusalCode.HOLD_LAPSED, "The hold ends too soon to book. Hold it again.")
LET_GO = a_refusal(
    RefusalCode.HOLD_LAPSED, "The cabin was held too long and let go. Hold it again."
)
TOO_MANY_CARDS = a_refusal(RefusalCode.RATE_LIMITED, "Too many cards were tried.")
ONE_MISSING = with_faults(
    RefusalCode.PARTY_MISMATCH, ("/passengers", "2 travellers were priced, 1 are given")
)


def request_of_one() -> BookingDetails:
    return a_request(passengers=(a_passenger(),))


@pytest.mark.parametrize(
    ("session", "request_", "policy", "refusal"),
    [
        (a_session(State.EXPIRED), a_request(), {}, SESSION_OVER),
        (
            booking(),
            a_request(),
            {},
            a_refusal(RefusalCode.IN_PROGRESS, "The step book is still under way.", step="book"),
        ),
        (
            a_session(State.CABIN_SELECTED),
            a_request(),
            {},
            a_refusal(RefusalCode.WRONG_STATE, "book is not possible while cabin_selected."),
        ),
        (a_session(State.CABIN_SELECTED, basket=a_basket()), a_request(), {}, LET_GO),
        (
            a_session(State.BOOKED),
            a_request(),
            {},
            a_refusal(RefusalCode.WRONG_STATE, "book is not possible while booked."),
        ),
        (
            a_session(BASKETED, sailing=a_sailing(line_id=8)),
            a_request(),
            {},
            a_refusal(RefusalCode.LINE_NOT_BOOKABLE, "Royal Caribbean cannot be booked online."),
        ),
        (HELD, request_of_one(), {}, ONE_MISSING),
        (HELD, a_request(dining="9"), {}, NO_SEATING),
        (a_session(BASKETED, basket=a_basket(dining=())), a_request(), {}, NO_SEATING),
        (
            HELD,
            a_request(a_payment()),
            {"payment_channel": PaymentChannel.SUPPLIER_PAYMENT},
            NO_CARD_HERE,
        ),
        (HELD, a_request(a_payment()), {"payment_channel": PaymentChannel.MANUAL}, NO_CARD_HERE),
        (HELD, a_request(), {"pay_later": False}, PAYMENT_REQUIRED),
        (a_session(BASKETED, cards_tried=3), a_request(a_payment()), {}, TOO_MANY_CARDS),
        (
            a_session(BASKETED, cards_tried=1),
            a_request(a_payment()),
            {"max_cards": 1},
            TOO_MANY_CARDS,
        ),
        (
            HELD,
            a_request(a_payment(card=a_card("4111111111111112"))),
            {},
            with_faults(RefusalCode.CARD_INVALID, ("/payment/cardNumber", "is not a card number")),
        ),
        (
            HELD,
            a_request(a_payment(card=a_card(expiry_month=10, expiry_year=2026))),
            {},
            with_faults(RefusalCode.CARD_INVALID, ("/payment/expiryYear", "the card has expired")),
        ),
        (HELD, a_request(a_payment("499")), {}, price_is(usd("500"), not_=usd("499"))),
        (
            HELD,
            a_request(a_payment("500", payment_type=PaymentType.FULL_PAYMENT)),
            {},
            price_is(usd("3006.56"), not_=usd("500")),
        ),
        (
            HELD,
            a_request(replace(a_payment(), amount=eur("500"))),
            {},
            price_is(usd("500"), not_=eur("500")),
        ),
        (
            a_session(BASKETED, basket=a_basket(deposit=usd("3006.56"))),
            a_request(a_payment("500")),
            {},
            price_is(usd("3006.56"), not_=usd("500")),
        ),
        (
            a_session(BASKETED, basket=a_basket(hold_until=NOW + timedelta(seconds=90))),
            a_request(),
            {},
            TOO_SOON,
        ),
        (
            a_session(BASKETED, basket=a_basket(hold_until=NOW + timedelta(seconds=90))),
            a_request(dining="9"),
            {},
            NO_SEATING,
        ),
    ],
)
def test_what_can_be_refused_without_the_supplier_is(
    session: Session, request_: BookingDetails, policy: dict[str, Any], refusal: Refusal
) -> None:
    found = refused_by(lambda: claim_book(session, request_, at(**policy)))
    assert plain(found) == plain(refusal)


@pytest.mark.parametrize(
    ("session", "payment"),
    [
        (a_session(BASKETED, cards_tried=2), a_payment()),
        (HELD, a_payment("3006.56", payment_type=PaymentType.FULL_PAYMENT)),
        (a_session(BASKETED, basket=a_basket(deposit=usd("3006.56"))), a_payment("3006.56")),
        (a_session(BASKETED, basket=a_basket(deposit=usd("0"))), a_payment("3006.56")),
        (
            a_session(
                BASKETED, basket=a_basket(hold_until=NOW + timedelta(seconds=90, microseconds=1))
            ),
            a_payment(),
        ),
    ],
)
def test_the_amount_the_basket_asks_for_is_taken(session: Session, payment: Any) -> None:
    """Without a deposit option that is the total, whatever the guest calls it."""
    change = claim_book(session, a_request(payment), at())
    assert change.after.cards_tried == session.cards_tried + 1


def test_no_card_counts_as_none() -> None:
    """A guest out of cards may still book and pay later."""
    change = claim_book(a_session(BASKETED, cards_tried=3), a_request(), at())
    assert change.after.cards_tried == 3


def test_the_infants_band_of_the_policy_binds() -> None:
    rules = at().policy.party
    session = a_session(BASKETED, party=Party(adults=1, child_ages=(2,)))
    child = a_passenger(date(2024, 6, 1), passenger_type=PassengerType.CHILD)
    request = a_request(passengers=(a_passenger(), child))
    assert refused_by(lambda: claim_book(session, request, at())).code is RefusalCode.PARTY_MISMATCH
    assert rules.max_infant_age == 2


def test_the_bands_of_the_sailings_line_bind() -> None:
    bands = {22: AgeBands(max_infant_age=1, max_child_age=17)}
    moment = at(party=PartyRules(lines=bands))
    session = a_session(BASKETED, party=Party(adults=1, child_ages=(2,)))
    child = a_passenger(date(2024, 6, 1), passenger_type=PassengerType.CHILD)
    request = a_request(passengers=(a_passenger(), child))
    assert claim_book(session, request, moment).claim is not None


@pytest.mark.parametrize(
    ("deposit", "paid", "days", "due"),
    [
        ("500", "500", 90, SAILS - timedelta(days=90)),
        ("500", None, 90, SAILS - timedelta(days=90)),
        ("500", "500", 9_000, NOW.date()),
        ("500", "500", None, None),
        ("500", "3006.56", 90, None),
        ("3006.56", None, 90, None),
    ],
)
def test_a_balance_is_due_by_our_rule_where_the_line_names_no_day(
    deposit: str, paid: str | None, days: int | None, due: date | None
) -> None:
    session = booking(basket=a_basket(deposit=usd(deposit)))
    transactions = (a_transaction(amount=usd(paid)),) if paid else ()
    charge = a_payment(paid).charge if paid else None
    result = BookResult(answer=an_answer(transactions=transactions), charge=charge)
    made = settle_book(session, result, at(balance_days=days)).after.booking
    assert made is not None
    assert made.balance_due_date == due


@pytest.mark.parametrize(
    ("payment", "deposit"),
    [
        (None, False),
        (a_payment("500"), True),
        (a_payment("3006.56", payment_type=PaymentType.FULL_PAYMENT), False),
        (a_payment("3006.56"), False),
    ],
)
def test_the_order_is_for_a_deposit_when_less_than_the_total_is_paid(
    payment: Any, deposit: bool
) -> None:
    assert order_of(HELD, a_request(payment)) == BookOrder(
        session_key="sk-1",
        item_key="700001",
        sailing=a_sailing(),
        details=DETAILS,
        dining="1",
        deposit_booking=deposit,
        payment=payment,
        reference=HELD.reference,
    )


@pytest.mark.parametrize(
    ("session", "dining", "ordered"),
    [
        (HELD, None, "2"),
        (HELD, "1", "1"),
        (a_session(BASKETED, basket=a_basket(dining=())), None, ""),
    ],
)
def test_the_first_seating_is_ordered_where_none_is_wished(
    session: Session, dining: str | None, ordered: str
) -> None:
    assert order_of(session, a_request(dining=dining)).dining == ordered


NOT_HELD = a_refusal(RefusalCode.HOLD_LAPSED, "The cabin is no longer held. Hold it again.")
UNPRICED = a_refusal(RefusalCode.BASKET_UNPRICED, "The held cabin lost its price. Hold it again.")


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (NOTHING_HELD, NOT_HELD),
        (a_basket_answer(an_item(item_key="9")), NOT_HELD),
        (a_basket_answer(an_item(), an_item(item_key="9")), NOT_HELD),
        (a_basket_answer(an_item(), an_item()), NOT_HELD),
        (a_basket_answer(total=usd("0")), UNPRICED),
        (a_basket_answer(total=usd("3100")), price_is(usd("3100"), not_=usd("3006.56"))),
    ],
)
def test_another_card_is_tried_only_while_the_same_cabin_is_held_at_the_same_price(
    answer: BasketAnswer, refusal: Refusal
) -> None:
    assert plain(refused_by(lambda: ensure_still_held(HELD, answer, policy=Policy()))) == plain(
        refusal
    )
    ensure_still_held(HELD, a_basket_answer(), policy=Policy())


@pytest.mark.parametrize(
    ("consent", "found"),
    [
        (Consent(total=usd("3006.55")), price_is(usd("3006.56"), not_=usd("3006.55"))),
        (Consent(total=usd("3006.57")), price_is(usd("3006.56"), not_=usd("3006.57"))),
        (
            Consent(cabin_code="4D"),
            a_refusal(
                RefusalCode.SELECTION_STALE, "The cabin that is held is 2N at BEST, not 4D at BEST."
            ),
        ),
        (
            Consent(rate_code="SENIOR"),
            a_refusal(
                RefusalCode.SELECTION_STALE,
                "The cabin that is held is 2N at BEST, not 2N at SENIOR.",
            ),
        ),
    ],
)
def test_only_what_the_guest_agreed_to_is_booked(consent: Consent, found: Refusal) -> None:
    """A deposit may be the same for two cabins, so that its amount names neither."""
    request = a_request(consent=consent)
    assert plain(refused_by(lambda: claim_book(HELD, request, at()))) == plain(found)


def test_what_the_guest_agreed_to_is_booked() -> None:
    whole = Consent(total=usd("3006.56"), cabin_code="2N", rate_code="BEST")
    for consent in (Consent(), whole):
        assert claim_book(HELD, a_request(consent=consent), at()).claim is not None


def asked(answer: BookAnswer, *, card: bool = False) -> BookResult:
    return BookResult(answer=answer, charge=a_payment().charge if card else None)


def settled(outcome: str, **more: Any) -> Event:
    return an_event(EventKind.STEP_SETTLED, BASKETED, step="book", outcome=outcome, **more)


def booked_event(total: str = "3006.56 USD") -> Event:
    return a_move(Trigger.BOOK, BASKETED, State.BOOKED, reservation="F9WZ03", total=total)


EVIDENCE: dict[str, Any] = {
    "status": "Booked",
    "supplierBookingId": "777",
    "reservation": "F9WZ03",
    "total": "3006.56 USD",
}
PAID_EVIDENCE = EVIDENCE | {"authCodes": "A1B2C3", "fraud": "Green"}
PAID_EVENT = a_move(Trigger.PAY, State.BOOKED, State.PAID, amount="500.00 USD")
BOTH_DATES: dict[str, Any] = {
    "payment_due_at": NOW + timedelta(days=1),
    "balance_due_date": date(2027, 1, 1),
}


def test_a_reservation_is_a_booking() -> None:
    session = booking()
    wanted = Change(
        before=session,
        after=a_session(State.BOOKED, version=9, booking=a_booking(**BOTH_DATES)),
        events=(settled("done"), booked_event()),
        settle=a_settlement(StepStatus.DONE, **EVIDENCE),
    )
    assert settle_book(session, asked(an_answer(**BOTH_DATES)), at()) == to_be_collected(wanted)


def test_a_reservation_with_an_authcode_is_paid() -> None:
    """The first authcode is the receipt's."""
    session = booking()
    answer = an_answer(
        transactions=(
            a_transaction("", usd("0"), FraudCategory.YELLOW),
            a_transaction(fraud=None),
            a_transaction("Z9"),
        )
    )
    evidence = EVIDENCE | {
        "authCodes": "A1B2C3,Z9",
        "amounts": "0.00 USD",
        "fraud": "Yellow,Green",
    }
    assert settle_book(session, asked(answer, card=True), at()) == Change(
        before=session,
        after=a_session(State.PAID, version=10, booking=a_booking(paid=usd("500"), card=MASK)),
        events=(settled("done"), booked_event(), PAID_EVENT),
        settle=a_settlement(StepStatus.DONE, **evidence),
        payments=(
            PaymentRecord(amount=usd("500"), auth_code="A1B2C3", card=MASK, step_id=STEP_ID),
        ),
    )


def test_a_reservation_without_the_cards_authcode_leaves_the_payment_open() -> None:
    session = booking()
    step = OpenStep(
        id=an_id(1),
        name=StepName.PAY,
        status=StepStatus.UNKNOWN,
        since=NOW,
        fence=1,
        intent={"amount": "500.00 USD", "card": "VIS 1111"},
    )
    assert settle_book(session, asked(an_answer(), card=True), at()) == Change(
        before=session,
        after=a_session(State.BOOKED, version=10, booking=a_booking(card=MASK), open_step=step),
        events=(
            settled("done"),
            booked_event(),
            an_event(EventKind.STEP_UNKNOWN, State.BOOKED, step="pay"),
        ),
        settle=a_settlement(StepStatus.DONE, **EVIDENCE),
        tasks=(
            a_task(TaskKind.PAY_UNKNOWN, 2, step_id=an_id(1), facts=BOOKED_FACTS | said(EVIDENCE)),
        ),
    )


def test_a_reservation_at_another_price_is_booked_at_it_and_shown_to_a_person() -> None:
    session = booking()
    answer = an_answer(total=eur("3000"), transactions=(a_transaction(),))
    change = settle_book(session, asked(answer), at())
    evidence = PAID_EVIDENCE | {"total": "3000.00 EUR"}
    facts = BOOKED_FACTS | said(evidence)
    wanted = Change(
        before=session,
        after=a_session(
            State.BOOKED, version=9, booking=a_booking(total=eur("3000"), paid=eur("0"))
        ),
        events=(settled("done"), booked_event("3000.00 EUR")),
        settle=a_settlement(StepStatus.DONE, **evidence),
        tasks=(
            a_task(TaskKind.PRICE_MISMATCH, 1, facts=facts),
            a_task(TaskKind.REFUND, 2, facts=facts),
        ),
    )
    assert change == to_be_collected(wanted, 3)


def test_requests_of_the_guest_are_passed_on_by_a_person() -> None:
    """No call of the supplier carries them."""
    change = settle_book(booking(details=Details(special_requests="Cot")), asked(an_answer()), at())
    facts = BOOKED_FACTS
    assert change.tasks[:1] == (a_task(TaskKind.PASS_ON_REQUESTS, step_id=None, facts=facts),)


def test_a_total_not_told_is_the_baskets() -> None:
    change = settle_book(booking(), asked(an_answer(total=None)), at())
    assert change.after.booking == a_booking(collect_by=DAY_LATER)
    assert change.settle is not None
    assert "total" not in change.settle.evidence
    facts = BOOKED_FACTS | said(dict(change.settle.evidence))
    assert change.tasks[0] == a_task(TaskKind.PRICE_MISMATCH, facts=facts)


def test_a_payment_that_contradicts_what_was_asked_is_in_doubt_with_both_sides() -> None:
    taken = a_transaction(amount=usd("1"))
    change = settle_book(booking(), asked(an_answer(transactions=(taken,)), card=True), at())
    assert change.after.state is State.BOOKED
    assert change.after.open_step is not None
    assert (change.after.open_step.name, change.payments) == (StepName.PAY, ())
    (task,) = change.tasks
    assert task.kind is TaskKind.PAY_UNKNOWN
    assert "amounts 1.00 USD" in task.facts["answer"]


def said(evidence: dict[str, Any]) -> dict[str, str]:
    """Return the line's side as a task shows it."""
    return {"answer": ", ".join(f"{name} {value}" for name, value in evidence.items())}


LAG = timedelta(minutes=15) + timedelta(seconds=95)


def unknown_change(session: Session, evidence: dict[str, Any], *kinds: TaskKind) -> Change:
    step = a_step(StepName.BOOK, StepStatus.UNKNOWN)
    return Change(
        before=session,
        after=replace(session, version=8, open_step=step),
        events=(an_event(EventKind.STEP_UNKNOWN, BASKETED, step="book", **evidence),),
        settle=a_settlement(StepStatus.UNKNOWN, **evidence),
        tasks=tuple(
            a_task(kind, number, not_before=STEP_SINCE + LAG, facts=FACTS | said(evidence))
            for number, kind in enumerate(kinds, start=1)
        ),
    )


@pytest.mark.parametrize("kind", [FailureKind.TIMEOUT, FailureKind.BROKEN, FailureKind.ABANDONED])
@pytest.mark.parametrize("cancelled", [None, NOW])
def test_a_booking_that_may_have_been_made_stays_open_with_a_task(
    kind: FailureKind, cancelled: Any
) -> None:
    """Not before it could be seen at the supplier; a cancel waits for the answer."""
    session = booking(cancel_requested_at=cancelled)
    failure = Failure(error=SupplierError(kind, endpoint="book.pl"))
    evidence = {"failure": f"book.pl: {kind.value}"}
    expected = unknown_change(session, evidence, TaskKind.BOOK_UNKNOWN)
    assert settle_book(session, failure, at()) == expected


@pytest.mark.parametrize("card", [False, True])
def test_an_answer_that_proves_nothing_stays_open_with_its_evidence(card: bool) -> None:
    session = booking()
    answer = an_answer(
        status=BookStatus.OTHER,
        status_word="OnRequest",
        reservation=None,
        transactions=(a_transaction(),),
        error_codes=(5, 169),
    )
    evidence: dict[str, Any] = {
        "status": "OnRequest",
        "supplierBookingId": "777",
        "total": "3006.56 USD",
        "authCodes": "A1B2C3",
        "fraud": "Green",
        "errors": "5,169",
    }
    expected = unknown_change(session, evidence, TaskKind.BOOK_UNKNOWN, TaskKind.REFUND)
    assert settle_book(session, asked(answer, card=card), at()) == expected


RED = a_transaction(None, None, FraudCategory.RED)
YELLOW = a_transaction(None, None, FraudCategory.YELLOW)
FAILED_EVIDENCE: dict[str, Any] = {
    "status": "Failed",
    "supplierBookingId": "777",
    "total": "0.00 USD",
}


def test_a_declined_card_leaves_the_cabin_held_and_the_basket_to_be_looked_at() -> None:
    session = booking(cards_tried=1)
    assert settle_book(session, asked(a_failed_answer(RED), card=True), at()) == Change(
        before=session,
        after=a_session(BASKETED, version=8, cards_tried=1, basket=a_basket(recheck=True)),
        events=(settled("refused", code="card_declined"),),
        settle=a_settlement(
            StepStatus.REFUSED, CARD_DECLINED, **FAILED_EVIDENCE | {"fraud": "Red"}
        ),
    )


def test_failed_and_yellow_is_refused_where_the_policy_says_so() -> None:
    answer = asked(a_failed_answer(YELLOW), card=True)
    change = settle_book(booking(), answer, at(failed_yellow=FailedYellow.REFUSED))
    assert change.after.open_step is None
    assert change.settle is not None
    assert change.settle.refusal == CARD_DECLINED
    still_open = settle_book(booking(), answer, at())
    assert still_open.after.open_step == a_step(StepName.BOOK, StepStatus.UNKNOWN)


def failure(kind: FailureKind, text: str = "") -> Failure:
    return Failure(error=SupplierError(kind, endpoint="book.pl", text=text))


@pytest.mark.parametrize(
    ("ended", "refusal", "sent"),
    [
        (
            failure(FailureKind.REJECTED, "No."),
            a_refusal(RefusalCode.SUPPLIER_ERROR, "No."),
            True,
        ),
        (
            failure(FailureKind.INCOMPLETE, "Title missing"),
            a_refusal(RefusalCode.VALIDATION_FAILED, "Title missing"),
            True,
        ),
        (failure(FailureKind.NOT_SENT), a_refusal(RefusalCode.SUPPLIER_UNAVAILABLE), False),
        (
            Failure(error=Refused(price_is(usd("1"), not_=usd("2")))),
            price_is(usd("1"), not_=usd("2")),
            False,
        ),
    ],
)
def test_a_booking_certainly_not_made_leaves_the_cabin_held(
    ended: Failure, refusal: Refusal, sent: bool
) -> None:
    """What was sent may have changed the basket, which is looked at before the next attempt."""
    session = booking()
    assert settle_book(session, ended, at()) == Change(
        before=session,
        after=a_session(BASKETED, version=8, basket=a_basket(recheck=sent)),
        events=(settled("refused", code=refusal.code.value),),
        settle=a_settlement(StepStatus.REFUSED, refusal, sent=sent, **ended.evidence),
    )


WITH_CARD = a_step(StepName.BOOK, intent=CARD_INTENT)


@pytest.mark.parametrize(
    ("ended", "step", "counted"),
    [
        (failure(FailureKind.NOT_SENT), WITH_CARD, 1),
        (Failure(error=Refused(NOT_HELD)), WITH_CARD, 1),
        (failure(FailureKind.REJECTED), WITH_CARD, 2),
        (failure(FailureKind.NOT_SENT), a_step(StepName.BOOK), 2),
    ],
)
def test_a_card_that_was_certainly_never_sent_does_not_count(
    ended: Failure, step: OpenStep, counted: int
) -> None:
    change = settle_book(booking(open_step=step, cards_tried=2), ended, at())
    assert change.after.cards_tried == counted


SESSION_GONE = a_refusal(RefusalCode.HOLD_LAPSED, "The supplier let the cabin go.")


@pytest.mark.parametrize(
    ("ended", "refusal", "sent"),
    [
        (failure(FailureKind.SESSION_EXPIRED), SESSION_GONE, True),
        (Failure(error=Refused(NOT_HELD)), NOT_HELD, False),
        (Failure(error=Refused(UNPRICED)), UNPRICED, False),
    ],
)
def test_a_cabin_the_supplier_holds_no_more_is_let_go(
    ended: Failure, refusal: Refusal, sent: bool
) -> None:
    """What its basket may still have stays owed."""
    session = booking()
    assert settle_book(session, ended, at()) == Change(
        before=session,
        after=a_session(State.CABIN_SELECTED, version=9, basket=a_basket(), supplier=None),
        events=(
            settled("refused", code=refusal.code.value),
            a_move(
                Trigger.RELEASE_BASKET,
                BASKETED,
                State.CABIN_SELECTED,
                "the supplier holds it no more",
            ),
        ),
        settle=a_settlement(StepStatus.REFUSED, refusal, sent=sent, **ended.evidence),
        owed=(OWED,),
    )


CANCELLING = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)


def test_a_cancel_that_arrived_meanwhile_finds_a_reservation() -> None:
    """It is a person's work then, and the session stays booked until the line confirms."""
    change = settle_book(booking(cancel_requested_at=NOW), asked(an_answer()), at())
    assert change.after.state is State.BOOKED
    assert change.after.unwinding == CANCELLING
    assert change.tasks == (a_task(TaskKind.CANCEL_WITH_LINE, step_id=None, facts=BOOKED_FACTS),)


def test_a_cancel_that_arrived_meanwhile_waits_for_the_payment() -> None:
    change = settle_book(booking(cancel_requested_at=NOW), asked(an_answer(), card=True), at())
    assert change.after.unwinding is None
    assert change.after.open_step is not None


@pytest.mark.parametrize(
    "ended", [asked(a_failed_answer(RED), card=True), failure(FailureKind.NOT_SENT)]
)
def test_a_cancel_that_arrived_meanwhile_gives_back_what_was_not_booked(
    ended: BookResult | Failure,
) -> None:
    change = settle_book(booking(cancel_requested_at=NOW), ended, at())
    assert change.after.state is BASKETED
    assert change.after.unwinding == CANCELLING
    assert change.owed == (
        OwedUndo(id=an_id(1), session_key="sk-1", item_key="700001", hold_until=HELD_UNTIL),
    )
