"""What staff do: with a reason, at the version they saw, by their role, and on record."""

from __future__ import annotations

import asyncio
import json

import pytest
from asyncpg import PostgresError

from booking_flow.staff.actions import ACTIONS
from booking_flow.staff.people import Role
from tests.support.service import VISA, Service
from tests.support.staff import WHY, Clerk, audit, but_collecting, hire, in_doubt, rows


async def test_a_note_stands_in_the_history_under_its_writers_name(
    service: Service, agent: Clerk
) -> None:
    guest = service.guest()
    await guest.open()
    noted = await agent.act(guest.uuid, "note")
    assert (noted.status, noted.headers["ETag"]) == (200, f'"{noted.body["version"]}"')
    story = (await agent.call("GET", f"sessions/{guest.uuid}/history")).body["events"][-1]
    assert (story["what"], story["actor"], story["name"]) == ("note", "staff", agent.name)
    assert story["reason"] == WHY
    (entry,) = await audit(service, "note")
    assert (entry.reason, entry.request_id) == (WHY, story["requestId"])


async def test_acting_needs_the_version_one_has_seen(service: Service, agent: Clerk) -> None:
    guest = service.guest()
    await guest.open()
    path, body = f"sessions/{guest.uuid}/note", {"reason": WHY}
    for header in ({}, {"If-Match": "*"}):
        reply = await agent.call("POST", path, body, headers=header)
        assert (reply.status, reply.code) == (428, "precondition_required")
    seen = (await agent.read(guest.uuid))["session"]["version"]
    await guest.price()
    late = await agent.act(guest.uuid, "note", seen)
    assert (late.status, late.code, late.body["state"]) == (412, "version_mismatch", "priced")
    assert await audit(service, "note") == []


async def test_of_two_who_act_on_one_version_one_is_told_so(
    service: Service, agent: Clerk, supervisor: Clerk
) -> None:
    guest = service.guest()
    await guest.open()
    seen = (await agent.read(guest.uuid))["session"]["version"]
    both = await asyncio.gather(
        agent.act(guest.uuid, "cancel", seen), supervisor.act(guest.uuid, "note", seen)
    )
    assert sorted(reply.status for reply in both) == [200, 412]


@pytest.mark.parametrize("reason", ["", " ", f"card {VISA}", "4111 1111 1111 1111"])
async def test_a_reason_is_needed_and_never_holds_a_card(
    service: Service, agent: Clerk, reason: str
) -> None:
    guest = service.guest()
    await guest.open()
    path = f"sessions/{guest.uuid}/note"
    reply = await agent.call("POST", path, {"reason": reason}, headers={"If-Match": '"0"'})
    assert (reply.status, reply.pointers) == (422, ["/reason"])


async def test_roles_are_refused_what_is_not_theirs(service: Service, agent: Clerk) -> None:
    """A viewer acts on nothing; an agent neither overrides nor erases."""
    guest, _ = await in_doubt(service)
    viewer = await hire(service, Role.VIEWER)
    task = await viewer.task()
    for action in ACTIONS.values():
        reply = await viewer.act(guest.uuid, action.name)
        assert (reply.status, reply.code) == (403, "forbidden"), action.name
    assert (await viewer.answer(task, "not_booked")).status == 403
    assert (await agent.act(guest.uuid, "erase-guest")).status == 403
    override = await agent.answer(task, "reservation", reservation="F1", override=True)
    assert (override.status, override.code) == (403, "forbidden")
    actions = (await viewer.read(guest.uuid))["session"]["allowedActions"]
    assert actions == []


async def test_a_held_cabin_is_let_go_for_the_guest(service: Service, agent: Clerk) -> None:
    guest = service.guest()
    await guest.to_basketed()
    offered = (await agent.read(guest.uuid))["session"]["allowedActions"]
    assert [each["name"] for each in offered] == [
        *("note", "release-hold", "extend-deadline", "cancel")
    ]
    released = await agent.act(guest.uuid, "release-hold")
    assert (released.status, released.body["state"]) == (200, "cabin_selected")
    assert (await service.simulator.ledger())["holds"] == []
    again = await agent.act(guest.uuid, "release-hold")
    assert (again.status, again.code) == (409, "wrong_state")
    actors = await rows(
        service,
        "SELECT DISTINCT actor_name FROM session_history WHERE actor_kind = 'staff'",
    )
    assert [row.actor_name for row in actors] == [agent.name]


async def test_a_session_is_cancelled_for_the_guest(service: Service, agent: Clerk) -> None:
    guest = service.guest()
    await guest.to_basketed()
    done = await agent.act(guest.uuid, "cancel")
    assert (done.status, done.body["state"]) == (200, "cancelled")
    assert (await service.simulator.ledger())["holds"] == []
    assert (await guest.look()).body["cancellation"]["status"] == "confirmed"


