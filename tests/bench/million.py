"""What staff wait for when a shop has a million sessions behind it."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from adapters.embedded import EmbeddedPostgres
from booking_flow.staff.people import Role
from booking_http.runtime.logs import configure_logs
from booking_http.staff.cursors import write_place
from persistence.clock import set_clock_offset
from persistence.database import fetch_all
from persistence.migrate import upgrade
from tests.bench.archive import Progress, fill
from tests.bench.clients import checked
from tests.bench.figures import Figures
from tests.bench.people import SURNAMES
from tests.conftest import ROOT
from tests.support.service import (
    MASTER_KEY,
    Json,
    Service,
    running_service,
    running_simulator,
    seed_catalogue,
)
from tests.support.staff import Clerk, hire

SESSIONS: Final = int(os.environ.get("BENCH_SESSIONS") or 1_000_000)
KEPT: Final = os.environ.get("BENCH_KEEP")  # A folder that stays and is found by the next run.
TIMES: Final = 60
WARM: Final = 3
_WINDOWS: Final = ("1h", "24h", "7d", "30d")
Ask = Callable[[], Awaitable[Any]]

# Sessions from all over the past, booked ones and others, and one with a long history.
DRAWN: Final = text(
    """
    SELECT s.id, s.reference, s.created_at, s.cruise_id, b.reservation, b.supplier_booking_id,
           (SELECT h.request_id FROM session_history h WHERE h.session_id = s.id
            ORDER BY h.seq LIMIT 1) AS request_id
    FROM booking_sessions s TABLESAMPLE SYSTEM (CAST(:share AS real)) REPEATABLE (1)
    LEFT JOIN bookings b ON b.session_id = s.id
    """
)
LONGEST: Final = text(
    """
    SELECT h.session_id AS id, EXISTS (
               SELECT FROM supplier_calls c
               WHERE c.session_id = h.session_id AND c.response IS NOT NULL) AS whole
    FROM session_history h WHERE h.seq = 200
    """
)
ROWS: Final = text(
    """
    SELECT relname AS name, greatest(reltuples, 0) AS number FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
      AND relname IN ('booking_sessions', 'session_history', 'supplier_calls')
    """
)


async def measure_million(figures: Figures, progress: Progress) -> None:
    """Fill a database, or find one that is filled, and ask what staff ask."""
    configure_logs("ERROR")
    async with _archive(progress) as folder, EmbeddedPostgres(folder) as postgres:
        await upgrade(postgres.dsn)
        async with running_simulator() as simulator:
            keys = _made(folder)["masterKeys"]
            async with running_service(postgres.dsn, simulator, master_keys=keys) as service:
                await _turn_back(service, folder)
                await _measure(figures, service)


@asynccontextmanager
async def _archive(progress: Progress) -> AsyncIterator[Path]:
    """Return a folder with a filled database, which is removed unless it is to be kept."""
    (ROOT / ".bench").mkdir(exist_ok=True)
    folder = Path(KEPT) if KEPT else Path(tempfile.mkdtemp(prefix="million-", dir=ROOT / ".bench"))
    try:
        if _made(folder).get("sessions") != SESSIONS:
            shutil.rmtree(folder, ignore_errors=True)
            await _make(folder, progress)
        yield folder
    finally:
        if not KEPT:
            shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> Json:
    note = folder / "made.json"
    return dict(json.loads(note.read_text("utf-8"))) if note.exists() else {}


async def _make(folder: Path, progress: Progress) -> None:
    """Fill a server that need not outlive a power cut."""
    async with (
        EmbeddedPostgres(folder, durable=False) as postgres,
        running_simulator() as simulator,
    ):
        await upgrade(postgres.dsn)
        await seed_catalogue(postgres.dsn)
        async with running_service(postgres.dsn, simulator) as service:
            await fill(service, postgres.dsn, sessions=SESSIONS, progress=progress)
    made = {
        "sessions": SESSIONS,
        "at": datetime.now(UTC).isoformat(),
        "masterKeys": MASTER_KEY,
    }
    (folder / "made.json").write_text(json.dumps(made), "utf-8")


async def _turn_back(service: Service, folder: Path) -> None:
    """Set the clock to when the database was filled: what was live then is live once more."""
    ago = datetime.now(UTC) - datetime.fromisoformat(_made(folder)["at"])
    await set_clock_offset(service.parts.database, -ago)


async def _measure(figures: Figures, service: Service) -> None:
    staff = Asking(service, await hire(service, Role.SUPERVISOR))
    sizes = {row.name: row.number for row in await fetch_all(service.parts.database, ROWS)}
    group = f"staff, among {sizes['booking_sessions']:,.0f} sessions"
    for table, number in sizes.items():
        figures.add(group, f"rows of {table}", number, "")
    for name, asks in (await staff.everything()).items():
        took = await _timed(asks)
        figures.add(group, f"{name}, p50", statistics.median(took), "ms")
        figures.add(group, f"{name}, p95", statistics.quantiles(took, n=20)[-1], "ms")


async def _timed(asks: Sequence[Ask]) -> list[float]:
    """Return the milliseconds of each, one after the other, the first few left out."""
    took = []
    for number in range(TIMES + WARM):
        began = time.perf_counter()
        await asks[number % len(asks)]()
        took.append((time.perf_counter() - began) * 1000)
    return took[WARM:]


class Asking:
    """What a member of staff asks for, about sessions from all over the past."""

    def __init__(self, service: Service, clerk: Clerk) -> None:
        self._service = service
        self._clerk = clerk
        self._random = Random(1)

    async def everything(self) -> Mapping[str, Sequence[Ask]]:
        """Return the questions, several of each kind."""
        database, share = self._service.parts.database, {"share": min(200_000 / SESSIONS, 100.0)}
        drawn = await fetch_all(database, DRAWN, share)
        some = self._random.sample(drawn, min(len(drawn), TIMES + WARM))
        booked = [row for row in drawn if row.reservation][: TIMES + WARM]
        longest = await fetch_all(database, LONGEST)
        plain = [self._session(row.id) for row in longest if not row.whole]
        whole = [self._session(row.id) for row in longest if row.whole]
        return {
            **await self._keys(some, booked),
            **self._filters(some),
            **self._pages(some),
            "session, as most are": [self._session(row.id) for row in booked],
            **({"session, 600 lines": plain} if plain else {}),
            **({"session, 600 lines with 300 answers, 0.5 MB": whole} if whole else {}),
            "tasks": [self._get("tasks")],
            **{f"overview, {each}": [self._get(f"overview?window={each}")] for each in _WINDOWS},
        }

    async def _keys(self, some: Sequence[Any], booked: Sequence[Any]) -> dict[str, Sequence[Ask]]:
        contacts = [await self._contact(row.id) for row in booked]
        return {
            "reference": [self._search(row.reference) for row in some],
            "session id": [self._search(str(row.id)) for row in some],
            "request id": [self._search(row.request_id) for row in some],
            "reservation": [self._search(row.reservation) for row in booked],
            "booking id": [self._search(row.supplier_booking_id) for row in booked],
            "e-mail": [self._search(contact.email) for contact in contacts],
            "telephone": [self._search(contact.phone) for contact in contacts],
            "surname": [self._search(contact.last_name) for contact in contacts],
            "surname, the commonest": [self._search(SURNAMES[0])],
            "surname, nobody's": [self._search("Nobodyatall")],
        }

    def _filters(self, some: Sequence[Any]) -> dict[str, Sequence[Ask]]:
        day = timedelta(days=1)
        days = [
            {"from": row.created_at.isoformat(), "to": (row.created_at + day).isoformat()}
            for row in some
        ]
        return {
            "no filter": [self._search()],
            "state booked": [self._search(state="booked")],
            "state cancelled": [self._search(state="cancelled")],
            "state paid": [self._search(state="paid")],
            "attention": [self._search(attention=True)],
            "cruise": [self._search(cruiseId=row.cruise_id) for row in some],
            "one day": [self._search(**each) for each in days],
            "one day, cancelled": [self._search(state="cancelled", **each) for each in days],
            "furthest held, one day": [self._search(furthest="basketed", **each) for each in days],
            "step book, unknown": [self._search(step="book", stepStatus="unknown")],
            "a failed call of 30 days": [self._failed("book", timedelta(days=30))],
        }

    def _pages(self, some: Sequence[Any]) -> dict[str, Sequence[Ask]]:
        deep = [write_place(row.created_at, row.id) for row in some]
        return {
            "a page in the middle": [self._search(cursor=each) for each in deep],
            "surname, deep": [self._search(SURNAMES[0], cursor=each) for each in deep],
            "state cancelled, deep": [
                self._search(state="cancelled", cursor=each) for each in deep
            ],
        }

    async def _contact(self, session_id: UUID) -> Any:
        loaded = await self._service.parts.store.load(session_id)
        if loaded is None or loaded.session.details.contact is None:
            raise AssertionError("who has booked has said who they are")
        return loaded.session.details.contact

    def _search(self, query: str | None = None, **filters: Any) -> Ask:
        return lambda: self._checked(
            "POST", "search", filters | ({"query": query} if query else {})
        )

    def _failed(self, call: str, ago: timedelta) -> Ask:
        since = (datetime.now(UTC) - ago).isoformat()
        return self._search(call=call, failure="any", calledFrom=since)

    def _session(self, session_id: UUID) -> Ask:
        return self._get(f"sessions/{session_id}")

    def _get(self, path: str) -> Ask:
        return lambda: self._checked("GET", path)

    async def _checked(self, method: str, path: str, body: Json | None = None) -> None:
        checked(await self._clerk.call(method, path, body), 200)
