"""Seeing a booking again: nobody learns whether it exists; its guest gets a link for one look."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from yarl import URL

from booking_http.api.action_links import BASE
from persistence.lookups import PostgresLookups
from tests.support.receivers import Office, Postbox, mail, open_office, part
from tests.support.service import Guest, Headers, Reply, Service, Simulator

ASK = f"{BASE}/lookup"
EMAIL = "alexa@example.test"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
async def guest(service: Service) -> Guest:
    """Return a guest who has booked."""
    guest = service.guest()
    await guest.to_booked()
    return guest


@pytest.fixture
async def desk(seeded_url: str, service: Service, postbox: Postbox) -> Any:
    """Return an office that mails links, beside a service that sends nothing itself."""
    settings = mail(postbox, agency=None, public_url="https://cruises.test/")
    async with open_office(seeded_url, **settings) as office:
        yield office


async def ask(service: Service, reference: str, email: str, **headers: str) -> Reply:
    body = {"reference": reference, "email": email}
    return await service.call("POST", ASK, body, headers=headers)


def link_of(postbox: Postbox) -> str:
    """Return the path of the link in the last mail."""
    (path,) = re.findall(r"https://cruises\.test(/\S+)", part(postbox.mails[-1], "plain"))
    assert f"https://cruises.test{path}" in part(postbox.mails[-1], "html")
    return str(path)


async def test_the_guest_is_mailed_a_link_that_shows_the_booking_for_half_an_hour(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    """Everything is there but the secret of the session; what can be done needs a mailed code."""
    known = (await guest.look()).body
    heard = await ask(service, f" {known['reference'].lower()} ", EMAIL.upper())
    assert (heard.status, heard.body) == (202, {"status": "accepted"})
    await desk.send()
    assert postbox.recipients == [EMAIL]
    path = link_of(postbox)
    scanned = await service.call("GET", path)
    assert (scanned.status, scanned.code) == (405, "method_not_allowed")
    await service.advance(minutes=20)
    seen = await service.call("POST", path)
    assert seen.status == 200
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.headers["Referrer-Policy"] == "no-referrer"
    secret = known["sessionId"].partition(".")[2]
    assert secret not in str(seen.body)
    assert [each["name"] for each in seen.body["allowedActions"]] == [
        *("mail_code", "correct", "cancel", "copy_data", "request_erasure")
    ]
    changed = {"sessionId": known["sessionId"].partition(".")[0]}
    varying = {"serverTime": None, "allowedActions": None}
    assert seen.body | varying == known | changed | varying
    await service.advance(minutes=49)
    assert (await service.call("POST", path)).status == 200
    await service.advance(minutes=51)
    late = await service.call("POST", path)
    assert (late.status, late.code) == (404, "session_not_found")


async def test_the_id_of_a_looked_up_session_opens_nothing(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    await ask(service, (await guest.look()).body["reference"], EMAIL)
    await desk.send()
    seen = await service.call("POST", link_of(postbox))
    assert (await service.call("GET", f"{BASE}/session/{seen.body['sessionId']}")).status == 404


async def test_a_link_expires(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    await ask(service, (await guest.look()).body["reference"], EMAIL)
    await desk.send()
    await service.advance(minutes=31)
    assert (await service.call("POST", link_of(postbox))).status == 404


async def test_the_answer_never_says_whether_there_is_such_a_booking(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    """Not by its status, body or headers, and not by what is written meanwhile."""
    reference = (await guest.look()).body["reference"]
    wrong = ((reference, "other@example.test"), ("BF-AAAAAAAA", EMAIL), ("what?", EMAIL))
    told = [await ask(service, *each) for each in ((reference, EMAIL), *wrong)]
    assert {(reply.status, str(reply.body)) for reply in told} == {(202, "{'status': 'accepted'}")}
    varying = {"Date", "X-Request-ID"}
    shown = [{k: v for k, v in reply.headers.items() if k not in varying} for reply in told]
    assert shown == [shown[0]] * 4
    assert len(await desk.shop.rows("SELECT id FROM lookup_requests")) == 4
    await desk.send()
    assert postbox.recipients == [EMAIL]


async def test_neither_address_nor_token_can_be_read_from_the_tables(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    await ask(service, (await guest.look()).body["reference"], EMAIL)
    await desk.send()
    token = link_of(postbox).rpartition("/")[2]
    for table in ("lookup_requests", "lookup_links", "outbox"):
        rows = await desk.shop.rows(f"SELECT CAST(t AS text) AS line FROM {table} t")
        kept = "\n".join(row.line for row in rows)
        assert kept
        for secret in (EMAIL, EMAIL.encode().hex(), token, token.encode().hex()):
            assert secret not in kept


async def test_a_guest_is_not_flooded(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    """Whoever asks, and however often: three links an hour, and then some more."""
    reference = (await guest.look()).body["reference"]
    for _ in range(5):
        await ask(service, reference, EMAIL)
        await desk.send()
    assert len(postbox.mails) == 3
    await desk.wait(minutes=61)
    await ask(service, reference, EMAIL)
    await desk.send()
    assert len(postbox.mails) == 4


async def test_one_address_may_ask_only_so_often(make_service: Any) -> None:
    """Which tells about the caller alone; another address is heard."""
    service = await make_service(
        trusted_proxies="127.0.0.0/8", caps_exempt="", cap_lookups_per_address=2
    )
    here, there = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
    told = [await ask(service, "BF-AAAAAAAA", EMAIL, **here) for _ in range(3)]
    assert [reply.status for reply in told] == [202, 202, 429]
    assert told[-1].code == "rate_limited"
    assert (await ask(service, "BF-AAAAAAAA", EMAIL, **there)).status == 202


async def test_a_mail_that_failed_is_sent_with_another_link(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    await ask(service, (await guest.look()).body["reference"], EMAIL)
    postbox.refusal = "451 later"
    await desk.send()
    postbox.refusal = None
    await desk.wait(seconds=7)
    await desk.send()
    assert (await service.call("POST", link_of(postbox))).status == 200


@pytest.mark.parametrize("token", ["x", "a" * 43, "a" * 500, "%00"])
async def test_a_made_up_token_shows_nothing(service: Service, token: str) -> None:
    shown = await service.call("POST", f"{ASK}/{token}")
    assert (shown.status, shown.code) == (404, "session_not_found")


async def test_without_mail_a_request_is_heard_and_nothing_is_sent(
    service: Service, guest: Guest, seeded_url: str
) -> None:
    assert (await ask(service, (await guest.look()).body["reference"], EMAIL)).status == 202
    async with open_office(seeded_url) as office:
        assert await office.send() == 0


async def test_old_requests_and_links_go(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    await ask(service, (await guest.look()).body["reference"], EMAIL)
    await desk.send()
    await desk.wait(days=31)
    await PostgresLookups(desk.parts.database, desk.parts.vault).forget()
    await desk.sender.outbox.forget()
    for table in ("lookup_requests", "lookup_links", "outbox"):
        assert await desk.shop.rows(f"SELECT 1 FROM {table}") == []


async def pressed(service: Service, path: str) -> Headers:
    """Press the button behind a link, and return the headers of that browser from then on."""
    address = service.url.join(URL(path))
    async with service.http.post(address, headers=BROWSER, allow_redirects=False) as led:
        assert (led.status, led.headers["Location"]) == (303, path)
        kept = SimpleCookie(led.headers["Set-Cookie"])["booking_link"]
    assert (kept["path"], kept["samesite"], kept["max-age"]) == (path, "Lax", "1800")
    assert kept["httponly"]
    return BROWSER | {"Cookie": f"booking_link={kept.value}"}


async def test_a_browser_is_shown_a_button_first(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    """Mail scanners open links and must see nothing; what the button shows can be loaded again."""
    known = (await guest.look()).body
    await ask(service, known["reference"], EMAIL)
    await desk.send()
    path = link_of(postbox)
    for _ in range(2):
        opened = await service.call("GET", path, headers=BROWSER)
        assert opened.status == 200
        assert "<button" in opened.body
        assert known["reference"] not in opened.body
    browser = await pressed(service, path)
    for _ in range(2):
        shown = await service.call("GET", path, headers=browser)
        assert shown.status == 200
        for fact in (known["reference"], known["booking"]["reservation"], "Alexa Example"):
            assert fact in shown.body
    assert "unsafe-inline" in shown.headers["Content-Security-Policy"]
    assert shown.headers["Cache-Control"] == "no-store"
    other = await service.call("GET", path, headers=BROWSER)
    assert "<button" in other.body
    await service.advance(minutes=31)
    for late in (
        await service.call("GET", path, headers=browser),
        await service.call("POST", path, headers=browser),
    ):
        assert late.status == 404
        assert "has ended" in late.body


async def test_a_cookie_alone_opens_nothing(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    """Who makes it up for a link whose button nobody pressed sees no booking."""
    await ask(service, (await guest.look()).body["reference"], EMAIL)
    await desk.send()
    path = link_of(postbox)
    made_up = BROWSER | {"Cookie": f"booking_link={path.rpartition('/')[2]}"}
    assert (await service.call("GET", path, headers=made_up)).status == 404


async def test_what_is_not_booked_says_whether_it_is_unknown_over_or_to_come(
    service: Service, desk: Office, postbox: Postbox, simulator: Simulator
) -> None:
    guest = service.guest()
    held = await guest.to_basketed()
    await guest.edit({"contact": guest.contact()})
    await ask(service, held.body["reference"], EMAIL)
    await desk.send()
    path = link_of(postbox)
    browser = await pressed(service, path)

    async def told() -> str:
        return str((await service.call("GET", path, headers=browser)).body)

    assert "not booked at the cruise line yet" in await told()
    await simulator.fault("book.pl", "http_500_after")
    assert (await guest.book()).status == 202
    assert "Do not book or pay again" in await told()
    stranger = service.guest()
    await stranger.open()
    await stranger.edit({"contact": stranger.contact()})
    ended = await stranger.cancel()
    await ask(service, ended.body["reference"], EMAIL)
    await desk.send()
    path = link_of(postbox)
    browser = await pressed(service, path)
    assert "has ended" in await told()
