"""After every path at debug level, no card, name or secret is anywhere it does not belong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import asyncpg
import redis.asyncio

from tests.support.processes import serving
from tests.support.service import AMEX, Guest, Json, Service, Simulator, settings_for

FIRST_NAME: Final = "Quillianthe"
SURNAME: Final = "Zorbanovich"
EMAIL: Final = "quillianthe@zorbanovich.example"
PHONE: Final = "+44 7700 900461"
HOLDER: Final = "Q ZORBANOVICH-HOLDER"
CVV: Final = "7351"
RED: Final = "4000000000000002"
YELLOW: Final = "4000000000009995"
NOT_LUHN: Final = "4111111111111112"
NUMBERS: Final = (AMEX, RED, YELLOW, NOT_LUHN)
PERSONAL: Final = (FIRST_NAME, SURNAME, EMAIL, PHONE, HOLDER)


def _order(guest: Guest, held: Json, card: str) -> Json:
    """Return a booking whose every personal value is found nowhere else."""
    cvv = CVV if card == AMEX else CVV[:3]
    payment = guest.payment(held["price"]["total"], card=card, cvv=cvv)
    ask = guest.booking(surname=SURNAME, payment=payment | {"cardholderName": HOLDER})
    for passenger in ask["passengers"]:
        passenger["firstName"] = FIRST_NAME
    ask["contact"] |= {"firstName": FIRST_NAME, "email": EMAIL, "phone": PHONE}
    return ask


async def _held(service: Service) -> tuple[Guest, Json]:
    guest = service.guest()
    held = await guest.to_basketed(child_ages=(8,))
    return guest, held.body


async def _walk(service: Service) -> list[Guest]:
    """Go every way a card can go, and some that are refused before it is sent."""
    guests = []
    for card, status in ((NOT_LUHN, 422), (RED, 402), (YELLOW, 202), (AMEX, 201)):
        guest, held = await _held(service)
        await guest.edit({"specialRequests": f"A cot for {FIRST_NAME} {SURNAME}"})
        reply = await guest.book(_order(guest, held, card))
        assert reply.status == status, (card[-4:], reply)
        guests.append(guest)
    return guests


async def _stumble(service: Service, simulator: Simulator) -> list[Guest]:
    """Let the supplier and the client go wrong with personal data in their hands."""
    guests = []
    for fault in ("timeout_after", "malformed", "http_500_after", "reset", "errors_with_bookingid"):
        guest, held = await _held(service)
        await simulator.fault("book.pl", fault)
        assert (await guest.book(_order(guest, held, AMEX))).status == 202
        guests.append(guest)
    guest, held = await _held(service)
    broken = f'{{"payment": {{"cardNumber": "{AMEX}", "cvv": {CVV}, "name": "{SURNAME}"'.encode()
    path = f"{guest.home}/create"
    headers = {"Content-Type": "application/json"}
    assert (await service.call("POST", path, raw=broken, headers=headers)).status == 400
    wrong = _order(guest, held, AMEX) | {"unknownField": SURNAME}
    assert (await service.call("POST", path, wrong)).status == 422
    twice = await guest.cancel()
    assert twice.status == 200
    return [*guests, guest]


async def _everything_stored(database_url: str) -> str:
    """Return every row of every table as text."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        rows = [
            row["everything"]
            for table in tables
            for row in await connection.fetch(
                f"SELECT t::text AS everything FROM {table['name']} AS t"
            )
        ]
    finally:
        await connection.close()
    return "\n".join(rows)


async def _everything_cached(redis_url: str) -> str:
    client = redis.asyncio.Redis.from_url(redis_url)
    try:
        keys = await client.keys("*")
        kept = [repr((key, await client.dump(key))) for key in keys]
    finally:
        await client.aclose()
    return "\n".join(kept)


def _found(text: str, guests: list[Guest]) -> list[str]:
    """Return what is in a text and must not be."""
    found = [value for value in (*NUMBERS, *PERSONAL) if value.casefold() in text.casefold()]
    if re.search(rf"(?<![0-9a-f.:-]){CVV}(?![0-9a-f])", text):
        found.append("the security code")
    secrets = {guest.session_id.partition(".")[2] for guest in guests}
    return found + [f"the secret of {guest}" for guest in secrets if guest in text]


async def test_no_card_name_or_secret_is_left_anywhere(
    seeded_url: str, simulator: Simulator, redis_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    settings = settings_for(
        database_url=seeded_url,
        supplier_url=simulator.api,
        redis_url=redis_url,
        log_level="DEBUG",
        # One call is silent, and the process is a real one: it waits as its settings say.
        traveltek_time_scale=0.1,
    )
    async with serving(settings, simulator, log) as service:
        guests = [*await _walk(service), *await _stumble(service, simulator)]
    printed, stored = log.read_text(), await _everything_stored(seeded_url)
    cached = await _everything_cached(redis_url)
    assert "book" in printed
    assert guests[0].uuid in stored
    assert "token" in cached
    assert _found(printed, guests) == []
    assert _found(stored, guests) == []
    assert _found(cached, guests) == []


def test_the_search_finds_what_it_looks_for() -> None:
    """A test of leaks that can find nothing would prove nothing."""
    assert _found(f"... {AMEX} ... {SURNAME.lower()} ...", []) == [AMEX, SURNAME]
    assert _found(f'"signature": "{CVV}"', []) == ["the security code"]
