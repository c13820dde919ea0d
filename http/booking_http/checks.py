"""What readiness looks at: the database and its tables, Redis, the catalogue and the supplier."""

from __future__ import annotations

from collections.abc import Iterable

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.catalogue.inspection import Finding
from adapters.traveltek.client import TraveltekClient
from booking_flow.ports import SessionStore
from booking_http.cruises import Cruises
from booking_http.health import Component, NotWell
from booking_http.settings import Settings
from booking_http.waiting_answers import WaitingAnswers
from booking_http.worlds import disagreements
from persistence import migrate
from persistence.identity import read_mark


def _listed(findings: Iterable[Finding]) -> str:
    return ", ".join(map(str, findings))


class Checks:
    """Looks at the parts of a running service."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: AsyncEngine,
        store: SessionStore,
        cruises: Cruises,
        redis: Redis | None,
        supplier: TraveltekClient,
        waiting: WaitingAnswers,
    ) -> None:
        self._settings = settings
        self._database = database
        self._dsn = settings.database_url.get_secret_value()
        self._store = store
        self._cruises = cruises
        self._redis = redis
        self._supplier = supplier
        self._waiting = waiting
        self._migrated = False
        self._agreed = False

    def components(self) -> list[Component]:
        """Return every part and how to look at it; Redis and the supplier may be away."""
        return [
            Component(name="database", look=self._database_answers, required=True),
            Component(name="schema", look=self._schema, required=True),
            Component(name="environment", look=self._environment, required=True),
            Component(name="catalogue", look=self._catalogue),
            Component(name="redis", look=self._redis_answers),
            Component(name="supplier", look=self._supplier_is_asked),
            Component(name="answers", look=self._answers_are_written),
        ]

    async def _database_answers(self) -> str | None:
        await self._store.now()
        return None

    async def _schema(self) -> str | None:
        """Compare the revision until it is the newest once: a running schema does not go back."""
        head = migrate.head()
        if not self._migrated:
            found = await migrate.current(self._dsn)
            if found != head:
                raise NotWell(f"the tables are at {found or 'nothing'}, this program needs {head}")
            self._migrated = True
        return head

    async def _environment(self) -> str | None:
        """Compare the worlds until they agree once, since a database may be migrated later."""
        if self._agreed:
            return None
        mark = await read_mark(self._database)
        found = disagreements(self._settings, mark)
        if found and not self._settings.accept_other_environment:
            raise NotWell("; ".join(found))
        self._agreed = mark is not None and not found
        return "; ".join(found) or None

    async def _catalogue(self) -> str | None:
        found = await self._cruises.inspection()
        if not found.usable:
            raise NotWell(f"no booking can begin: {_listed(found.harmful)}", down=True)
        today = (await self._store.now()).date()
        page = await self._cruises.search(today=today, limit=1)
        if not page.sailings:
            raise NotWell("the catalogue has no sailing that can be booked")
        return f"without {_listed(found.lacking)}" if found.lacking else None

    async def _supplier_is_asked(self) -> str | None:
        """Look at the circuit breakers; nobody is asked for this."""
        if resting := await self._supplier.resting():
            raise NotWell(f"after many failures not asked for now: {', '.join(resting)}")
        return None

    async def _answers_are_written(self) -> str | None:
        """Look whether answers of the supplier wait in memory for the database."""
        if waiting := len(self._waiting):
            raise NotWell(f"{waiting} of the supplier's answers wait to be written")
        return None

    async def _redis_answers(self) -> str | None:
        if self._redis is None:
            return "not configured"
        await self._redis.ping()
        return None
