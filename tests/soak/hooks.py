"""The agency's webhook endpoint in a storm: it refuses and hangs, and in the end has heard all."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web
from sqlalchemy import text

from persistence.database import Database, fetch_all, fetch_one
from tests.support.receivers import KEY, Received, Receiver, hooks, make_authority, running_receiver

MOVES: Final = text(
    """
    SELECT s.reference, h.seq FROM session_history h JOIN booking_sessions s ON s.id = h.session_id
    WHERE h.kind IN ('transition', 'override') ORDER BY h.session_id, h.seq
    """
)
UNSENT: Final = text("SELECT count(*) AS number FROM outbox WHERE delivered_at IS NULL")
PATIENCE: Final = 60.0
"""Seconds for the last events to be sent once nothing else happens."""


@asynccontextmanager
async def endpoint(folder: Path) -> AsyncIterator[tuple[Receiver, dict[str, str]]]:
    """Run the endpoint; beside it, what services have to know to send there."""
    authority = make_authority(folder)
    async with running_receiver(authority) as receiver:
        known = {name.upper(): str(value) for name, value in hooks(receiver).items()}
        yield receiver, known | {"SSL_CERT_FILE": str(authority.certificate)}


async def disturb(receiver: Receiver, chance: random.Random) -> None:
    """Refuse the next events, or hang for a while."""
    if chance.random() < 0.7:
        receiver.answers += [web.Response(status=500) for _ in range(chance.randint(1, 5))]
        return
    receiver.hangs = True
    await asyncio.sleep(chance.uniform(1, 4))
    receiver.hangs = False


async def all_sent(database: Database) -> bool:
    """Wait until nothing is left to be sent."""
    for _ in range(int(PATIENCE)):
        row = await fetch_one(database, UNSENT)
        if row is not None and row.number == 0:
            return True
        await asyncio.sleep(1.0)
    return False


async def moves_of(database: Database) -> Mapping[str, Sequence[int]]:
    """Return the numbers of every session's moves, by its reference."""
    moves: dict[str, list[int]] = defaultdict(list)
    for row in await fetch_all(database, MOVES):
        moves[row.reference].append(row.seq)
    return moves


def heard(moves: Mapping[str, Sequence[int]], got: Sequence[Received]) -> Iterator[str]:
    """Every move was told, in order for each session, signed, and each under one number."""
    told: dict[str, list[int]] = defaultdict(list)
    for each in got:
        data = json.loads(each.body)["data"]
        if each.id != f"{data['reference']}-{data['seq']}":
            yield f"an event of {data['reference']} has the number {each.id}"
        if data["seq"] not in told[data["reference"]]:
            told[data["reference"]].append(data["seq"])
    for reference, seqs in moves.items():
        if told[reference] != list(seqs):
            yield f"{reference}: moved at {list(seqs)}, told of {told[reference]}"
    yield from (f"{each.id} is not signed" for each in got if not each.bears(KEY))


def again(got: Sequence[Received]) -> int:
    """Count events that were sent more than once."""
    return sum(number > 1 for number in Counter(each.id for each in got).values())
