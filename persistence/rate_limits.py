"""Caps: how many cabins an address holds of a sailing, and how many cards were tried lately."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, fetch_one, transaction
from persistence.statements import Row
from persistence.turns import Turns

_MEMORY: Final = 1.0
"""Seconds for which a refused address is refused without asking the database."""
_MOST: Final = 1000
"""Refused addresses from which on those that are not remembered any more are dropped."""
# Two who ask for the same key at once count one after the other.
ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")

# A hold counts while its cabin is held, or while its step may still be under way.
TAKE_HOLD: Final = text(
    """
    WITH others AS (
        SELECT count(*) AS held, count(*) FILTER (WHERE c.cruise_id = :cruise_id) AS of_sailing
        FROM cap_holds c JOIN booking_sessions s ON s.id = c.session_id
        WHERE c.address_hash = :address
          AND c.session_id <> :session_id
          AND (s.open_step IS NOT NULL OR c.at > booking_now() - interval '1 minute'
               OR (s.state = 'basketed' AND s.hold_until > booking_now()))
          AND s.state IN ('created', 'priced', 'cabin_selected', 'basketed')
    )
    INSERT INTO cap_holds (session_id, address_hash, cruise_id, at)
    SELECT :session_id, :address, :cruise_id, booking_now() FROM others
    WHERE of_sailing < :per_sailing AND held < :per_address
    ON CONFLICT (session_id) DO UPDATE
    SET address_hash = excluded.address_hash, cruise_id = excluded.cruise_id, at = excluded.at
    RETURNING session_id
    """
)

# An opening counts for an hour; what is refused does not, but the caller learns when to come back.
TAKE_OPENING: Final = text(
    """
    WITH last_that_fits AS (
        SELECT at FROM cap_openings
        WHERE address_hash = :address AND at > booking_now() - interval '1 hour'
        ORDER BY at DESC OFFSET :most - 1 LIMIT 1
    ), noted AS (
        INSERT INTO cap_openings (address_hash, unknown_proxy, at)
        SELECT :address, :unknown_proxy, booking_now()
        WHERE :always OR NOT EXISTS (SELECT FROM last_that_fits)
    )
    SELECT extract(epoch FROM at + interval '1 hour' - booking_now())::float AS seconds
    FROM last_that_fits
    """
)

# How the openings of the last hour spread over addresses.
TRAFFIC: Final = text(
    """
    SELECT coalesce(sum(openings), 0)::bigint AS openings,
           coalesce(max(openings), 0)::bigint AS of_busiest,
           coalesce(sum(unknown), 0)::bigint AS by_unknown_proxy
    FROM (SELECT count(*) AS openings, count(*) FILTER (WHERE unknown_proxy) AS unknown
          FROM cap_openings WHERE at > booking_now() - interval '1 hour'
          GROUP BY address_hash) AS by_address
    """
)

# Every attempt counts for an hour, those that were refused as well.
TAKE_CARD: Final = text(
    """
    WITH lately AS (
        SELECT count(*) FILTER (WHERE session_id = :session_id) AS of_session,
               count(*) FILTER (WHERE address_hash = :address) AS of_address
        FROM cap_cards
        WHERE (session_id = :session_id OR address_hash = :address)
          AND at > booking_now() - interval '1 hour'
    )
    INSERT INTO cap_cards (session_id, address_hash, at)
    SELECT :session_id, :address, booking_now() FROM lately
    WHERE of_session < :per_session AND of_address < :per_address
    RETURNING session_id
    """
)

# What no longer counts may go.
FORGET: Final = (
    text("DELETE FROM cap_holds WHERE at < booking_now() - interval '1 day'"),
    text("DELETE FROM cap_openings WHERE at < booking_now() - interval '1 day'"),
    text("DELETE FROM cap_cards WHERE at < booking_now() - interval '1 day'"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The sessions that were opened in the last hour."""

    openings: int
    of_busiest: int
    """Those of the address that opened most of them."""
    by_unknown_proxy: int
    """Those whose proxy is not trusted, so that all its guests are one caller."""


class PostgresCaps:
    """Counts in PostgreSQL, so that all processes count alike; addresses are keyed hashes."""

    def __init__(self, engine: Database) -> None:
        """Take the pool."""
        self._engine = engine
        self._turns = Turns()
        self._full: dict[bytes, tuple[float, float]] = {}

    async def take_hold(
        self,
        *,
        session_id: UUID,
        cruise_id: str,
        address: bytes,
        per_sailing: int,
        per_address: int,
    ) -> bool:
        """Note that this session is about to hold a cabin; False when the address has enough."""
        values = {
            "session_id": session_id,
            "cruise_id": cruise_id,
            "address": address,
            "per_sailing": per_sailing,
            "per_address": per_address,
        }
        key = f"hold {address.hex()}"
        async with self._turns.of(key), transaction(self._engine) as connection:
            await connection.execute(ALONE, {"key": key})
            return await connection.fetch_one(TAKE_HOLD, values) is not None

    async def take_card(
        self, *, session_id: UUID, address: bytes, per_session: int, per_address: int
    ) -> bool:
        """Note one card attempt; False when session or address had enough this hour."""
        values = {
            "session_id": session_id,
            "address": address,
            "per_session": per_session,
            "per_address": per_address,
        }
        key = f"card {address.hex()}"
        async with self._turns.of(key), transaction(self._engine) as connection:
            await connection.execute(ALONE, {"key": key})
            return await connection.fetch_one(TAKE_CARD, values) is not None

    async def take_opening(
        self, *, address: bytes, unknown_proxy: bool, most: int, always: bool
    ) -> float | None:
        """Note that an address opens a session; return after how many seconds it may, if not now.

        With `always` it is noted, and may be carried out, all the same; then nobody need wait for
        others to have counted. Who was refused is refused for a second more without asking the
        database, so that a flood does not keep it busy.
        """
        values = {
            "address": address,
            "unknown_proxy": unknown_proxy,
            "most": most,
            "always": always,
        }
        if always:
            return _seconds(await fetch_one(self._engine, TAKE_OPENING, values))
        key = f"opening {address.hex()}"
        async with self._turns.of(key):
            if (wait := self._remembered(address)) is not None:
                return wait
            async with transaction(self._engine) as connection:
                await connection.execute(ALONE, {"key": key})
                wait = _seconds(await connection.fetch_one(TAKE_OPENING, values))
            if wait is not None:
                self._remember(address, wait)
            return wait

    def _remembered(self, address: bytes) -> float | None:
        refused_at, free_at = self._full.get(address, (0.0, 0.0))
        now = monotonic()
        return free_at - now if now < min(refused_at + _MEMORY, free_at) else None

    def _remember(self, address: bytes, wait: float) -> None:
        now = monotonic()
        if len(self._full) >= _MOST:
            self._full = {key: at for key, at in self._full.items() if now < at[0] + _MEMORY}
        self._full[address] = now, now + wait

    async def traffic(self) -> Traffic:
        """Return how the openings of the last hour spread over addresses."""
        row = await fetch_one(self._engine, TRAFFIC)
        if row is None:
            raise AssertionError("a count always has a row")
        return Traffic(
            openings=row.openings, of_busiest=row.of_busiest, by_unknown_proxy=row.by_unknown_proxy
        )

    async def forget(self) -> None:
        """Drop what no longer counts."""
        async with transaction(self._engine) as connection:
            for statement in FORGET:
                await connection.execute(statement)


def _seconds(full: Row | None) -> float | None:
    return float(full.seconds) if full else None