async def test_a_booking_is_cancelled_once_the_line_has_confirmed_it(
    service: Service, agent: Clerk
) -> None:
    guest = service.guest()
    await guest.to_booked()
    asked = await agent.act(guest.uuid, "cancel")
    assert (asked.status, asked.body["cancellation"]["status"]) == (202, "requested")
    told = await agent.answer(await agent.task(), "line_cancelled")
    assert (told.status, told.body["state"]) == (200, "cancelled")


async def test_an_undo_that_failed_is_tried_again(service: Service, agent: Clerk) -> None:
    guest = service.guest()
    await guest.to_basketed()
    await service.simulator.fault("basketremove.pl", "http_500")
    await agent.act(guest.uuid, "cancel")
    story = await agent.read(guest.uuid)
    assert story["session"]["state"] == "basketed"
    retried = await agent.act(guest.uuid, "retry-undo")
    assert (retried.status, retried.body["state"]) == (200, "cancelled")
    assert (await service.simulator.ledger())["holds"] == []
    nothing = await agent.act(guest.uuid, "retry-undo")
    assert (nothing.status, nothing.code) == (409, "wrong_state")


async def test_a_hold_in_doubt_is_found_now(service: Service, agent: Clerk) -> None:
    guest = service.guest()
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "http_500_after")
    assert (await guest.select()).status == 202
    found = await agent.act(guest.uuid, "reconcile")
    assert (found.status, found.body["state"], found.body["pending"]) == (200, "basketed", None)
    settled = await agent.act(guest.uuid, "reconcile")
    assert (settled.status, settled.code) == (409, "wrong_state")


async def test_an_unknown_booking_is_settled_by_its_reservation(
    service: Service, agent: Clerk
) -> None:
    guest, reservation = await in_doubt(service)
    done = await agent.answer(await agent.task(), "reservation", reservation=reservation)
    assert (done.status, done.body["state"]) == (200, "booked")
    assert done.body["booking"]["reservation"] == reservation
    (task,) = but_collecting((await agent.read(guest.uuid))["tasks"])
    assert (task["closedBy"], task["answer"]) == (agent.name, f"reservation {reservation}")
    (entry,) = await audit(service, "answer_task")
    assert (str(entry.task_id), entry.reason) == (task["taskId"], WHY)


async def test_somebody_elses_reservation_is_shown_beside_ours_and_needs_a_supervisor(
    service: Service, agent: Clerk, supervisor: Clerk
) -> None:
    other = service.guest()
    await other.to_basketed()
    made = await other.book(other.booking(surname="Gooseberry"))
    theirs = made.body["booking"]["reservation"]
    guest, _ = await in_doubt(service)
    task = await agent.task()
    wrong = await agent.answer(task, "reservation", reservation=theirs)
    assert (wrong.status, wrong.code) == (409, "wrong_state")
    assert "/lead surname" in wrong.pointers
    assert (await agent.read(guest.uuid))["session"]["pending"]["outcome"] == "unknown"
    taken = await supervisor.answer(task, "reservation", reservation=theirs, override=True)
    assert (taken.status, taken.code) == (409, "wrong_state")
    assert taken.body["detail"] == "Another session has this reservation."


async def test_a_supervisor_takes_what_the_line_does_not_show(
    service: Service, agent: Clerk, supervisor: Clerk
) -> None:
    await in_doubt(service)
    task = await agent.task()
    unseen = await agent.answer(task, "reservation", reservation="F0NOWHERE")
    assert (unseen.status, unseen.code) == (409, "wrong_state")
    taken = await supervisor.answer(task, "reservation", reservation="F0NOWHERE", override=True)
    assert (taken.status, taken.body["booking"]["reservation"]) == (200, "F0NOWHERE")


async def test_not_booked_is_not_believed_too_early(service: Service, agent: Clerk) -> None:
    await in_doubt(service)
    task = await agent.task()
    early = await agent.answer(task, "not_booked")
    assert (early.status, early.code) == (409, "wrong_state")
    await service.advance(hours=1)
    late = await agent.answer(task, "not_booked")
    assert (late.status, late.body["pending"]) == (200, None)


async def test_of_competing_answers_the_later_is_shown_both(
    service: Service, agent: Clerk, supervisor: Clerk
) -> None:
    _, reservation = await in_doubt(service)
    await service.advance(hours=1)
    task = await agent.task()
    both = await asyncio.gather(
        agent.answer(task, "reservation", reservation=reservation),
        supervisor.answer(task, "not_booked"),
    )
    (won,) = [reply for reply in both if reply.status == 200]
    (lost,) = [reply for reply in both if reply.status != 200]
    assert (lost.status, lost.code) == (412, "version_mismatch")
    answers = {f"reservation {reservation}": agent.name, "not_booked": supervisor.name}
    assert lost.body["answeredBy"] == answers[lost.body["answered"]]
    assert {lost.body["answered"], lost.body["yourAnswer"]} == set(answers)
    assert (won.body["booking"] is None) == (lost.body["answered"] == "not_booked")


