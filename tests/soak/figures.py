"""What the storm prints: how it went while it rages, and the figures at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.table import Table
from sqlalchemy import text

from persistence.database import Database, fetch_all
from tests.soak.guests import Crowd
from tests.soak.storm import Storm
from tests.support.books import Books

EVENTS: Final = text("SELECT kind, count(*) AS number FROM session_history GROUP BY kind")


def so_far(crowd: Crowd, storm: Storm) -> str:
    """Say in one line how it goes."""
    blows = sum(storm.counts.values())
    booked = len(crowd.told.reservations)
    return f"{crowd.told.sessions} sessions, {booked} told of a booking, {blows} blows"


async def table_of(
    crowd: Crowd, storm: Storm, books: Books, database: Database, *, minutes: float
) -> Table:
    """Return the final figures as a table; so many minutes the storm has lasted."""
    events = {row.kind: row.number for row in await fetch_all(database, EVENTS)}
    table = Table("", "number", title="After the storm")
    for name, number in _lines(crowd, storm, books, events, minutes):
        table.add_row(name, str(number))
    return table


def _lines(
    crowd: Crowd, storm: Storm, books: Books, events: Mapping[str, int], minutes: float
) -> Iterable[tuple[str, Any]]:
    yield "sessions", len(books.sessions)
    yield "bookings at the line", len(books.reserved())
    yield "bookings per minute", f"{len(books.reserved()) / minutes:.0f}"
    yield "charges", len(books.ledger["charges"])
    yield "unknown outcomes", events.get("step_unknown", 0)
    yield "late answers", events.get("late_answer", 0)
    yield from sorted(storm.counts.items())
    yield "supplier: faults armed", sum(storm.faults.values())
    yield from ((f"guests: {what}", n) for what, n in sorted(crowd.impatience.items()))
    yield "requests without an answer", crowd.front.unanswered
    yield "guests who gave up", sum(crowd.errors.values())
    yield from ((f"answers: {code}", n) for code, n in sorted(crowd.front.statuses.items()))
    yield from ((f"sessions: {state}", n) for state, n in sorted(_states(books).items()))
    yield from ((f"tasks: {kind}", n) for kind, n in sorted(_tasks(books).items()))


def _states(books: Books) -> Counter[str]:
    return Counter(row.state for row in books.sessions.values())


def _tasks(books: Books) -> Counter[str]:
    return Counter(
        f"{task.kind}, {'closed' if task.closed_at else 'open'}"
        for tasks in books.tasks.values()
        for task in tasks
    )
