"""A link that signs in: once, not for long, by a button and never by looking."""

from __future__ import annotations

import asyncio
import re
from http.cookies import SimpleCookie

import pytest
from multidict import CIMultiDictProxy

from booking_flow.staff.people import Role, operator
from booking_http.staff.sign_in_links import grant_link
from booking_http.staff.wiring import BASE
from persistence.staff_changes import StaffChanges
from tests.support.service import Reply, Service
from tests.support.staff import Clerk, audit, hire, operators, rows

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def clerk(service: Service) -> Clerk:
    """Return a supervisor who has not signed in."""
    clerk = await hire(service, Role.SUPERVISOR, "Sue Pervisor")
    clerk.headers = {}
    return clerk


async def link_for(service: Service, clerk: Clerk) -> str:
    path = await grant_link(operators(service), clerk.email)
    assert path is not None
    return path


async def look(service: Service, path: str) -> tuple[Reply, dict[str, str]]:
    """Open the page, and return it with what a browser sends back with its form."""
    page = await service.call("GET", path)
    browser = SimpleCookie(page.headers["Set-Cookie"])["console_browser"].value
    found = re.search(r'name="csrf" value="([^"]+)"', page.body)
    return page, {"Cookie": f"console_browser={browser}", "csrf": found[1] if found else ""}


async def press(service: Service, path: str, seen: dict[str, str]) -> Reply:
    """Press the button of the page."""
    headers = {"Content-Type": FORM, "Cookie": seen["Cookie"]}
    raw = f"csrf={seen['csrf']}".encode()
    async with service.http.post(
        service.url.with_path(path), data=raw, headers=headers, allow_redirects=False
    ) as answer:
        return Reply(answer.status, await answer.text(), answer.headers)


async def me(service: Service, reply: Reply) -> Reply:
    """Ask who is signed in by the cookie that an answer set."""
    assert isinstance(reply.headers, CIMultiDictProxy)
    lines = reply.headers.getall("Set-Cookie", [])
    for line in lines:
        found = SimpleCookie(line)
        if "staff_session" in found:
            cookie = {"Cookie": f"staff_session={found['staff_session'].value}"}
            return await service.call("GET", f"{BASE}/me", headers=cookie)
    raise AssertionError("no cookie was set")


async def test_a_link_signs_in_once_and_only_by_its_button(service: Service, clerk: Clerk) -> None:
    path = await link_for(service, clerk)
    for _ in range(3):
        page, seen = await look(service, path)
        assert (page.status, page.headers["Referrer-Policy"]) == (200, "no-referrer")
        assert page.headers["Cache-Control"] == "no-store"
    opened = await press(service, path, seen)
    assert (opened.status, opened.headers["Location"]) == (303, "/console")
    known = await me(service, opened)
    assert (known.body["email"], known.body["role"]) == (clerk.email, "supervisor")
    again = await press(service, path, seen)
    assert (again.status, "staff_session" in str(again.headers)) == (401, False)
    assert "was used or has run out" in again.body
    assert [entry.name for entry in await audit(service, "grant_link")] == ["tests (operator)"]
    (entry,) = await audit(service, "sign_in")
    assert (entry.name, entry.facts) == (clerk.name, '{"by": "link"}')
    assert len(await audit(service, "sign_in_refused")) == 1


async def test_of_two_who_press_at_once_one_comes_in(service: Service, clerk: Clerk) -> None:
    path = await link_for(service, clerk)
    _, seen = await look(service, path)
    both = await asyncio.gather(press(service, path, seen), press(service, path, seen))
    assert sorted(reply.status for reply in both) == [303, 401]


@pytest.mark.parametrize(("minutes", "status"), [(29, 303), (31, 401)])
async def test_a_link_runs_out(service: Service, clerk: Clerk, minutes: int, status: int) -> None:
    path = await link_for(service, clerk)
    _, seen = await look(service, path)
    await service.advance(minutes=minutes)
    assert (await press(service, path, seen)).status == status


async def test_a_link_of_a_disabled_account_opens_nothing(service: Service, clerk: Clerk) -> None:
    path = await link_for(service, clerk)
    _, seen = await look(service, path)
    await StaffChanges(service.parts.database, operator("tests")).disable(clerk.email)
    assert (await press(service, path, seen)).status == 401
    assert await grant_link(operators(service), clerk.email) is None
    assert await grant_link(operators(service), "nobody@agency.test") is None


async def test_another_sites_form_signs_nobody_in(service: Service, clerk: Clerk) -> None:
    """Who wanted somebody to work under a foreign name could else send them a form."""
    path = await link_for(service, clerk)
    _, seen = await look(service, path)
    for forged in ({**seen, "csrf": "0" * 64}, {**seen, "Cookie": "console_browser=other"}):
        assert (await press(service, path, forged)).status == 403
    assert (await press(service, path, seen)).status == 303


async def test_guessing_links_is_locked_out(service: Service, clerk: Clerk) -> None:
    path = await link_for(service, clerk)
    _, seen = await look(service, path)
    for number in range(30):
        assert (await press(service, f"{path}{number}", seen)).status == 401
    late = await press(service, path, seen)
    assert (late.status, late.headers["Retry-After"]) == (429, "900")


async def test_a_link_lies_in_no_table(service: Service, clerk: Clerk) -> None:
    token = (await link_for(service, clerk)).rpartition("/")[2]
    for table in ("staff_links", "staff_audit", "staff_attempts"):
        for row in await rows(service, f"SELECT CAST(t AS text) AS line FROM {table} t"):
            assert token not in row.line
            assert token.encode().hex() not in row.line
