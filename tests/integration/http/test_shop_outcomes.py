"""What the guest's pages say once a doubt has ended, and long after the booking."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from uuid import UUID

import pytest

from booking_flow.lifecycle.cancellation import staff_task
from booking_flow.model.change import begin
from booking_flow.model.history import ActorKind, EventKind, Origin
from booking_flow.model.task import TaskKind
from booking_flow.staff.people import Role
from tests.integration.http.conftest import MakeService
from tests.support.service import Json, Service
from tests.support.shopping import Shopper
from tests.support.staff import Clerk, hire


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """Run a service with the guest's pages."""
    made: Service = await make_service(shop=True, balance_by_card=True)
    return made


async def waiting(service: Service, fault: str = "http_500_after") -> Shopper:
    """Return a guest who waits for the line's answer."""
    guest = Shopper(service)
    page = await guest.to_payment()
    await service.simulator.fault("book.pl", fault)
    assert (await guest.pays(page)).location == f"{guest.home}/wait"
    return guest


async def task_of(clerk: Clerk, kind: str) -> Json:
    tasks = (await clerk.call("GET", "tasks")).body["tasks"]
    found: Json = next(each for each in tasks if each["kind"] == kind)
    return found


def heading(html: str) -> str:
    """Return the first heading of a page."""
    (found, *_) = re.findall(r"<h1>([^<]*)</h1>", html)
    return str(found)


async def test_a_doubt_that_ended_well_is_good_news(service: Service) -> None:
    guest = await waiting(service)
    clerk = await hire(service, Role.AGENT)
    number = (await service.simulator.ledger())["bookings"][0]["reservation"]
    task = await task_of(clerk, "book_unknown")
    assert (await clerk.answer(task, "reservation", reservation=number)).status == 200
    shown = await guest.get((await guest.get(f"{guest.home}/wait")).location)
    assert heading(shown.html) == "Good news: you are booked"


@pytest.mark.parametrize(
    ("answer", "said"),
    [("paid", "Good news: your payment has arrived"), ("not_paid", "You are booked")],
)
async def test_only_a_payment_that_was_found_is_good_news(
    service: Service, answer: str, said: str
) -> None:
    guest = await waiting(service, "authcode_declined")
    clerk = await hire(service, Role.AGENT)
    assert (await clerk.answer(await task_of(clerk, "pay_unknown"), answer)).status == 200
    assert heading((await guest.get(f"/booking/{guest.reference}")).html) == said


async def contradicted(service: Service, guest: Shopper) -> None:
    """Let the line's late answer contradict what staff decided."""
    store, engine = service.parts.store, service.parts.engine
    loaded = await store.load(UUID(guest.secret.partition(".")[0]))
    assert loaded is not None
    at = engine.unit_of_work.at(loaded)
    task = staff_task(loaded.session, TaskKind.CONFLICT, at)
    change = begin(loaded.session).record(EventKind.LATE_ANSWER).put(disputed_since=loaded.now)
    done = await store.commit(change.plus(tasks=(task,)), origin=Origin(actor=ActorKind.WORKER))
    assert done.result.name == "DONE"


async def test_while_the_line_is_asked_nobody_is_told_that_its_answer_did_not_arrive(
    service: Service,
) -> None:
    guest = Shopper(service)
    page = await guest.to_payment()
    await service.simulator.fault("book.pl", "slow", seconds=2)
    paying = asyncio.create_task(guest.pays(page))
    await service.simulator.has_received("book.pl", 1)
    shown = await guest.get(f"{guest.home}/wait")
    assert heading(shown.html).startswith("Booking with")
    assert 'data-poll="5" data-asking' in shown.html
    assert "their answer did not arrive" not in shown.words
    assert "Do not book or pay again." in shown.words
    assert (await paying).location == f"/booking/{guest.reference}"
    assert heading((await guest.get(f"/booking/{guest.reference}")).html) == "You are booked"


async def test_two_answers_that_do_not_fit_together_have_words_of_their_own(
    service: Service,
) -> None:
    guest = await waiting(service, "http_500")
    await service.advance(hours=1)
    clerk = await hire(service, Role.AGENT)
    assert (await clerk.answer(await task_of(clerk, "book_unknown"), "not_booked")).status == 200
    await contradicted(service, guest)
    shown = await guest.get(f"{guest.home}/wait")
    assert heading(shown.html).startswith("A person is clearing your booking with")
    assert "two things about your booking that do not fit together" in shown.words
    assert "Do not book or pay again." in shown.words
    assert "their answer did not arrive" not in shown.words
    assert "conflict" not in shown.html.lower()


async def test_once_the_ship_has_left_the_page_looks_back(service: Service) -> None:
    guest = Shopper(service)
    await guest.pays(await guest.to_payment())
    sailing = guest.sailing
    assert sailing is not None
    before = await guest.get(f"/booking/{guest.reference}")
    assert "Check in online" in before.words
    today = str((await guest.body())["serverTime"])[:10]
    left = sailing - sailing.fromisoformat(today) + timedelta(days=1)
    await service.advance(days=left.days)
    after = await guest.get(f"/booking/{guest.reference}")
    assert heading(after.html) == "Your cruise"
    assert "The ship left on" in after.words
    assert "Check in online" not in after.words
    assert "/manage" in after.html


async def test_what_was_erased_is_told_and_the_numbers_stay(service: Service) -> None:
    guest = Shopper(service)
    await guest.pays(await guest.to_payment())
    supervisor = await hire(service, Role.SUPERVISOR)
    wishes = await task_of(supervisor, "pass_on_requests")
    assert (await supervisor.answer(wishes, "done")).status == 200
    await service.advance(days=120)
    uuid = guest.secret.partition(".")[0]
    assert (await supervisor.act(uuid, "erase-guest", reason="they asked us to")).status == 200
    shown = await guest.get(f"/booking/{guest.reference}")
    number = (await service.simulator.ledger())["bookings"][0]["reservation"]
    assert "What you typed has been erased. The numbers above stay." in shown.words
    assert number in shown.words
    assert "ada@example.com" not in shown.html
    assert "Adaa" not in shown.html
