"""What readiness looks at: the database and its tables, Redis, the catalogue and the supplier."""

from __future__ import annotations

from collections.abc import Iterable

from redis.asyncio import Redis

from adapters.catalogue.inspection import CatalogueFinding
from adapters.catalogue.search_statements import Filters
from adapters.claim_journal import FileJournal
from adapters.spool import FileSpool
from adapters.traveltek.client import TraveltekClient
from booking_flow.ports import SessionStore, StoreUnavailable
from booking_http.cruises import Cruises
from booking_http.runtime.environment_guard import disagreements
from booking_http.runtime.listener import Listener
from booking_http.runtime.waiting_answers import WaitingAnswers
from booking_http.settings import Settings
from booking_http.web.health import Component, Unhealthy
from persistence.database import Database
from persistence.database_info import hindrance
from persistence.environment_mark import read_mark
from persistence.forgotten_claims import PostgresForgottenClaims, told_of
from persistence.revisions import standing


def _listed(findings: Iterable[CatalogueFinding]) -> str:
    return ", ".join(map(str, findings))


def _journaling(journal: FileJournal) -> list[str]:
    said = []
    if not journal.may_claim():
        said.append("the database is not compared with the journal yet, so nothing is sold")
    if journal.failing is not None:
        said.append(f"claims are not journaled: {journal.failing}")
    return said


class ReadinessChecks:
    """Looks at the parts of a running service."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        store: SessionStore,
        cruises: Cruises,
        redis: Redis | None,
        supplier: TraveltekClient,
        waiting: WaitingAnswers,
        spool: FileSpool | None,
        journal: FileJournal | None,
        forgotten: PostgresForgottenClaims,
        listener: Listener,
    ) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._cruises = cruises
        self._redis = redis
        self._supplier = supplier
        self._waiting = waiting
        self._spool = spool
        self._journal = journal
        self._forgotten = forgotten
        self._migrated = False
        self._listener = listener
        self._agreed = False

    def components(self) -> list[Component]:
        """Return every part and how to look at it; Redis and the supplier may be away."""
        return [
            Component(name="database", look=self._database_answers, required=True),
            Component(name="schema", look=self._schema, required=True),
            Component(name="environment", look=self._environment, required=True),
            Component(name="wakeups", look=self._wakeups),
            Component(name="catalogue", look=self._catalogue),
            Component(name="redis", look=self._redis_answers),
            Component(name="supplier", look=self._supplier_is_asked),
            Component(name="answers", look=self._answers_are_written),
            Component(name="spool", look=self._answers_can_be_kept),
            Component(name="journal", look=self._nothing_is_forgotten),
        ]

    async def _database_answers(self) -> str | None:
        """Ask over the pool that requests use, and see that something can be written there."""
        if found := await hindrance(self._database):
            raise Unhealthy(found)
        return None

    async def _schema(self) -> str | None:
        """Compare the tables each time: a newer program may come to need what this one has not."""
        found = await standing(self._database)
        if not found.fit:
            raise Unhealthy(found.said)
        return found.said

    async def _wakeups(self) -> str | None:
        """Say on which channels nothing is heard; whoever waits there looks from time to time."""
        if deaf := self._listener.deaf():
            raise Unhealthy("; ".join(f"{channel}: {why}" for channel, why in deaf.items()))
        return None

    async def _environment(self) -> str | None:
        """Compare the worlds until they agree once, since a database may be migrated later."""
        if self._agreed:
            return None
        mark = await read_mark(self._database)
        found = disagreements(self._settings, mark)
        if found and not self._settings.accept_other_environment:
            raise Unhealthy("; ".join(found))
        self._agreed = mark is not None and not found
        return "; ".join(found) or None

    async def _catalogue(self) -> str | None:
        await self._reach_catalogue()
        found = await self._cruises.inspection()
        if not found.usable:
            raise Unhealthy(f"no booking can begin: {_listed(found.harmful)}", down=True)
        today = (await self._store.now()).date()
        page = await self._cruises.search(Filters(after=today), limit=1)
        if not page.sailings:
            raise Unhealthy("the catalogue has no sailing that can be booked")
        return f"without {_listed(found.lacking)}" if found.lacking else None

    async def _reach_catalogue(self) -> None:
        """Ask over the catalogue's own connections: what is shown of it may be remembered."""
        try:
            await self._cruises.server()
        except StoreUnavailable as error:
            # Its own database may be away while bookings go on; in ours nothing else would work.
            ours = self._settings.catalogue_url is None
            raise Unhealthy(f"cannot be reached: {error}", down=ours) from error

    async def _supplier_is_asked(self) -> str | None:
        """Look at the circuit breakers; nobody is asked for this."""
        if resting := await self._supplier.resting():
            raise Unhealthy(f"after many failures not asked for now: {', '.join(resting)}")
        return None

    async def _answers_are_written(self) -> str | None:
        """Look whether answers of the supplier wait in memory for the database."""
        if waiting := len(self._waiting):
            raise Unhealthy(f"{waiting} of the supplier's answers wait to be written")
        return None

    async def _answers_can_be_kept(self) -> str | None:
        """Look whether an answer could be kept on this machine while the database is away."""
        if self._spool is None:
            return "not configured"
        if found := await self._spool.hindrance():
            raise Unhealthy(f"SPOOL_DIR cannot be written: {found}")
        return None

    async def _nothing_is_forgotten(self) -> str | None:
        """Look whether the database remembers all claims, and whether new ones are journaled."""
        found = await self._forgotten.standing()
        said = [told_of(found)] if found.waiting or found.unsettled else []
        if self._journal is not None:
            said += _journaling(self._journal)
        if said:
            raise Unhealthy("; ".join(said))
        return None if self._journal else "not configured"

    async def _redis_answers(self) -> str | None:
        if self._redis is None:
            return "not configured"
        await self._redis.ping()
        return None
