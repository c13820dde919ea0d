"""What operators see: readiness, measurements, headers, and logs without anything personal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from booking_http.api.action_links import BASE
from booking_http.runtime.logs import configure_logs
from booking_http.settings import Settings, SettingsError, load_settings
from persistence.migrate import upgrade
from tests.support.service import (
    CRUISE,
    HASH_KEY,
    MASTER_KEY,
    VISA,
    Guest,
    Service,
    Simulator,
    running_service,
)
from tests.support.waiting import eventually

REQUIRED = (
    "DATABASE_URL",
    "MASTER_KEYS",
    "HASH_KEY",
    "TRAVELTEK_BASE_URL",
    "TRAVELTEK_SID",
    "TRAVELTEK_USERNAME",
    "TRAVELTEK_PASSWORD",
)


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_every_missing_setting_is_named(bare_environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as found:
        load_settings()
    assert all(f"{name} is not set" in str(found.value) for name in REQUIRED)


def test_a_wrong_setting_is_named_without_its_value(bare_environment: pytest.MonkeyPatch) -> None:
    for name in REQUIRED:
        bare_environment.setenv(name, "short-secret")
    with pytest.raises(SettingsError) as found:
        load_settings()
    assert "HASH_KEY" in str(found.value)
    assert "short-secret" not in str(found.value)


def test_no_secret_is_printed(bare_environment: pytest.MonkeyPatch) -> None:
    hidden = {
        "DATABASE_URL": "postgresql://booking:hidden-password@db/booking",
        "MASTER_KEYS": MASTER_KEY,
        "HASH_KEY": HASH_KEY,
        "TRAVELTEK_USERNAME": "hidden-user",
        "TRAVELTEK_PASSWORD": "hidden-word",
    }
    shown = {"TRAVELTEK_BASE_URL": "https://supplier.test/2.1/json", "TRAVELTEK_SID": "10001"}
    for name, value in (hidden | shown | {"LIVE_LINES": "22, 3,8"}).items():
        bare_environment.setenv(name, value)
    settings = load_settings()
    told = repr(settings) + str(settings)
    assert settings.live_lines == {22, 3, 8}
    assert not [name for name, value in hidden.items() if value in told]
    assert "hidden" not in told


async def test_a_service_started_before_the_tables_waits_for_them(
    simulator: Simulator, empty_database_url: str
) -> None:
    configure_logs("ERROR")
    async with running_service(empty_database_url, simulator, worker=True) as service:
        before = await service.call("GET", "/readyz")
        assert (before.status, before.body["status"]) == (503, "not_ready")
        await asyncio.sleep(0.2)
        await upgrade(empty_database_url)

        async def tables_found() -> bool:
            after = await service.call("GET", "/readyz?verbose")
            states = {part["name"]: part["status"] for part in after.body["components"]}
            return (states["schema"], states["environment"]) == ("up", "up")

        await eventually(tables_found)


async def test_a_service_that_is_well_is_ready(make_service: Any, redis_url: str) -> None:
    service: Service = await make_service(redis_url=redis_url)
    assert (await service.call("GET", "/livez")).body == {"status": "live"}
    brief = await service.call("GET", "/readyz")
    assert (brief.status, brief.body["components"]) == (200, [])
    verbose = await service.call("GET", "/readyz?verbose")
    assert verbose.body["environment"] == "development"
    states = {part["name"]: part["status"] for part in verbose.body["components"]}
    assert states == {
        "database": "up",
        "schema": "up",
        "environment": "up",
        "wakeups": "up",
        "catalogue": "up",
        "redis": "up",
        "supplier": "up",
        "answers": "up",
        "spool": "up",
        "journal": "up",
    }


async def test_a_supplier_that_is_not_asked_for_now_degrades_readiness(
    service: Service, guest: Guest
) -> None:
    """The circuit breaker's state is shown; nobody asks the supplier for it."""
    await guest.open()
    await service.simulator.fault("cruisecabingrades.pl", "http_500", times=None)
    for _ in range(4):
        await guest.price()
    asked = await service.simulator.received("cruisecabingrades.pl")
    ready = await service.call("GET", "/readyz?verbose")
    (supplier,) = (part for part in ready.body["components"] if part["name"] == "supplier")
    assert (ready.status, supplier["status"]) == (200, "degraded")
    assert supplier["detail"] == "after many failures not asked for now: prices"
    assert await service.simulator.received("cruisecabingrades.pl") == asked


