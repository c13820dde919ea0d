"""After the booking people err: what was typed wrong is put right, and the line is asked."""

from __future__ import annotations

from typing import Any

import pytest

from booking_flow.staff.people import Role
from booking_http.worker.outbox_sender import send_due
from tests.integration.http.conftest import MakeService
from tests.support.console import at_desk, page_of
from tests.support.receivers import mail, part, running_postbox
from tests.support.service import Guest, Json, Service
from tests.support.staff import WHY, Clerk, audit, hire, rows

CORRECT = "correct"
NEW = "alexandra@example.test"
HONG_KONG = {"country": "HK", "address": "1 Peak Road", "city": "Hong Kong"}
LAST_NAME = "/passengers/1/lastName"


async def mailed(service: Service) -> None:
    while await send_due(service.parts):
        pass


async def corrected(clerk: Clerk, guest: Guest, pointer: str, value: Any, status: int = 200) -> Any:
    reply = await clerk.act(guest.uuid, CORRECT, pointer=pointer, value=value)
    assert reply.status == status, reply
    return reply.body


async def seen(guest: Guest) -> Json:
    body: Json = (await guest.look()).body
    return body


async def tasks_of(clerk: Clerk, kind: str) -> list[Json]:
    found: list[Json] = (await clerk.call("GET", f"tasks?kind={kind}")).body["tasks"]
    return found


def progress(body: Json) -> list[tuple[str, str]]:
    return [(each["pointer"], each["status"]) for each in body["corrections"]]


async def test_staff_correct_a_contact_and_both_addresses_are_told(
    make_service: MakeService,
) -> None:
    """The old address hears of it, the new one how the booking stands, and staff find by both."""
    async with running_postbox() as postbox:
        service: Service = await make_service(**mail(postbox, agency=None))
        agent, guest = await hire(service, Role.AGENT), service.guest()
        await guest.to_booked()
        old = (await seen(guest))["details"]["contact"]["email"]
        await mailed(service)
        postbox.mails.clear()
        postbox.recipients.clear()
        await corrected(agent, guest, "/contact/email", f" {NEW} ")
        body = await seen(guest)
        assert body["details"]["contact"]["email"] == NEW
        assert progress(body) == [("/contact/email", "done")]
        await mailed(service)
        told = dict(zip(postbox.recipients, postbox.mails, strict=True))
        assert set(told) == {old, NEW}
        assert "the e-mail address" in part(told[old], "plain")
        assert NEW not in part(told[old], "plain")
        assert told[NEW]["Subject"].startswith("Booked")
        assert await agent.found(NEW) == [guest.uuid]
        assert await agent.found(old) == []
        (kept,) = await audit(service, CORRECT)
        assert (kept.name, kept.reason, NEW in kept.facts) == (agent.name, WHY, False)


async def test_history_says_which_field_and_never_what_it_says(service: Service) -> None:
    agent, guest = await hire(service, Role.AGENT), service.guest()
    await guest.to_booked()
    await corrected(agent, guest, "/contact/phone", "+44 20 7946 0018")
    await corrected(agent, guest, "/contact/city", "Hereford")
    contact = (await seen(guest))["details"]["contact"]
    assert (contact["phoneE164"], contact["city"]) == ("+442079460018", "Hereford")
    story = (await agent.call("GET", f"sessions/{guest.uuid}/history")).body
    facts = [event["facts"] for event in story["events"] if event["what"] == "edited"]
    assert facts[-2:] == [{"fields": "contact.phone"}, {"fields": "contact.city"}]
    assert "Hereford" not in str(story)
    assert story["folds"]


@pytest.mark.parametrize(
    ("pointer", "value", "fault"),
    [
        ("/contact/email", "a..b@example.test", "/value"),
        ("/contact/phone", "call my wife", "/value"),
        ("/contact/country", "UK", "/value"),
        ("/contact/postalCode", "", "/value"),
        ("/contact", HONG_KONG | {"postalCode": "999077"}, "/value/postalCode"),
        ("/contact", "Somewhere", "/value"),
        ("/contact/email", HONG_KONG, "/value"),
        ("/passengers/1/lastName", "-", "/value"),
        ("/passengers/9/lastName", "Example", "/pointer"),
        ("/booking/total", "1.00", "/pointer"),
    ],
)
async def test_what_no_field_takes_is_refused_where_it_stands(
    service: Service, pointer: str, value: Any, fault: str
) -> None:
    agent, guest = await hire(service, Role.AGENT), service.guest()
    await guest.to_booked()
    body = await corrected(agent, guest, pointer, value, status=422)
    assert body["errors"][0]["pointer"] == fault
    assert progress(await seen(guest)) == []


async def test_a_whole_address_is_corrected_at_once(service: Service) -> None:
    agent, guest = await hire(service, Role.AGENT), service.guest()
    await guest.to_booked()
    await corrected(agent, guest, "/contact", HONG_KONG)
    contact = (await seen(guest))["details"]["contact"]
    assert {name: contact[name] for name in HONG_KONG} == HONG_KONG
    assert (contact["postalCode"], contact["state"]) == (None, None)


