"""Caps on what one caller may do at once; kept in PostgreSQL, so that all processes count alike."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class RateLimits(Protocol):
    """Counts live holds and card attempts; addresses arrive as keyed hashes."""

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

    async def take_opening(
        self, *, address: bytes, unknown_proxy: bool, most: int, always: bool
    ) -> float | None:
        """Note that an address opens a session; return after how many seconds it may, if not now.

        With `always` it is noted, and may be carried out, all the same.
        """

    async def take_card(
        self, *, session_id: UUID, address: bytes, per_session: int, per_address: int
    ) -> bool:
        """Note one card attempt; False when session or address had enough this hour."""
