"""book.pl: the only call that makes a reservation, and it knows no way to ask twice safely."""

from decimal import Decimal

from adapters.simulator.call import Call
from adapters.simulator.endpoints.basket import UPLIFT
from adapters.simulator.endpoints.book_body import Answer, booking_body
from adapters.simulator.endpoints.book_checks import (
    Payment,
    card_payment,
    check_allocation,
    check_amount,
    check_items,
    check_people,
)
from adapters.simulator.pricing import deposit
from adapters.simulator.state import BasketItem, Charge, SupplierBooking
from adapters.simulator.wire import Json, RefusalError, already_booked

REPRICED = Decimal("1.05")
_FAILURES = ("failed_yellow", "yellow_turns_booked", "failed_red", "failed_with_authcode")
_COLOURS = {"failed_yellow": "Yellow", "yellow_turns_booked": "Yellow", "failed_red": "Red"}


def book(call: Call) -> Json:
    """Check everything, then book all of the basket or fail with a booking id."""
    people = check_people(call)
    payment = card_payment(call)
    check_allocation(call)
    again = _booked_before(call)
    if again is not None:
        return booking_body(call, _second_time(call, again, people, payment))
    items = check_items(call)
    if payment is not None:
        check_amount(call, payment, items)
    _lapse_by_fault(call, items)
    for item in items:
        _settle_lapsed(call, item)
    return booking_body(call, _attempt(call, items, people, payment))


def _booked_before(call: Call) -> BasketItem | None:
    """Return an allocated row that has a reservation already."""
    items = [call.supplier.state.items[str(key)] for key in call.body["allocation"]]
    return next((item for item in items if call.supplier.booking_of(item)), None)


def _second_time(
    call: Call, item: BasketItem, people: list[dict[str, str]], payment: Payment | None
) -> Answer:
    """Answer a second book.pl for the same row as the policy says."""
    policy = call.supplier.settings.second_book
    if policy == "error":
        raise already_booked()
    if policy == "duplicate":
        return _attempt(call, [item], people, payment)
    first = call.supplier.booking_of(item)
    charges = [
        one for one in call.supplier.state.charges if first and one.booking_id == first.booking_id
    ]
    return Answer(
        bookings=[first] if first else [],
        items=[item],
        payment=payment,
        charge=next(iter(charges), None),
    )


def _lapse_by_fault(call: Call, items: list[BasketItem]) -> None:
    """Let the holds run out this very moment."""
    if call.meets("hold_lapsed"):
        for item in items:
            item.until = call.supplier.clock.now()


def _settle_lapsed(call: Call, item: BasketItem) -> None:
    """Refuse, re-price or let pass a row whose hold has lapsed, as the policy says."""
    supplier, now = call.supplier, call.supplier.clock.now()
    if item.holds(now):
        return
    grade, sailing = supplier.grade(item.sailing, item.grade), supplier.sailings[item.sailing]
    sellable = supplier.inventory.can_sell(sailing, grade, item.cabin_number, now)
    if supplier.settings.book_after_release == "error" or not sellable:
        raise RefusalError(152, "The cabin is no longer held")
    if supplier.settings.book_after_release == "reprice":
        _reprice(call, item, REPRICED)


def _reprice(call: Call, item: BasketItem, factor: Decimal) -> None:
    """Raise a row's price."""
    supplier = call.supplier
    item.uplift *= factor
    item.total = supplier.priced(item).total
    item.deposit = deposit(
        supplier.sailings[item.sailing],
        item.total,
        call.session.party,
        currency=item.currency,
        today=supplier.clock.today(),
    )


def _attempt(
    call: Call, items: list[BasketItem], people: list[dict[str, str]], payment: Payment | None
) -> Answer:
    """Fail or succeed, as fault and card have it."""
    failure = next((name for name in _FAILURES if call.meets(name)), None)
    if payment is not None and not payment.plausible:
        failure = "failed_red"
    if failure is not None:
        return _failed(call, items, people, payment, failure)
    if call.meets("unknown_status"):
        return _other_status(call, items, people, payment)
    return _booked(call, items, people, payment)


