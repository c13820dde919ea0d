"""What staff change about their own account, and what operators change about accounts."""

from __future__ import annotations

import asyncio
import re

import pytest
from click.testing import CliRunner, Result

from booking_flow.staff.people import Role
from booking_http.cli.main import main
from booking_http.console.account_page import ACCOUNT
from booking_http.staff.sign_in_links import grant_link
from tests.support.console import Visitor, come_in
from tests.support.service import Service
from tests.support.staff import PASSWORD, Clerk, audit, hire, operators

NEW = "another long and made-up password"


@pytest.fixture
async def clerk(service: Service) -> Clerk:
    return await hire(service, Role.VIEWER)


async def staff(service: Service, *words: str) -> Result:
    env = {"DATABASE_URL": service.parts.settings.database_url.get_secret_value()}
    return await asyncio.to_thread(CliRunner().invoke, main, ["staff", *words], env=env)


async def change(visitor: Visitor, **typed: str) -> tuple[int, str]:
    page = await visitor.send(await visitor.get(ACCOUNT), f"{ACCOUNT}/password", **typed)
    return page.status, page.alert


async def test_a_password_is_changed_by_who_knows_the_present_one(
    service: Service, clerk: Clerk
) -> None:
    visitor, other = await come_in(service, clerk), await come_in(service, clerk)
    wrong, said = await change(visitor, password="wrong", newPassword=NEW)
    assert (wrong, "The present password is wrong." in said) == (422, True)
    assert (await change(visitor, password=PASSWORD, newPassword="short"))[0] == 422
    assert (await change(visitor, password=PASSWORD, newPassword=NEW))[0] == 303
    assert (await visitor.get(ACCOUNT)).status == 200
    assert (await other.get(ACCOUNT)).location.startswith("/console/sign-in")
    assert (await clerk.sign_in()).status == 401
    assert (await clerk.sign_in(NEW)).status == 200
    (line,) = await audit(service, "staff_password")
    assert (line.name, clerk.email in str(line.facts)) == (clerk.name, True)


async def test_guessing_the_present_password_ends_after_five(
    service: Service, clerk: Clerk
) -> None:
    visitor = await come_in(service, clerk)
    codes = [(await change(visitor, password="wrong", newPassword=NEW))[0] for _ in range(6)]
    assert codes == [422] * 5 + [429]


async def test_who_came_by_a_link_chooses_a_password_without_the_old_one(
    service: Service, clerk: Clerk
) -> None:
    path = await grant_link(operators(service), clerk.email)
    assert path is not None
    visitor = Visitor(service)
    page = await visitor.get(path)
    proof = re.search(r'name="csrf" value="([^"]+)"', page.html)
    assert proof is not None
    await visitor.post(path, {"csrf": proof[1]})
    assert "Present password" not in (await visitor.get(ACCOUNT)).words
    await service.advance(minutes=16)
    assert "Present password" in (await visitor.get(ACCOUNT)).words
    await service.advance(minutes=0)
    assert (await change(visitor, newPassword=NEW))[0] == 303
    assert (await clerk.sign_in(NEW)).status == 200


async def test_a_token_has_a_name_a_last_use_and_an_end(service: Service, clerk: Clerk) -> None:
    visitor = await come_in(service, clerk)
    made = await visitor.send(
        await visitor.get(ACCOUNT), f"{ACCOUNT}/tokens", name="nightly report", days="2"
    )
    found = re.search(r"<code>([\w-]{43})</code>", made.html)
    assert found is not None
    bearer = {"Authorization": f"Bearer {found[1]}"}
    assert (await clerk.call("GET", "me", headers=bearer)).status == 200
    listed = (await staff(service, "tokens", clerk.email)).output
    line = next(each for each in listed.splitlines() if "nightly report" in each)
    assert "  used 20" in line
    assert "  ends 20" in line
    await service.advance(days=2, seconds=1)
    assert (await clerk.call("GET", "me", headers=bearer)).status == 401
    assert "nightly report" in (await staff(service, "tokens", clerk.email)).output
    assert len(await audit(service, "staff_token")) == 2


async def test_one_token_is_ended_and_the_others_are_not(service: Service, clerk: Clerk) -> None:
    other = (await staff(service, "token", clerk.email, "--name", "other")).output.strip()
    bearer = {"Authorization": f"Bearer {other}"}
    number = (await staff(service, "tokens", clerk.email)).output.split()[0]
    visitor = await come_in(service, clerk)
    page = await visitor.get(ACCOUNT)
    ended = await visitor.send(page, f"{ACCOUNT}/tokens/{number}/revoke")
    assert ended.status == 303
    assert (await clerk.call("GET", "me")).status == 401
    assert (await clerk.call("GET", "me", headers=bearer)).status == 200
    again = await visitor.post(
        f"{ACCOUNT}/tokens/{number}/revoke", page.form(f"{ACCOUNT}/password")
    )
    assert again.status == 404
    stranger = await hire(service, Role.SUPERVISOR)
    theirs = (await staff(service, "tokens", stranger.email)).output.split()[0]
    foreign = await visitor.post(
        f"{ACCOUNT}/tokens/{theirs}/revoke", page.form(f"{ACCOUNT}/password")
    )
    assert foreign.status == 404
    assert (await stranger.call("GET", "me")).status == 200


async def test_operators_change_roles_and_open_accounts_again_and_leave_lines(
    service: Service, clerk: Clerk
) -> None:
    assert (await staff(service, "role", clerk.email, "agent")).exit_code == 0
    assert (await clerk.call("GET", "me")).body["role"] == "agent"
    assert (await staff(service, "role", clerk.email, "agent")).exit_code == 1
    assert (await staff(service, "disable", clerk.email)).exit_code == 0
    assert (await staff(service, "enable", clerk.email, "--as-operator", "ada")).exit_code == 0
    assert (await clerk.call("GET", "me")).status == 401
    assert (await clerk.sign_in()).status == 200
    reset = await staff(service, "password", clerk.email)
    password = reset.output.partition("password: ")[2].strip()
    assert (await clerk.sign_in()).status == 401
    assert (await clerk.sign_in(password)).status == 200
    (line,) = await audit(service, "staff_enable")
    assert line.name == "ada (operator)"
    for action in ("staff_role", "staff_disable", "staff_password"):
        (line,) = await audit(service, action)
        assert line.name.endswith("(operator)")


async def test_only_supervisors_change_accounts_by_their_token(
    service: Service, clerk: Clerk
) -> None:
    token = (await staff(service, "token", clerk.email)).output.strip()
    refused = await staff(service, "role", clerk.email, "supervisor", "--token", token)
    assert (refused.exit_code, "supervisor" in refused.output) == (1, True)
    assert (await clerk.call("GET", "me")).body["role"] == "viewer"
