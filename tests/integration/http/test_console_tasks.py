"""The queue of tasks and the page of one, without a browser."""

from __future__ import annotations

import re

import pytest

from booking_flow.staff.people import Role
from tests.integration.http.conftest import MakeService
from tests.support.console import Visitor, at_desk, page_of
from tests.support.service import Service
from tests.support.staff import in_doubt

TASKS = "/console/tasks"


@pytest.fixture
async def agent(service: Service) -> Visitor:
    """Return an agent who has signed in."""
    return await at_desk(service, Role.AGENT, "Ada Agent")


async def the_task(visitor: Visitor) -> str:
    """Return the address of the only task there is."""
    queue = await visitor.get(TASKS)
    (path,) = set(re.findall(rf"{TASKS}/[0-9a-f-]{{36}}(?=\")", queue.html))
    return str(path)


async def test_a_task_has_what_finds_the_booking_at_the_line(
    service: Service, agent: Visitor
) -> None:
    guest, _ = await in_doubt(service)
    page = await agent.get(await the_task(agent))
    body = (await guest.look()).body
    for words in (
        *("Mr Alexa Example", body["cruise"]["shipName"], body["reference"], "Royal Caribbean"),
        *(f"USD {float(body['price']['total']):,.2f}", "unusable answer", "Asked"),
    ):
        assert words in page.words, words


