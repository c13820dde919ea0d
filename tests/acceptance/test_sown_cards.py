"""Card numbers of their own are sown through every field, header and path, and none comes up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from booking_flow.staff.people import Role, operator
from booking_http.staff.passwords import new_secret
from persistence.database import create_engine
from persistence.staff_changes import StaffChanges
from tests.acceptance.sown_pages import PageSower, sow_console, sow_shop
from tests.acceptance.test_nothing_leaks import _everything_cached, _everything_stored
from tests.support.console import Visitor, come_in
from tests.support.processes import serving
from tests.support.receivers import (
    Postbox,
    Receiver,
    hooks,
    make_authority,
    running_postbox,
    running_receiver,
)
from tests.support.service import Guest, Json, Service, Simulator, once, settings_for
from tests.support.sower import Sower
from tests.support.staff import HASH, PASSWORD, Clerk
from tests.support.waiting import eventually


def fields_of(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the ways to every text in a body, but for the one in which a card number belongs."""
    items = body.items() if isinstance(body, dict) else enumerate(body)
    for name, value in items:
        if isinstance(value, dict | list):
            yield from fields_of(value, (*path, name))
        elif isinstance(value, str | None) and name != "cardNumber":
            yield (*path, name)


def with_value(body: Any, path: Sequence[Any], value: object) -> Any:
    """Return a body with something else in one place."""
    first, *rest = path
    inner = with_value(body[first], rest, value) if rest else value
    if isinstance(body, dict):
        return body | {first: inner}
    return [inner if index == first else each for index, each in enumerate(body)]


async def sow(service: Service, method: str, path: str, body: Json, sower: Sower) -> None:
    """Send a body once for each of its texts, with a card number there and at an unknown name."""
    for number_of, way in zip(cycle((sower.bare, sower.spaced)), fields_of(body), strict=False):
        key = once(str(uuid4())) if path.endswith(("/create", "/session")) else {}
        sent = with_value(body, way, number_of())
        reply = await service.call(method, path, sent, headers=key)
        assert 400 <= reply.status < 500, (way, reply)
        assert sower.found_in(str(reply.body)) == [], way
    for name in (sower.bare(), f"field{sower.bare()}"):
        reply = await service.call(method, path, body | {name: "1"})
        assert 400 <= reply.status < 500
        assert sower.found_in(str(reply.body)) == []


async def sow_headers(service: Service, path: str, sower: Sower) -> None:
    """Send card numbers in headers of requests that succeed."""
    names = (
        *("X-Request-ID", "User-Agent", "Referer", "Origin", "If-None-Match", "If-Match"),
        *("traceparent", "tracestate", "X-Forwarded-For", "Forwarded", "Accept-Language", "Cookie"),
        *("Authorization", "X-CSRF-Token", "Last-Event-ID", "Accept", "X-Correlation-ID"),
    )
    for name in names:
        reply = await service.call("GET", path, headers={name: f"order-{sower.bare()}"})
        assert sower.found_in(f"{reply.body} {dict(reply.headers)}") == [], name


async def sow_paths(service: Service, guest: Guest, sower: Sower) -> None:
    """Ask for addresses with a card number in them."""
    for path in (
        "/api/v1/booking/session/{}",
        "/api/v1/booking/{}/pricing",
        "/api/v1/booking/cruises/{}",
        "/api/v1/booking/cruises?port={}&cursor={}&q={}",
        "/api/v1/booking/lookup/{}",
        "/api/v1/support/sessions/{}",
        "/console/sessions/{}",
        "/console/{}",
        "/{}",
        f"{guest.home}/breakdown?resultNo={{}}&gradeNo={{}}&rateCode={{}}",
    ):
        filled = path.format(*(sower.bare() for _ in range(path.count("{}"))))
        reply = await service.call("GET", filled)
        assert reply.status < 500
        assert sower.found_in(f"{reply.body} {dict(reply.headers)}") == [], path


