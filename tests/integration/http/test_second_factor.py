"""A second factor: who needs one, how it is set up, and what it keeps out."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pyotp
import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from booking_flow.staff.people import Role
from booking_http.cli.main import main
from booking_http.console.auth import SECOND_FACTOR
from booking_http.staff.sign_in_links import grant_link
from booking_http.web.auth import COOKIE
from persistence.clock import now
from persistence.encryption import KeyKind, Vault
from persistence.key_rotation import rewrap, uses_of
from persistence.second_factors import PostgresSecondFactors
from tests.integration.http.conftest import MakeService
from tests.support.console import Page, Visitor, come_in
from tests.support.service import MASTER_KEY, Service
from tests.support.staff import PASSWORD, Clerk, audit, facts_of, hire, operators, rows

CODE = "/console/sign-in/code"
_SECRET = re.compile(r"<dt>Secret</dt><dd><code>([A-Z2-7]{32})</code>")


@pytest.fixture
async def clerk(service: Service) -> Clerk:
    return await hire(service, Role.VIEWER)


async def code_of(service: Service, secret: str, *, ahead: int = 0) -> str:
    """Return the code that a telephone shows, or will show some half minutes later."""
    shown_at = await now(service.parts.database) + ahead * timedelta(seconds=30)
    return pyotp.TOTP(secret).at(shown_at)


def secret_on(page: Page) -> str:
    found = _SECRET.search(page.html)
    assert found is not None, page.words
    return found[1]


async def enrol(visitor: Visitor) -> str:
    """Set a second factor up and return its secret."""
    page = await visitor.get(SECOND_FACTOR)
    secret = secret_on(page)
    code = await code_of(visitor.service, secret)
    done = await visitor.send(page, SECOND_FACTOR, code=code)
    assert (done.status, done.location) == (303, f"{SECOND_FACTOR}?done")
    return secret


async def show(visitor: Visitor, page: Page, code: str) -> Page:
    return await visitor.send(page, CODE, code=code)


async def staff(service: Service, *words: str) -> Result:
    env = {"DATABASE_URL": service.parts.settings.database_url.get_secret_value()}
    return await asyncio.to_thread(CliRunner().invoke, main, ["staff", *words], env=env)


async def test_it_is_set_up_by_a_first_code_and_asked_for_from_then_on(
    service: Service, clerk: Clerk
) -> None:
    visitor, other = await come_in(service, clerk), await come_in(service, clerk)
    page = await visitor.get(SECOND_FACTOR)
    assert "otpauth://totp/Booking%20console:" in page.html
    assert '<svg width="' in page.html
    wrong = await visitor.send(page, SECOND_FACTOR, code="000000")
    assert (wrong.status, "not the code" in wrong.alert) == (422, True)
    assert secret_on(wrong) == secret_on(page)
    assert await rows(service, "SELECT account_id FROM staff_second_factors") == []
    secret = await enrol(visitor)
    assert (await visitor.get("/console")).status == 200
    assert (await other.get("/console")).status == 303, "signed in without a code"
    (kept,) = await rows(service, "SELECT secret_ciphertext, wrapped_key FROM staff_second_factors")
    assert secret.encode() not in bytes(kept.secret_ciphertext) + bytes(kept.wrapped_key)
    (line,) = await audit(service, "staff_second_factor")
    assert (line.name, secret in str(line.facts)) == (clerk.name, False)

    fresh = Visitor(service)
    asked = await fresh.sign_in(clerk, next="/console/tasks")
    assert (asked.status, COOKIE in fresh.cookies) == (200, False)
    came = await show(fresh, asked, await code_of(service, secret, ahead=1))
    assert (came.status, came.location) == (303, "/console/tasks")
    assert (await fresh.get("/console/tasks")).status == 200
    assert facts_of((await audit(service, "sign_in"))[-1]) == {"by": "password", "code": "true"}


async def test_a_code_is_used_once_and_neither_an_older_nor_a_made_up_one_is_taken(
    service: Service, clerk: Clerk
) -> None:
    owner = await come_in(service, clerk)
    page = await owner.get(SECOND_FACTOR)
    secret = secret_on(page)
    used = await code_of(service, secret)
    assert (await owner.send(page, SECOND_FACTOR, code=used)).status == 303
    visitor = Visitor(service)
    asked = await visitor.sign_in(clerk)
    again = await show(visitor, asked, used)
    assert (again.status, "was used before" in again.alert) == (401, True)
    fresh = await code_of(service, secret, ahead=1)
    both = await asyncio.gather(*(show(visitor, asked, fresh) for _ in range(2)))
    assert sorted(page.status for page in both) == [303, 401]
    await service.advance(minutes=3)
    late = await show(visitor, asked, await code_of(service, secret, ahead=-2))
    assert (late.status, "was used before" in late.alert) == (401, True)
    assert (await show(visitor, asked, "12345")).status == 422
    refused = await audit(service, "sign_in_refused")
    assert {facts_of(line)["why"] for line in refused} == {"code"}


async def test_who_guesses_codes_is_stopped_from_wherever_they_do(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(trusted_proxies="127.0.0.0/8")
    clerk = await hire(service, Role.VIEWER)
    secret = await enrol(await come_in(service, clerk))
    body = {"email": clerk.email, "password": PASSWORD, "code": "000000"}

    async def guess(number: int) -> str | None:
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        reply = await service.call("POST", "/api/v1/support/sign-in", body, headers=headers)
        return reply.code

    assert [await guess(number) for number in range(6)] == ["unauthenticated"] * 5 + [
        "rate_limited"
    ]
    # The browser that came in before is told apart from them.
    known = await come_in_again(service, clerk, secret)
    assert (await known.get("/console")).status == 200


async def come_in_again(service: Service, clerk: Clerk, secret: str) -> Visitor:
    """Come in with the device that a first sign-in has left behind."""
    await service.advance(minutes=16)
    first = Visitor(service)
    asked = await first.sign_in(clerk)
    assert (await show(first, asked, await code_of(service, secret))).status == 303
    body = {"email": clerk.email, "password": PASSWORD, "code": "000000"}
    for number in range(6):
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        await service.call("POST", "/api/v1/support/sign-in", body, headers=headers)
    again = Visitor(service, {"staff_device": first.cookies["staff_device"]})
    asked = await again.sign_in(clerk)
    assert (await show(again, asked, await code_of(service, secret, ahead=1))).status == 303
    return again


async def test_programs_send_it_with_the_password(service: Service, clerk: Clerk) -> None:
    secret = await enrol(await come_in(service, clerk))
    assert (await clerk.sign_in()).code == "second_factor_required"
    body = {"email": clerk.email, "password": PASSWORD}
    body["code"] = await code_of(service, secret, ahead=1)
    assert (await service.call("POST", "/api/v1/support/sign-in", body)).status == 200
    assert (await clerk.call("GET", "me")).status == 200, "an API token needs no code"


async def test_a_role_that_needs_it_can_do_nothing_before(make_service: MakeService) -> None:
    service: Service = await make_service(staff_totp="supervisors")
    agent, chief = await hire(service, Role.AGENT), await hire(service, Role.SUPERVISOR)
    assert (await (await come_in(service, agent)).get("/console/tasks")).status == 200
    visitor = await come_in(service, chief)
    for path in ("/console", "/console/tasks", "/console/account", "/console/staff"):
        assert (await visitor.get(path)).location == SECOND_FACTOR
    await chief.come_in_by_cookie()
    assert (await chief.call("GET", "me")).code == "second_factor_required"
    assert "Your role needs a second factor" in (await visitor.get(SECOND_FACTOR)).words
    await enrol(visitor)
    assert (await visitor.get("/console/tasks")).status == 200


async def test_a_link_needs_the_code_too_and_who_is_asked_for_both_can_sign_out(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(staff_totp="all")
    clerk = await hire(service, Role.VIEWER)
    visitor = await come_in(service, clerk)
    page = await visitor.get(SECOND_FACTOR)
    assert (await visitor.send(page, "/console/sign-out")).location == "/console/sign-in?out"
    secret = await enrol(await come_in(service, clerk))
    path = await grant_link(operators(service), clerk.email)
    assert path is not None
    fresh = Visitor(service)
    proof = re.search(r'name="csrf" value="([^"]+)"', (await fresh.get(path)).html)
    assert proof is not None
    asked = await fresh.post(path, {"csrf": proof[1]})
    assert (asked.status, COOKIE in fresh.cookies) == (200, False)
    came = await show(fresh, asked, await code_of(service, secret, ahead=1))
    assert came.status == 303
    assert "Present password" not in (await fresh.get("/console/account")).words
    await service.advance(minutes=6)
    made_up = Visitor(service)
    asked = await made_up.sign_in(clerk)
    form = asked.form(CODE) | {"sealed": "nothing", "code": await code_of(service, secret)}
    assert (await made_up.post(CODE, form)).status == 401


async def test_who_lost_the_telephone_is_let_in_again_by_an_operator(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(staff_totp="all")
    clerk = await hire(service, Role.SUPERVISOR)
    visitor = await come_in(service, clerk)
    await enrol(visitor)
    done = await staff(service, "reset-factor", clerk.email, "--as-operator", "ada")
    assert done.exit_code == 0, done.output
    assert (await visitor.get("/console")).location.startswith("/console/sign-in")
    assert (await (await come_in(service, clerk)).get("/console")).location == SECOND_FACTOR
    assert (await staff(service, "reset-factor", clerk.email)).exit_code == 1
    (line,) = await audit(service, "staff_second_factor_reset")
    assert (line.name, facts_of(line)) == ("ada (operator)", {"account": clerk.email})


async def test_it_outlives_the_master_key_that_sealed_it(service: Service, clerk: Clerk) -> None:
    secret = await enrol(await come_in(service, clerk))
    engine, newer = service.parts.database, Fernet.generate_key().decode()
    both = Vault([newer, MASTER_KEY], search_keys=[b"x" * 32])
    done = [each async for each in rewrap(engine, both)]
    assert done[-1].wrapped == 1
    assert dict(await uses_of(engine, KeyKind.MASTER)) == {both.master_id: 1}
    (row,) = await rows(service, "SELECT account_id FROM staff_second_factors")
    alone = Vault([newer], search_keys=[b"x" * 32])
    opened = await PostgresSecondFactors(engine, alone).read(row.account_id)
    assert opened is not None
    assert opened.secret == secret
