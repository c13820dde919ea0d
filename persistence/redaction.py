"""Texts that are taken out after an accident: of the history, the audit and bulk runs."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from persistence.database import Database, fetch_one

# The text of an event, wherever it stands once more because of the same session.
EVENT: Final = text("SELECT redact_event(:session_id, :number) AS done")

# The text of what staff did, by its place among all that they did with the session.
ACT: Final = text("SELECT redact_act(:session_id, :number) AS done")


async def redact_event(engine: Database, session_id: UUID, seq: int) -> bool:
    """Take the text of an event out of history, audit and bulk runs; False where there is none."""
    return await _done(engine, EVENT, session_id, seq)


async def redact_act(engine: Database, session_id: UUID, number: int) -> bool:
    """Take the text of the staff's act with this number out; False where there is none."""
    return await _done(engine, ACT, session_id, number)


async def _done(engine: Database, statement: TextClause, session_id: UUID, number: int) -> bool:
    values = {"session_id": session_id, "number": number}
    row = await fetch_one(engine, statement, values)
    return row is not None and bool(row.done)
