"""Who may come in: passwords, cookies that end, tokens, and nobody by guessing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from multidict import CIMultiDictProxy

from booking_flow.staff.actions import ACTIONS
from booking_flow.staff.people import Role, operator
from booking_http.routes import ROUTES
from booking_http.staff.wiring import BASE
from persistence.sign_ins import PostgresSignIns
from persistence.staff import PostgresStaff
from persistence.staff_changes import StaffChanges
from tests.support.service import Service
from tests.support.staff import PASSWORD, Clerk, audit, hire, rows


@pytest.fixture
async def clerk(service: Service) -> Clerk:
    """Return a viewer who has not signed in."""
    clerk = await hire(service, Role.VIEWER)
    clerk.headers = {}
    return clerk


async def test_a_right_password_opens_and_its_cookie_is_kept_from_scripts(
    service: Service, clerk: Clerk
) -> None:
    reply = await clerk.sign_in()
    assert (reply.status, reply.body["role"], reply.body["name"]) == (200, "viewer", clerk.name)
    cookie = reply.headers["Set-Cookie"]
    for word in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert word in cookie
    await clerk.come_in_by_cookie()
    me = await clerk.call("GET", "me")
    assert (me.status, me.body["email"]) == (200, clerk.email)
    assert len(await audit(service, "sign_in")) == 2


async def test_a_cookie_replayed_after_sign_out_is_refused(clerk: Clerk) -> None:
    await clerk.come_in_by_cookie()
    gone = await clerk.call("POST", "sign-out", {})
    assert (gone.status, gone.body) == (200, {"ended": 1})
    replayed = await clerk.call("GET", "me")
    assert (replayed.status, replayed.code) == (401, "unauthenticated")
    assert replayed.headers["WWW-Authenticate"].startswith("Bearer")


async def test_signing_out_everywhere_ends_every_cookie_of_the_account(clerk: Clerk) -> None:
    await clerk.come_in_by_cookie()
    other = dict(clerk.headers)
    await clerk.come_in_by_cookie()
    gone = await clerk.call("POST", "sign-out", {"everywhere": True})
    assert gone.body == {"ended": 2}
    assert (await clerk.call("GET", "me", headers=other)).status == 401


@pytest.mark.parametrize(("hours", "status"), [(1.9, 200), (2.1, 401)])
async def test_a_cookie_nobody_uses_ends(
    service: Service, clerk: Clerk, hours: float, status: int
) -> None:
    await clerk.come_in_by_cookie()
    await service.advance(hours=hours)
    assert (await clerk.call("GET", "me")).status == status


async def test_a_cookie_ends_after_half_a_day_however_much_it_is_used(
    service: Service, clerk: Clerk
) -> None:
    await clerk.come_in_by_cookie()
    for hours in range(1, 12):
        await service.advance(hours=hours)
        assert (await clerk.call("GET", "me")).status == 200
    await service.advance(hours=12, seconds=1)
    assert (await clerk.call("GET", "me")).status == 401


async def test_guessing_is_locked_out_even_with_the_right_password_at_last(
    service: Service, clerk: Clerk
) -> None:
    """After a quarter of an hour it is heard again; another account is not hindered."""
    for _ in range(5):
        assert (await clerk.sign_in("wrong")).code == "unauthenticated"
    late = await clerk.sign_in()
    assert (late.status, late.code, late.headers["Retry-After"]) == (429, "rate_limited", "900")
    other = await hire(service, Role.AGENT)
    assert (await other.sign_in()).status == 200
    await service.advance(minutes=16)
    assert (await clerk.sign_in()).status == 200
    assert [row.name for row in await audit(service, "sign_in_refused")] == [clerk.name] * 5


async def test_others_who_guess_keep_nobody_out(make_service: Any) -> None:
    """Five wrong passwords from anywhere kept an account out; now they do so only where they are.

    A browser that was let in before is heard even from the address that is guessed from.
    """
    service: Service = await make_service(trusted_proxies="127.0.0.0/8")
    clerk = await hire(service, Role.AGENT)
    headers = (await clerk.sign_in()).headers
    assert isinstance(headers, CIMultiDictProxy)
    (device,) = [
        cookie for cookie in headers.getall("Set-Cookie") if cookie.startswith("staff_device=")
    ]
    assert "HttpOnly" in device
    assert "Secure" in device
    path = "/api/v1/support/sign-in"

    async def sign_in(password: str, address: str, cookie: str = "") -> int:
        headers = {"X-Forwarded-For": address, "Cookie": cookie}
        ask = {"email": clerk.email, "password": password}
        return (await service.call("POST", path, ask, headers=headers)).status

    guessed = [await sign_in("wrong", "203.0.113.66") for _ in range(6)]
    assert guessed == [401] * 5 + [429]
    assert await sign_in(PASSWORD, "203.0.113.66") == 429
    assert await sign_in(PASSWORD, "198.51.100.1") == 200
    kept = device.partition(";")[0]
    assert await sign_in(PASSWORD, "203.0.113.66", kept) == 200
    made_up = kept[:-4] + "0000"
    assert await sign_in(PASSWORD, "203.0.113.66", made_up) == 429
    again = [await sign_in("wrong", "203.0.113.66", kept) for _ in range(6)]
    assert again == [401] * 5 + [429], "a stolen device guesses no more than an address does"


async def test_a_right_password_makes_up_for_wrong_ones(clerk: Clerk) -> None:
    for _ in range(3):
        for _ in range(4):
            await clerk.sign_in("wrong")
        assert (await clerk.sign_in()).status == 200


async def test_an_address_nobody_has_is_refused_the_same_way(
    service: Service, clerk: Clerk
) -> None:
    wrong = await clerk.sign_in("wrong")
    clerk.email = "nobody@agency.test"
    nobody = await clerk.sign_in()
    assert nobody.body | {"requestId": ""} == wrong.body | {"requestId": ""}


async def test_a_write_beside_a_cookie_needs_the_token_of_our_page(clerk: Clerk) -> None:
    """Reading does not, and neither does an API token, which no browser sends by itself."""
    await clerk.come_in_by_cookie()
    token = clerk.headers.pop("X-CSRF-Token")
    for given in ({}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": token[:-1]}):
        refused = await clerk.call("POST", "search", {}, headers=given)
        assert (refused.status, refused.code) == (403, "forbidden")
    assert (await clerk.call("POST", "sign-out", {})).status == 403
    assert (await clerk.call("GET", "me")).status == 200
    assert (await clerk.call("POST", "search", {}, headers={"X-CSRF-Token": token})).status == 200


async def test_the_token_of_another_sign_in_does_not_do(clerk: Clerk) -> None:
    await clerk.come_in_by_cookie()
    token = clerk.headers["X-CSRF-Token"]
    await clerk.come_in_by_cookie()
    refused = await clerk.call("POST", "search", {}, headers={"X-CSRF-Token": token})
    assert refused.code == "forbidden"


async def test_a_form_of_another_site_can_sign_nobody_in(service: Service, clerk: Clerk) -> None:
    """A browser sends JSON elsewhere only after asking."""
    raw = f'{{"email": "{clerk.email}", "password": "{PASSWORD}"}}'.encode()
    plain = {"Content-Type": "text/plain"}
    reply = await service.call("POST", f"{BASE}/sign-in", raw=raw, headers=plain)
    assert (reply.status, "Set-Cookie" in reply.headers) == (415, False)


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic Zm9vOmJhcg==", "Bearer", ""])
async def test_a_token_that_is_none_opens_nothing_not_even_beside_a_cookie(
    clerk: Clerk, header: str
) -> None:
    await clerk.come_in_by_cookie()
    assert (await clerk.call("GET", "me", headers={"Authorization": header})).status == 401


async def test_a_disabled_account_is_out_at_once(service: Service) -> None:
    clerk = await hire(service, Role.SUPERVISOR)
    by_token = clerk.headers
    await clerk.come_in_by_cookie()
    assert await StaffChanges(service.parts.database, operator("tests")).disable(
        clerk.email.upper()
    )
    assert (await clerk.call("GET", "me")).status == 401
    assert (await clerk.call("GET", "me", headers=by_token)).status == 401
    assert (await clerk.sign_in()).status == 401


async def test_every_route_of_the_staff_refuses_who_has_not_signed_in(service: Service) -> None:
    staff = [route for route in ROUTES if route.staff]
    assert len(staff) > len(ACTIONS)
    for route in staff:
        path = re.sub(r"{\w+}", "00000000-0000-7000-8000-000000000000", route.path)
        reply = await service.call(route.method, path, {} if route.method == "POST" else None)
        assert (reply.status, reply.code) == (401, "unauthenticated"), route.path


async def test_neither_password_nor_token_can_be_read_from_the_tables(
    service: Service, clerk: Clerk
) -> None:
    await clerk.come_in_by_cookie()
    secret = clerk.headers["Cookie"].partition("=")[2]
    for table in ("staff_accounts", "staff_sessions", "staff_tokens", "staff_attempts"):
        for row in await rows(service, f"SELECT CAST(t AS text) AS line FROM {table} t"):
            for known in (secret, secret.encode().hex(), PASSWORD):
                assert known not in row.line


async def test_what_neither_counts_nor_opens_goes(service: Service, clerk: Clerk) -> None:
    await clerk.sign_in()
    await clerk.sign_in("wrong")
    await service.advance(days=2)
    await PostgresStaff(service.parts.database).forget()
    await PostgresSignIns(service.parts.database).forget()
    for table in ("staff_sessions", "staff_attempts"):
        assert await rows(service, f"SELECT 1 FROM {table}") == []
