"""Who gets into the console, how, and where to."""

from __future__ import annotations

import pytest

from booking_flow.staff.people import Role
from booking_http.console.auth import own_path
from booking_http.staff.passwords import hash_password
from booking_http.web.auth import COOKIE
from tests.support.console import Visitor, come_in
from tests.support.service import Service
from tests.support.staff import PASSWORD, Clerk, hire

NOWHERE = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def clerk(service: Service) -> Clerk:
    """Return an agent who has not signed in."""
    return await hire(service, Role.AGENT)


async def test_pages_keep_to_themselves(service: Service, clerk: Clerk) -> None:
    """Nothing from elsewhere is loaded, nobody frames them, and no cache keeps them."""
    visitor = await come_in(service, clerk)
    for page in (await visitor.get("/console"), await Visitor(service).get("/console/sign-in")):
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Frame-Options"] == "DENY"
        for forbidden in ("<style", " style=", "onclick", "http://", "https://"):
            assert forbidden not in page.html, forbidden


async def test_a_right_password_leads_to_where_one_wanted_to_go(
    service: Service, clerk: Clerk
) -> None:
    visitor = Visitor(service)
    turned_away = await visitor.get("/console/tasks")
    assert (turned_away.status, turned_away.location) == (
        303,
        "/console/sign-in?next=%2Fconsole%2Ftasks",
    )
    asked = await visitor.get(turned_away.location)
    typed = {"email": clerk.email, "password": PASSWORD}
    came = await visitor.send(asked, "/console/sign-in", **typed)
    assert (came.status, came.location) == (303, "/console/tasks")
    assert clerk.name in (await visitor.get("/console/tasks")).words


ELSEWHERE = (
    *("https://evil.test/", "//evil.test/", "/\\evil.test", "/console/../api", "/api/v1", ""),
    *("/console/sign-in", "/consoleX", "/console?x=1", "javascript:alert(1)", "/console//x", None),
)


@pytest.mark.parametrize("path", ELSEWHERE)
def test_only_our_own_pages_are_gone_on_to(path: str | None) -> None:
    assert own_path(path) == "/console"


async def test_nobody_is_led_anywhere_else(service: Service, clerk: Clerk) -> None:
    visitor = Visitor(service)
    asked = await visitor.get("/console/sign-in?next=//evil.test/")
    assert asked.form("/console/sign-in")["next"] == ""
    assert (await visitor.sign_in(clerk, next="https://evil.test/")).location == "/console"
    assert (await visitor.get("/console/sign-in?next=//evil.test")).location == "/console"


async def test_a_wrong_password_is_told_beside_the_form_and_the_address_stays(
    service: Service, clerk: Clerk
) -> None:
    page = await Visitor(service).sign_in(clerk, "wrong")
    assert page.status == 401
    assert "wrong" in page.alert
    fields = page.form("/console/sign-in")
    assert (fields["email"], fields["password"]) == (clerk.email, "")


async def test_a_password_may_begin_and_end_with_a_space(service: Service) -> None:
    clerk = await hire(service, Role.AGENT, password_hash=hash_password(f" {PASSWORD} "))
    assert (await Visitor(service).sign_in(clerk, PASSWORD)).status == 401
    assert (await Visitor(service).sign_in(clerk, f" {PASSWORD} ")).status == 303


async def test_what_is_missing_is_told_beside_its_field(service: Service, clerk: Clerk) -> None:
    visitor = Visitor(service)
    clerk.email = "no address"
    page = await visitor.sign_in(clerk)
    assert page.status == 422
    assert 'aria-invalid="true" aria-describedby="email-fault"' in page.html


async def test_after_five_wrong_passwords_one_is_told_for_how_long(
    service: Service, clerk: Clerk
) -> None:
    visitor = Visitor(service)
    for _ in range(5):
        await visitor.sign_in(clerk, "wrong")
    page = await visitor.sign_in(clerk)
    assert (page.status, page.headers["Retry-After"]) == (429, "900")
    assert "Try again in 15 minutes" in page.alert


async def test_a_form_of_another_site_signs_nobody_in(service: Service, clerk: Clerk) -> None:
    """The form must have been asked for by the browser that sends it."""
    own, other = Visitor(service), Visitor(service)
    fields = (await other.get("/console/sign-in")).form("/console/sign-in")
    typed = fields | {"email": clerk.email, "password": PASSWORD}
    for cookies in ({}, {"console_browser": "made up"}):
        own.cookies = dict(cookies)
        refused = await own.post("/console/sign-in", typed)
        assert refused.status == 403
        assert COOKIE not in own.cookies