async def test_without_redis_bookings_work_and_readiness_says_so(make_service: Any) -> None:
    service: Service = await make_service(redis_url="redis://127.0.0.1:9/0")
    guest = service.guest()
    assert (await guest.to_booked()).status == 201
    ready = await service.call("GET", "/readyz?verbose")
    parts = {part["name"]: part["status"] for part in ready.body["components"]}
    assert (ready.status, parts["redis"]) == (200, "degraded")


async def test_a_database_that_is_away_is_not_ready_and_requests_say_so(
    make_service: Any,
) -> None:
    service: Service = await make_service(
        database_url="postgresql://nobody:hidden@127.0.0.1:9/none"
    )
    ready = await service.call("GET", "/readyz?verbose")
    assert ready.status == 503
    assert "hidden" not in json.dumps(ready.body)
    reply = await service.guest().open()
    assert (reply.status, reply.code) == (503, "unavailable")
    assert reply.headers["Retry-After"]


async def test_measurements_know_templates_not_addresses(service: Service, guest: Guest) -> None:
    await guest.open()
    await guest.look()
    measured = await service.call("GET", "/metrics")
    assert 'route="/api/v1/booking/session/{session_id}"' in measured.body
    assert guest.session_id not in measured.body


async def test_a_request_id_is_taken_if_sane_and_returned(service: Service) -> None:
    mine = await service.call("GET", "/livez", headers={"X-Request-ID": "shop-42"})
    assert mine.headers["X-Request-ID"] == "shop-42"
    odd = await service.call("GET", "/livez", headers={"X-Request-ID": "<script>"})
    assert odd.headers["X-Request-ID"] not in ("", "<script>")
    problem = await service.call("GET", "/nowhere", headers={"X-Request-ID": "shop-43"})
    assert problem.body["requestId"] == "shop-43"


async def test_answers_carry_the_headers_that_keep_them_private(guest: Guest) -> None:
    await guest.open()
    headers = (await guest.look()).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "aiohttp" not in headers["Server"]


async def test_a_probe_may_ask_for_the_head_only(service: Service) -> None:
    for path in ("/livez", "/readyz", "/docs"):
        reply = await service.call("HEAD", path)
        assert (reply.status, reply.body or "") == (200, "")


async def test_a_shop_of_ours_may_call_from_the_browser(make_service: Any) -> None:
    service: Service = await make_service(cors_origins="https://shop.example")
    path, mine = f"{BASE}/session", {"Origin": "https://shop.example"}
    asked = await service.call(
        "OPTIONS", path, headers={**mine, "Access-Control-Request-Method": "POST"}
    )
    assert asked.status == 204
    assert "Idempotency-Key" in asked.headers["Access-Control-Allow-Headers"]
    ask = {"cruiseId": CRUISE, "passengerCount": {"adults": 2}}
    reply = await service.call("POST", path, ask, headers=mine)
    assert reply.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    exposed = reply.headers["Access-Control-Expose-Headers"]
    assert all(
        name in exposed for name in ("ETag", "Location", "Retry-After", "Idempotent-Replayed")
    )
    other = await service.call("POST", path, ask, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    refused = await service.call("POST", path, {}, headers=mine)
    assert refused.headers["Access-Control-Allow-Origin"] == "https://shop.example"


async def test_logs_hold_neither_secrets_nor_names_nor_cards(
    make_service: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("DEBUG")
    service: Service = await make_service()
    guest = service.guest()
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"])
    await guest.book(guest.booking(payment={**payment, "cardNumber": "4111111111111112"}))
    booked = await guest.book(guest.booking(payment=payment))
    said = capsys.readouterr().err
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["event"] == "request"]
    assert requests[-1]["reference"] == booked.body["reference"]
    assert requests[-1]["route"] == f"{BASE}/{{session_id}}/create"
    secret = guest.session_id.partition(".")[2]
    hidden = (secret, VISA, "4111111111111112", "Alexa", "example.test", HASH_KEY, "agency-secret")
    assert not [word for word in hidden if word in said]


async def test_what_nobody_expected_is_a_problem_without_words(
    make_service: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("INFO")
    service: Service = await make_service()
    guest = service.guest()
    await guest.open()

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("quotes what the guest typed")

    monkeypatch.setattr(service.parts.engine, "price", broken)
    reply = await guest.price()
    assert (reply.status, reply.code) == (503, "unavailable")
    said = capsys.readouterr().err
    assert "RuntimeError" in said
    assert "typed" not in said
