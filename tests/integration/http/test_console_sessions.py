"""The page of a session and the way to it, without a browser."""

from __future__ import annotations

import json
import re

import pytest

from booking_flow.staff.people import Role
from tests.integration.http.conftest import MakeService
from tests.support.console import Visitor, at_desk, page_of
from tests.support.service import VISA, Guest, Service
from tests.support.staff import in_doubt, rows
from tests.support.text import told

DECLINED = "4000000000000002"


@pytest.fixture
async def agent(service: Service) -> Visitor:
    """Return an agent who has signed in."""
    return await at_desk(service, Role.AGENT)


async def booked(service: Service, surname: str) -> Guest:
    """Return a guest of this name who has booked and paid."""
    guest = service.guest()
    total = (await guest.to_basketed()).body["price"]["total"]
    made = await guest.book(guest.booking(surname=surname, payment=guest.payment(total)))
    assert made.status == 201, made
    return guest


async def test_a_name_that_only_one_guest_has_leads_to_their_session(
    service: Service, agent: Visitor
) -> None:
    """It is sent in the form and stands in no address and in no audit."""
    guest = await booked(service, "Quillfeather")
    first = await agent.get("/console")
    found = await agent.send(first, "/console", query="quillfeather")
    assert (found.status, found.location) == (303, page_of(guest))
    assert (await agent.get("/console?query=quillfeather")).html.count("BF-") == 0
    assert "uillfeather" not in str(await rows(service, "SELECT facts FROM staff_audit"))


async def test_the_first_page_shows_what_needs_somebody(service: Service, agent: Visitor) -> None:
    doubtful, _ = await in_doubt(service)
    well = await booked(service, "Gooseberry")
    page = await agent.get("/console")
    assert page_of(doubtful) in page.html
    assert page_of(well) not in page.html
    assert "Staff: Was it booked?" in page.words


async def test_filters_come_from_the_form_or_from_a_link(service: Service, agent: Visitor) -> None:
    await booked(service, "Gooseberry")
    opened = service.guest()
    await opened.open()
    first = await agent.get("/console")
    for page in (
        await agent.send(first, "/console", state="created"),
        await agent.get("/console?state=created"),
    ):
        assert page.status == 200
        assert page.html.count('<td><a class="id"') == 1
        assert page_of(opened) in page.html
    wrong = await agent.send(first, "/console", **{"from": "yesterday"})
    assert (wrong.status, wrong.form("/console")["from"]) == (422, "yesterday")
    assert (await agent.get("/console?state=nonsense")).status == 422


async def test_pages_of_results_follow_each_other(service: Service, agent: Visitor) -> None:
    for _ in range(27):
        await service.guest().open()
    first = await agent.get("/console")
    page = await agent.send(first, "/console", state="created")
    seen = re.findall(r'<td><a class="id" href="([^"]+)"', page.html)
    paging = [form for form in page.forms if "cursor" in form["fields"]]
    more = await agent.post("/console", paging[0]["fields"])
    seen += re.findall(r'<td><a class="id" href="([^"]+)"', more.html)
    assert len(set(seen)) == len(seen) == 27


async def test_a_viewer_sees_no_personal_data_on_any_page(service: Service) -> None:
    guest, _ = await in_doubt(service)
    viewer = await at_desk(service, Role.VIEWER, "Vic Watcher")
    page = await viewer.get(page_of(guest))
    (task,) = set(re.findall(r"/console/tasks/[0-9a-f-]{36}", page.html))
    shown = [page, await viewer.get("/console"), await viewer.get(task)]
    shown.append(await viewer.get(f"{page_of(guest)}/story.json"))
    for each in shown:
        assert each.status == 200
        assert told(("Alexa", "Example", "alexa@example.test", "97477"), each.words) == []
    assert "<textarea" not in page.html
    assert "Alexa Example" in (await (await at_desk(service, Role.AGENT)).get(page_of(guest))).words


async def test_the_page_says_what_happened_and_opens_the_suppliers_answer(
    service: Service, agent: Visitor
) -> None:
    guest, _ = await in_doubt(service)
    page = await agent.get(page_of(guest))
    assert "It is not known whether the line booked" in page.words
    assert "The line's system answered with an error (HTTP 500) after" in page.words
    assert "it may or may not have booked" in page.words
    assert "Nothing is sent again meanwhile." in page.words
    (culprit,) = re.findall(r'<li id="(row-call-[0-9a-f-]+)" class="[^"]*culprit', page.html)
    assert f'href="#{culprit}"' in page.html
    assert f'<details id="more-{culprit}" open>' in page.html
    names = re.findall(r' id="([^"]+)"', page.html)
    assert len(names) == len(set(names))
    assert VISA not in page.html


async def test_the_diagram_shows_the_way_the_present_state_and_the_open_step(
    service: Service, agent: Visitor
) -> None:
    guest, _ = await in_doubt(service)
    page = (await agent.get(page_of(guest))).html
    marks = dict(
        re.findall(r'<g id="((?:state|basketed|created|priced)-\w+)" class="([^"]+)"', page)
    )
    assert marks["state-created"] == "node been"
    assert marks["state-basketed"] == "node been now"
    assert marks["basketed-book"] == "edge open"
    assert marks["created-price"] == "edge been"
    assert marks["state-booked"] == "node"


async def test_pauses_are_written_and_not_drawn(service: Service, agent: Visitor) -> None:
    guest = service.guest()
    await guest.open()
    await service.advance(minutes=12)
    await guest.price()
    assert "12 min pause" in (await agent.get(page_of(guest))).words


