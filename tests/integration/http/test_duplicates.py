"""Two bookings at the line for one session: entered by staff, shown to the guest, ended by both."""

from __future__ import annotations

from booking_flow.staff.people import Role
from tests.support.console import at_desk, page_of
from tests.support.service import Guest, Json, Service
from tests.support.staff import Clerk, hire, rows

ENTER = "enter-duplicate"


async def booked_twice(service: Service) -> tuple[Clerk, Guest, str]:
    """Return a guest whose booking reached the line twice, and the number they do not know."""
    agent, guest = await hire(service, Role.AGENT), service.guest()
    total = (await guest.to_basketed()).body["price"]["total"]
    await service.simulator.control("policy", second_book="duplicate")
    await service.simulator.fault("book.pl", "duplicate_submit")
    done = await guest.book(guest.booking(payment=guest.payment(total)))
    assert done.status == 201, done
    ledger = await service.simulator.ledger()
    assert (len(ledger["bookings"]), len(ledger["charges"])) == (2, 2)
    numbers = {each["reservation"] for each in ledger["bookings"]}
    (second,) = numbers - {done.body["booking"]["reservation"]}
    return agent, guest, second


async def shown(guest: Guest) -> list[tuple[str, str]]:
    booking: Json = (await guest.look()).body["booking"]
    return [(each["reservation"], each["status"]) for each in booking["duplicates"]]


async def task_of(agent: Clerk) -> Json:
    tasks = (await agent.call("GET", "tasks")).body["tasks"]
    (found,) = (task for task in tasks if task["kind"] == "duplicate_booking")
    task: Json = found
    return task


async def test_of_two_bookings_one_is_cancelled_and_the_session_shows_it(service: Service) -> None:
    agent, guest, second = await booked_twice(service)
    first = (await guest.look()).body["booking"]["reservation"]
    done = await agent.act(guest.uuid, ENTER, reservation=second)
    assert done.status == 200, done
    assert await shown(guest) == [(second, "open")]
    task = await task_of(agent)
    assert task["answers"] == ["second_cancelled", "first_cancelled"]
    assert task["facts"]["duplicate"] == second
    await service.simulator.control("cancel", reservation=second)
    assert (await agent.answer(task, "second_cancelled")).status == 200
    assert await shown(guest) == [(second, "cancelled")]
    body = (await guest.look()).body
    assert (body["state"], body["booking"]["reservation"]) == ("paid", first)
    standing = [
        each["reservation"]
        for each in (await service.simulator.ledger())["bookings"]
        if each["status"] == "Booked"
    ]
    assert standing == [first]


async def test_a_reservation_stands_in_one_place_only(service: Service) -> None:
    """On one task, and never both on a task and as somebody's booking."""
    agent, guest, second = await booked_twice(service)
    other = service.guest()
    await other.to_booked()
    first = (await guest.look()).body["booking"]["reservation"]
    theirs = (await other.look()).body["booking"]["reservation"]
    own = await agent.act(guest.uuid, ENTER, reservation=first)
    assert (own.status, own.pointers) == (422, ["/reservation"])
    taken = await agent.act(guest.uuid, ENTER, reservation=theirs)
    assert (taken.status, taken.code) == (409, "wrong_state")
    assert (await agent.act(guest.uuid, ENTER, reservation=second)).status == 200
    again = await agent.act(other.uuid, ENTER, reservation=second)
    assert (again.status, again.code) == (409, "wrong_state")
    assert len(await rows(service, "SELECT 1 FROM bookings")) == 2


async def test_staff_enter_it_on_the_page_and_may_keep_the_second(service: Service) -> None:
    agent, guest, second = await booked_twice(service)
    visitor = await at_desk(service, Role.AGENT)
    done = await visitor.act(guest.uuid, ENTER, reason="the line called", reservation=second)
    assert done.status == 303, done
    words = (await visitor.get(page_of(guest))).words
    assert f"Second booking{second} open" in words
    assert (await agent.answer(await task_of(agent), "first_cancelled")).status == 200
    assert await shown(guest) == [(second, "stands")]
    assert f"Second booking{second} stands" in (await visitor.get(page_of(guest))).words
