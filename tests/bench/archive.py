"""A shop with a long past: a million sessions, multiplied from those that real guests walked."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import asyncpg

from booking_flow.model.party import Details
from booking_flow.model.session import NO_DETAILS
from persistence.encryption import Vault
from persistence.personal import open_details
from tests.bench import archive_sql as sql
from tests.bench.copies import TABLES
from tests.bench.pasts import PASTS, Past, walk_all
from tests.bench.people import People
from tests.support.service import HASH_KEY, MASTER_KEY, Service

CHUNK: Final = 20_000
"""How many sessions are written at once."""
CRUISES: Final = 3_000
_LONG: Final = 1800.0
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_STRIDE: Final = 404_267_913_851
"""Shares no factor with the number of letters, so that references look drawn and differ."""
_SLOWER: Final = 250.0
"""How much longer a supplier thinks than the simulator without its delays."""
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A session to be multiplied."""

    id: UUID
    created_at: datetime
    typed: Details
    past: Past


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Sessions that are written together, and what their guests are found by."""

    copies: Sequence[tuple[Any, ...]]
    found: Sequence[tuple[str, bytes, UUID, datetime]]


async def fill(service: Service, dsn: str, *, sessions: int, progress: Progress) -> None:
    """Fill a database in which sailings are on sale and nothing else has happened."""
    walked = await walk_all(service)
    connection = await asyncpg.connect(dsn, command_timeout=_LONG)
    try:
        templates = await _templates(connection, walked)
        await _run(connection, sql.MAKE)
        indexes = await connection.fetch(sql.INDEXES, [*TABLES, "session_search"])
        await _run(connection, [f"DROP INDEX {row['name']}" for row in indexes])
        await _copy(connection, Archive(templates, sessions), progress)
        await _run(connection, [row["definition"] for row in indexes])
        await _run(connection, (*sql.LOOKS, *sql.DONE, "VACUUM (ANALYZE)", "CHECKPOINT"))
    finally:
        await connection.close()


async def _run(connection: asyncpg.Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        await connection.execute(statement)


async def _templates(connection: asyncpg.Connection, walked: Sequence[UUID]) -> list[Template]:
    vault = Vault([MASTER_KEY], search_keys=[HASH_KEY.encode()])
    rows = {row["id"]: row for row in await connection.fetch(sql.TEMPLATES)}
    return [
        Template(
            id=session_id,
            created_at=row["created_at"],
            typed=open_details(vault, row["wrapped_key"], session_id, row["details_ciphertext"]),
            past=past,
        )
        for past, session_id in zip(PASTS, walked, strict=True)
        for row in (rows[session_id],)
    ]


async def _copy(connection: asyncpg.Connection, archive: Archive, progress: Progress) -> None:
    """Write chunk by chunk, sealing the next one while the database writes."""
    statements = [await _statement(connection, table) for table in TABLES]
    chunks = archive.chunks()
    coming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
    written = 0
    while (chunk := await coming) is not None:
        coming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
        async with connection.transaction():
            await connection.execute("TRUNCATE walked.copies")
            await _lay_down(connection, chunk)
            await _run(connection, ["ANALYZE walked.copies", *statements])
        written += len(chunk.copies)
        progress(written / archive.sessions)


async def _statement(connection: asyncpg.Connection, table: str) -> str:
    rows = await connection.fetch(sql.COLUMNS, table)
    return sql.statement_of(table, [(row["name"], row["kind"]) for row in rows])


async def _lay_down(connection: asyncpg.Connection, chunk: Chunk) -> None:
    await connection.copy_records_to_table(
        "copies", schema_name="walked", columns=sql.COPIES, records=chunk.copies
    )
    await connection.copy_records_to_table(
        "session_search", columns=("kind", "hash", "session_id", "begun_at"), records=chunk.found
    )


class Archive:
    """Draws sessions in the order in which they began."""

    def __init__(self, templates: Sequence[Template], sessions: int) -> None:
        self._templates = templates
        self._random = Random(sessions)
        self._people = People(self._random)
        self._now = datetime.now(UTC)
        self._begun = sorted(self._beginnings(sessions), key=lambda begun: begun[0])

    @property
    def sessions(self) -> int:
        """Return how many there are, which rounding may make a few less than asked for."""
        return len(self._begun)

    def chunks(self) -> Iterator[Chunk]:
        """Return all sessions, the oldest first."""
        for first in range(0, len(self._begun), CHUNK):
            yield self._chunk(first)

    def _beginnings(self, sessions: int) -> Iterator[tuple[datetime, Template]]:
        for template in self._templates:
            past = template.past
            span = (past.longest_ago - past.latest_ago).total_seconds()
            for _ in range(max(round(past.per_million * sessions / 1e6), 1)):
                ago = past.latest_ago + timedelta(seconds=self._random.random() * span)
                yield self._now - ago, template

    def _chunk(self, first: int) -> Chunk:
        begun = self._begun[first : first + CHUNK]
        copies: list[tuple[Any, ...]] = []
        found: list[tuple[str, bytes, UUID, datetime]] = []
        for surname, (at, template) in zip(self._people.surnames(len(begun)), begun, strict=True):
            session_id, sealed = _id_at(at, self._random.getrandbits(74)), None
            if template.typed != NO_DETAILS:
                values = self._people.values(session_id, surname, template.typed)
                keys = zip(values["kinds"], values["hashes"], strict=True)
                found += [(kind, hashed, session_id, at) for kind, hashed in keys]
                sealed = values["details_ciphertext"]
            copies.append(self._row(first + len(copies), session_id, at, template, sealed))
        return Chunk(copies=copies, found=found)

    def _row(
        self, number: int, session_id: UUID, at: datetime, template: Template, sealed: bytes | None
    ) -> tuple[Any, ...]:
        return (
            number,
            session_id,
            template.id,
            at - template.created_at,
            _reference(number),
            self._people.wrapped_key,
            sealed,
            str(2_000_000 + self._random.randrange(CRUISES)),
            _SLOWER * math.exp(self._random.gauss(0, 0.6)),
        )


def _id_at(at: datetime, drawn: int) -> UUID:
    """Return the uuid7 of a moment."""
    version, variant = 7 << 76, 2 << 62
    high, low = drawn >> 62 & 0xFFF, drawn & (1 << 62) - 1
    return UUID(int=int(at.timestamp() * 1000) << 80 | version | high << 64 | variant | low)


def _reference(number: int) -> str:
    left, letters = number * _STRIDE, []
    for _ in range(8):
        left, place = divmod(left, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "BF-" + "".join(letters)