@pytest.mark.parametrize("proof", ["", "0" * 64])
async def test_a_form_without_proof_of_this_sign_in_does_nothing(
    service: Service, clerk: Clerk, proof: str
) -> None:
    visitor, guest = await come_in(service, clerk), service.guest()
    await guest.open()
    paths = (
        *("/console", "/console/sign-out", f"/console/sessions/{guest.uuid}/note"),
        f"/console/tasks/{NOWHERE}/answer",
    )
    for path in paths:
        fields = {"csrf": proof, "reason": "because", "version": "0", "query": "x"}
        refused = await visitor.post(path, fields)
        assert refused.status == 403, path
    assert (await visitor.get("/console")).status == 200


async def test_the_proof_of_another_sign_in_does_not_do(service: Service, clerk: Clerk) -> None:
    visitor, other = await come_in(service, clerk), await come_in(service, clerk)
    fields = (await other.get("/console")).form("/console/sign-out")
    assert (await visitor.post("/console/sign-out", fields)).status == 403


async def test_a_cookie_replayed_after_sign_out_opens_nothing(
    service: Service, clerk: Clerk
) -> None:
    visitor = await come_in(service, clerk)
    copy = Visitor(service, dict(visitor.cookies))
    gone = await visitor.send(await visitor.get("/console"), "/console/sign-out")
    assert gone.location == "/console/sign-in?out"
    assert "You are signed out" in (await visitor.get(gone.location)).words
    assert visitor.cookies[COOKIE] == ""
    assert (await copy.get("/console")).location == "/console/sign-in"


async def test_what_was_typed_before_a_sign_in_ended_is_shown_again(
    service: Service, clerk: Clerk
) -> None:
    visitor = await come_in(service, clerk)
    fields = (await visitor.get("/console")).form("/console/sign-out")
    await visitor.post("/console/sign-out", fields)
    typed = {"reason": "The guest <b>called</b> twice.", "version": "3", "override": "yes"}
    path = f"/console/tasks/{NOWHERE}/answer"
    page = await visitor.post(path, fields | typed)
    assert page.status == 401
    assert "Reason The guest <b>called</b> twice. Sign in" in page.words
    assert "<b>" not in page.html
    assert f"/console/sign-in?next=%2Fconsole%2Ftasks%2F{NOWHERE}" in page.html
    for other in (typed | {"reason": " "}, {"version": "3"}):
        assert (await visitor.post(path, fields | other)).status == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
async def test_what_another_site_sends_is_not_shown(service: Service, site: str) -> None:
    page = await Visitor(service, site=site).post("/console", {"reason": "Call 555 at once!"})
    assert (page.status, page.location) == (303, "/console/sign-in")


async def test_signing_out_everywhere_ends_the_others(service: Service, clerk: Clerk) -> None:
    visitor, other = await come_in(service, clerk), await come_in(service, clerk)
    page = await visitor.get("/console")
    fields = page.form("/console/sign-out") | {"everywhere": "true"}
    await visitor.post("/console/sign-out", fields)
    assert (await other.get("/console")).status == 303


async def test_an_api_token_opens_no_page(service: Service, clerk: Clerk) -> None:
    reply = await service.call("GET", "/console/tasks", headers=clerk.headers)
    assert "Sign in" in reply.body


async def test_what_is_not_there_is_a_page_too(service: Service, clerk: Clerk) -> None:
    visitor = await come_in(service, clerk)
    for path in ("/console/nothing", f"/console/sessions/{NOWHERE}", f"/console/tasks/{NOWHERE}"):
        page = await visitor.get(path)
        assert page.status == 404
        assert page.headers["Content-Type"].startswith("text/html")
        assert "To the first page" in page.words


async def test_what_is_no_form_of_ours_is_refused_as_a_page(service: Service, clerk: Clerk) -> None:
    visitor = await come_in(service, clerk)
    cookie = {"Cookie": f"{COOKIE}={visitor.cookies[COOKIE]}"}
    form = "application/x-www-form-urlencoded"
    for status, media_type, raw in (
        (415, "application/json", b"{}"),
        (400, f"{form}; charset=nonsense", b"csrf=x"),
        (413, form, b"query=" + b"x" * 70_000),
        (403, form, b"%ff=%00&csrf=%ff"),
    ):
        headers = {"Content-Type": media_type, **cookie}
        reply = await service.call("POST", "/console", raw=raw, headers=headers)
        assert (reply.status, reply.headers["Content-Type"]) == (status, "text/html; charset=utf-8")


async def test_style_and_scripts_may_be_kept_since_their_names_change_with_them(
    service: Service,
) -> None:
    page = await Visitor(service).get("/console/sign-in")
    start = page.html.index("/console/static/console.")
    path = page.html[start : page.html.index('"', start)]
    style = await Visitor(service).get(path)
    assert style.status == 200
    assert "immutable" in style.headers["Cache-Control"]
    assert (await Visitor(service).get("/console/static/console.css")).status == 404
    assert (await Visitor(service).get("/console/static/..%2Fpages.py")).status == 404