@pytest.mark.parametrize(("answer", "status"), [("done", "done"), ("line_refused", "refused")])
async def test_a_name_is_asked_for_at_the_line(
    make_service: MakeService, answer: str, status: str
) -> None:
    """It is shown as requested until the line has said, and only then the name is another."""
    async with running_postbox() as postbox:
        service: Service = await make_service(**mail(postbox, agency=None))
        agent, guest = await hire(service, Role.AGENT), service.guest()
        await guest.to_booked()
        before = (await seen(guest))["details"]["passengers"][1]["lastName"]
        await corrected(agent, guest, LAST_NAME, "Sørensen")
        body = await seen(guest)
        assert progress(body) == [(LAST_NAME, "requested")]
        assert body["details"]["passengers"][1]["lastName"] == before
        await corrected(agent, guest, LAST_NAME, "Other", status=409)
        (task,) = await tasks_of(agent, "correct_name")
        assert task["facts"]["field"] == LAST_NAME
        assert "rensen" not in str(task)
        await mailed(service)
        postbox.mails.clear()
        assert (await agent.answer(task, answer)).status == 200
        body = await seen(guest)
        assert progress(body) == [(LAST_NAME, status)]
        traveller = body["details"]["passengers"][1]
        await mailed(service)
        if answer == "done":
            assert (traveller["lastName"], traveller["printedLastName"]) == ("Sørensen", "Sorensen")
            assert "Sørensen" in part(postbox.mails[-1], "plain")
            assert await agent.found("Soerensen") == [guest.uuid]
        else:
            assert traveller["lastName"] == before
            assert postbox.mails == []


async def test_nothing_is_corrected_before_a_booking_or_after_its_end(service: Service) -> None:
    agent, guest = await hire(service, Role.AGENT), service.guest()
    await guest.to_basketed()
    await corrected(agent, guest, "/contact/email", NEW, status=409)
    await guest.cancel()
    await corrected(agent, guest, "/contact/email", NEW, status=409)


async def test_requests_become_a_task_and_the_guest_is_told_so(make_service: MakeService) -> None:
    """No call of the supplier carries them; the mail says that we pass them on."""
    async with running_postbox() as postbox:
        service: Service = await make_service(**mail(postbox, agency=None))
        agent, guest = await hire(service, Role.AGENT), service.guest()
        await guest.to_basketed()
        await guest.edit({"specialRequests": "A quiet cabin, please"})
        await guest.book()
        (task,) = await tasks_of(agent, "pass_on_requests")
        assert "quiet" not in str(task)
        desk = await at_desk(service, Role.AGENT)
        assert "A quiet cabin, please" in (await desk.get(f"/console/tasks/{task['taskId']}")).words
        await mailed(service)
        text = part(postbox.mails[-1], "plain")
        assert "passed on to the cruise line by us; it does not promise them" in text
        assert "quiet" not in text
        assert (await agent.answer(task, "done")).status == 200
        other = service.guest()
        await other.to_booked()
        assert await tasks_of(agent, "pass_on_requests") == []


async def test_a_mail_that_cannot_be_delivered_opens_one_task(make_service: MakeService) -> None:
    async with running_postbox() as postbox:
        service: Service = await make_service(**mail(postbox))
        agent, guest = await hire(service, Role.AGENT), service.guest()
        postbox.refusal = "550 no such mailbox"
        await guest.to_booked()
        await mailed(service)
        tasks = await tasks_of(agent, "mail_undelivered")
        assert [task["facts"]["mail"] for task in tasks] == ["confirmation"]
        contact = (await seen(guest))["details"]["contact"]
        assert contact["email"] not in str(tasks)
        assert (await agent.answer(tasks[0], "done")).status == 200
        every = "SELECT id FROM staff_tasks WHERE kind = 'mail_undelivered'"
        assert len(await rows(service, every)) == 1


async def test_it_is_corrected_on_the_page(service: Service) -> None:
    agent, guest = await at_desk(service, Role.AGENT), service.guest()
    await guest.to_booked()
    path, page = f"{page_of(guest)}/{CORRECT}", await agent.get(page_of(guest))
    wrong = await agent.send(page, path, reason=WHY, pointer="/contact/email", value="a..b@x.test")
    assert wrong.status == 422
    assert 'value="a..b@x.test"' in wrong.html
    done = await agent.send(wrong, path, reason=WHY, pointer=LAST_NAME, value="Sørensen")
    assert done.status == 303, done.words
    shown = (await agent.get(done.location)).words
    assert "The correction is noted." in shown
    assert "Sørensen" in shown
    (task,) = await rows(service, "SELECT id FROM staff_tasks WHERE kind = 'correct_name'")
    assert "Sørensen" in (await agent.get(f"/console/tasks/{task.id}")).words
