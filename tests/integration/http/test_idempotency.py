"""An Idempotency-Key makes a request happen once, and a replay shows what became of it."""

from __future__ import annotations

import asyncio

import pytest

from booking_http.api.action_links import BASE
from booking_http.api.idempotency import (
    KeyedHashes,
    bind,
    canonical,
    read_key,
    read_secret_key,
)
from booking_http.web.problems import Problem
from tests.support.service import CRUISE, Guest, Service, once

KEY = "0b8f3c1e5a7d49f2a6c4e8d1b3f50729"
HASHES = KeyedHashes(key=b"k" * 32)
ASK = {"cruiseId": CRUISE, "passengerCount": {"adults": 2}}


@pytest.mark.parametrize(
    "key", ["short", "x" * 256, "ünprintable-characters", "with\ttabs-in-it-here"]
)
def test_a_key_has_16_to_255_printable_characters(key: str) -> None:
    with pytest.raises(Problem) as found:
        read_key(key)
    assert found.value.code == "bad_request"


def test_no_key_is_no_key() -> None:
    assert read_key(None) is None
    assert read_secret_key(None) is None


@pytest.mark.parametrize(
    "key",
    [
        "b7e23ec2-9af2-4f0e-8e5a-6d1f2a3b4c5d",
        "B7E23EC29AF24F0E8E5A6D1F2A3B4C5D",
        "dGhpcyBpcyBzb21lIHJhbmRvbSBieXRlcw==",
        "dGhpcyBpcyBzb21lIHJhbmRv_-BieXRlcw",
    ],
)
def test_a_key_that_opens_a_session_is_one_that_nobody_guesses(key: str) -> None:
    assert read_secret_key(key) == key


@pytest.mark.parametrize(
    "key", ["booking-of-ada-0001", "a" * 31, "b7e23ec2-9af2-4f0e-8e5a", "sessions of Ada " * 3, ""]
)
async def test_a_guessable_key_opens_no_session(service: Service, guest: Guest, key: str) -> None:
    """Whoever shares an address and guesses the key would be shown another guest's secret."""
    reply = await guest.open(headers=once(key))
    assert (reply.status, reply.code) == (400, "bad_request")
    assert "UUID" in reply.body["detail"]
    assert await service.simulator.received("cruiseresults.pl") == 0


async def test_other_requests_take_any_key(guest: Guest) -> None:
    await guest.to_priced()
    assert (await guest.cancel(headers=once("booking-of-ada-0001"))).status == 200


def test_bodies_that_differ_in_order_or_security_code_only_are_the_same() -> None:
    """The security code is not even part of a hash."""
    one = {"amount": "1.00", "payment": {"cvv": "123", "cardNumber": "4"}}
    two = {"payment": {"cardNumber": "4", "cvv": "999"}, "amount": "1.00"}
    assert canonical(one) == canonical(two)
    assert b"123" not in canonical(one)


def test_neither_key_nor_body_can_be_read_from_a_binding() -> None:
    binding = bind(
        KEY, scope="s", route="POST /x", body={"name": "Alexa"}, success_status=200, hashes=HASHES
    )
    assert KEY.encode() not in binding.key_hash
    assert b"Alexa" not in binding.fingerprint
    assert (len(binding.key_hash), len(binding.fingerprint)) == (32, 33)


