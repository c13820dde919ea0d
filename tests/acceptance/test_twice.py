"""The same request sent twice, by one process or two, acts once; the ledger is the judge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.processes import nursery
from tests.support.service import Guest, Headers, Reply, Service, Simulator, once

KEY = "5b3f8a52-6c0e-4c9b-9c1a-7d2e4f6a8b10"
KEYED = pytest.mark.parametrize("headers", [None, once(KEY)], ids=["no key", "one key"])


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
async def twins(
    request: pytest.FixtureRequest, seeded_url: str, simulator: Simulator, tmp_path: Path
) -> AsyncIterator[tuple[Service, Service]]:
    """Return two services over one database, which may be the same process."""
    async with nursery(seeded_url, simulator) as made:
        first = await made.start()
        second = first if request.param == 1 else await made.start()
        yield first, second


def both(twins: tuple[Service, Service]) -> tuple[Guest, Guest]:
    """Return one guest before two services."""
    return twins[0].guest(), twins[1].guest()


def join(first: Guest, second: Guest) -> None:
    """Let the second know the session that the first opened."""
    second.session_id, second.cabins = first.session_id, first.cabins
    second.sailing_date = first.sailing_date
    second.adults, second.child_ages = first.adults, first.child_ages


def _statuses(*replies: Reply) -> list[int]:
    return sorted(reply.status for reply in replies)


@KEYED
async def test_a_cabin_chosen_twice_at_once_is_held_once(
    twins: tuple[Service, Service], headers: Headers | None
) -> None:
    first, second = both(twins)
    await first.to_priced()
    join(first, second)
    replies = await asyncio.gather(first.select(headers=headers), second.select(headers=headers))
    assert set(_statuses(*replies)) <= {200, 202, 409}, replies
    assert 200 in _statuses(*replies), replies
    assert (await first.look()).body["state"] == "basketed"
    assert len((await twins[0].simulator.ledger())["holds"]) == 1


@KEYED
async def test_a_cabin_chosen_twice_in_a_row_is_held_once(
    twins: tuple[Service, Service], headers: Headers | None
) -> None:
    first, second = both(twins)
    await first.to_priced()
    join(first, second)
    once_held = await first.select(headers=headers)
    again = await second.select(headers=headers)
    assert _statuses(once_held, again) == [200, 200]
    assert again.body["hold"] == once_held.body["hold"]
    assert len((await twins[0].simulator.ledger())["holds"]) == 1


@KEYED
async def test_a_booking_sent_twice_at_once_is_made_and_charged_once(
    twins: tuple[Service, Service], headers: Headers | None
) -> None:
    first, second = both(twins)
    held = await first.to_basketed()
    join(first, second)
    ask = first.booking(payment=first.payment(held.body["price"]["total"]))
    replies = await asyncio.gather(
        first.book(ask, headers=headers), second.book(ask, headers=headers)
    )
    assert 201 in _statuses(*replies), replies
    assert set(_statuses(*replies)) <= {201, 202, 409}, replies
    ledger = await twins[0].simulator.ledger()
    assert len(ledger["bookings"]) == len(ledger["charges"]) == 1
    assert await twins[0].simulator.received("book.pl") == 1


@KEYED
async def test_a_booking_sent_twice_in_a_row_is_made_and_charged_once(
    twins: tuple[Service, Service], headers: Headers | None
) -> None:
    first, second = both(twins)
    held = await first.to_basketed()
    join(first, second)
    ask = first.booking(payment=first.payment(held.body["price"]["total"]))
    made = await first.book(ask, headers=headers)
    again = await second.book(ask, headers=headers)
    assert made.status == 201
    if headers is None:
        assert again.code == "wrong_state"
    else:
        assert again.status == 201
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.body["booking"] == made.body["booking"]
    ledger = await twins[0].simulator.ledger()
    assert len(ledger["bookings"]) == len(ledger["charges"]) == 1


async def test_a_release_sent_twice_lets_go_once(twins: tuple[Service, Service]) -> None:
    first, second = both(twins)
    await first.to_basketed()
    join(first, second)
    replies = await asyncio.gather(first.release(), second.release())
    assert 200 in _statuses(*replies), replies
    assert (await first.look()).body["state"] == "cabin_selected"
    assert (await twins[0].simulator.ledger())["holds"] == []


async def test_a_session_opened_twice_with_one_key_is_one_session(
    twins: tuple[Service, Service],
) -> None:
    first, second = both(twins)
    replies = await asyncio.gather(first.open(headers=once(KEY)), second.open(headers=once(KEY)))
    assert _statuses(*replies) == [201, 201], replies
    assert replies[0].body["sessionId"] == replies[1].body["sessionId"]
    assert (await first.look()).status == (await second.look()).status == 200
