"""What a worker does with a shop's sessions while nobody asks for them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from booking_http.web.metrics import Metrics
from booking_http.worker.main import running_worker
from persistence.histories import history
from tests.integration.http.conftest import MakeService
from tests.support.service import Guest, Service
from tests.support.waiting import eventually
from tests.support.workers import clocks_of, kinds_of_open_tasks, rows, worker_of

SOON = timedelta(seconds=5)


async def last_trigger(service: Service, guest: Guest) -> str | None:
    """Return what last happened to a session, without looking at it as a guest does."""
    events = await history(service.parts.database, UUID(guest.uuid))
    return next((e.event.trigger for e in reversed(events) if e.event.trigger), None)


async def test_a_hold_that_lapses_and_a_session_that_expires_are_entered_unasked(
    service: Service, guest: Guest
) -> None:
    await guest.to_basketed()
    worker, clocks = worker_of(service), clocks_of(service)
    assert await worker.drain() == 0
    await clocks.advance(timedelta(minutes=31))
    assert await worker.drain() > 0
    assert await last_trigger(service, guest) == "release_basket"
    await clocks.advance(timedelta(hours=2))
    await worker.drain()
    assert await last_trigger(service, guest) == "expire"
    assert await worker.drain() == 0


async def test_a_cancel_the_supplier_did_not_hear_is_repeated_until_it_does(
    service: Service, guest: Guest
) -> None:
    await guest.to_basketed()
    await service.simulator.fault("basketremove.pl", "http_500", times=3)
    assert (await guest.cancel()).body["state"] == "basketed"
    worker, clocks = worker_of(service), clocks_of(service)
    for _ in range(3):
        assert (await guest.look()).body["cancellation"]["status"] == "requested"
        await clocks.advance(timedelta(seconds=30))
        await worker.drain()
    assert (await guest.look()).body["state"] == "cancelled"
    assert (await service.simulator.ledger())["holds"] == []


async def test_a_cabin_released_without_an_answer_is_let_go_beside_the_session(
    service: Service, guest: Guest
) -> None:
    await guest.to_basketed()
    await service.simulator.fault("basketremove.pl", "http_500", times=2)
    assert (await guest.release()).body["state"] == "cabin_selected"
    assert len((await service.simulator.ledger())["holds"]) == 1
    await clocks_of(service).advance(timedelta(seconds=30))
    await worker_of(service).drain()
    assert (await service.simulator.ledger())["holds"] == []


async def test_a_hold_whose_answer_was_lost_is_found_in_the_basket(
    service: Service, guest: Guest
) -> None:
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "reset")
    pending = await guest.select()
    assert (pending.status, pending.body["pending"]["outcome"]) == (202, "unknown")
    await clocks_of(service).advance(SOON)
    await worker_of(service).drain()
    (held,) = (await service.simulator.ledger())["holds"]
    found = (await guest.look()).body
    assert (found["state"], found["pending"]) == ("basketed", None)
    assert held["cruiseId"] == found["cruise"]["cruiseId"]


async def test_a_booking_whose_answer_was_lost_is_found_in_the_back_office(
    make_service: MakeService, service: Service
) -> None:
    office = str(service.simulator.base / "_control" / "back-office")
    asking = await make_service(back_office_url=office)
    guest = asking.guest()
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"])
    pending = await guest.book(guest.booking(surname="Resetafter", payment=payment))
    assert pending.status == 202
    await clocks_of(asking).advance(SOON)
    await worker_of(asking).drain()
    found = (await guest.look()).body
    (booked,) = (await service.simulator.ledger())["bookings"]
    assert (found["state"], found["booking"]["reservation"]) == ("paid", booked["reservation"])
    assert await kinds_of_open_tasks(asking.parts.database, guest) == []
    assert await service.simulator.received("book.pl") == 1


async def test_without_a_channel_a_person_is_asked_and_the_machine_stops_asking(
    service: Service, guest: Guest
) -> None:
    await guest.to_basketed()
    assert (await guest.book(guest.booking(surname="Resetafter"))).status == 202
    worker, clocks = worker_of(service), clocks_of(service)
    await clocks.advance(SOON)
    assert await worker.drain() == 1
    await clocks.advance(timedelta(days=2))
    assert await worker.drain() == 0
    assert (await guest.look()).body["pending"]["outcome"] == "unknown"
    assert await kinds_of_open_tasks(service.parts.database, guest) == ["book_unknown"]


async def test_a_booking_nobody_paid_in_time_begins_to_be_undone_once(
    service: Service, guest: Guest
) -> None:
    await guest.to_booked()
    due = "UPDATE {} SET {} = booking_now() + interval '1 hour' WHERE {} = :id RETURNING 1"
    for names in (
        ("bookings", "payment_due_at", "session_id"),
        ("booking_sessions", "pay_by", "id"),
    ):
        await rows(service.parts.database, due.format(*names), id=UUID(guest.uuid))
    worker, clocks = worker_of(service), clocks_of(service)
    assert await worker.drain() == 0
    await clocks.advance(timedelta(hours=2))
    assert await worker.drain() == 1
    assert await kinds_of_open_tasks(service.parts.database, guest) == ["cancel_with_line"]
    assert (await guest.look()).body["state"] == "booked"
    assert await worker.drain() == 0


async def test_an_announcement_wakes_a_worker_that_would_sleep_long(
    make_service: MakeService,
) -> None:
    """The commit that leaves a step unknown says so; nobody waits for the next look."""
    service = await make_service(worker_poll_seconds=300)
    guest = service.guest()
    await guest.to_priced()
    async with running_worker(service.parts, metrics=Metrics()):
        await service.simulator.fault("basketadd.pl", "reset")
        assert (await guest.select()).status == 202

        async def held() -> bool:
            return bool((await guest.look()).body["state"] == "basketed")

        await eventually(held)


async def test_serve_works_by_itself_and_counts_it(make_service: MakeService) -> None:
    service = await make_service(worker=True, worker_poll_seconds=0.1)
    guest = service.guest()
    await guest.to_basketed()
    await clocks_of(service).advance(timedelta(hours=3))

    async def expired() -> bool:
        return await last_trigger(service, guest) == "expire"

    await eventually(expired)
    counted = await service.call("GET", "/metrics")
    assert 'booking_work_total{job="clock",outcome="done"}' in counted.body


async def test_a_booking_that_is_another_sessions_is_looked_for_again_much_later(
    make_service: MakeService, service: Service
) -> None:
    """One family, the same cabin twice: the back office shows the booking of the other session."""
    office = str(service.simulator.base / "_control" / "back-office")
    asking = await make_service(back_office_url=office)
    first, second = asking.guest(), asking.guest()
    await first.to_booked()
    await second.to_basketed()
    await service.simulator.fault("book.pl", "reset_before")
    assert (await second.book()).status == 202
    clocks = clocks_of(asking)
    await clocks.advance(SOON)
    await worker_of(asking).drain()
    assert (await second.look()).body["pending"]["outcome"] == "unknown"
    assert await kinds_of_open_tasks(asking.parts.database, second) == ["book_unknown"]
    (step,) = await rows(
        asking.parts.database,
        "SELECT next_attempt_at - booking_now() AS pause FROM saga_steps WHERE status = 'unknown'",
    )
    assert step.pause > timedelta(minutes=8)


async def test_an_undo_that_cannot_succeed_goes_to_a_person_whoever_tried_last(
    service: Service, guest: Guest
) -> None:
    """Attempts of the guest's own process count as well, so the eighth may not be a worker's."""
    await guest.to_basketed()
    await service.simulator.fault("basketremove.pl", "http_500", times=None)
    assert (await guest.release()).status == 200
    tried = (
        "UPDATE saga_steps SET attempts = 8, hold_until = NULL WHERE status = 'owed' RETURNING 1"
    )
    assert len(await rows(service.parts.database, tried)) == 1
    worker, clocks = worker_of(service), clocks_of(service)
    for _ in range(2):
        await clocks.advance(timedelta(minutes=15))
        await worker.drain()
    assert await kinds_of_open_tasks(service.parts.database, guest) == ["undo_stuck"]
