"""What staff do on a session's page, without a browser."""

from __future__ import annotations

import pytest

from booking_flow.staff.people import Role
from tests.integration.http.conftest import MakeService
from tests.support.console import Visitor, at_desk, page_of
from tests.support.service import VISA, Service
from tests.support.staff import audit
from tests.support.waiting import eventually


@pytest.fixture
async def agent(service: Service) -> Visitor:
    """Return an agent who has signed in."""
    return await at_desk(service, Role.AGENT)


async def test_an_act_needs_a_reason_and_what_is_wrong_stands_beside_the_field(
    service: Service, agent: Visitor
) -> None:
    guest = service.guest()
    await guest.open()
    for reason in ("", f"paid with {VISA}"):
        page = await agent.act(guest.uuid, "note", reason=reason)
        assert page.status == 422
        assert '<details class="more deed" id="do-note" open>' in page.html
        assert 'id="note-reason-fault"' in page.html
    assert await audit(service, "note") == []


async def test_who_comes_second_is_told_what_happened_and_keeps_what_they_typed(
    service: Service, agent: Visitor
) -> None:
    guest = service.guest()
    await guest.open()
    page = await agent.get(page_of(guest))
    await guest.price()
    path = f"{page_of(guest)}/cancel"
    late = await agent.send(page, path, reason="they changed their mind")
    assert late.status == 412
    assert "has changed since you saw it" in late.alert
    assert "Show prices (guest)" in late.alert
    assert ">they changed their mind</textarea>" in late.html
    again = await agent.send(late, path, reason="they changed their mind")
    assert (again.status, again.location) == (303, f"{page_of(guest)}?done=cancel")
    done = await agent.get(again.location)
    assert "The session is cancelled." in done.words
    assert "by Sam Example" in done.words


async def test_a_deadline_is_moved(service: Service, agent: Visitor) -> None:
    guest = service.guest()
    await guest.open()
    path = f"{page_of(guest)}/extend-deadline"
    page = await agent.get(page_of(guest))
    nothing = await agent.send(page, path, reason="they asked", until="")
    assert (nothing.status, 'id="until-fault"' in nothing.html) == (422, True)
    late = await agent.send(page, path, reason="they asked", until="2001-01-01T00:00")
    assert late.status == 422
    assert "must lie after" in late.alert


async def test_nobody_acts_by_a_name_that_is_none(service: Service, agent: Visitor) -> None:
    guest = service.guest()
    await guest.open()
    fields = (await agent.get(page_of(guest))).form("/note") | {"reason": "because"}
    assert (await agent.post(f"{page_of(guest)}/nonsense", fields)).status == 404


async def test_roles_are_refused_what_is_not_theirs(service: Service, agent: Visitor) -> None:
    guest = service.guest()
    await guest.open()
    viewer = await at_desk(service, Role.VIEWER)
    proof = (await viewer.get(page_of(guest))).form("/console/sign-out")["csrf"]
    typed = {"csrf": proof, "version": "0", "reason": "because"}
    assert (await viewer.post(f"{page_of(guest)}/note", typed)).status == 403
    page = await agent.get(page_of(guest))
    fields = page.form("/note") | {"reason": "because", "to": "cancelled"}
    for deed in ("move", "erase-guest"):
        assert (await agent.post(f"{page_of(guest)}/{deed}", fields)).status == 403


async def test_undos_are_retried_for_a_whole_list(make_service: MakeService) -> None:
    service: Service = await make_service(worker=True, worker_poll_seconds=0.2)
    agent, guest = await at_desk(service, Role.AGENT), service.guest()
    await guest.to_basketed()
    await service.simulator.fault("basketremove.pl", "http_500", times=None)
    assert (await guest.cancel()).status == 202
    listed = await agent.send(await agent.get("/console"), "/console", state="basketed")
    nothing = await agent.send(listed, "/console/bulk", action="retry-undo", reason="")
    assert (nothing.status, 'id="bulk-reason-fault"' in nothing.html) == (422, True)
    begun = await agent.send(
        listed, "/console/bulk", reason="the supplier was down", action="retry-undo"
    )
    assert begun.status == 303

    async def ended() -> bool:
        return 'data-ended="yes"' in (await agent.get(begun.location)).html

    await eventually(ended)
    page = await agent.get(begun.location)
    assert "the supplier was down" in page.words
    assert page_of(guest) in page.html


async def test_an_erased_guest_is_a_page_without_them(service: Service) -> None:
    guest, supervisor = service.guest(), await at_desk(service, Role.SUPERVISOR, "Sue Pervisor")
    await guest.to_priced()
    await guest.edit({"contact": guest.contact("Quillfeather")})
    await guest.cancel()
    assert "Quillfeather" in (await supervisor.get(page_of(guest))).words
    erased = await supervisor.act(guest.uuid, "erase-guest", reason="they asked us to")
    assert erased.status == 303
    page = await supervisor.get(erased.location)
    assert "What the guest typed is erased" in page.words
    assert "Quillfeather" not in page.words
