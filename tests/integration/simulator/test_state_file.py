"""The memory in a file: a restart forgets nothing, and no card is ever in it."""

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.simulator import SimulatorSettings, serve
from adapters.simulator.app import UnsafeBindingError
from adapters.simulator.store import journal_of, seed_date
from tests.integration.simulator.conftest import NOON, Start
from tests.support.agency import TODAY, VISA, Agency


async def test_a_restart_forgets_nothing(start: Start, tmp_path: Path) -> None:
    """Token, session, hold, clock and books are as before; dates stay though days have passed."""
    file = tmp_path / "kept" / "supplier.json"
    before = Agency(await start(state_file=file))
    await before.hold(cabin=1)
    await before.control("clock", advanceSeconds=100)
    after = Agency(await start(state_file=file, today=TODAY + timedelta(days=9)))
    after.token, after.session = before.token, before.session
    after.item, after.basket = before.item, before.basket
    assert await after.ledger() == await before.ledger()
    sailings = await (await after.http.get("/_control/sailings")).json()
    assert sailings == await (await before.http.get("/_control/sailings")).json()
    body = await after.book(after.order(card=VISA))
    assert body["results"][0]["status"] == "Booked"
    third = Agency(await start(state_file=file))
    assert await third.ledger() == await after.ledger()
    assert len((await third.ledger())["bookings"]) == 1


async def test_sailing_dates_count_from_the_first_start(start: Start, tmp_path: Path) -> None:
    """Whoever seeds a catalogue beside a kept memory must use its day, not today's."""
    file = tmp_path / "supplier.json"
    later = TODAY + timedelta(days=40)
    assert seed_date(file, later) == seed_date(None, later) == later
    agency = Agency(await start(state_file=file))
    assert seed_date(file, later) == TODAY
    await agency.control("reset")
    assert seed_date(file, later) == TODAY


async def test_the_file_has_no_card_and_is_its_owners_alone(start: Start, tmp_path: Path) -> None:
    """Neither on success nor when the card was declined."""
    file = tmp_path / "supplier.json"
    agency = Agency(await start(state_file=file))
    await agency.hold()
    for number in ("4000000000000002", VISA):
        await agency.book(agency.order(card=number))
        assert number not in file.read_text() + journal_of(file).read_text()
    assert "Tester" in journal_of(file).read_text()
    assert (file.stat().st_mode | journal_of(file).stat().st_mode) & 0o077 == 0
    assert not (tmp_path / "supplier.json.new").exists()


async def test_the_ledger_and_the_calls_have_no_names_and_no_cards(agency: Agency) -> None:
    """They are shown to tests and on pages."""
    await agency.hold()
    await agency.book(agency.order(card=VISA, surname="Unmistakable"))
    for name in ("ledger", "calls", "faults"):
        told = await (await agency.http.get(f"/_control/{name}")).text()
        assert VISA not in told
        assert "nmistakable" not in told
        assert agency.token not in told


async def test_reset_starts_over_but_gives_no_number_twice(start: Start, tmp_path: Path) -> None:
    """Item keys and reservations of before a reset never return."""
    agency = Agency(await start(state_file=tmp_path / "supplier.json"))
    await agency.hold()
    key = agency.item["itemkey"]
    await agency.control("policy", second_book="same")
    await agency.fault("book.pl", "http_500")
    await agency.control("reset")
    assert await agency.ledger() == {"holds": [], "bookings": [], "charges": []}
    assert (await (await agency.http.get("/_control/policy")).json())["second_book"] == "error"
    agency.token = ""
    await agency.hold()
    assert int(agency.item["itemkey"]) > int(key)


async def test_it_refuses_to_be_reachable_from_elsewhere() -> None:
    """The control API is for this machine, unless somebody says otherwise."""
    settings = SimulatorSettings(clock=lambda: NOON)
    with pytest.raises(UnsafeBindingError, match=r"0\.0\.0\.0"):
        await serve(settings, host="0.0.0.0", port=0)
