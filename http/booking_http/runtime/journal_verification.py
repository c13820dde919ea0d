"""Verification: whether the database remembers what the journal of claims has seen.

A restore to an earlier moment, and a fail-over that loses its last commits, are noticed by nothing
else. What is found is noted in the database first, which stops all processes, and then entered;
with the last of it selling goes on by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol
from uuid import UUID

import structlog

from adapters.claim_journal import FileJournal
from booking_flow.claim_journal import JournaledStep
from booking_flow.errors import Refused
from booking_flow.ports import StoreUnavailable
from booking_http.wiring import Parts
from persistence.database import Database
from persistence.database_identity import DatabaseIdentity, identity_of
from persistence.forgotten_claims import PostgresForgottenClaims

EVERY: Final = 3.0
"""Seconds between two looks at the latest claims."""
FIRST: Final = 5.0
"""Seconds for which a start waits for the first comparison; later ones nobody waits for."""
_AGAIN: Final = 1.0
_AT_ONCE: Final = 100
_log = structlog.get_logger(__name__)


class Entering(Protocol):
    """Enters what the database has forgotten of a session."""

    async def forgotten(self, session_id: UUID) -> None:
        """Enter all that waits of it."""


class Verification:
    """Compares one database with the journal of this machine."""

    def __init__(
        self,
        *,
        journal: FileJournal,
        database: Database,
        forgotten: PostgresForgottenClaims,
        recovery: Entering,
    ) -> None:
        self._journal = journal
        self._database = database
        self._forgotten = forgotten
        self._recovery = recovery
        self._begun = asyncio.Event()

    async def run(self) -> None:
        """Compare every few seconds, and at once when something raises a doubt."""
        while True:
            pause = await self._look()
            self._begun.set()
            if not self._journal.doubted.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._journal.doubted.wait(), EVERY)
            await asyncio.sleep(pause)

    async def begun(self) -> None:
        """Wait until the first look is over, however it went."""
        await self._begun.wait()

    async def _look(self) -> float:
        """Compare once, and return for how long to leave it at that whatever happens."""
        try:
            await self.once()
        except StoreUnavailable as error:
            _log.warning("not_compared: the database is away", why=str(error))
            return _AGAIN
        except Exception:
            # Nothing is claimed in a database that is away. In one that answers, a fault of ours
            # must not keep anybody from booking.
            _log.exception("not_compared_with_journal")
            self._journal.compared({})
        return 0.0

    async def once(self) -> None:
        """Compare once: everything where there is a doubt, and the latest claims otherwise."""
        seen, doubted = self._journal.versions(), self._journal.doubted.is_set()
        identity = await identity_of(self._database)
        self._journal.belongs_to(identity.id if identity else None)
        if identity is not None and await self._compare(identity, whole=doubted):
            doubted = True
        if doubted:
            self._journal.compared(seen)

    async def _compare(self, identity: DatabaseIdentity, *, whole: bool) -> bool:
        """Note and enter what is forgotten; whether there was anything."""
        if not whole and not await self._missing(self._journal.recent(identity.id), identity):
            return False
        known = await self._journal.read(identity.id)
        found = await self._missing(known, identity)
        lost = [each for each in found if not each.refused]
        if lost:
            since = lost[0].claim.at.isoformat(timespec="seconds")
            _log.error("database_is_behind", forgotten=len(lost), since=since)
            await self._forgotten.record(lost)
        self._journal.known({each.claim.step_id for each in found})
        await self._enter()
        return bool(found)

    async def _missing(
        self, known: Sequence[JournaledStep], identity: DatabaseIdentity
    ) -> list[JournaledStep]:
        since = identity.pruned_before
        return await self._forgotten.missing(
            [each for each in known if since is None or each.claim.at >= since]
        )

    async def _enter(self) -> None:
        """Enter all that waits; what cannot be now is left to the workers."""
        while waiting := await self._forgotten.sessions(limit=_AT_ONCE):
            for session_id in waiting:
                try:
                    await self._recovery.forgotten(session_id)
                except Refused as refused:
                    _log.warning("forgotten_claim_not_entered", code=refused.refusal.code.value)
                    return


def verification_of(parts: Parts, journal: FileJournal) -> Verification:
    """Return what compares the database of these parts with a journal."""
    return Verification(
        journal=journal,
        database=parts.database,
        forgotten=parts.maintenance.forgotten,
        recovery=parts.maintenance.recovery,
    )


@asynccontextmanager
async def verifying(parts: Parts) -> AsyncIterator[None]:
    """Compare beside the block, which begins when the first comparison is over or takes long.

    Before the block nobody touches a session, so that no clock has hidden what was booked.
    """
    if parts.journal is None:
        yield
        return
    verification = verification_of(parts, parts.journal)
    running = asyncio.create_task(verification.run())
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(verification.begun(), FIRST)
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
