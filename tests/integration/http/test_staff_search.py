"""Staff find a session by whatever the caller has, and every look leaves a trace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from booking_flow.staff.people import Role
from booking_http.api.action_links import BASE
from tests.integration.http.test_openapi import validator
from tests.support.service import VISA, Guest, Json, Service
from tests.support.staff import Clerk, audit, hire, in_doubt, rows
from tests.support.text import told

OTHER = "2199014"


async def booked(service: Service, surname: str = "Quillfeather") -> Guest:
    """Return a guest of this name who has booked and paid."""
    guest = service.guest()
    held = await guest.to_basketed()
    ask = guest.booking(surname=surname, payment=guest.payment(held.body["price"]["total"]))
    made = await guest.book(ask, headers={"X-Request-ID": f"req-{len(surname)}-letters"})
    assert made.status == 201, made
    return guest


async def test_each_kind_of_key_finds_the_session_and_no_other(
    service: Service, agent: Clerk
) -> None:
    guest, other = await booked(service), await booked(service, "Gooseberry")
    body = (await guest.look()).body
    keys = (
        body["reference"],
        body["reference"].lower().removeprefix("bf-"),
        f" {guest.uuid} ",
        guest.session_id,
        "quillfeather",
        "QUILL FEATHER",
        body["booking"]["reservation"].lower(),
        body["booking"]["supplierBookingId"],
        "req-12-letters",
    )
    for key in keys:
        assert await agent.found(key) == [guest.uuid], key
    for shared in ("ALEXA@example.test", "+1 (555) 0100", "1555-0100"):
        assert await agent.found(shared) == [other.uuid, guest.uuid], shared
    assert await agent.found("Nobodyatall") == []


async def test_a_result_tells_state_age_money_and_what_it_waits_for(
    service: Service, agent: Clerk
) -> None:
    guest, _ = await in_doubt(service)
    (hit,) = (await agent.search(guest.uuid)).body["sessions"]
    assert (hit["state"], hit["stateLabel"]) == ("basketed", "Cabin held")
    assert hit["waitsFor"]["whom"] == "staff"
    assert hit["waitsFor"]["what"] == "book_unknown"
    assert hit["waitsFor"]["until"]
    assert hit["money"]["total"]
    assert 0 <= hit["ageSeconds"] < 60
    assert hit["guest"]["name"] == "Alexa Example"


async def test_filters_leave_out_what_is_not_asked_for(service: Service, agent: Clerk) -> None:
    doubtful, _ = await in_doubt(service)
    opened, elsewhere = service.guest(), service.guest()
    await opened.open()
    await elsewhere.open(OTHER)
    now = datetime.now(UTC)
    assert await agent.found(attention=True) == [doubtful.uuid]
    assert await agent.found(state="created", cruiseId=OTHER) == [elsewhere.uuid]
    assert await agent.found(state="created") == [elsewhere.uuid, opened.uuid]
    assert await agent.found(**{"from": (now + timedelta(hours=1)).isoformat()}) == []
    assert len(await agent.found(to=(now + timedelta(hours=1)).isoformat())) == 3
    assert await agent.found("Example", state="created") == []


async def test_pages_follow_each_other_without_gap_or_twin(service: Service, agent: Clerk) -> None:
    made = []
    for _ in range(5):
        guest = service.guest()
        await guest.open()
        made.append(guest.uuid)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await agent.search(limit=2, **cursor)).body
        seen += [hit["sessionId"] for hit in page["sessions"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MjAyNi0wMS0wMSB4"])
async def test_a_made_up_cursor_is_refused(agent: Clerk, cursor: str) -> None:
    reply = await agent.search(cursor=cursor)
    assert (reply.status, reply.code, reply.pointers) == (422, "validation_failed", ["/cursor"])


async def test_a_search_is_audited_with_what_it_found_and_not_with_what_was_asked(
    service: Service, agent: Clerk
) -> None:
    guest = await booked(service)
    await agent.search("Quillfeather")
    (entry,) = await audit(service, "search")
    assert list(map(str, entry.session_ids)) == [guest.uuid]
    assert (entry.name, entry.facts) == (agent.name, '{"found": "1"}')
    assert entry.request_id
    lines = await rows(service, "SELECT CAST(t AS text) AS line FROM staff_audit t")
    assert "uillfeather" not in str(lines)


async def test_a_viewer_recognises_the_guest_and_reads_nothing_of_theirs(
    service: Service, agent: Clerk
) -> None:
    guest, viewer = await booked(service), await hire(service, Role.VIEWER)
    (hit,) = (await viewer.search("Quillfeather")).body["sessions"]
    assert hit["guest"] == {"name": "A••• Q•••", "email": "a•••@•••.test", "phone": "•••00"}
    shown = str(await viewer.read(guest.uuid))
    hidden = ("Quillfeather", "Alexa", "example.test", "555 0100", "Example Street", "97477")
    assert told(hidden, shown) == []
    assert "Quillfeather" in str(await agent.read(guest.uuid))


async def test_no_answer_holds_a_card_a_secret_or_a_supplier_session(
    service: Service, agent: Clerk
) -> None:
    guest = await booked(service)
    secret = guest.session_id.partition(".")[2]
    (row,) = await rows(service, "SELECT supplier_key FROM booking_sessions")
    told: list[Json] = [await agent.read(guest.uuid), (await agent.search("Quillfeather")).body]
    told.append((await agent.call("GET", f"sessions/{guest.uuid}/history")).body)
    for word in (secret, VISA, row.supplier_key):
        assert word not in str(told)


async def test_staff_cannot_act_as_the_guest(service: Service, agent: Clerk) -> None:
    """The id they see opens nothing of the guest's, whatever key is sent beside it."""
    guest = await booked(service)
    session = (await agent.read(guest.uuid))["session"]
    assert {action["name"] for action in session["allowedActions"]}.isdisjoint({"pay", "book"})
    for method, path in (("GET", f"session/{guest.uuid}"), ("POST", f"{guest.uuid}/cancel")):
        body: dict[str, object] | None = {} if method == "POST" else None
        reply = await service.call(method, f"{BASE}/{path}", body, headers=agent.headers)
        assert (reply.status, reply.code) == (404, "session_not_found")


