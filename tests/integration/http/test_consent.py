"""What a guest agreed to is what is bought: versions, prices, cabins and corrected cards."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.service import Guest, Service, once

DECLINED = "4000000000000002"
DEARER_WHEN_HELD = "2199010"
NEW_KEY = "new Idempotency-Key"


def match(version: object, spelled: str = '"{}"') -> dict[str, str]:
    return {"If-Match": spelled.format(version)}


async def two_tabs(guest: Guest) -> tuple[dict[str, object], dict[str, object]]:
    """Hold one cabin in one tab and another in a second one; return what each tab shows."""
    first = (await guest.to_basketed()).body
    await guest.release()
    await guest.price()
    others = [cabin["cabinCode"] for cabin in guest.cabins]
    other = next(code for code in others if code != first["selection"]["cabinCode"])
    second = (await guest.select(guest.rate(other))).body
    assert second["price"]["deposit"] == first["price"]["deposit"], "both deposits are the same"
    return first, second


async def test_the_button_of_one_tab_does_not_buy_the_cabin_of_another(
    service: Service, guest: Guest
) -> None:
    """By the version that was shown, or by what was shown, whichever the tab sends."""
    first, second = await two_tabs(guest)
    deposit = guest.payment(first["price"]["deposit"], deposit=True)  # type: ignore[index]
    order = guest.booking(payment=deposit)
    old = await guest.book(order, headers=match(first["version"]))
    assert (old.status, old.code) == (412, "version_mismatch"), old
    assert (old.body["version"], old.body["state"]) == (second["version"], "basketed")
    other = await guest.book(order | guest.consent(first))
    assert (other.status, other.code) == (409, "selection_stale"), other
    neither = await guest.book(order)
    assert (neither.status, neither.code) == (428, "precondition_required"), neither
    assert (await service.simulator.ledger())["bookings"] == []
    right = await guest.book(order | guest.consent(second), headers=match(second["version"]))
    assert (right.status, right.body["state"]) == (201, "paid"), right


async def test_consent_to_a_deposit_names_all_three_or_a_version(guest: Guest) -> None:
    held = (await guest.to_basketed()).body
    order = guest.booking(payment=guest.payment(held["price"]["deposit"], deposit=True))
    for left_out in ("expectedTotal", "cabinCode", "rateCode"):
        told = {name: said for name, said in guest.consent(held).items() if name != left_out}
        assert (await guest.book(order | told)).code == "precondition_required"
    dearer = guest.consent(held) | {"expectedTotal": "1.00"}
    assert (await guest.book(order | dearer)).code == "price_changed"
    assert (await guest.book(order, headers=match(held["version"]))).status == 201


async def test_in_full_payment_consent_is_compared_when_it_is_sent(guest: Guest) -> None:
    held = (await guest.to_basketed()).body
    order = guest.booking(payment=guest.payment(held["price"]["total"]))
    assert (await guest.book(order | {"cabinCode": "XX"})).code == "selection_stale"
    assert (await guest.book(order)).status == 201


@pytest.mark.parametrize("spelled", ['"{}"', 'W/"{}"', '"{}-gzip"', '"0", "{}"'])
async def test_a_version_may_be_spelled_as_proxies_do(spelled: str, guest: Guest) -> None:
    version = (await guest.open()).body["version"]
    path = f"/api/v1/booking/{guest.session_id}/pricing"
    priced = await guest.service.call("GET", path, headers=match(version, spelled))
    assert priced.status == 200, priced
    stale = await guest.service.call("GET", path, headers=match(version, spelled))
    assert (stale.status, stale.code) == (412, "version_mismatch"), stale
    unquoted = await guest.service.call("GET", path, headers=match(version, "{}"))
    assert (unquoted.status, unquoted.code) == (400, "bad_request")


async def test_every_request_about_a_session_obeys_if_match(guest: Guest) -> None:
    await guest.to_basketed()
    old = match(0)
    held = (await guest.look()).body
    asked = [
        await guest.select(headers=old),
        await guest.hold(headers=old),
        await guest.book(headers=old),
        await guest.pay(guest.payment("1.00"), headers=old),
        await guest.cancel(headers=old),
        await guest.restart(headers=old),
        await guest.edit({"specialRequests": "A"}, headers=old),
    ]
    assert [(reply.status, reply.code) for reply in asked] == [(412, "version_mismatch")] * 7
    assert (await guest.look()).body["version"] == held["version"]


async def test_a_replay_is_answered_before_its_version_is_looked_at(guest: Guest) -> None:
    held = (await guest.to_basketed()).body
    order = guest.booking(payment=guest.payment(held["price"]["total"]))
    headers = {**match(held["version"]), **once("a key for one booking")}
    first = await guest.book(order, headers=headers)
    again = await guest.book(order, headers=headers)
    assert (first.status, again.status) == (201, 201), again
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_a_lower_price_than_expected_goes_through_and_is_shown(guest: Guest) -> None:
    await guest.to_priced()
    total = Decimal(guest.rate()["total"])
    held = await guest.select(expectedPrice=str(total + 10))
    assert (held.status, held.body["price"]["total"]) == (200, str(total)), held


async def test_the_price_that_was_last_told_may_be_agreed_to(guest: Guest) -> None:
    """The hold of this sailing always costs more than its prices say."""
    await guest.to_priced(cruise_id=DEARER_WHEN_HELD)
    refused = await guest.select()
    assert (refused.status, refused.code) == (409, "price_changed"), refused
    await guest.price()
    held = await guest.select(expectedPrice=refused.body["actual"])
    assert (held.status, held.body["state"]) == (200, "basketed"), held
    assert held.body["price"]["total"] == refused.body["actual"]
    paid = await guest.book(guest.booking(payment=guest.payment(refused.body["actual"])))
    assert (paid.status, paid.body["state"]) == (201, "paid")


async def test_a_decline_stays_with_its_key_and_says_that_a_new_one_is_needed(
    guest: Guest,
) -> None:
    total = (await guest.to_basketed()).body["price"]["total"]
    wrong = guest.booking(payment=guest.payment(total, card=DECLINED))
    key = once("the key of a declined card")
    for _ in range(2):
        reply = await guest.book(wrong, headers=key)
        assert (reply.status, reply.code) == (402, "card_declined"), reply
        assert NEW_KEY in reply.body["detail"]
        notes = {action["name"]: action["note"] for action in reply.body["nextActions"]}
        assert NEW_KEY in notes["book"]
        assert notes["cancel"] is None
    right = guest.booking(payment=guest.payment(total))
    paid = await guest.book(right, headers=once("the key of a corrected card"))
    assert (paid.status, paid.body["state"]) == (201, "paid")
