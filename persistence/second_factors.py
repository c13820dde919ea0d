"""What the codes of staff's second factor are made from, sealed; a code is used once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, fetch_one
from persistence.encryption import Vault

_FIELD: Final = "second_factor"

READ: Final = text(
    """
    SELECT wrapped_key, secret_ciphertext, booking_now() AS now
    FROM staff_second_factors WHERE account_id = :account_id
    """
)

# Of two who show the same code the second is refused, and so is whoever shows an older one.
USE: Final = text(
    """
    UPDATE staff_second_factors SET last_step = :step
    WHERE account_id = :account_id AND last_step < :step RETURNING account_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFactor:
    """A secret as it is kept: sealed by a key of its own, which a master key wraps."""

    wrapped_key: bytes = field(repr=False)
    master_id: int
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFactor:
    """A secret in base32, and the database's time at which it was read."""

    secret: str = field(repr=False)
    now: datetime


def sealed_factor(vault: Vault, account_id: UUID, secret: str) -> SealedFactor:
    """Seal a secret for one account."""
    key = vault.new_key()
    sealed = vault.seal(key, secret.encode(), session_id=account_id, field=_FIELD)
    return SealedFactor(wrapped_key=key, master_id=vault.master_id, ciphertext=sealed)


class PostgresSecondFactors:
    """Second factors in PostgreSQL."""

    def __init__(self, engine: Database, vault: Vault) -> None:
        """Take a pool whose statements commit by themselves, and the keys."""
        self._engine = engine
        self._vault = vault

    async def read(self, account_id: UUID) -> OpenFactor | None:
        """Return what an account's codes are made from; None where it has no second factor."""
        row = await fetch_one(self._engine, READ, {"account_id": account_id})
        if row is None:
            return None
        plain = self._vault.open(
            row.wrapped_key, row.secret_ciphertext, session_id=account_id, field=_FIELD
        )
        return OpenFactor(secret=plain.decode(), now=row.now)

    async def use(self, account_id: UUID, step: int) -> bool:
        """Use the code of a half minute up; False where it, or a later one, was used before."""
        values = {"account_id": account_id, "step": step}
        return await fetch_one(self._engine, USE, values) is not None
