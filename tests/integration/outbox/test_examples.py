"""The examples of the API's document are what the service answers over the simulator."""

from __future__ import annotations

import json
import os
import re
from itertools import product
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from booking_http.api.openapi import build_document
from booking_http.routes import ROUTES
from booking_http.worker.line_notices import LineWatch
from tests.integration.outbox.test_lookup import EMAIL
from tests.integration.outbox.test_with_code import code, link
from tests.support.receivers import Office, Postbox, mail, open_office, part
from tests.support.recorded_examples import FILE, Recorder, outline, write
from tests.support.service import CRUISE, Guest, Json, Service

BOOKING = "/api/v1/booking"
DECLINED = "4000000000000002"
UNUSUAL = {("cancel_by_link", "200"), ("release_basket", "202")}
"""A link is to a booking, which people cancel; letting go waits only for another step's end."""
GUEST_TAGS = {"Cruises", "Session", "Cabins", "Basket", "Booking", "Look-up"}


@pytest.fixture
async def service(make_service: Any, postbox: Postbox) -> Service:
    """Return a service whose supplier tells terms, and which mails nothing itself."""
    settings = mail(postbox, agency=None) | {"terms_field": "terms"}
    made: Service = await make_service(**settings, worker=False)
    return made


@pytest.fixture
async def desk(seeded_url: str, service: Service, postbox: Postbox) -> Any:
    """Return an office that mails for the service."""
    settings = mail(postbox, agency=None, public_url="https://cruises.test/")
    async with open_office(seeded_url, **settings) as office:
        yield office


async def look_around(recorder: Recorder) -> Guest:
    """Find a sailing, look at its prices and cabins, and hold one."""
    guest = Guest(recorder)
    await recorder.call("GET", f"{BOOKING}/cruises?limit=2")
    await recorder.call("GET", f"{BOOKING}/cruises/{CRUISE}")
    await recorder.call("GET", f"{BOOKING}/cruises/1")
    await guest.open(child_ages=(8,))
    await guest.price()
    await guest.specific_cabins(guest.rate("4V"))
    await guest.breakdown(guest.rate("4V"))
    return guest


async def be_refused(recorder: Recorder, guest: Guest) -> None:
    """Meet the line's most frequent ways to say no before anything is held."""
    faults = {"price_differs": "2N", "sold_out": "2N", "unpriced_basket": "2D"}
    for fault, grade in faults.items():
        await recorder.simulator.fault("basketadd.pl", fault)
        await guest.price()
        await guest.select(guest.rate(grade))
    await guest.price()
    await guest.select(guest.rate("4V"), cabinCode="XX")
    await guest.hold()
    await guest.pay(guest.payment("1.00"))


async def book(recorder: Recorder, guest: Guest) -> None:
    """Hold, let go, hold again, and book with the second card."""
    await guest.select(guest.rate("4V"), addToBasket=False)
    await guest.hold()
    await recorder.call("GET", f"{guest.home}/basket")
    await guest.release()
    await guest.price()
    held = await guest.select(guest.rate("4V"))
    await guest.edit({"contact": guest.contact()})
    total = held.body["price"]["total"]
    await guest.book(guest.booking(payment=guest.payment(total, card=DECLINED)))
    await guest.book(guest.booking(payment=guest.payment(total)))
    await guest.look()


async def wait_for_answers(recorder: Recorder) -> None:
    """Send what the line does, and never answers."""
    for held_at_once in (True, False):
        guest = Guest(recorder)
        await guest.to_priced()
        if not held_at_once:
            await guest.select(addToBasket=False)
        await recorder.simulator.fault("basketadd.pl", "http_500_after")
        await (guest.select() if held_at_once else guest.hold())
    guest = Guest(recorder)
    await guest.to_basketed()
    await recorder.simulator.fault("book.pl", "http_500_after")
    await guest.book()


async def pay_apart(recorder: Recorder, desk: Office, postbox: Postbox) -> None:
    """Book where the payment is a call of its own, and pay: answered, and never answered."""
    for fault, by_link in product((None, "http_500_after"), (False, True)):
        guest = Guest(recorder)
        booked = await guest.to_booked()
        payment = guest.payment(booked.body["booking"]["outstanding"])
        if by_link:
            await desk.send()
            home = await link(recorder, guest, desk, postbox)
            payment["code"] = await code(recorder, home, desk, postbox)
        if fault:
            await recorder.simulator.fault("payment.pl", fault)
        if by_link:
            await recorder.call("POST", f"{home}/payment", payment)
        else:
            await guest.pay(payment)


