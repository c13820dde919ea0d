"""What readiness looks at: the database and its tables, Redis, the catalogue and the supplier."""

from __future__ import annotations

from collections.abc import Iterable

from redis.asyncio import Redis

from adapters.catalogue.inspection import Finding
from booking_flow.ports import SessionStore
from booking_http.cruises import Cruises
from booking_http.health import Component, NotWell
from persistence import migrate


def _listed(findings: Iterable[Finding]) -> str:
    return ", ".join(map(str, findings))


class Checks:
    """Looks at the parts of a running service."""

    def __init__(
        self, *, dsn: str, store: SessionStore, cruises: Cruises, redis: Redis | None
    ) -> None:
        self._dsn = dsn
        self._store = store
        self._cruises = cruises
        self._redis = redis
        self._migrated = False

    def components(self) -> list[Component]:
        """Return every part and how to look at it; Redis may be away."""
        return [
            Component(name="database", look=self._database, required=True),
            Component(name="schema", look=self._schema, required=True),
            Component(name="catalogue", look=self._catalogue),
            Component(name="redis", look=self._redis_answers),
        ]

    async def _database(self) -> str | None:
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

    async def _catalogue(self) -> str | None:
        found = await self._cruises.inspection()
        if not found.usable:
            raise NotWell(f"no booking can begin: {_listed(found.harmful)}", down=True)
        today = (await self._store.now()).date()
        page = await self._cruises.search(today=today, limit=1)
        if not page.sailings:
            raise NotWell("the catalogue has no sailing that can be booked")
        return f"without {_listed(found.lacking)}" if found.lacking else None

    async def _redis_answers(self) -> str | None:
        if self._redis is None:
            return "not configured"
        await self._redis.ping()
        return None
