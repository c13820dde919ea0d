"""Every way a request is refused has its own code, and leaves the session as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from booking_http.api.action_links import BASE
from tests.support.service import (
    AMEX,
    CARNIVAL,
    CRUISE,
    NOT_AT_SUPPLIER,
    SAILED,
    SOLD_OUT,
    Guest,
    Json,
    Service,
)

OPEN = f"{BASE}/session"


@pytest.mark.parametrize(
    ("cruise_id", "status", "code"),
    [
        ("0000000", 404, "cruise_not_found"),
        (CARNIVAL, 422, "line_not_bookable"),
        (SAILED, 422, "sailing_departed"),
        (SOLD_OUT, 409, "sold_out"),
    ],
)
async def test_what_cannot_be_booked_opens_no_session(
    guest: Guest, cruise_id: str, status: int, code: str
) -> None:
    reply = await guest.open(cruise_id)
    assert (reply.status, reply.code) == (status, code)
    assert reply.body["state"] is None
    assert "list_cruises" in [action["name"] for action in reply.body["nextActions"]]


async def test_a_sailing_the_supplier_does_not_offer_opens_no_session(guest: Guest) -> None:
    reply = await guest.open(NOT_AT_SUPPLIER)
    assert reply.status in (404, 409)
    assert reply.code in ("cruise_not_found", "sold_out")


@pytest.mark.parametrize(
    ("party", "pointer"),
    [
        ({"adults": 0}, "/passengerCount/adults"),
        ({"adults": -1}, "/passengerCount/adults"),
        ({"adults": 2, "children": 1}, "/passengerCount/childAges"),
        ({"adults": 2, "children": -1}, "/passengerCount/children"),
        ({"adults": 2, "children": 1, "childAges": [8, 9]}, "/passengerCount/childAges"),
        ({"adults": 2, "children": 1, "childAges": [18]}, "/passengerCount/childAges/0"),
        ({"adults": 2, "children": 1, "childAges": [-1]}, "/passengerCount/childAges/0"),
        ({"adults": 9}, "/passengerCount"),
        ({"adults": 10**12}, "/passengerCount/adults"),
        ({"adults": "2"}, "/passengerCount/adults"),
        ({"adults": 2.0}, "/passengerCount/adults"),
        ({"adults": True}, "/passengerCount/adults"),
        ({"adults": None}, "/passengerCount/adults"),
        ({}, "/passengerCount/adults"),
        ({"adults": 1, "children": 1, "childAges": ["8"]}, "/passengerCount/childAges/0"),
    ],
    ids=str,
)
async def test_a_party_that_cannot_travel_is_refused(
    service: Service, party: Json, pointer: str
) -> None:
    reply = await service.call("POST", OPEN, {"cruiseId": CRUISE, "passengerCount": party})
    assert (reply.status, reply.code) == (422, "party_invalid")
    assert pointer in reply.pointers


async def test_what_is_not_a_request_is_told_so(service: Service) -> None:
    """Malformed JSON, an unknown field, a wrong type, a large body: each its own code."""
    json = {"Content-Type": "application/json"}
    malformed = await service.call("POST", OPEN, raw=b'{"cruiseId": ', headers=json)
    assert (malformed.status, malformed.code) == (400, "malformed_json")
    empty = await service.call("POST", OPEN, raw=b"", headers=json)
    assert (empty.status, empty.code) == (400, "malformed_json")
    listed = await service.call("POST", OPEN, raw=b"[]", headers=json)
    assert (listed.status, listed.code) == (422, "validation_failed")
    form = await service.call(
        "POST", OPEN, raw=b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (form.status, form.code) == (415, "unsupported_media_type")
    large = await service.call("POST", OPEN, raw=b" " * 100_000, headers=json)
    assert (large.status, large.code) == (413, "body_too_large")


async def test_an_unknown_field_is_named_and_a_strange_name_is_not_repeated(
    service: Service,
) -> None:
    party = {"adults": 2}
    ask = {"cruiseId": CRUISE, "passengerCount": party, "discount": "all", "4111111111111111": 1}
    reply = await service.call("POST", OPEN, ask)
    assert (reply.status, reply.code) == (422, "validation_failed")
    assert sorted(reply.pointers) == ["", "/discount"]
    assert "4111111111111111" not in str(reply.body)


async def test_a_wrong_secret_is_as_unknown_as_a_session_that_never_was(
    service: Service, guest: Guest
) -> None:
    await guest.open()
    wrong = f"{guest.uuid}.{'A' * 43}"
    never = f"019a0000-0000-7000-8000-000000000000.{'A' * 43}"
    replies = [
        await service.call("GET", f"{OPEN}/{name}") for name in (wrong, never, guest.uuid, "x")
    ]
    assert {(reply.status, reply.code) for reply in replies} == {(404, "session_not_found")}
    bodies = [{**reply.body, "requestId": None} for reply in replies]
    assert all(body == bodies[0] for body in bodies)


async def test_a_place_that_does_not_exist_and_a_wrong_method_are_problems_too(
    service: Service,
) -> None:
    nowhere = await service.call("GET", "/nowhere")
    assert (nowhere.status, nowhere.code) == (404, "not_found")
    wrong = await service.call("PUT", OPEN, {})
    assert (wrong.status, wrong.code) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["Allow"]
    assert wrong.headers["Content-Type"].startswith("application/problem+json")


async def test_a_step_too_early_says_what_is_possible(guest: Guest) -> None:
    await guest.open()
    reply = await guest.book()
    assert (reply.status, reply.code) == (409, "wrong_state")
    assert reply.body["state"] == "created"
    assert "price" in [action["name"] for action in reply.body["nextActions"]]


async def test_a_basket_without_a_cabin_is_refused(guest: Guest) -> None:
    await guest.to_priced()
    reply = await guest.hold()
    assert reply.status == 409
    assert reply.code in ("cabin_required", "wrong_state")


async def test_a_selection_that_was_never_shown_is_stale(guest: Guest) -> None:
    await guest.to_priced()
    rate = guest.rate() | {"resultNo": "1_1"}
    reply = await guest.select(rate)
    assert (reply.status, reply.code) == (409, "selection_stale")


async def test_identifiers_that_moved_on_at_the_supplier_still_select_the_same_cabin(
    guest: Guest,
) -> None:
    """What was shown is found again in fresh grades: the guest need not start over."""
    await guest.to_priced()
    rate = guest.rate()
    assert (await guest.select(rate, addToBasket=False)).status == 200
    assert (await guest.select(rate)).body["state"] == "basketed"


async def test_the_held_selection_again_is_the_answer_not_an_error(guest: Guest) -> None:
    held = await guest.to_basketed()
    again = await guest.select()
    assert (again.status, again.body["version"]) == (200, held.body["version"])


async def test_another_cabin_while_one_is_held_is_refused(guest: Guest) -> None:
    await guest.to_basketed()
    held = guest.rate()
    other = next(
        rate | {"cabinCode": cabin["cabinCode"]}
        for cabin in guest.cabins
        for rate in cabin["rates"]
        if cabin["cabinCode"] != held["cabinCode"]
    )
    reply = await guest.select(other)
    assert (reply.status, reply.code) == (409, "already_basketed")


async def test_a_price_other_than_the_one_expected_is_refused_with_both(guest: Guest) -> None:
    await guest.to_priced()
    total = guest.rate()["total"]
    reply = await guest.select(expectedPrice="1.00")
    assert (reply.status, reply.code) == (409, "price_changed")
    assert (reply.body["expected"], reply.body["actual"]) == ("1.00", total)
    assert reply.body["currency"] == "USD"
    assert (await guest.look()).body["state"] == "priced"


async def test_without_an_expected_price_the_last_quote_is_the_bound(
    service: Service, guest: Guest
) -> None:
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "price_differs")
    reply = await guest.select()
    assert (reply.status, reply.code) == (409, "price_changed")
    assert reply.body["actual"] > "0"
    assert (await guest.look()).body["hold"] is None


async def test_an_unpriced_basket_is_refused_and_not_held(service: Service, guest: Guest) -> None:
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "unpriced_basket")
    reply = await guest.select()
    assert (reply.status, reply.code) == (409, "basket_unpriced")
    assert (await guest.look()).body["state"] == "cabin_selected"


async def test_a_grade_sold_out_since_it_was_shown_is_refused(
    service: Service, guest: Guest
) -> None:
    await guest.to_priced()
    code = guest.rate()["cabinCode"]
    await service.simulator.control("inventory", cruiseId=int(CRUISE), cabinCode=code, remaining=0)
    reply = await guest.select()
    assert reply.status == 409
    assert reply.code in ("sold_out", "rate_gone")


async def test_the_last_cabin_taken_by_somebody_else_is_sold_out(
    service: Service, guest: Guest
) -> None:
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "sold_out")
    reply = await guest.select()
    assert (reply.status, reply.code) == (409, "sold_out")


async def test_identifiers_that_went_stale_while_holding_are_refreshed(
    service: Service, guest: Guest
) -> None:
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "stale_resultno")
    assert (await guest.select()).body["state"] == "basketed"


async def test_a_rate_gone_since_it_was_shown_is_refused(service: Service, guest: Guest) -> None:
    """Its cabins are gone first; from then on fresh prices do not list it any more."""
    await guest.to_priced()
    await service.simulator.fault("cruisecabins.pl", "rate_gone")
    assert (await guest.select()).code in ("sold_out", "rate_gone")
    reply = await guest.select()
    assert (reply.status, reply.code) == (409, "rate_gone")
    assert "price" in [action["name"] for action in reply.body["nextActions"]]


async def test_a_chosen_cabin_that_went_is_never_replaced(guest: Guest) -> None:
    await guest.to_priced()
    reply = await guest.select(cabinNumber="99999")
    assert (reply.status, reply.code) == (409, "cabin_gone")
    assert (await guest.look()).body["state"] == "priced"


async def test_prices_in_another_currency_are_refused(service: Service, guest: Guest) -> None:
    await guest.open()
    await service.simulator.fault("cruisecabingrades.pl", "other_currency")
    reply = await guest.price()
    assert (reply.status, reply.code) == (502, "supplier_error")


async def test_a_hold_that_lapsed_lets_the_guest_hold_again(service: Service, guest: Guest) -> None:
    await guest.to_basketed()
    await service.advance(minutes=20)
    reply = await guest.book()
    assert (reply.status, reply.code) == (409, "hold_lapsed")
    assert reply.body["state"] == "cabin_selected"
    assert [a["name"] for a in reply.body["nextActions"]] == ["add_to_basket", "price"]
    again = await guest.hold()
    assert (again.status, again.body["state"]) == (200, "basketed")


async def test_an_expired_session_can_be_restarted_with_its_details(
    service: Service, guest: Guest
) -> None:
    await guest.to_priced(child_ages=(8,))
    await guest.edit({"specialRequests": "Quiet, please"})
    await service.advance(hours=3)
    reply = await guest.price()
    assert (reply.status, reply.code) == (410, "session_expired")
    assert reply.body["state"] == "expired"
    restart = reply.body["nextActions"][0]
    assert restart["name"] == "restart"
    again = await service.call(restart["method"], restart["href"])
    assert (again.status, again.body["state"]) == (201, "created")
    assert again.body["sessionId"] != guest.session_id
    assert again.body["passengerCount"]["childAges"] == [8]
    assert again.body["details"]["specialRequests"] == "Quiet, please"


def _without(ask: Json, *path: Any) -> Json:
    inner = ask
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return ask


def _with(ask: Json, *path: Any) -> Json:
    inner = ask
    for step in path[:-2]:
        inner = inner[step]
    inner[path[-2]] = path[-1]
    return ask


@pytest.mark.parametrize(
    ("spoil", "code", "pointer"),
    [
        (
            lambda a: _without(a, "passengers", 0, "title"),
            "validation_failed",
            "/passengers/0/title",
        ),
        (
            lambda a: _without(a, "passengers", 1, "nationality"),
            "validation_failed",
            "/passengers/1/nationality",
        ),
        (
            lambda a: _with(a, "passengers", 0, "title", " "),
            "validation_failed",
            "/passengers/0/title",
        ),
        (lambda a: _without(a, "contact", "email"), "validation_failed", "/contact/email"),
        (lambda a: _with(a, "contact", "email", "nobody"), "validation_failed", "/contact/email"),
        (lambda a: _with(a, "dining", "99"), "validation_failed", "/dining"),
        (lambda a: _without(a, "passengers", 1), "party_mismatch", "/passengers"),
        (
            lambda a: _with(a, "passengers", 1, "dateOfBirth", "2015-01-01"),
            "party_mismatch",
            "/passengers/1/passengerType",
        ),
        (
            lambda a: _with(a, "passengers", 1, "passengerType", "child"),
            "party_mismatch",
            "/passengers/1/passengerType",
        ),
    ],
)
async def test_travellers_who_are_not_complete_or_not_the_party_are_refused(
    guest: Guest, spoil: Callable[[Json], Json], code: str, pointer: str
) -> None:
    await guest.to_basketed()
    reply = await guest.book(spoil(guest.booking()))
    assert (reply.status, reply.code) == (422, code)
    assert pointer in reply.pointers
    assert (await guest.look()).body["state"] == "basketed"


async def test_a_declined_card_leaves_the_cabin_held_for_another(
    service: Service, guest: Guest
) -> None:
    held = await guest.to_basketed()
    total = held.body["price"]["total"]
    declined = await guest.book(
        guest.booking(payment=guest.payment(total, card="4000000000000002"))
    )
    assert (declined.status, declined.code) == (402, "card_declined")
    assert "book" in [action["name"] for action in declined.body["nextActions"]]
    other = await guest.book(guest.booking(payment=guest.payment(total)))
    assert (other.status, other.body["state"]) == (201, "paid")
    assert len((await service.simulator.ledger())["charges"]) == 1


async def test_a_card_no_bank_knows_is_refused_without_being_repeated(guest: Guest) -> None:
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"], card="4111111111111112")
    reply = await guest.book(guest.booking(payment=payment))
    assert (reply.status, reply.code) == (422, "card_invalid")
    assert reply.pointers == ["/payment/cardNumber"]
    assert "4111111111111112" not in str(reply.body)


async def test_american_express_is_taken(guest: Guest) -> None:
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"], card=AMEX, cvv="1234")
    reply = await guest.book(guest.booking(payment=payment))
    assert (reply.status, reply.body["state"]) == (201, "paid")
    assert reply.body["booking"]["card"] == {"brand": "amex", "last4": "0005"}


async def test_an_amount_the_basket_does_not_cost_is_refused(guest: Guest) -> None:
    await guest.to_basketed()
    reply = await guest.book(guest.booking(payment=guest.payment("1.00")))
    assert (reply.status, reply.code) == (409, "price_changed")


@pytest.mark.parametrize(
    ("fault", "status", "codes"),
    [
        ("timeout_before", 504, {"supplier_timeout"}),
        ("http_500", 502, {"supplier_error"}),
        ("html", 502, {"supplier_error"}),
        ("http_404", 502, {"supplier_misconfigured"}),
        ("malformed", 502, {"supplier_error"}),
    ],
)
async def test_a_supplier_in_trouble_is_told_apart(
    make_service: Any, fault: str, status: int, codes: set[str]
) -> None:
    service = await make_service()
    guest = service.guest()
    await guest.open()
    await service.simulator.fault("cruisecabingrades.pl", fault, times=None)
    reply = await guest.price()
    assert reply.status == status, reply
    assert reply.code in codes
    assert (await guest.look()).body["state"] == "created"


async def test_a_supplier_that_is_down_is_unavailable(make_service: Any) -> None:
    service = await make_service(supplier_url="http://127.0.0.1:9/2.1/json")
    reply = await service.guest().open()
    assert (reply.status, reply.code) == (503, "supplier_unavailable")
    assert reply.headers["Retry-After"]
    assert reply.body["retryable"] is True


async def test_a_failed_booking_under_review_is_pending_and_not_booked_twice(
    service: Service, guest: Guest
) -> None:
    """Failed and Yellow may yet turn Booked: the guest sees a pending step, never a problem."""
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"], card="4000000000009995")
    reply = await guest.book(guest.booking(payment=payment))
    assert reply.status == 202
    assert reply.body["state"] == "basketed"
    assert reply.body["pending"]["step"] == "book"
    assert reply.body["pending"]["outcome"] == "unknown"
    assert reply.body["expiresAt"] is None
    assert set(reply.actions) <= {"cancel"}
    again = await guest.book()
    assert (again.status, again.code) == (409, "in_progress")
    assert again.headers["Retry-After"]
    assert await service.simulator.received("book.pl") == 1


@pytest.mark.parametrize("surname", ["Timeout-After", "Reset-After", "Fivehundred-After"])
async def test_a_booking_that_may_have_happened_is_pending(make_service: Any, surname: str) -> None:
    service = await make_service()
    guest = service.guest()
    await guest.to_basketed()
    if surname == "Timeout-After":
        service.simulator.limits.silence("book")
    reply = await guest.book(guest.booking(surname=surname))
    assert (reply.status, reply.body["pending"]["step"]) == (202, "book")
    assert await service.simulator.received("book.pl") == 1


async def test_too_many_requests_are_believed_only_where_the_setting_says_so(
    make_service: Any,
) -> None:
    """A gateway may count a call that it has let through."""
    for setting, status, bookings in (("unknown", 202, 0), ("refused", 503, 1)):
        service: Service = await make_service(too_many_requests=setting)
        guest = service.guest()
        await guest.to_basketed()
        await service.simulator.fault("book.pl", "http_429")
        reply = await guest.book()
        assert reply.status == status
        again = await guest.book()
        assert again.code == "in_progress" if status == 202 else again.status == 201
        assert len((await service.simulator.ledger())["bookings"]) == bookings


async def test_cancelling_while_a_step_is_open_is_a_request(guest: Guest) -> None:
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"], card="4000000000009995")
    await guest.book(guest.booking(payment=payment))
    reply = await guest.cancel()
    assert reply.status == 202
    assert reply.body["cancellation"]["status"] == "requested"
    assert reply.body["allowedActions"] == []


async def test_a_booked_session_is_cancelled_by_people(guest: Guest) -> None:
    await guest.to_booked()
    reply = await guest.cancel()
    assert (reply.status, reply.body["state"]) == (202, "booked")
    assert reply.body["cancellation"]["status"] == "requested"


async def test_a_session_before_booking_is_cancelled_at_once(
    service: Service, guest: Guest
) -> None:
    await guest.to_basketed()
    reply = await guest.cancel()
    assert (reply.status, reply.body["state"]) == (200, "cancelled")
    assert (await service.simulator.ledger())["holds"] == []
    assert reply.actions == ["restart"]


async def test_letting_the_cabin_go_frees_it(service: Service, guest: Guest) -> None:
    await guest.to_basketed()
    reply = await guest.release()
    assert (reply.status, reply.body["state"]) == (200, "cabin_selected")
    assert (await service.simulator.ledger())["holds"] == []


async def test_a_booking_without_a_card_cannot_be_paid_here(guest: Guest) -> None:
    """By default the card goes with the booking; a later payment is for people."""
    booked = await guest.to_booked()
    assert booked.body["state"] == "booked"
    reply = await guest.pay(guest.payment(booked.body["booking"]["outstanding"]))
    assert reply.status in (409, 422)


async def test_an_if_match_of_another_version_is_refused(guest: Guest) -> None:
    opened = await guest.open()
    kept = await guest.edit({"specialRequests": "A"}, headers={"If-Match": opened.headers["ETag"]})
    assert (kept.status, kept.headers["ETag"]) == (200, '"1"')
    late = await guest.edit({"specialRequests": "B"}, headers={"If-Match": opened.headers["ETag"]})
    assert (late.status, late.code) == (412, "version_mismatch")
    assert (await guest.look()).body["details"]["specialRequests"] == "A"
    anything = await guest.edit({"specialRequests": ""}, headers={"If-Match": "*"})
    assert (anything.status, anything.body["details"]["specialRequests"]) == (200, None)
