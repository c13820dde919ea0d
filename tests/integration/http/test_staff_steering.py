"""More time, another state, an end at the line, a mail: by role, version, state, and on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from booking_flow.staff.people import Role
from booking_http.web.models import rfc3339
from booking_http.worker.outbox_sender import send_due
from tests.integration.http.conftest import MakeService
from tests.support.receivers import Postbox, mail, running_postbox
from tests.support.service import Guest, Json, Reply, Service
from tests.support.staff import WHY, Clerk, audit, but_collecting, hire, in_doubt, rows

LATER: Json = {"deadline": "session", "until": "2031-01-01T00:00:00Z"}
ACTS: dict[str, tuple[Role, Json]] = {
    "extend-deadline": (Role.AGENT, LATER),
    "record-payment": (Role.AGENT, {"amount": "500.00", "currency": "USD"}),
    "resend-confirmation": (Role.AGENT, {}),
    "confirm-cancellation": (Role.AGENT, {}),
    "refuse-cancellation": (Role.AGENT, {}),
    "move": (Role.SUPERVISOR, {"to": "cancelled"}),
}


async def last_event(clerk: Clerk, session_id: str) -> Json:
    """Return the newest event of the timeline; the history must still fold."""
    history = (await clerk.call("GET", f"sessions/{session_id}/history")).body
    assert history["folds"], history["problem"]
    event: Json = history["events"][-1]
    return event


async def is_on_record(service: Service, clerk: Clerk, guest: Guest, action: str) -> None:
    """Whether history, audit and timeline all say who did this, and why."""
    event = await last_event(clerk, guest.uuid)
    assert (event["actor"], event["name"], event["reason"]) == ("staff", clerk.name, WHY)
    (entry,) = await audit(service, action)
    assert (entry.name, entry.reason) == (clerk.name, WHY)
    told = (await clerk.read(guest.uuid))["timeline"]
    assert action in [each["what"] for each in told if each["kind"] == "staff"]


async def test_each_act_is_refused_to_a_lesser_role_a_stale_version_and_a_wrong_state(
    service: Service, agent: Clerk, supervisor: Clerk
) -> None:
    """None of them leaves a trace in history or audit then."""
    guest, _ = await in_doubt(service)
    viewer = await hire(service, Role.VIEWER)
    for action, (role, fields) in ACTS.items():
        lesser = viewer if role is Role.AGENT else agent
        refused = await lesser.act(guest.uuid, action, **fields)
        assert (refused.status, refused.code) == (403, "forbidden"), action
        stale = await supervisor.act(guest.uuid, action, 0, **fields)
        assert (stale.status, stale.code) == (412, "version_mismatch"), action
        busy = await supervisor.act(guest.uuid, action, **fields)
        assert (busy.status, busy.code) == (409, "wrong_state"), action
        assert await audit(service, action) == []
    events = await rows(service, "SELECT 1 FROM session_history WHERE actor_kind = 'staff'")
    assert events == []


async def test_a_session_is_given_more_time_within_what_the_supplier_allows(
    service: Service, agent: Clerk
) -> None:
    guest = service.guest()
    await guest.to_priced()
    await service.advance(minutes=90)
    now = datetime.now(UTC) + timedelta(minutes=90)
    too_late: Json = {"deadline": "session", "until": rfc3339(now + timedelta(hours=3))}
    refused = await agent.act(guest.uuid, "extend-deadline", **too_late)
    assert (refused.status, refused.pointers) == (422, ["/until"])
    until = rfc3339(now + timedelta(hours=1))
    done = await agent.act(guest.uuid, "extend-deadline", deadline="session", until=until)
    assert (done.status, done.body["expiresAt"]) == (200, until)
    event = await last_event(agent, guest.uuid)
    assert event["facts"]["deadline"] == "session"
    entries = await audit(service, "extend-deadline")
    assert [entry.name for entry in entries] == [agent.name, agent.name]
    await service.advance(minutes=125)
    assert (await guest.look()).body["state"] == "priced"
    assert (await guest.select()).status == 200


async def test_how_long_a_cabin_is_held_is_for_the_supplier_to_say(
    service: Service, agent: Clerk
) -> None:
    guest = service.guest()
    held = await guest.to_basketed()
    hold = held.body["hold"]["expiresAt"]
    opened = datetime.now(UTC)
    until = rfc3339(opened + timedelta(hours=2, minutes=1))
    refused = await agent.act(guest.uuid, "extend-deadline", deadline="session", until=until)
    assert (refused.status, refused.pointers) == (422, ["/until"])
    assert (await guest.look()).body["hold"]["expiresAt"] == hold


async def test_a_payment_deadline_is_moved_until_it_has_passed(
    service: Service, agent: Clerk
) -> None:
    guest = service.guest()
    await guest.to_booked()
    due = datetime.now(UTC) + timedelta(minutes=30)
    sql = """WITH b AS (UPDATE bookings SET payment_due_at = :due)
             UPDATE booking_sessions SET pay_by = :due RETURNING 1"""
    await rows(service, sql, due=due)
    until = rfc3339(due + timedelta(hours=1))
    done = await agent.act(guest.uuid, "extend-deadline", deadline="payment", until=until)
    assert (done.status, done.body["booking"]["paymentDueAt"]) == (200, until)
    await is_on_record(service, agent, guest, "extend-deadline")
    recovery, session_id = service.parts.maintenance.recovery, guest.uuid
    (row,) = await rows(service, "SELECT id FROM booking_sessions")
    await service.advance(minutes=45)
    await recovery.payment(row.id)
    assert (await agent.read(session_id))["session"]["cancellation"] is None
    await service.advance(minutes=120)
    await recovery.payment(row.id)
    late = await agent.act(
        guest.uuid, "extend-deadline", deadline="payment", until="2026-12-31T00:00:00Z"
    )
    assert (late.status, late.code) == (409, "wrong_state")
    assert "deadline has passed" in late.body["detail"]


async def test_a_cancellation_is_confirmed_and_its_task_closed(
    service: Service, agent: Clerk
) -> None:
    guest = service.guest()
    await guest.to_booked()
    early = await agent.act(guest.uuid, "confirm-cancellation")
    assert (early.status, early.code) == (409, "wrong_state")
    await agent.act(guest.uuid, "cancel")
    done = await agent.act(guest.uuid, "confirm-cancellation")
    assert (done.status, done.body["state"]) == (200, "cancelled")
    (task,) = but_collecting((await agent.read(guest.uuid))["tasks"])
    assert (task["answer"], task["closedBy"]) == ("line_cancelled", agent.name)
    await is_on_record(service, agent, guest, "confirm-cancellation")


async def test_a_cancellation_is_refused_and_the_booking_goes_on(
    service: Service, agent: Clerk
) -> None:
    """Even when its task was answered by other means before."""
    guest = service.guest()
    await guest.to_booked()
    await agent.act(guest.uuid, "cancel")
    done = await agent.act(guest.uuid, "refuse-cancellation")
    assert (done.status, done.body["state"]) == (200, "booked")
    assert done.body["cancellation"]["status"] == "refused"
    await is_on_record(service, agent, guest, "refuse-cancellation")
    await agent.act(guest.uuid, "cancel")
    close = "UPDATE staff_tasks SET closed_at = booking_now(), version = 9 RETURNING 1"
    await rows(service, close)
    again = await agent.act(guest.uuid, "refuse-cancellation")
    assert (again.status, again.body["state"]) == (200, "booked")


async def test_a_session_is_moved_along_the_flow(service: Service, supervisor: Clerk) -> None:
    """What was held is handed to the undo queue, which lets it go."""
    guest = service.guest()
    await guest.to_basketed()
    done = await supervisor.act(guest.uuid, "move", to="cabin_selected")
    assert (done.status, done.body["state"], done.body["hold"]) == (200, "cabin_selected", None)
    assert (await service.simulator.ledger())["holds"] == []
    event = await last_event(supervisor, guest.uuid)
    assert (event["what"], event["trigger"]) == ("transition", "release_basket")
    await is_on_record(service, supervisor, guest, "move")
    assert (await guest.hold()).body["state"] == "basketed"


async def ways_of(clerk: Clerk, guest: Guest) -> dict[str, Json]:
    reply = await clerk.call("GET", f"sessions/{guest.uuid}/moves")
    assert reply.status == 200, reply
    return {way["to"]: way for way in reply.body["ways"]}


async def test_an_override_says_what_it_does_not_undo(service: Service, supervisor: Clerk) -> None:
    guest = service.guest()
    booked = await guest.to_booked()
    number = booked.body["booking"]["reservation"]
    ways = await ways_of(supervisor, guest)
    assert ways["basketed"] == {
        "to": "basketed",
        "label": "Cabin held",
        "possible": False,
        "whyNot": "Only the supplier can hold a cabin: choose it again.",
        "override": False,
        "notUndone": [],
    }
    assert (ways["cancelled"]["possible"], ways["cancelled"]["override"]) == (True, True)
    (left,) = ways["cancelled"]["notUndone"]
    assert left == {
        "what": "reservation",
        "detail": f"Reservation {number} stays as it is at the line.",
    }
    wishes: list[tuple[Json, str]] = [
        ({}, "/override"),
        ({"override": True}, "/notUndone"),
        ({"override": True, "notUndone": ["payment"]}, "/notUndone"),
    ]
    for wish, pointer in wishes:
        refused = await supervisor.act(guest.uuid, "move", to="cancelled", **wish)
        assert (refused.status, refused.pointers) == (422, [pointer])
        assert "reservation" in refused.body["errors"][0]["detail"]
    sworn: Json = {"override": True, "notUndone": ["reservation"]}
    done = await supervisor.act(guest.uuid, "move", to="cancelled", **sworn)
    assert (done.status, done.body["state"]) == (200, "cancelled")
    event = await last_event(supervisor, guest.uuid)
    assert (event["what"], event["facts"]) == ("override", {"remains": "reservation"})
    ledger = (await service.simulator.ledger())["bookings"]
    assert [each["status"] for each in ledger] == ["Booked"]
    back: Json = {"override": True, "notUndone": ["cancellation"]}
    assert (await supervisor.act(guest.uuid, "move", to="booked", **back)).status == 200
    assert (await guest.look()).body["cancellation"] is None


async def test_nothing_is_moved_while_an_undo_is_owed(service: Service, supervisor: Clerk) -> None:
    guest = service.guest()
    await guest.to_basketed()
    await service.simulator.fault("basketremove.pl", "http_500", times=2)
    assert (await guest.release()).status == 200
    ways = await ways_of(supervisor, guest)
    assert not any(way["possible"] for way in ways.values())
    assert "undone" in ways["priced"]["whyNot"]
    refused = await supervisor.act(guest.uuid, "move", to="priced")
    assert (refused.status, refused.code) == (409, "wrong_state")
    await supervisor.act(guest.uuid, "retry-undo")
    assert (await supervisor.act(guest.uuid, "move", to="priced")).body["state"] == "priced"


async def test_of_a_move_and_the_guests_own_step_one_is_refused(
    service: Service, supervisor: Clerk
) -> None:
    guest = service.guest()
    await guest.to_priced()
    seen = (await supervisor.read(guest.uuid))["session"]["version"]
    await guest.select(addToBasket=False)
    late = await supervisor.act(guest.uuid, "move", seen, to="cancelled")
    assert (late.status, late.code) == (412, "version_mismatch")
    assert (await guest.look()).body["state"] == "cabin_selected"


async def resent(service: Service, clerk: Clerk, guest: Guest) -> Reply:
    return await clerk.act(guest.uuid, "resend-confirmation")


async def mails_to(service: Service, postbox: Postbox) -> list[str]:
    """Send all that is due, and return to whom."""
    while await send_due(service.parts):
        pass
    return sorted(postbox.recipients)


async def test_a_confirmation_is_mailed_once_more(make_service: MakeService) -> None:
    """To guest and agency; and the timeline shows the mail beside who asked for it."""
    async with running_postbox() as postbox:
        settings: Any = mail(postbox)
        service: Service = await make_service(**settings)
        agent = await hire(service, Role.AGENT)
        guest = service.guest()
        await guest.to_basketed()
        early = await resent(service, agent, guest)
        assert (early.status, early.code) == (409, "wrong_state")
        await guest.book()
        first = await mails_to(service, postbox)
        assert len(first) == 2
        done = await resent(service, agent, guest)
        assert (done.status, done.body["state"]) == (202, "booked")
        await is_on_record(service, agent, guest, "resend-confirmation")
        assert await mails_to(service, postbox) == sorted(first * 2)
        told = (await agent.read(guest.uuid))["timeline"]
        assert len([each for each in told if each["kind"] == "mail"]) == 4


async def test_what_was_moved_by_hand_is_confirmed_only_on_request(
    make_service: MakeService,
) -> None:
    """The line confirmed nothing, so nobody is mailed that it did."""
    async with running_postbox() as postbox:
        settings: Any = mail(postbox)
        service: Service = await make_service(**settings)
        supervisor = await hire(service, Role.SUPERVISOR)
        guest = service.guest()
        await guest.to_booked()
        before = await mails_to(service, postbox)
        sworn: Json = {"override": True, "notUndone": ["reservation"]}
        assert (await supervisor.act(guest.uuid, "move", to="cancelled", **sworn)).status == 200
        assert await mails_to(service, postbox) == before


async def test_without_a_mail_server_nothing_is_promised(service: Service, agent: Clerk) -> None:
    guest = service.guest()
    await guest.to_booked()
    refused = await resent(service, agent, guest)
    assert (refused.status, refused.code) == (409, "wrong_state")
    assert "SMTP_URL" in refused.body["detail"]