async def test_the_story_can_be_narrowed_down_and_taken_home(
    service: Service, agent: Visitor
) -> None:
    guest = await booked(service, "Gooseberry")
    whole = await agent.get(f"{page_of(guest)}/story.json")
    assert whole.headers["Content-Disposition"].startswith('attachment; filename="BF-')
    story = json.loads(whole.html)
    calls = [each["row"] for each in story["timeline"] if each["kind"] == "call"]
    narrowed = await agent.get(f"{page_of(guest)}?show=calls")
    shown = re.findall(r'<li id="row-([^"]+)" class="happening', narrowed.html)
    assert shown == calls
    everything = await agent.get(page_of(guest))
    assert "Looked at this session" not in everything.words
    assert "Looked at this session" in (await agent.get(f"{page_of(guest)}?show=staff")).words


async def test_who_follows_is_told_versions_until_they_sign_out(make_service: MakeService) -> None:
    service: Service = await make_service(heartbeat_seconds=0.2)
    guest, agent = service.guest(), await at_desk(service, Role.AGENT)
    await guest.open()
    cookies = "; ".join(f"{name}={value}" for name, value in agent.cookies.items())
    url = service.url.join(service.url.with_path(f"{page_of(guest)}/events"))
    async with service.http.get(url, headers={"Cookie": cookies}) as stream:
        told_so_far = b""
        while b"data: 0" not in told_so_far:
            told_so_far += await stream.content.readany()
        await guest.price()
        while b"data: 1" not in told_so_far:
            told_so_far += await stream.content.readany()
        await agent.send(await agent.get("/console"), "/console/sign-out")
        rest = await stream.content.read()
    assert b"priced" not in told_so_far + rest
    assert (await Visitor(service).get(f"{page_of(guest)}/events")).status == 303


async def test_the_sentence_on_top_tells_how_it_stands_whatever_went_before(
    service: Service, agent: Visitor
) -> None:
    lucky = service.guest()
    total = (await lucky.to_basketed()).body["price"]["total"]
    for card in (DECLINED, VISA):
        await lucky.book(lucky.booking(payment=lucky.payment(total, card=card)))
    page = await agent.get(page_of(lucky))
    assert "What happened: Booked and paid" in page.words
    assert "failed once" in page.words
    assert "(the card was declined), and worked later" in page.words

    leaver, dreamer = await booked(service, "Gooseberry"), service.guest()
    await leaver.cancel()
    leaving = await agent.get(page_of(leaver))
    assert "What happened: Cancellation requested" in leaving.words
    assert "Now call the line: open the task." in leaving.words
    await dreamer.open()
    assert "What happened: Started" in (await agent.get(page_of(dreamer))).words
    await dreamer.cancel()
    ended = await agent.get(page_of(dreamer))
    assert "What happened: Cancelled" in ended.words
    assert "Cancelled by the guest at" in ended.words
    assert "before anything was booked" in ended.words


async def test_of_an_ended_session_it_is_still_told_that_the_card_was_declined(
    service: Service,
) -> None:
    guest = service.guest()
    total = (await guest.to_basketed()).body["price"]["total"]
    await guest.book(guest.booking(payment=guest.payment(total, card=DECLINED)))
    await service.advance(hours=3)
    page = await (await at_desk(service, Role.AGENT)).get(page_of(guest))
    assert "What happened: Expired No booking was made; the session ended at" in page.words
    assert "The last thing that failed: Book at the line" in page.words
    assert "(the card was declined)" in page.words


async def test_a_hold_that_has_run_out_is_not_called_held(service: Service) -> None:
    """Also while nobody knows whether it was booked, when the session stays where it is."""
    guest, _ = await in_doubt(service)
    agent = await at_desk(service, Role.AGENT)
    assert "Held until" in (await agent.get(page_of(guest))).words
    await service.advance(hours=72)
    agent = await at_desk(service, Role.AGENT)
    page = await agent.get(page_of(guest))
    assert 'chip live">Cabin held' not in page.html
    assert "Hold ran out" in page.words
    assert "Held until" not in page.words
    assert "Hold ran out" in (await agent.get("/console?state=basketed")).words


async def test_one_can_go_back_to_what_was_found_and_its_address_names_nobody(
    service: Service, agent: Visitor
) -> None:
    for _ in range(2):
        await booked(service, "Quillfeather")
    fields = (await agent.get("/console")).form("/console") | {"query": "quillfeather"}
    answer = await agent._send("POST", "/console", data=fields)
    assert (answer.status, answer.location.startswith("/console/found/")) == (303, True)
    assert "quillfeather" not in answer.location.lower()
    for _ in range(2):
        page = await agent.get(answer.location)
        assert (page.status, page.words.count("Alexa Quillfeather")) == (200, 2)
    other = await at_desk(service, Role.AGENT, "Ben Agent")
    for visitor, address in ((other, answer.location), (agent, "/console/found/gAAAAmade-up")):
        gone = await visitor.get(address)
        assert (gone.status, "not kept any longer" in gone.alert) == (410, True)
        assert "Quillfeather" not in gone.html


async def test_a_refused_form_is_told_first_and_has_the_focus(
    service: Service, agent: Visitor
) -> None:
    guest = service.guest()
    await guest.open()
    page = await agent.act(guest.uuid, "note", reason="")
    assert page.status == 422
    main = page.html.partition("<main")[2]
    assert main.index('role="alert" tabindex="-1" autofocus') < main.index("<h1")
    assert 'href="#note-reason"' in main
    assert 'id="note-reason"' in main