async def test_a_session_opened_twice_under_one_key_is_one_session(service: Service) -> None:
    """The replay returns the same sessionId, whose secret was never stored."""
    path = f"{BASE}/session"
    first = await service.call("POST", path, ASK, headers=once(KEY))
    second = await service.call("POST", path, ASK, headers=once(KEY))
    assert (first.status, second.status) == (201, 201)
    assert first.body["sessionId"] == second.body["sessionId"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    looked = await service.call("GET", f"{path}/{second.body['sessionId']}")
    assert looked.status == 200
    assert await service.simulator.received("cruiseresults.pl") == 1


async def test_a_key_used_for_another_body_is_refused(service: Service) -> None:
    path = f"{BASE}/session"
    await service.call("POST", path, ASK, headers=once(KEY))
    other = {**ASK, "passengerCount": {"adults": 1}}
    reply = await service.call("POST", path, other, headers=once(KEY))
    assert (reply.status, reply.code) == (422, "idempotency_key_reused")


async def test_ten_sessions_at_once_under_one_key_are_one(service: Service) -> None:
    replies = await asyncio.gather(
        *(service.call("POST", f"{BASE}/session", ASK, headers=once(KEY)) for _ in range(10))
    )
    assert {reply.status for reply in replies} == {201}
    assert len({reply.body["sessionId"] for reply in replies}) == 1


async def test_a_booking_sent_twice_is_booked_once(service: Service, guest: Guest) -> None:
    held = await guest.to_basketed()
    ask = guest.booking(payment=guest.payment(held.body["price"]["total"]))
    first = await guest.book(ask, headers=once(KEY))
    second = await guest.book(ask, headers=once(KEY))
    assert (first.status, second.status) == (201, 201)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.body["booking"] == first.body["booking"]
    ask["payment"]["cvv"] = "999"
    assert (await guest.book(ask, headers=once(KEY))).status == 201
    assert len((await service.simulator.ledger())["bookings"]) == 1


async def test_a_booking_sent_many_times_at_once_is_booked_once(
    service: Service, guest: Guest
) -> None:
    await guest.to_basketed()
    ask = guest.booking()
    replies = await asyncio.gather(*(guest.book(ask, headers=once(KEY)) for _ in range(8)))
    assert {reply.status for reply in replies} <= {201, 202}
    assert 201 in {reply.status for reply in replies}
    assert len((await service.simulator.ledger())["bookings"]) == 1


async def test_without_a_key_a_repeated_booking_cannot_act_twice(
    service: Service, guest: Guest
) -> None:
    await guest.to_basketed()
    replies = await asyncio.gather(*(guest.book() for _ in range(8)))
    assert [reply.status for reply in replies].count(201) == 1
    refused = {reply.code for reply in replies if reply.status != 201}
    assert refused <= {"in_progress", "wrong_state"}
    assert len((await service.simulator.ledger())["bookings"]) == 1


async def test_a_replay_of_an_unknown_booking_is_pending_still(
    service: Service, guest: Guest
) -> None:
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"], card="4000000000009995")
    ask = guest.booking(payment=payment)
    first = await guest.book(ask, headers=once(KEY))
    second = await guest.book(ask, headers=once(KEY))
    assert (first.status, second.status) == (202, 202)
    assert second.body["pending"]["outcome"] == "unknown"
    assert await service.simulator.received("book.pl") == 1


async def test_a_replay_of_a_declined_card_is_the_same_refusal(
    service: Service, guest: Guest
) -> None:
    """Another card needs another key."""
    held = await guest.to_basketed()
    total = held.body["price"]["total"]
    ask = guest.booking(payment=guest.payment(total, card="4000000000000002"))
    first = await guest.book(ask, headers=once(KEY))
    second = await guest.book(ask, headers=once(KEY))
    assert (first.code, second.code) == ("card_declined", "card_declined")
    assert second.headers["Idempotent-Replayed"] == "true"
    assert await service.simulator.received("book.pl") == 1
    other = guest.booking(payment=guest.payment(total))
    assert (await guest.book(other, headers=once(KEY))).code == "idempotency_key_reused"
    assert (await guest.book(other, headers=once(KEY + "2"))).status == 201


async def test_what_was_refused_before_it_was_sent_may_be_tried_again_under_its_key(
    guest: Guest,
) -> None:
    await guest.to_priced()
    refused = await guest.select(expectedPrice="1.00", headers=once(KEY))
    assert refused.code == "price_changed"
    again = await guest.select(expectedPrice=guest.rate()["total"], headers=once(KEY))
    assert (again.status, again.body["state"]) == (200, "basketed")


async def test_a_restart_replayed_is_the_same_new_session(service: Service, guest: Guest) -> None:
    await guest.to_priced()
    await service.advance(hours=3)
    assert (await guest.look()).body["state"] == "expired"
    first = await guest.restart(headers=once(KEY))
    second = await guest.restart(headers=once(KEY))
    assert (first.status, second.status) == (201, 201)
    assert first.body["sessionId"] == second.body["sessionId"] != guest.session_id


async def test_a_bad_key_is_refused_before_anything_is_done(service: Service, guest: Guest) -> None:
    reply = await guest.open(headers=once("short"))
    assert (reply.status, reply.code) == (400, "bad_request")
    assert await service.simulator.received("cruiseresults.pl") == 0


async def test_a_replay_of_a_cancel_that_people_must_carry_out_is_accepted_still(
    guest: Guest,
) -> None:
    await guest.to_booked()
    first = await guest.cancel(headers=once(KEY))
    second = await guest.cancel(headers=once(KEY))
    assert (first.status, second.status) == (202, 202)
    assert second.body["cancellation"]["status"] == "requested"


async def test_a_booking_whose_card_is_unknown_is_pending_in_its_replay_too(guest: Guest) -> None:
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"], card="4000000000000341")
    ask = guest.booking(payment=payment)
    first = await guest.book(ask, headers=once(KEY))
    second = await guest.book(ask, headers=once(KEY))
    assert (first.status, first.body["state"]) == (202, "booked")
    assert second.status == first.status
    for reply in (first, second):
        pending = reply.body["pending"]
        assert (pending["step"], pending["outcome"]) == ("pay", "unknown")