async def sow_as_guest(service: Service, sower: Sower) -> Guest:
    """Go through the guest's calls, failing everywhere, and then book."""
    api, guest = "/api/v1/booking", service.guest()
    party = {"adults": 2, "children": 0, "childAges": []}
    opening = {"cruiseId": "2190294", "passengerCount": party}
    await sow(service, "POST", f"{api}/session", opening, sower)
    held = (await guest.to_basketed()).body
    rate = guest.rate()
    choice = {name: rate[name] for name in ("resultNo", "gradeNo", "rateCode")}
    await sow(service, "POST", f"{guest.home}/select-cabin", choice, sower)
    payment = guest.payment(held["price"]["total"], card=sower.bare())
    order = guest.booking(payment=payment) | {"dining": None}
    order["contact"] |= {"address2": None}
    details = {"contact": order["contact"], "passengers": order["passengers"], "dining": "2"}
    draft = details | {"specialRequests": "x"}
    await sow(service, "PATCH", f"{api}/session/{guest.session_id}", draft, sower)
    await sow(service, "POST", f"{guest.home}/create", order, sower)
    await sow(service, "POST", f"{guest.home}/payment", payment, sower)
    await sow(service, "POST", f"{guest.home}/cancel", {"reason": "ill"}, sower)
    await sow(service, "POST", f"{api}/lookup", {"reference": "x", "email": "x@y.example"}, sower)
    await sow_headers(service, f"{api}/session/{guest.session_id}", sower)
    await sow_paths(service, guest, sower)
    keyed = once(sower.bare())
    assert (await service.call("POST", f"{guest.home}/create", order, headers=keyed)).status == 400
    booked = await service.call("POST", f"{guest.home}/create", order, headers=once(str(uuid4())))
    assert booked.status == 201
    assert sower.found_in(str(booked.body)) == []
    await sow_afterwards(service, guest, sower)
    return guest


async def sow_afterwards(service: Service, guest: Guest, sower: Sower) -> None:
    """Type card numbers into what a guest types once it is booked."""
    contact = guest.contact()
    address = {name: contact[name] for name in ("country", "address", "city", "postalCode")}
    code = {"code": "000000"}
    for pointer, value in (
        ("/contact/email", "new@example.com"),
        ("/contact/phone", contact["phone"]),
        ("/contact", address | {"address2": None, "state": None}),
        ("/passengers/0/lastName", "Example"),
    ):
        ask = {"pointer": pointer, "value": value, "reason": "typo", **code}
        await sow(service, "POST", f"{guest.home}/corrections", ask, sower)
    for path in ("data-copy", "erasure-request"):
        await sow(service, "POST", f"{guest.home}/{path}", code, sower)


async def sow_as_staff(
    service: Service, database_url: str, guest: Guest, sower: Sower, colleague: UUID
) -> Visitor:
    """Type card numbers into what staff type, by program; return somebody at the console."""
    engine = create_engine(database_url, pool_size=1)
    accounts = StaffChanges(engine, operator("tests"))
    account, token = uuid4(), new_secret()
    email = "sower@agency.test"
    await accounts.add(account, email=email, name="Sam", role=Role.SUPERVISOR, password_hash=HASH)
    await accounts.grant_token(email, token)
    await accounts.add(
        colleague, email="ben@agency.test", name="Ben", role=Role.AGENT, password_hash=HASH
    )
    await engine.dispose()
    clerk = Clerk(service, email, "Sam", {"Authorization": f"Bearer {token}"})
    for number in (sower.bare(), sower.spaced()):
        found = await clerk.call("POST", "search", {"query": number})
        assert found.status == 422
        for action, more in (
            ("note", {}),
            ("cancel", {}),
            ("record-payment", {"amount": number, "currency": "USD"}),
            ("redact", {"text": number}),
            ("correct", {"pointer": "/contact/city", "value": number}),
        ):
            typed: Json = {"reason": f"see {number}"} | more
            reply = await clerk.act(guest.uuid, action, None, **typed)
            assert reply.status == 422
            assert sower.found_in(str(reply.body)) == []
        signing_in = {"email": f"{number}@x.example", "password": PASSWORD}
        refused = await service.call("POST", "/api/v1/support/sign-in", signing_in)
        assert refused.status in {401, 404, 422, 429}
        assert sower.found_in(str(refused.body)) == []
    return await come_in(service, clerk)


