"""The clock that every deadline is compared by: the database's, which tests and demo may move."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from persistence.database import Database, execute, fetch_one

# The clock now.
NOW: Final = text("SELECT booking_now() AS now")

# Move the clock against the real one; the same for every process at once.
SET_OFFSET: Final = text("UPDATE clock_offset SET ahead_by = CAST(:offset AS interval)")


async def now(engine: Database) -> datetime:
    """Return the database's clock."""
    row = await fetch_one(engine, NOW)
    if row is None:
        raise AssertionError("a clock always answers")
    moment: datetime = row.now
    return moment


async def set_clock_offset(engine: Database, offset: timedelta) -> None:
    """Set how far the clock of all deadlines runs ahead of the real one."""
    await execute(engine, SET_OFFSET, {"offset": offset})