async def test_a_refund_says_what_was_entered_and_what_the_line_received(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(payment_channel="supplier_payment")
    guest = service.guest()
    deposit = (await guest.to_booked()).body["price"]["deposit"]
    await service.simulator.fault("payment.pl", "duplicate_submit")
    await guest.pay(guest.payment(deposit, deposit=True))
    agent = await at_desk(service, Role.AGENT)
    words = (await agent.get(await the_task(agent))).words
    once, twice = (f"USD {float(deposit) * times:,.2f}" for times in (1, 2))
    assert f"Entered as paid{once} The line received{twice}" in words


async def test_a_task_is_taken_handed_back_and_taken_over(service: Service, agent: Visitor) -> None:
    await in_doubt(service)
    path, other = await the_task(agent), await at_desk(service, Role.AGENT, "Ben Agent")
    taken = await agent.send(await agent.get(path), f"{path}/claim")
    assert (taken.status, taken.location) == (303, path)
    assert "You work on it" in (await agent.get(path)).words
    assert path in (await agent.get(f"{TASKS}?mine=true")).html
    assert path not in (await other.get(f"{TASKS}?mine=true")).html
    theirs = await other.get(path)
    assert "Ada Agent works on it since" in theirs.words
    over = await other.send(theirs, f"{path}/claim", reason="Ada is at lunch")
    assert over.location == path
    late = await agent.post(f"{path}/hand-back", (await agent.get(path)).form("/claim"))
    assert late.status == 409
    assert "Ben Agent" in late.alert
    back = await other.send(await other.get(path), f"{path}/hand-back")
    assert back.location == TASKS
    assert "Nobody works on it yet" in (await agent.get(path)).words


async def test_what_may_still_turn_up_cannot_be_answered_yet(
    service: Service, agent: Visitor
) -> None:
    await in_doubt(service)
    path = await the_task(agent)
    page = await agent.get(path)
    assert "until then it may still appear" in page.words
    assert 'value="not_booked"' not in page.html
    fields = page.form("/answer") | {"kind": "not_booked", "reason": "they say so"}
    early = await agent.post(f"{path}/answer", fields)
    assert early.status == 409
    assert "Not before" in early.alert
    await service.advance(minutes=20)
    assert 'value="not_booked"' in (await agent.get(path)).html


async def test_a_missing_number_is_told_and_the_reason_stays(
    service: Service, agent: Visitor
) -> None:
    await in_doubt(service)
    path = await the_task(agent)
    page = await agent.send(await agent.get(path), f"{path}/answer", reason="read out", kind="")
    assert page.status == 422
    page = await agent.send(await agent.get(path), f"{path}/answer", reason="read out")
    assert page.status == 422
    assert ">read out</textarea>" in page.html


async def test_of_two_answers_the_second_is_shown_beside_the_first(
    service: Service, agent: Visitor
) -> None:
    _, reservation = await in_doubt(service)
    path, other = await the_task(agent), await at_desk(service, Role.AGENT, "Ben Agent")
    mine, theirs = await agent.get(path), await other.get(path)
    typed = {"reservation": reservation, "reason": "the line read it out"}
    first = await agent.send(mine, f"{path}/answer", **typed)
    assert first.status == 303
    assert "the task is closed" in (await agent.get(first.location)).words
    second = await other.send(theirs, f"{path}/answer", **typed | {"reservation": "F1"})
    assert second.status == 412
    assert f"Reservation {reservation}" in second.alert
    assert "You, now: Reservation F1" in second.alert
    assert "You had typed: the line read it out" in second.words
    assert path not in (await agent.get(TASKS)).html


async def test_only_a_supervisor_is_offered_to_decide_against_the_record(
    service: Service, agent: Visitor
) -> None:
    await in_doubt(service)
    path = await the_task(agent)
    assert 'name="override"' not in (await agent.get(path)).html
    fields = (await agent.get(path)).form("/answer")
    typed = fields | {"reservation": "F0NOWHERE", "reason": "they say so", "override": "true"}
    assert (await agent.post(f"{path}/answer", typed)).status == 403
    supervisor = await at_desk(service, Role.SUPERVISOR, "Sue Pervisor")
    page = await supervisor.get(path)
    done = await supervisor.send(
        page, f"{path}/answer", reservation="F0NOWHERE", reason="seen", override="true"
    )
    assert done.status == 303


async def test_a_badge_tells_of_what_is_open_and_overdue(service: Service, agent: Visitor) -> None:
    assert 'class="badge' not in (await agent.get("/console")).html
    await in_doubt(service)
    assert "Tasks 1 open Overview" in (await agent.get("/console")).words
    await service.advance(hours=5)
    other = await at_desk(service, Role.VIEWER, "Vic Watcher")
    page = await other.get("/console")
    assert "Tasks 1 open, 1 overdue" in page.words
    assert "overdue since" in (await other.get(await the_task(other))).words
    assert await the_task(other) in (await other.get(f"{TASKS}?overdue=true")).html


async def test_after_an_answer_the_next_task_that_is_free_is_offered(
    service: Service, agent: Visitor
) -> None:
    first, number = await in_doubt(service)
    path, other = await the_task(agent), await at_desk(service, Role.AGENT, "Ben Agent")
    for _ in range(2):
        await in_doubt(service)
    taken, free = [each for each in await tasks_of(agent) if each != path]
    await other.send(await other.get(taken), f"{taken}/claim")
    done = await agent.send(
        await agent.get(path), f"{path}/answer", reservation=number, reason="they said so"
    )
    assert done.location == f"{page_of(first)}?done=answer"
    after = await agent.get(done.location)
    assert f'<a href="{free}">Next task: Was it booked?' in after.html


async def test_colleagues_of_one_name_are_told_apart(service: Service, agent: Visitor) -> None:
    """The queue offers to go on only to whose account it is."""
    await in_doubt(service)
    path = await the_task(agent)
    namesake = await at_desk(service, Role.AGENT, "Ada Agent")
    await agent.send(await agent.get(path), f"{path}/claim")
    assert "Go on" in (await agent.get(TASKS)).words
    assert "Go on" not in (await namesake.get(TASKS)).words
    assert "Ada Agent works on it" in (await namesake.get(TASKS)).words


async def tasks_of(visitor: Visitor) -> list[str]:
    """Return the addresses of the tasks in the queue, the most urgent first."""
    page = await visitor.get(TASKS)
    return list(dict.fromkeys(re.findall(rf'href="({TASKS}/[0-9a-f-]+)"', page.html)))


async def test_tasks_of_one_cause_are_given_one_answer(service: Service, agent: Visitor) -> None:
    """Each is answered by itself; one that a colleague works on is named and stays open."""
    for _ in range(3):
        await in_doubt(service)
    await service.advance(hours=1)
    other = await at_desk(service, Role.AGENT, "Ben Agent")
    taken = (await tasks_of(agent))[0]
    await other.send(await other.get(taken), f"{taken}/claim")
    page = await agent.get(f"{TASKS}?kind=book_unknown")
    chosen = dict(re.findall(r'name="(task-[0-9a-f-]+)" value="(\d+)"', page.html))
    assert len(chosen) == 3
    nothing = await agent.send(page, f"{TASKS}/answer", kind="not_booked", reason="an outage")
    assert (nothing.status, "Choose the tasks" in nothing.alert) == (422, True)
    some = await agent.send(page, f"{TASKS}/answer", kind="not_booked", reason="x", **chosen)
    assert some.status == 409
    assert "2 were answered; 1 could not be." in some.alert
    assert "Ben Agent works on this task" in some.alert
    await other.send(await other.get(taken), f"{taken}/hand-back")
    rest = await agent.get(f"{TASKS}?kind=book_unknown")
    left = dict(re.findall(r'name="(task-[0-9a-f-]+)" value="(\d+)"', rest.html))
    done = await agent.send(rest, f"{TASKS}/answer", kind="not_booked", reason="x", **left)
    assert (done.status, done.location) == (303, f"{TASKS}?answered=1")
    assert "1 task was answered." in (await agent.get(done.location)).words


async def test_a_viewer_is_offered_no_answer_for_all(service: Service) -> None:
    await in_doubt(service)
    viewer = await at_desk(service, Role.VIEWER, "Vic Watcher")
    page = await viewer.get(f"{TASKS}?kind=book_unknown")
    assert "One answer for all" not in page.words
    refused = await viewer.post(f"{TASKS}/answer", page.form("/console/sign-out"))
    assert refused.status == 403
