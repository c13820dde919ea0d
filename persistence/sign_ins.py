"""Attempts to sign in, counted so that nobody can go on guessing a password."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from persistence.database import Database, execute, transaction
from persistence.turns import Turns

PER_EMAIL: Final = 5
"""Of one account from one place; from elsewhere its owner still comes in."""
PER_ADDRESS: Final = 30
"""How many passwords may be wrong within a quarter of an hour."""

# Two attempts from one place at once count one after the other.
ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")

# Count an attempt before its password is looked at.
ATTEMPT: Final = text(
    """
    WITH lately AS (
        SELECT count(*) FILTER (WHERE email_hash = :email_hash) AS of_email,
               count(*) AS of_address
        FROM staff_attempts
        WHERE address_hash = :address_hash
          AND at > booking_now() - interval '15 minutes'
    )
    INSERT INTO staff_attempts (email_hash, address_hash, at)
    SELECT :email_hash, :address_hash, booking_now() FROM lately
    WHERE of_email < :per_email AND of_address < :per_address
    RETURNING id
    """
)

# A right password makes up for the wrong ones before it.
FORGIVE: Final = text(
    "DELETE FROM staff_attempts WHERE email_hash = :email_hash AND address_hash = :address_hash"
)

# What no longer counts may go.
FORGET: Final = text("DELETE FROM staff_attempts WHERE at < booking_now() - interval '1 day'")


class PostgresSignIns:
    """Attempts in PostgreSQL; accounts and callers lie there as keyed hashes."""

    def __init__(self, engine: Database) -> None:
        """Take the pool."""
        self._engine = engine
        self._turns = Turns()

    async def attempt(self, *, email_hash: bytes, address_hash: bytes) -> bool:
        """Note an attempt to sign in; False when this place had enough lately, with it or at all.

        `address_hash` may stand for a device as well.
        """
        values = {"email_hash": email_hash, "address_hash": address_hash}
        caps = {"per_email": PER_EMAIL, "per_address": PER_ADDRESS}
        key = f"staff {address_hash.hex()}"
        async with self._turns.of(key), transaction(self._engine) as connection:
            await connection.execute(ALONE, {"key": key})
            return await connection.fetch_one(ATTEMPT, values | caps) is not None

    async def forgive(self, *, email_hash: bytes, address_hash: bytes) -> None:
        """Forget the attempts at an account from a place where its password was right."""
        values = {"email_hash": email_hash, "address_hash": address_hash}
        await execute(self._engine, FORGIVE, values)

    async def forget(self) -> None:
        """Drop what no longer counts."""
        await execute(self._engine, FORGET)
