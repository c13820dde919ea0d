"""What a guest does while processes die: journeys, and a kill at any point on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from aiohttp import ClientError

from tests.acceptance.processes import Nursery
from tests.http.kit import Guest

Journey = Callable[[Guest], Awaitable[None]]


async def to_paid(guest: Guest) -> None:
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"])
    paid = await guest.book(guest.booking(payment=payment))
    assert paid.status == 201, paid


async def to_released(guest: Guest) -> None:
    await guest.to_basketed()
    assert (await guest.release()).status == 200


async def to_cancelled(guest: Guest) -> None:
    await guest.to_basketed()
    assert (await guest.cancel()).body["state"] == "cancelled"


async def points_of(made: Nursery, log: Path, journey: Journey) -> list[str]:
    """Walk the journey once with nobody dying, and return the points it passes."""
    await journey((await made.start(log)).guest())
    made.kill()
    return log.read_text().splitlines()


async def die(made: Nursery, log: Path, journey: Journey, die_at: int) -> Guest:
    """Walk a journey in a process that kills itself on the way."""
    guest = (await made.start(log, die_at=die_at)).guest()
    with suppress(ClientError):
        await journey(guest)
        raise AssertionError(f"nothing died at point {die_at}")
    return guest