async def test_the_whole_story_lies_on_one_axis(service: Service, agent: Clerk) -> None:
    """Events, steps, supplier calls with what was asked and answered, tasks, and staff."""
    guest, _ = await in_doubt(service)
    await agent.act(guest.uuid, "note")
    story = await agent.read(guest.uuid)
    kinds = [happening["kind"] for happening in story["timeline"]]
    assert set(kinds) == {"event", "step", "call", "task_opened", "staff"}
    times = [happening["at"] for happening in story["timeline"]]
    assert times == sorted(times)
    calls = {each["what"]: each for each in story["timeline"] if each["kind"] == "call"}
    assert calls["book"]["outcome"] == "broken"
    assert calls["basketadd"]["request"]["resultno"]
    assert calls["basketadd"]["response"]["results"]
    notes = [each for each in story["timeline"] if each["what"] == "note"]
    assert sorted((each["kind"], each["name"]) for each in notes) == [
        ("event", agent.name),
        ("staff", agent.name),
    ], "both are of one commit, and so of one moment"
    assert story["tasks"][0]["answers"] == ["reservation", "not_booked"]
    assert story["session"]["pending"]["outcome"] == "unknown"


async def test_a_stored_history_is_checked_against_the_flow(service: Service, agent: Clerk) -> None:
    guest = await booked(service)
    checked = (await agent.call("GET", f"sessions/{guest.uuid}/history")).body
    assert (checked["folds"], checked["problem"], checked["foldedState"]) == (True, None, "paid")
    await rows(
        service,
        "UPDATE booking_sessions SET state = 'booked' WHERE id = :id RETURNING id",
        id=guest.uuid,
    )
    broken = (await agent.call("GET", f"sessions/{guest.uuid}/history")).body
    assert broken["folds"] is False
    assert broken["problem"] == "it leads to paid, and booked is stored"


@pytest.mark.parametrize("name", ["nothing", "00000000-0000-7000-8000-000000000000"])
async def test_a_session_nobody_has_is_not_found(agent: Clerk, name: str) -> None:
    for path in (f"sessions/{name}", f"sessions/{name}/history"):
        reply = await agent.call("GET", path)
        assert (reply.status, reply.code) == (404, "session_not_found")


async def test_reading_is_audited(service: Service, agent: Clerk) -> None:
    guest = await booked(service)
    await agent.read(guest.uuid)
    (entry,) = await audit(service, "read_session")
    assert list(map(str, entry.session_ids)) == [guest.uuid]
    assert "read_session" in str((await agent.read(guest.uuid))["timeline"])


async def test_answers_are_what_the_document_says(service: Service, agent: Clerk) -> None:
    guest, _ = await in_doubt(service)
    validator("Story").validate(await agent.read(guest.uuid))
    validator("Hits").validate((await agent.search(guest.uuid)).body)
    validator("Tasks").validate((await agent.call("GET", "tasks")).body)
    validator("StaffSession").validate((await agent.act(guest.uuid, "note")).body)
    validator("Me").validate((await agent.call("GET", "me")).body)
    history = await agent.call("GET", f"sessions/{guest.uuid}/history")
    validator("History").validate(history.body)