async def come_back(recorder: Recorder, home: str, desk: Office, postbox: Postbox) -> None:
    """Change what a mailed code lets a guest change; only a link cancels with one."""
    await recorder.call("POST", f"{home}/data-copy", {"code": "000000"})
    asked: dict[str, Json] = {
        "corrections": {"pointer": "/contact/email", "value": EMAIL},
        "data-copy": {},
        "erasure-request": {},
    }
    if "lookup" in home:
        asked["cancel"] = {"reason": "We are ill."}
    for path, more in asked.items():
        digits = await code(recorder, home, desk, postbox)
        await recorder.call("POST", f"{home}/{path}", {"code": digits, **more})


async def be_mailed(recorder: Recorder, apart: Service, desk: Office, postbox: Postbox) -> None:
    """Ask to be mailed when the line answers, and come back by the mail."""
    guest, watch = Guest(recorder), LineWatch(apart.parts)
    await guest.open()
    await recorder.call("POST", f"{guest.home}/line-notice", {"email": EMAIL})
    await apart.advance(minutes=1)
    for session_id in await watch.notices.take(limit=1):
        await watch.look(session_id)
    await desk.send()
    (path,) = re.findall(r"/return/\S+", part(postbox.mails[-1], "plain"))
    await recorder.call("POST", BOOKING + path)


async def recorded(service: Service, apart: Service, desk: Office, postbox: Postbox) -> Json:
    """Record what a guest asks and is answered."""
    recorder = Recorder.of(service)
    guest = await look_around(recorder)
    await be_refused(recorder, guest)
    await guest.price()
    await book(recorder, guest)
    await wait_for_answers(recorder)
    later = Guest(recorder)
    await later.open()
    await later.cancel()
    await later.restart()
    other = Guest(recorder)
    await other.to_booked()
    await desk.send()
    await come_back(recorder, other.home, desk, postbox)
    await other.cancel()
    await come_back(recorder, await link(recorder, guest, desk, postbox), desk, postbox)
    await pay_apart(recorder.of_same(apart), desk, postbox)
    await be_mailed(recorder.of_same(apart), apart, desk, postbox)
    return recorder.examples(guest.sailing_date)


async def test_the_documents_examples_are_what_is_answered(
    service: Service, make_service: Any, desk: Office, postbox: Postbox
) -> None:
    """`make examples` records them anew."""
    settings = mail(postbox, agency=None, public_url="https://cruises.test/")
    apart = await make_service(payment_channel="supplier_payment", worker=False, **settings)
    found = await recorded(service, apart, desk, postbox)
    if os.environ.get("RECORD_EXAMPLES"):
        write(found)
    kept, now = outline(json.loads(FILE.read_text())), outline(found)
    assert {
        at: (kept.get(at), now.get(at)) for at in kept | now if kept.get(at) != now.get(at)
    } == {}


def test_every_example_is_what_the_document_says() -> None:
    document = build_document(ROUTES)
    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    registry: Registry[Json] = Registry().with_resource("urn:api", resource)
    checked = 0
    for content in contents(document):
        shown = [each["value"] for each in content.get("examples", {}).values()]
        shown += [content["example"]] if "example" in content else []
        schema = json.loads(json.dumps(content["schema"]).replace("#/", "urn:api#/"))
        for each in shown:
            OAS31Validator(schema, registry=registry).validate(each)
            checked += 1
    assert checked > 40


def contents(node: Any) -> list[Json]:
    """Return every place of the document at which a body is described."""
    if isinstance(node, list):
        return [found for each in node for found in contents(each)]
    if not isinstance(node, dict):
        return []
    here = [each for each in node.get("content", {}).values() if "schema" in each]
    return here + [found for each in node.values() for found in contents(each)]


def test_every_answer_of_a_guests_operation_has_an_example() -> None:
    document = build_document([route for route in ROUTES if not route.staff])
    bare = [
        (operation["operationId"], status)
        for item in document["paths"].values()
        for operation in item.values()
        if operation["tags"][0] in GUEST_TAGS
        for status, answer in operation["responses"].items()
        for media, content in answer.get("content", {}).items()
        if media == "application/json" and "example" not in content
        if (operation["operationId"], status) not in UNUSUAL
    ]
    assert bare == []