def _failed(
    call: Call,
    items: list[BasketItem],
    people: list[dict[str, str]],
    payment: Payment | None,
    failure: str,
) -> Answer:
    """Issue a booking id that is no booking; the rows stay in the basket."""
    bookings = [_record(call, item, people, status="Failed") for item in items]
    charge = None
    if failure == "failed_with_authcode":
        charge = _charged(call, bookings, payment)
    if _is_reviewed(call, failure):
        _put_under_review(call, bookings, payment)
    return Answer(
        bookings=bookings,
        items=items,
        payment=payment,
        charge=charge,
        fraud_category=_COLOURS.get(failure, "Green"),
    )


def _is_reviewed(call: Call, failure: str) -> bool:
    """Say whether the failure is not the last word, by fault or by policy."""
    by_policy = call.supplier.settings.failed_yellow_turns_booked
    return failure == "yellow_turns_booked" or (failure == "failed_yellow" and by_policy)


def _put_under_review(call: Call, bookings: list[SupplierBooking], payment: Payment | None) -> None:
    """Let a failed booking turn into a real one later; the fault's does at once or when it says."""
    seconds: float = call.supplier.settings.yellow_review_seconds
    if call.meets("yellow_turns_booked"):
        seconds = call.fault_seconds(0)
    for booking in bookings:
        paid_here = payment is not None and booking.item_key == payment.item_key
        amount = payment.amount if payment and paid_here else None
        call.supplier.review(booking, amount, seconds=seconds)


def _other_status(
    call: Call, items: list[BasketItem], people: list[dict[str, str]], payment: Payment | None
) -> Answer:
    """Leave the booking open with a status word of the supplier's own; the cabin is kept for it."""
    word = call.supplier.settings.other_status_word
    bookings = [_record(call, item, people, status=word) for item in items]
    _take_out_of_basket(call, items)
    return Answer(bookings=bookings, items=items, payment=payment)


def _booked(
    call: Call, items: list[BasketItem], people: list[dict[str, str]], payment: Payment | None
) -> Answer:
    """Make the reservation and charge the card, quirks of the fault included."""
    for item in items:
        if call.meets("price_differs"):
            _reprice(call, item, UPLIFT)
        if call.meets("other_currency"):
            item.currency = "EUR" if item.currency == "GBP" else "GBP"
            _reprice(call, item, Decimal(1))
    bookings = [_record(call, item, people, status="Booked") for item in items]
    for booking, item in zip(bookings, items, strict=True):
        booking.reservation = call.supplier.reservation_number(call.supplier.sailings[item.sailing])
    _take_out_of_basket(call, items)
    charge = None
    if not (call.meets("booked_without_authcode") or call.meets("authcode_declined")):
        charge = _charged(call, bookings, payment)
    return Answer(
        bookings=bookings, items=items, payment=payment, charge=charge, errors=_errors(call)
    )


def _charged(call: Call, bookings: list[SupplierBooking], payment: Payment | None) -> Charge | None:
    """Charge the card that was sent; without a card there is nothing to take money from."""
    if payment is None:
        return None
    paid = next((one for one in bookings if one.item_key == payment.item_key), bookings[0])
    amount = Decimal(1) if call.meets("charged_too_little") else payment.amount
    return call.supplier.charge(paid, amount)


def _errors(call: Call) -> list[Json]:
    """Return the errors that stand beside a booking id by fault."""
    return (
        [{"code": None, "text": "Error communicating with supplier"}]
        if call.meets("errors_with_bookingid")
        else []
    )


def _take_out_of_basket(call: Call, items: list[BasketItem]) -> None:
    """Turn holds into sold cabins; the basket is empty afterwards."""
    for item in items:
        item.booked = True
        call.supplier.inventory.keep(item)
        call.session.drop(item.key)


def _record(
    call: Call, item: BasketItem, people: list[dict[str, str]], *, status: str
) -> SupplierBooking:
    """Issue a booking id; only a booking that did not fail has a total."""
    booking = SupplierBooking(
        booking_id=10_000_000 + call.supplier.state.number(),
        item_key=item.key,
        session=call.session.key,
        sailing=item.sailing,
        reservation="",
        status=status,
        total=Decimal(0) if status == "Failed" else item.total,
        currency=item.currency,
        booked_at=call.supplier.clock.now(),
        passengers=tuple(people),
        internal_reference=str(call.body.get("internalref") or ""),
    )
    call.supplier.state.bookings.append(booking)
    return booking
