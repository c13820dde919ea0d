"""Every fault at every call where it can occur: nothing is lost, and the guest is told the truth.

The simulator's table says which fault can occur where; its ledger is the judge of each cell.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from itertools import chain

import pytest

from adapters.simulator.faults import FAULTS
from booking_http.web.problems import PROBLEMS
from tests.acceptance.ledger import agrees, facts_of
from tests.integration.http.conftest import MakeService
from tests.support.service import Guest, Reply, Service, Simulator

RED = "4000000000000002"

Journey = Callable[[Guest], AsyncIterator[Reply]]


async def _to_held(guest: Guest) -> AsyncIterator[Reply]:
    yield await guest.open()
    if guest.session_id:
        yield await guest.price()
    if guest.cabins:
        yield await guest.select()


async def _to_paid(guest: Guest, *cards: str) -> AsyncIterator[Reply]:
    async for reply in _to_held(guest):
        yield reply
    if reply.status != 200:
        return
    for card in (*cards, "4111111111111111"):
        payment = guest.payment(reply.body["price"]["total"], card=card)
        yield await guest.book(guest.booking(payment=payment))


async def _second_card(guest: Guest) -> AsyncIterator[Reply]:
    async for reply in _to_paid(guest, RED):
        yield reply


async def _released(guest: Guest) -> AsyncIterator[Reply]:
    async for reply in _to_held(guest):
        yield reply
    if reply.status == 200:
        yield await guest.release()


async def _paid_later(guest: Guest) -> AsyncIterator[Reply]:
    async for reply in _to_held(guest):
        yield reply
    if reply.status == 200:
        total = reply.body["price"]["total"]
        yield await guest.book()
        yield await guest.pay(guest.payment(total))


JOURNEYS: dict[str, Journey] = {
    "token.pl": _to_paid,
    "cruiseresults.pl": _to_paid,
    "cruisecabingrades.pl": _to_paid,
    "cruisecabins.pl": _to_paid,
    "cruisecabingradebreakdown.pl": _to_paid,
    "basketadd.pl": _to_paid,
    "basket.pl": _second_card,
    "basketremove.pl": _released,
    "book.pl": _to_paid,
    "payment.pl": _paid_later,
}
CELLS = [
    (endpoint, fault.name)
    for endpoint in JOURNEYS
    for fault in FAULTS.values()
    if endpoint in fault.endpoints
]
EFFECTS = ("basketadd.pl", "basketremove.pl", "book.pl", "payment.pl")
READS = tuple(endpoint for endpoint in JOURNEYS if endpoint not in EFFECTS)
ACTING = ("basketadd.pl", "book.pl")


def _usual() -> frozenset[tuple[str, str]]:
    """Return the cells that run every time: each fault where it does most, which takes turns."""
    usual = set()
    for number, fault in enumerate(sorted(FAULTS)):
        cells = [cell for cell in CELLS if cell[1] == fault]
        acting = [cell for cell in cells if cell[0] in ACTING] or cells
        usual |= {acting[number % len(acting)]} if acting else set()
    return frozenset(usual)


USUAL = _usual()
MATRIX = [
    pytest.param(cell, id=" ".join(cell), marks=[] if cell in USUAL else pytest.mark.full)
    for cell in CELLS
]


def _told_the_truth(last: Reply) -> bool:
    """Whether the guest has the session, a pending step, or a problem of the documented ones."""
    if last.status in (200, 201):
        return last.body["pending"] is None
    if last.status == 202:
        return last.body["pending"] is not None
    return PROBLEMS[last.code or "a problem needs a code"].status == last.status


async def _walk(guest: Guest, journey: Journey) -> Reply:
    """Go the journey as far as it goes and return the last reply."""
    async for reply in journey(guest):
        assert _told_the_truth(reply), reply
    return reply


async def _certain(simulator: Simulator, last: Reply) -> bool:
    """Whether what the guest was told for certain is what the supplier's ledger shows."""
    ledger = await simulator.ledger()
    reserved = [row for row in ledger["bookings"] if row["reservation"]]
    if last.status == 201:
        return len(reserved) == 1
    refused_to_book = last.status >= 400 and last.body.get("state") == "basketed"
    return not (refused_to_book and reserved)


@pytest.fixture
async def service(make_service: MakeService, request: pytest.FixtureRequest) -> Service:
    """Run a service; for payment.pl, one that pays after booking."""
    endpoint, _ = request.getfixturevalue("cell")
    channel = "supplier_payment" if endpoint == "payment.pl" else "with_booking"
    made: Service = await make_service(payment_channel=channel)
    return made


@pytest.mark.parametrize("cell", MATRIX)
async def test_a_fault_loses_nothing_and_lies_to_nobody(
    cell: tuple[str, str], service: Service, seeded_url: str, simulator: Simulator
) -> None:
    endpoint, fault = cell
    await simulator.fault(endpoint, fault, times=None if endpoint in READS else 1)
    guest = service.guest()
    last = await _walk(guest, JOURNEYS[endpoint])
    assert await simulator.received(endpoint) > 0, last
    facts = await facts_of(seeded_url, guest)
    assert await agrees(simulator, facts), (last, facts, await simulator.ledger())
    assert await _certain(simulator, last), (last, await simulator.ledger())


AT_A_BALANCE = [
    pytest.param(name, marks=[] if name in ("duplicate_submit", "reset") else pytest.mark.full)
    for name, fault in FAULTS.items()
    if "payment.pl" in fault.endpoints
]


@pytest.mark.parametrize("fault", AT_A_BALANCE)
async def test_a_fault_at_a_balance_enters_no_more_than_was_charged(
    fault: str, make_service: MakeService, seeded_url: str, simulator: Simulator
) -> None:
    """What was paid before stays, and what was charged beyond it is open, or a person's."""
    service: Service = await make_service(payment_channel="supplier_payment")
    guest = service.guest()
    price = (await guest.to_booked()).body["price"]
    assert (await guest.pay(guest.payment(price["deposit"], deposit=True))).status == 200
    rest = Decimal(price["total"]) - Decimal(price["deposit"])
    await simulator.fault("payment.pl", fault)
    assert _told_the_truth(reply := await guest.pay(guest.payment(str(rest)))), reply
    body, facts = (await guest.look()).body, await facts_of(seeded_url, guest)
    assert facts is not None
    charged = sum(Decimal(row["amount"]) for row in (await simulator.ledger())["charges"])
    paid, deposit = Decimal(body["booking"]["paid"]), Decimal(price["deposit"])
    assert body["state"] == "paid"
    assert deposit <= paid <= max(deposit, charged), (reply, charged)
    if charged > paid:
        assert body["pending"] or '"refund"' in json.dumps(facts["tasks"]), (reply, facts)


def test_every_fault_has_a_cell() -> None:
    covered = {fault for _, fault in CELLS}
    lookups = {"cruiseimportbooking.pl", "cruiseshipdetails.pl"}
    assert covered == {f.name for f in FAULTS.values() if f.endpoints - lookups}
    assert set(chain.from_iterable(f.endpoints for f in FAULTS.values())) - set(JOURNEYS) <= lookups
