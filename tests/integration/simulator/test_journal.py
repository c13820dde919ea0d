"""The journal of the memory: what was answered is in it, whatever kills the simulator and when."""

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient

from adapters.simulator import SimulatorSettings, store
from adapters.simulator.codec import written
from adapters.simulator.dispatch import SUPPLIER
from adapters.simulator.faults import FAULTS
from adapters.simulator.journal import Journal, whole_lines
from adapters.simulator.store import StateFile, journal_of
from adapters.simulator.supplier import Supplier
from tests.conftest import ROOT
from tests.integration.simulator.conftest import NOON, Start
from tests.support.agency import TODAY, VISA, Agency, Json
from tests.support.ports import free_port

EARLIER = Path(__file__).with_name("earlier_state.json")
ODD = (TypeError, aiohttp.ClientError, ConnectionError, LookupError, ValueError, RuntimeError)
"""What a caller may meet that takes every answer for a good one."""

Do = Callable[[], Awaitable[Any]]


def living(client: "TestClient[Any, Any]") -> Any:
    """Return what a running simulator remembers."""
    return json.loads(written(client.app[SUPPLIER].state))


def kept(file: Path) -> Any:
    """Return what one that is started now would remember."""
    return json.loads(written(StateFile(file).load()))


def ways(agency: Agency) -> dict[str, Do]:
    """Return what a guest does from search to payment, by the endpoint that is called last."""

    async def choose() -> None:
        agency.choose(await agency.grades(), "2N")

    async def look_at_cabins() -> None:
        agency.cabin = (await agency.cabins())["results"][0]

    return {
        "token.pl": agency.log_in,
        "cruiseresults.pl": agency.search,
        "cruisecabingrades.pl": choose,
        "cruisecabins.pl": look_at_cabins,
        "basketadd.pl": agency.add,
        "basket.pl": lambda: agency.get("basket.pl"),
        "book.pl": lambda: agency.book(agency.order(card=VISA)),
        "payment.pl": agency.pay,
        "basketremove.pl": lambda: agency.get("basketremove.pl", basketkey=agency.item["itemkey"]),
        "cruiseshipdetails.pl": lambda: agency.get("cruiseshipdetails.pl", shipid=2411),
    }


async def stumble(agency: Agency, chance: random.Random) -> None:
    """Go from search to payment while the supplier misbehaves, time passes and people cancel."""
    for endpoint, do in ways(agency).items():
        if chance.random() < 0.15:
            names = [one.name for one in FAULTS.values() if endpoint in one.endpoints]
            await agency.fault(endpoint, chance.choice(names), seconds=0.01)
        with suppress(*ODD):
            await do()
    await agency.control("clock", advanceSeconds=chance.choice((1, 60, 900, 8000)))
    await agency.control("inventory", cruiseId=agency.cruise_id, cabinCode="2N", remaining=9)
    booked = [one for one in (await agency.ledger())["bookings"] if one["status"] == "Booked"]
    if booked and chance.random() < 0.3:
        await agency.control("cancel", reservation=chance.choice(booked)["reservation"])


