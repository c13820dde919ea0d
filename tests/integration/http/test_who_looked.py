"""Who looked at this guest's session, and what did this member of staff look at."""

from __future__ import annotations

import json

from booking_flow.staff.people import Role
from booking_http.console.audit_page import AUDIT
from tests.support.console import at_desk, come_in
from tests.support.service import Service
from tests.support.staff import audit, hire


async def test_who_looked_at_a_session_and_what_somebody_looked_at(service: Service) -> None:
    guest, other = service.guest(), service.guest()
    for each in (guest, other):
        await each.to_priced()
    agent = await hire(service, Role.AGENT, "Ann Agent")
    await agent.read(guest.uuid)
    await agent.act(guest.uuid, "note", reason="she called")
    await agent.read(other.uuid)
    supervisor = await come_in(service, await hire(service, Role.SUPERVISOR, "Sue Pervisor"))
    reference = (await guest.look()).body["reference"]
    at_session = await supervisor.get(f"{AUDIT}?reference={reference}")
    assert at_session.status == 200
    assert "Ann Agent" in at_session.words
    assert "she called" in at_session.words
    assert other.uuid not in at_session.html
    exported = await supervisor.get(f"{AUDIT}/export.json?email={agent.email}")
    found = json.loads(exported.html)
    assert found["lines"][0]["action"] == "read_session"
    seen = {each["sessionId"] for line in found["lines"] for each in line["sessions"]}
    assert {guest.uuid, other.uuid} <= seen
    assert found["more"] is False
    lines = await audit(service, "read_audit")
    assert [line.name for line in lines] == ["Sue Pervisor"] * 2
    older = await supervisor.get(f"{AUDIT}?email={agent.email}&before=1")
    assert "There is no line." in older.words


async def test_only_supervisors_see_who_looked(service: Service) -> None:
    for role, status in ((Role.AGENT, 403), (Role.SUPERVISOR, 200)):
        visitor = await at_desk(service, role)
        assert (await visitor.get(AUDIT)).status == status
        assert (await visitor.get(f"{AUDIT}/export.json")).status == status
        assert ("Who looked" in (await visitor.get("/console")).words) is (status == 200)


async def test_what_is_not_there_is_said_so(service: Service) -> None:
    visitor = await at_desk(service, Role.SUPERVISOR)
    for query in ("reference=BF-22222222", "email=nobody@agency.test"):
        assert (await visitor.get(f"{AUDIT}?{query}")).status == 404
