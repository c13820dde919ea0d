"""A process killed with SIGKILL at any point leaves rows that name whatever the supplier did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientError

from tests.acceptance.ledger import agrees, facts_of
from tests.acceptance.processes import Nursery, nursery
from tests.http.kit import Guest, Simulator

Journey = Callable[[Guest], Awaitable[None]]


async def _to_paid(guest: Guest) -> None:
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"])
    paid = await guest.book(guest.booking(payment=payment))
    assert paid.status == 201, paid


async def _to_released(guest: Guest) -> None:
    await guest.to_basketed()
    assert (await guest.release()).status == 200


async def _to_cancelled(guest: Guest) -> None:
    await guest.to_basketed()
    assert (await guest.cancel()).body["state"] == "cancelled"


async def _points(made: Nursery, log: Path, journey: Journey) -> list[str]:
    """Walk the journey once with nobody dying, and return the points it passes."""
    await journey((await made.start(log)).guest())
    made.kill()
    return log.read_text().splitlines()


async def _die(made: Nursery, log: Path, journey: Journey, die_at: int) -> Guest:
    guest = (await made.start(log, die_at=die_at)).guest()
    with suppress(ClientError):
        await journey(guest)
        raise AssertionError(f"nothing died at point {die_at}")
    return guest


async def _disagreements(
    database_url: str, simulator: Simulator, journey: Journey, folder: Path
) -> tuple[int, list[str]]:
    wrong = []
    async with nursery(database_url, simulator) as made:
        points = await _points(made, folder / "dry", journey)
        for number, point in enumerate(points, start=1):
            await simulator.control("reset")
            guest = await _die(made, folder / str(number), journey, number)
            if not await agrees(simulator, await facts_of(database_url, guest)):
                wrong.append(f"{number} {point}")
    return len(points), wrong


@pytest.mark.crash
@pytest.mark.parametrize("journey", [_to_paid, _to_released, _to_cancelled])
async def test_no_supplier_effect_is_without_a_row_that_announces_it(
    journey: Journey, seeded_url: str, simulator: Simulator, tmp_path: Path
) -> None:
    """The process dies before and after every call the engine makes through a port."""
    cells, wrong = await _disagreements(seeded_url, simulator, journey, tmp_path)
    assert cells > 10
    assert wrong == []


async def test_the_open_step_of_a_process_that_died_is_visible(
    seeded_url: str, simulator: Simulator, tmp_path: Path
) -> None:
    """After book.pl has acted and before anything is settled, staff see which step is open."""
    async with nursery(seeded_url, simulator) as made:
        points = await _points(made, tmp_path / "dry", _to_paid)
        answered = points.index("after supplier.book") + 1
        await simulator.control("reset")
        guest = await _die(made, tmp_path / "log", _to_paid, answered)
    facts = await facts_of(seeded_url, guest)
    assert facts is not None
    assert facts["state"] == "basketed"
    assert facts["openStep"]["name"] == "book"
    assert facts["openStep"]["status"] == "started"
    assert len((await simulator.ledger())["bookings"]) == 1
