"""Supervisors change the accounts of others in the console, and leave a line for each change."""

from __future__ import annotations

import asyncio
import re

import pytest

from booking_flow.staff.people import Role, StaffMember
from booking_http.console.staff_page import ACCOUNTS
from persistence.staff import PostgresStaff
from persistence.staff_changes import StaffChanges
from tests.support.console import Page, Visitor, at_desk, come_in
from tests.support.service import Service
from tests.support.staff import Clerk, audit, facts_of, hire, rows


@pytest.fixture
async def visitor(service: Service) -> Visitor:
    return await at_desk(service, Role.SUPERVISOR, "Sue Pervisor")


async def page_of(service: Service, clerk: Clerk) -> str:
    found = await PostgresStaff(service.parts.database).find(clerk.email)
    assert found is not None
    return f"{ACCOUNTS}/{found.account.id}"


async def change(visitor: Visitor, home: str, what: str, **typed: str) -> Page:
    return await visitor.send(await visitor.get(home), f"{home}/{what}", **typed)


async def come_in_by_link(visitor: Visitor, page: Page) -> Page:
    found = re.search(r"<code>http[^<]+(/console/sign-in/link/[\w-]{43})</code>", page.html)
    assert found is not None, page.words
    proof = re.search(r'name="csrf" value="([^"]+)"', (await visitor.get(found[1])).html)
    assert proof is not None
    return await visitor.post(found[1], {"csrf": proof[1]})


async def test_an_account_is_added_and_its_owner_comes_in_by_a_link(
    service: Service, visitor: Visitor
) -> None:
    page = await visitor.get(ACCOUNTS)
    wrong = await visitor.send(page, ACCOUNTS, name="Ada Example", email="nobody", role="agent")
    assert (wrong.status, 'value="Ada Example"' in wrong.html) == (422, True)
    typed = {"name": "Ada Example", "email": "ada@agency.test", "role": "agent"}
    added = await visitor.send(page, ACCOUNTS, **typed)
    assert added.status == 303
    assert (await visitor.send(page, ACCOUNTS, **typed)).status == 409
    made = await change(visitor, added.location, "link")
    ada = Visitor(service)
    assert (await come_in_by_link(ada, made)).status == 303
    assert "ada@agency.test" in (await ada.get("/console/account")).words
    for action in ("staff_add", "grant_link"):
        line = (await audit(service, action))[-1]
        assert (line.name, facts_of(line)["account"]) == ("Sue Pervisor", "ada@agency.test")


async def test_role_and_access_are_changed_and_each_change_has_a_line(
    service: Service, visitor: Visitor
) -> None:
    clerk = await hire(service, Role.VIEWER)
    home, theirs = await page_of(service, clerk), await come_in(service, clerk)
    assert (await change(visitor, home, "role", role="agent")).location == f"{home}?done=role"
    assert (await clerk.call("GET", "me")).body["role"] == "agent"
    assert (await change(visitor, home, "role", role="agent")).status == 409
    assert (await change(visitor, home, "disable")).location == f"{home}?done=disable"
    assert (await theirs.get("/console")).location.startswith("/console/sign-in")
    assert (await clerk.call("GET", "me")).status == 401
    assert (await change(visitor, home, "enable")).location == f"{home}?done=enable"
    assert (await clerk.sign_in()).status == 200
    for action in ("staff_role", "staff_disable", "staff_enable"):
        (line,) = await audit(service, action)
        assert (line.name, facts_of(line)["account"]) == ("Sue Pervisor", clerk.email)


async def test_one_token_of_another_is_ended(service: Service, visitor: Visitor) -> None:
    clerk = await hire(service, Role.VIEWER)
    home = await page_of(service, clerk)
    (token,) = await PostgresStaff(service.parts.database).tokens(clerk.email)
    assert (await change(visitor, home, f"tokens/{token.number}")).status == 303
    assert (await clerk.call("GET", "me")).status == 401
    again = await visitor.post(
        f"{home}/tokens/{token.number}", (await visitor.get(home)).form("/role")
    )
    assert again.status == 409
    (line,) = await audit(service, "staff_revoke")
    assert (line.name, facts_of(line)["token"]) == ("Sue Pervisor", str(token.number))


async def test_a_second_factor_is_reset_for_who_has_lost_the_telephone(
    service: Service, visitor: Visitor
) -> None:
    clerk = await hire(service, Role.VIEWER)
    home = await page_of(service, clerk)
    assert "Reset the second factor" not in (await visitor.get(home)).words
    sql = """
        INSERT INTO staff_second_factors (account_id, wrapped_key, master_id, secret_ciphertext,
                                          last_step, created_at)
        SELECT id, '', 1, '', 0, now() FROM staff_accounts WHERE email = :email RETURNING 1
        """
    await rows(service, sql, email=clerk.email)
    assert (await clerk.sign_in()).code == "second_factor_required"
    assert (await change(visitor, home, "second-factor")).location == f"{home}?done=factor"
    assert (await clerk.sign_in()).status == 200
    (line,) = await audit(service, "staff_second_factor_reset")
    assert (line.name, facts_of(line)["account"]) == ("Sue Pervisor", clerk.email)


async def test_nobody_changes_their_own_account_or_looks_for_one_that_is_not(
    service: Service, visitor: Visitor
) -> None:
    clerk = await hire(service, Role.SUPERVISOR)
    mine, theirs = await come_in(service, clerk), await page_of(service, clerk)
    form = (await mine.get(ACCOUNTS)).form(ACCOUNTS)
    for what in ("disable", "link", "second-factor", "role"):
        refused = await mine.post(f"{theirs}/{what}", form | {"role": "viewer"})
        assert (refused.status, "Another supervisor" in refused.words) == (403, True), what
    assert "own account" in (await mine.get(theirs)).words
    for path in ("nothing", "00000000-0000-7000-8000-000000000000"):
        assert (await visitor.get(f"{ACCOUNTS}/{path}")).status == 404


async def test_of_two_supervisors_who_shut_each_other_out_one_stays(service: Service) -> None:
    """Nobody could let anybody in again; who works at the machine still may."""
    clerks = [await hire(service, Role.SUPERVISOR) for _ in range(2)]
    accounts = PostgresStaff(service.parts.database)
    found = [await accounts.find(clerk.email) for clerk in clerks]
    members = [
        StaffMember(name=each.account.name, role=Role.SUPERVISOR, account_id=each.account.id)
        for each in found
        if each is not None
    ]
    by = [StaffChanges(service.parts.database, member) for member in members]
    done = await asyncio.gather(by[0].disable(clerks[1].email), by[1].disable(clerks[0].email))
    assert sorted(done) == [False, True]
    last = clerks[1] if done[1] else clerks[0]
    assert not await by[0].set_role(last.email, Role.AGENT)
    assert (await last.call("GET", "me")).status == 200
