"""Who is written down as the cause of what, whichever way it came about."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from booking_flow.errors import Refused
from booking_flow.flow import State
from booking_flow.model.card import PaymentType
from tests.support.engine import Guest, Shop, a_command


async def causes(guest: Guest) -> list[tuple[str, str, str | None, str | None]]:
    rows = await guest.shop.rows(
        "SELECT coalesce(trigger, kind) AS what, actor_kind, actor_name, request_id"
        " FROM session_history WHERE session_id = :id ORDER BY seq",
        id=guest.id,
    )
    return [(row.what, row.actor_kind, row.actor_name, row.request_id) for row in rows]


async def edit(guest: Guest) -> None:
    await guest.shop.engine.edit(
        await guest.loaded(),
        changes={"dining": "1"},
        command=a_command(),
    )


async def breakdown(guest: Guest) -> None:
    await guest.shop.engine.breakdown(
        await guest.loaded(), rate=await guest.rate(), command=a_command()
    )


async def restart(guest: Guest) -> None:
    await guest.shop.engine.restart(
        await guest.loaded(), session_id=uuid4(), secret_hash=b"n" * 32, command=a_command()
    )


WAYS: dict[str, Callable[[Guest], Awaitable[Any]]] = {
    "look": Guest.look,
    "edit": edit,
    "price": Guest.price,
    "cabins": Guest.cabins,
    "breakdown": breakdown,
    "select": Guest.select,
    "hold": Guest.hold,
    "release": Guest.release,
    "cancel": Guest.cancel,
    "restart": restart,
}


@pytest.mark.parametrize("way", WAYS)
async def test_whoever_comes_upon_it_a_lapse_is_the_clocks(shop: Shop, way: str) -> None:
    """Under the request that found it."""
    guest = await shop.selected()
    await shop.pass_time(2 * 3600 + 1)
    with suppress(Refused):
        await WAYS[way](guest)
    assert await guest.state() is State.EXPIRED
    assert (await causes(guest))[-1] == ("expire", "worker", "clock", "req-1")


async def test_what_a_guest_asks_for_is_the_guests(shop: Shop) -> None:
    guest = await shop.held()
    await guest.release()
    await guest.select()
    await edit_before_booking(guest)
    await guest.book(PaymentType.DEPOSIT)
    await guest.cancel()
    found = await causes(guest)
    assert {cause[1:] for cause in found} == {("guest", None, "req-1")}
    assert len(found) == len(await guest.history())


async def edit_before_booking(guest: Guest) -> None:
    await guest.release()
    await edit(guest)
    await guest.hold()


async def test_an_undo_is_leased_and_recorded_for_whom_it_was_tried(shop: Shop) -> None:
    guest = await shop.held()
    await guest.cancel()
    (step,) = await shop.rows("SELECT status, attempts FROM saga_steps WHERE name = 'release'")
    assert (step.status, step.attempts) == ("done", 1)
    calls = await shop.rows("SELECT step_id FROM supplier_calls WHERE endpoint = 'basketremove'")
    undos = await shop.rows("SELECT id FROM saga_steps WHERE name = 'release'")
    assert [row.step_id for row in calls] == [row.id for row in undos]


async def test_the_calls_of_a_step_are_its_evidence(shop: Shop) -> None:
    guest = await shop.held()
    await guest.book()
    rows = await shop.rows(
        "SELECT c.endpoint, t.name FROM supplier_calls c LEFT JOIN saga_steps t ON t.id = c.step_id"
        " ORDER BY c.at, c.id"
    )
    found = [(row.endpoint, row.name) for row in rows]
    assert found[-2:] == [("basketadd", "add_to_basket"), ("book", "book")]
    assert [endpoint for endpoint, _ in found].count("cruisecabingrades") == 2
