"""Money received outside, as staff record it: by program and on a session's page."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from booking_flow.staff.people import Role
from booking_http.worker.outbox_sender import send_due
from tests.integration.http.conftest import MakeService
from tests.support.console import at_desk, page_of
from tests.support.receivers import mail, running_postbox
from tests.support.service import Guest, Json, Reply, Service
from tests.support.staff import WHY, Clerk, audit, hire, rows

RECORD = "record-payment"
MANUAL: Any = {"payment_channel": "manual"}


async def received(clerk: Clerk, guest: Guest, amount: str, currency: str = "USD") -> Reply:
    return await clerk.act(guest.uuid, RECORD, amount=amount, currency=currency)


async def last_event(clerk: Clerk, guest: Guest) -> Json:
    """Return the newest event of a history that folds."""
    history = (await clerk.call("GET", f"sessions/{guest.uuid}/history")).body
    assert history["folds"], history["problem"]
    event: Json = history["events"][-1]
    assert (event["actor"], event["name"], event["reason"]) == ("staff", clerk.name, WHY)
    return event


async def entered(service: Service) -> list[Decimal]:
    """Return all money that was entered; none of it has a card."""
    found = await rows(service, "SELECT * FROM booking_payments ORDER BY id")
    assert {(row.currency, row.auth_code, row.card_last4) for row in found} <= {("USD", None, None)}
    return [row.amount for row in found]


async def test_money_received_outside_pays_a_booking(make_service: MakeService) -> None:
    """What is due now moves it along the flow, with a mail; the balance is money alone."""
    async with running_postbox() as postbox:
        service: Service = await make_service(**MANUAL, **mail(postbox, agency=None))
        agent, guest = await hire(service, Role.AGENT), service.guest()
        price = (await guest.to_basketed()).body["price"]
        await guest.book()
        deposit, balance = price["deposit"], Decimal(price["total"]) - Decimal(price["deposit"])
        done = await received(agent, guest, deposit)
        assert (done.status, done.body["state"]) == (200, "paid")
        assert done.body["booking"]["paid"] == deposit
        event = await last_event(agent, guest)
        assert (event["what"], event["trigger"]) == ("transition", "pay")
        assert event["facts"] == {"amount": f"{deposit} USD", "outstanding": f"{balance} USD"}
        while await send_due(service.parts):
            pass
        assert postbox.mails[-1]["Subject"].startswith("Booked and paid")

        rest = await received(agent, guest, str(balance))
        assert (rest.status, rest.body["state"]) == (200, "paid")
        assert rest.body["booking"]["outstanding"] == "0.00"
        assert (await last_event(agent, guest))["what"] == "note"
        assert await entered(service) == [Decimal(deposit), balance]
        kept = [(entry.name, json.loads(entry.facts)) for entry in await audit(service, RECORD)]
        assert kept == [(agent.name, {"amount": f"{each} USD"}) for each in (deposit, balance)]
        over = await received(agent, guest, "1.00")
        assert (over.status, over.code) == (409, "wrong_state")


async def test_an_amount_that_cannot_be_is_refused_where_it_stands(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(**MANUAL)
    agent, guest = await hire(service, Role.AGENT), service.guest()
    total = (await guest.to_booked()).body["booking"]["total"]
    too_much = str(Decimal(total) + Decimal("0.01"))
    for amount, currency, pointer in (
        *((too_much, "USD", "/amount"), ("0.00", "USD", "/amount"), ("-1.00", "USD", "/amount")),
        *(("500.00", "EUR", "/currency"), ("500.00", "dollars", "/currency")),
    ):
        refused = await received(agent, guest, amount, currency)
        assert (refused.status, refused.pointers) == (422, [pointer]), (amount, currency)
    assert (await guest.look()).body["state"] == "booked"
    assert await entered(service) == []


@pytest.mark.parametrize("channel", ["with_booking", "supplier_payment"])
async def test_what_is_due_now_is_entered_whatever_the_channel(
    make_service: MakeService, channel: str
) -> None:
    """The guest may have no way left to pay it: their card was refused, or their session ended."""
    service: Service = await make_service(payment_channel=channel)
    agent, guest = await hire(service, Role.AGENT), service.guest()
    deposit = (await guest.to_booked()).body["price"]["deposit"]
    session = (await agent.read(guest.uuid))["session"]
    assert RECORD in [each["name"] for each in session["allowedActions"]]
    done = await received(agent, guest, deposit)
    assert (done.status, done.body["state"]) == (200, "paid")
    assert await entered(service) == [Decimal(deposit)]


async def test_a_payment_is_recorded_on_the_page(make_service: MakeService) -> None:
    service: Service = await make_service(**MANUAL)
    agent, guest = await at_desk(service, Role.AGENT), service.guest()
    total = (await guest.to_booked()).body["booking"]["total"]
    path, page = f"{page_of(guest)}/{RECORD}", await agent.get(page_of(guest))
    wrong = await agent.send(page, path, reason="transfer 4711", amount="much")
    assert (wrong.status, 'id="amount-fault"' in wrong.html) == (422, True)
    over = await agent.send(page, path, reason="transfer 4711", amount="999999.00")
    assert (over.status, "must not exceed the outstanding" in over.alert) == (422, True)
    assert 'value="999999.00"' in over.html
    done = await agent.send(over, path, reason="transfer 4711", amount=total)
    assert (done.status, done.location) == (303, f"{page_of(guest)}?done={RECORD}")
    shown = (await agent.get(done.location)).words
    assert "The payment is recorded." in shown
    assert f"{total} USD" in shown
    assert "Recorded a payment by Sam Example" in shown