async def test_tasks_come_by_deadline_page_by_page(service: Service, agent: Clerk) -> None:
    for _ in range(3):
        await in_doubt(service)
    first = (await agent.call("GET", "tasks?limit=2")).body
    rest = (await agent.call("GET", f"tasks?limit=2&cursor={first['next']}")).body
    due = [task["dueAt"] for task in (*first["tasks"], *rest["tasks"])]
    assert (len(due), due, rest["next"]) == (3, sorted(due), None)
    assert not first["tasks"][0]["overdue"]
    await service.advance(hours=5)
    assert (await agent.task())["overdue"]


async def test_a_task_nobody_has_is_not_found(agent: Clerk) -> None:
    task = {"taskId": "00000000-0000-7000-8000-000000000000", "version": 1}
    for name in (task["taskId"], "nothing"):
        reply = await agent.answer(task | {"taskId": name}, "done")
        assert (reply.status, reply.code) == (404, "not_found")


async def test_a_guest_is_erased_once_nothing_is_open(
    service: Service, agent: Clerk, supervisor: Clerk
) -> None:
    """History and money stay; the name finds nothing any more, not even for a supervisor."""
    guest = service.guest()
    await guest.to_basketed()
    await guest.edit({"contact": guest.contact("Quillfeather")})
    early = await supervisor.act(guest.uuid, "erase-guest")
    assert (early.status, early.code) == (409, "wrong_state")
    await agent.act(guest.uuid, "cancel")
    assert await agent.found("Quillfeather") == [guest.uuid]
    erased = await supervisor.act(guest.uuid, "erase-guest")
    assert (erased.status, erased.body["details"]["contact"]) == (200, None)
    assert await supervisor.found("Quillfeather") == []
    story = await supervisor.read(guest.uuid)
    assert "Quillfeather" not in str(story)
    assert story["timeline"][-2]["what"] in {"note", "erase-guest"}


async def test_nobody_rewrites_the_audit(service: Service, agent: Clerk) -> None:
    await agent.search()
    for sql in ("UPDATE staff_audit SET name = 'x' RETURNING 1", "DELETE FROM staff_audit"):
        with pytest.raises(PostgresError, match="append-only"):
            await rows(service, sql)


async def test_a_supervisor_takes_a_text_out_and_that_stays_on_record(
    service: Service, agent: Clerk, supervisor: Clerk
) -> None:
    guest = service.guest()
    await guest.open()
    await guest.edit({"specialRequests": "Call 1-2-3"})
    noted = await agent.act(guest.uuid, "note", reason="typed by mistake")
    seq = noted.body["version"]
    denied = await agent.act(guest.uuid, "redact", text=f"event-{seq}")
    assert (denied.status, denied.code) == (403, "forbidden")
    done = await supervisor.act(guest.uuid, "redact", text=f"event-{seq}")
    assert done.status == 200
    assert "typed by mistake" not in str(await supervisor.read(guest.uuid))
    again = await supervisor.act(guest.uuid, "redact", text="event-0")
    assert (again.status, again.code) == (404, "not_found")
    cleared = await supervisor.act(guest.uuid, "redact", text="specialRequests")
    assert cleared.body["details"]["specialRequests"] == "[redacted]"
    entries = await audit(service, "redact")
    texts = [json.loads(entry.facts)["text"] for entry in entries]
    assert list(dict.fromkeys(texts)) == [f"event-{seq}", "event-0", "specialRequests"]
    odd = await supervisor.act(guest.uuid, "redact", text="everything")
    assert (odd.status, odd.pointers) == (422, ["/text"])


async def test_a_guests_reason_is_for_those_who_may_read_it(service: Service, agent: Clerk) -> None:
    viewer = await hire(service, Role.VIEWER)
    guest = service.guest()
    await guest.open()
    path = f"{guest.home}/cancel"
    await service.call("POST", path, {"reason": "We split up"})
    story = await agent.read(guest.uuid)
    assert story["session"]["details"]["cancelReason"] == "We split up"
    assert "We split up" not in str(story["timeline"])
    assert "We split up" not in str(await viewer.read(guest.uuid))
    assert "a reason was given" in str((await viewer.read(guest.uuid))["timeline"])
    stored = await rows(service, "SELECT row_to_json(h)::text AS row FROM session_history h")
    assert "split" not in str(stored)