async def test_after_thousands_of_calls_it_remembers_what_it_knew(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was called, with every fault, and however often the journal was folded up."""
    monkeypatch.setattr(store, "SMALL_JOURNAL", 20_000)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    file = tmp_path / "supplier.json"
    chance = random.Random(2190294)
    client = await start(state_file=file, cabins_per_grade=9, failed_yellow_turns_booked=True)
    snapshots = set()
    for number in range(150):
        await stumble(Agency(client, cruise_id=2190293 + number % 18), chance)
        snapshots.add(json.loads(file.read_bytes())["snapshot"])
        if number % 20 == 0:
            assert kept(file) == living(client)
    assert kept(file) == living(client)
    assert len(snapshots) > 4
    assert len(living(client)["bookings"]) > 20


async def test_a_line_counts_when_it_is_whole(start: Start, tmp_path: Path) -> None:
    """Cut anywhere, the memory is that of the last call whose line is whole."""
    file, cut = tmp_path / "supplier.json", tmp_path / "cut.json"
    client = await start(state_file=file)
    agency, states = Agency(client), {0: living(client)}
    for do in ways(agency).values():
        await do()
        states[journal_of(file).stat().st_size] = living(client)
    journal = journal_of(file).read_bytes()
    cut.write_bytes(file.read_bytes())
    for begin, end in pairwise(states):
        for at in (begin, begin + 1, (begin + end) // 2, end - 1):
            journal_of(cut).write_bytes(journal[:at])
            assert kept(cut) == states[begin]
    assert kept(file) == living(client) == states[len(journal)]


async def test_each_call_waits_once_for_the_disk(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never when it has changed nothing; a refusal changes when the session was last used."""
    synced: list[int] = []
    agency = Agency(await start(state_file=tmp_path / "supplier.json"))
    monkeypatch.setattr(os, "fsync", synced.append)
    for endpoint, do in ways(agency).items():
        synced.clear()
        await do()
        assert len(synced) == (0 if endpoint == "cruiseshipdetails.pl" else 1), endpoint
    for fault in ("http_500", "http_500_after", "token_expired_200", "html"):
        await agency.log_in()
        await agency.fault("basket.pl", fault)
        synced.clear()
        await agency.raw("basket.pl", {})
        assert len(synced) == 1, fault


async def test_a_call_costs_no_more_with_many_sessions(start: Start, tmp_path: Path) -> None:
    """What is written is what the call has changed, however much is remembered beside it."""
    agency = Agency(await start(state_file=tmp_path / "supplier.json"))
    journal, grown = journal_of(tmp_path / "supplier.json"), []
    for others in (0, 60):
        for _ in range(others):
            await agency.search(codetocruiseid=2190294)
        before = journal.stat().st_size
        await agency.hold()
        await agency.book()
        grown.append(journal.stat().st_size - before)
    assert grown[1] == pytest.approx(grown[0], abs=64 + len(agency.token) * 2)


async def test_what_was_refused_is_remembered_as_well(start: Start, tmp_path: Path) -> None:
    """A token and a session that were told to be dead do not come back to life."""
    file = tmp_path / "supplier.json"
    agency = Agency(await start(state_file=file))
    await agency.search()
    dead = agency.token
    await agency.fault("basket.pl", "token_expired_200")
    await agency.get("basket.pl")
    assert kept(file)["tokens"][dead] == NOON.isoformat()
    await agency.log_in()
    await agency.fault("basket.pl", "session_expired")
    await agency.get("basket.pl")
    assert kept(file)["sessions"][agency.session]["expired"] is True


async def test_a_memory_written_before_there_was_a_journal_is_read(
    start: Start, tmp_path: Path
) -> None:
    """One file with everything; what was under review turns into a booking as it would have."""
    file = tmp_path / "supplier.json"
    file.write_bytes(EARLIER.read_bytes())
    earlier = json.loads(EARLIER.read_text())
    # What was not known then is empty.
    earlier["bookings"] = [{**each, "internal_reference": ""} for each in earlier["bookings"]]
    assert kept(file) == earlier
    agency = Agency(await start(state_file=file))
    ledger = await agency.ledger()
    assert [one["status"] for one in ledger["bookings"]] == ["Booked", "Failed"]
    assert (len(ledger["holds"]), len(ledger["charges"])) == (2, 1)
    await agency.control("clock", advanceSeconds=120)
    assert [one["status"] for one in (await agency.ledger())["bookings"]] == ["Booked", "Booked"]
    assert kept(file)["offset_seconds"] == 180


async def test_lines_of_another_snapshot_count_for_nothing(start: Start, tmp_path: Path) -> None:
    """They may be left over from before the memory was folded up, or from a file taken away."""
    file = tmp_path / "supplier.json"
    agency = Agency(await start(state_file=file))
    await agency.hold()
    left_over = journal_of(file).read_bytes()
    await agency.control("reset")
    assert journal_of(file).stat().st_size == 0
    journal_of(file).write_bytes(left_over)
    assert kept(file)["items"] == {}
    file.unlink()
    assert StateFile(file).load() is None
    fresh = Supplier(SimulatorSettings(state_file=file, today=TODAY))
    fresh.close()
    assert kept(file)["items"] == {}


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call fails; what it changed is written down with the next one."""
    file = tmp_path / "supplier.json"
    supplier = Supplier(SimulatorSettings(state_file=file, today=TODAY))
    supplier.state.tokens["A"] = NOON
    really = os.write

    def write_half(handle: int, spelled: bytes) -> int:
        if len(spelled) < 20:
            raise OSError("No space left on device")
        return really(handle, spelled[: len(spelled) // 2])

    with monkeypatch.context() as full:
        full.setattr(os, "write", write_half)
        with pytest.raises(OSError, match="No space"):
            supplier.save()
    assert journal_of(file).read_bytes() == b""
    supplier.state.tokens["B"] = NOON
    supplier.save()
    supplier.close()
    assert list(kept(file)["tokens"]) == ["A", "B"]


def test_a_journal_is_its_owners_alone(tmp_path: Path) -> None:
    """It has the passengers' names in it, as the file beside it has."""
    journal = Journal(tmp_path / "journal")
    journal.append("{}")
    journal.close()
    assert (tmp_path / "journal").stat().st_mode & 0o077 == 0
    assert list(whole_lines(tmp_path / "journal")) == [b"{}\n"]


@asynccontextmanager
async def serving(file: Path, *death: str) -> AsyncIterator[tuple[Agency, Process]]:
    """Run a simulator in a process of its own, which may have a death of its own as well."""
    port = free_port()
    arguments = (str(port), str(file), *(death or ("never", "0")))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.simulator.dying", *arguments, cwd=ROOT
    )
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        try:
            await answering(http)
            yield Agency(http), process  # type: ignore[arg-type]  # It asks as a test's client does.
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def answering(http: aiohttp.ClientSession) -> None:
    """Wait until the simulator answers."""
    for _ in range(300):
        with suppress(aiohttp.ClientError):
            async with http.get("/_control/policy"):
                return
        await asyncio.sleep(0.05)
    raise AssertionError("it does not answer")