async def wal_since(database_url: str, first: str) -> bytes:
    """Return what the database wrote ahead since a segment."""
    connection = await asyncpg.connect(database_url)
    try:
        names = await connection.fetch(
            "SELECT name FROM pg_ls_waldir() WHERE name >= $1 AND name ~ '^[0-9A-F]{24}$'", first
        )
        read = "SELECT pg_read_binary_file('pg_wal/' || CAST($1 AS text), true)"
        return b"".join([await connection.fetchval(read, row["name"]) or b"" for row in names])
    finally:
        await connection.close()


async def segment(database_url: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        name: str = await connection.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
        return name
    finally:
        await connection.close()


def files_in(folder: Path) -> str:
    return "".join(each.read_text(errors="replace") for each in folder.rglob("*") if each.is_file())


async def told(postbox: Postbox, receiver: Receiver) -> None:
    """Wait for a mail and a webhook."""

    async def arrived() -> bool:
        return bool(postbox.mails and receiver.got)

    await eventually(arrived)


@pytest.mark.parametrize("each_alone", [False, pytest.param(True, marks=pytest.mark.full)])
async def test_no_card_number_comes_up_anywhere(
    *,
    each_alone: bool,
    seeded_url: str,
    simulator: Simulator,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At debug level, on failure and success, in fields of pages each by itself in the full run.

    Tables, WAL, cache, log, mails, webhooks, metrics and files are looked at.
    """
    sower, log, files, colleague = Sower(), tmp_path / "log", tmp_path / "files", uuid4()
    began = await segment(seeded_url)
    settings = settings_for(
        database_url=seeded_url,
        supplier_url=simulator.api,
        redis_url=redis_url,
        log_level="DEBUG",
        worker=True,
        spool_dir=str(files / "spool"),
        journal_dir=str(files / "journal"),
    )
    authority = make_authority(tmp_path)
    async with running_postbox() as postbox, running_receiver(authority) as receiver:
        monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{postbox.port}?tls=none")
        monkeypatch.setenv("MAIL_FROM", "bookings@example.com")
        monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1")
        monkeypatch.setenv("SHOP", "true")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        for name, value in hooks(receiver).items():
            monkeypatch.setenv(name.upper(), value)
        async with serving(settings, simulator, log) as service:
            guest = await sow_as_guest(service, sower)
            shopper = await sow_shop(service, simulator, postbox, sower, each_alone=each_alone)
            visitor = await sow_as_staff(service, seeded_url, guest, sower, colleague)
            pages = PageSower(visitor=visitor, sower=sower, each_alone=each_alone)
            await sow_console(pages, shopper.reference, guest.uuid, colleague)
            await told(postbox, receiver)
            metrics = (await service.call("GET", "/metrics")).body
    assert len(sower.sown) > 500
    wal = await wal_since(seeded_url, began)
    for name, text in {
        "log": log.read_text(),
        "tables": await _everything_stored(seeded_url),
        "cache": await _everything_cached(redis_url),
        "mail": "".join(mail.as_string() for mail in postbox.mails),
        "webhooks": "".join(f"{each.headers} {each.body!r}" for each in receiver.got),
        "metrics": str(metrics),
        "files": files_in(files),
    }.items():
        assert sower.found_in(text) == [], name
    assert sower.found_in_bytes(wal) == []
    assert guest.uuid in log.read_text() or guest.session_id not in log.read_text()
    assert len(wal) > 0


def test_the_sower_finds_what_it_has_sown() -> None:
    """A search that finds nothing proves nothing."""
    sower = Sower()
    spaced, bare = sower.spaced(), sower.bare()
    assert sower.found_in(f"... {spaced} ...") == [sower.sown[0][-4:]]
    assert sower.found_in(f"x{bare}y") == [bare[-4:]]
    for between in ("+", "%20", "%C2%A0", "\\u00a0", "\u00a0", "--"):
        text = between.join(bare[start : start + 4] for start in range(0, 16, 4))
        assert sower.found_in(f"q={text}&") == [bare[-4:]]
    assert len(set(sower.sown)) == 2
