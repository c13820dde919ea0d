"""The books: the supplier's ledger and our rows, read whole once the storm is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, fetch_all
from persistence.statements import Row
from tests.support.service import Json, Simulator

Rows = Mapping[UUID, Sequence[Row]]
SESSIONS: Final = """
SELECT id, id AS session_id, reference, state, version, open_step, unwinding_since, item_key,
       hold_until, expires_at, pay_by, total, booking_now() AS now
FROM booking_sessions"""
STEPS: Final = """
SELECT session_id, id, name, status, item_key, evidence ->> 'itemKey' AS found_key,
       intent ->> 'itemKey' AS asked_key, lease_until, next_attempt_at
FROM saga_steps"""
TASKS: Final = "SELECT session_id, kind, step_id, closed_at, answer FROM staff_tasks"
BOOKINGS: Final = "SELECT session_id, reservation, total, paid, currency FROM bookings"
PAYMENTS: Final = "SELECT session_id, amount, auth_code FROM booking_payments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everything at one moment: theirs by their numbers, ours by session."""

    ledger: Json
    sessions: Mapping[UUID, Row]
    steps: Rows
    tasks: Rows
    bookings: Rows
    payments: Rows

    def owners(self) -> Mapping[str, set[UUID]]:
        """Return the sessions that name each of the supplier's item keys."""
        named: dict[str, set[UUID]] = defaultdict(set)
        for session in self.sessions.values():
            named[session.item_key].add(session.id)
        for steps in self.steps.values():
            for step in steps:
                for key in (step.item_key, step.found_key, step.asked_key):
                    named[key].add(step.session_id)
        return named

    def reserved(self) -> list[Json]:
        """Return the ledger's bookings that are cabins at the line."""
        return [row for row in self.ledger["bookings"] if row["reservation"]]

    def has_task(self, session: UUID, *kinds: str, closed: bool = True) -> bool:
        """Whether people were, or with `closed` False still are, asked about a session."""
        return any(
            task.kind in kinds and (closed or task.closed_at is None)
            for task in self.tasks.get(session, ())
        )

    def step_open(self, session: UUID, name: str) -> bool:
        """Whether a step is under way or unknown."""
        return any(
            step.name == name and step.status in ("started", "unknown")
            for step in self.steps.get(session, ())
        )


async def read_books(database: Database, simulator: Simulator) -> Books:
    """Read both sides; nobody may be writing meanwhile."""

    async def by_session(query: str) -> Rows:
        rows: dict[UUID, list[Row]] = defaultdict(list)
        for row in await fetch_all(database, text(query)):
            rows[row.session_id].append(row)
        return rows

    return Books(
        ledger=await simulator.ledger(),
        sessions={key: rows[0] for key, rows in (await by_session(SESSIONS)).items()},
        steps=await by_session(STEPS),
        tasks=await by_session(TASKS),
        bookings=await by_session(BOOKINGS),
        payments=await by_session(PAYMENTS),
    )