LINES = {"basketadd.pl": 5, "book.pl": 7}
"""Which line of the journal a call of `ways` writes."""


DEATHS = [
    pytest.param(moment, endpoint, marks=() if (number + turn) % 2 else pytest.mark.full)
    for number, moment in enumerate(["before", "torn", "unsynced", "written"])
    for turn, endpoint in enumerate(LINES)
]


@pytest.mark.parametrize(("moment", "endpoint"), DEATHS)
async def test_killed_while_it_writes_it_forgets_nothing_it_had_answered(
    tmp_path: Path, moment: str, endpoint: str
) -> None:
    """The call that nobody heard of was carried out if its line is whole, otherwise it was not."""
    file, answered = tmp_path / "supplier.json", []
    async with serving(file, moment, str(LINES[endpoint])) as (agency, process):
        with suppress(aiohttp.ClientError):
            for name, do in ways(agency).items():
                await do()
                answered.append(name)
        assert await process.wait() == -signal.SIGKILL
    assert answered == list(ways(agency))[: LINES[endpoint] - 1]
    state = kept(file)
    assert agency.session in state["sessions"]
    acted = moment in ("unsynced", "written")
    assert len(state["items"]) == (1 if endpoint == "book.pl" or acted else 0)
    assert len(state["bookings"]) == len(state["charges"]) == int(endpoint == "book.pl" and acted)


async def test_killed_between_the_snapshot_and_its_empty_journal(tmp_path: Path) -> None:
    """The lines that are left over are in the snapshot already."""
    file = tmp_path / "supplier.json"
    async with serving(file, "replaced", "2") as (agency, process):
        await agency.hold()
        with pytest.raises(aiohttp.ClientError):
            await agency.control("reset")
        assert await process.wait() == -signal.SIGKILL
    assert journal_of(file).stat().st_size > 0
    assert (kept(file)["items"], kept(file)["sessions"]) == ({}, {})


async def test_killed_at_any_time_it_has_every_booking_that_was_answered(tmp_path: Path) -> None:
    """Again and again, with several callers at once."""
    file, told = tmp_path / "supplier.json", set[str]()
    for lifetime in (0.3, 0.6, 0.9):
        async with serving(file) as (first, process):
            callers = [asyncio.create_task(books(first, told)) for _ in range(4)]
            await asyncio.sleep(lifetime)
            process.kill()
            await asyncio.gather(*callers)
        kept_ids = [str(one["booking_id"]) for one in kept(file)["bookings"]]
        assert told <= set(kept_ids)
        assert len(kept_ids) == len(set(kept_ids))
    assert told


async def books(first: Agency, told: set[str]) -> None:
    """Book until nobody answers any more, and note each booking that was told."""
    with suppress(aiohttp.ClientError):
        while True:
            agency = Agency(first.http)
            await agency.hold()
            body: Json = await agency.book(agency.order(card=VISA))
            told.update(str(one["bookingid"]) for one in body["results"])
