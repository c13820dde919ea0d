"""Whether the database remembers what was claimed, and whether that would be noticed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.spool import reason, require_writable
from booking_http.doctor.findings import Finding, Level, Say
from booking_http.doctor.rooms import Rooms
from persistence.errors import NoTable
from persistence.forgotten import PostgresForgottenClaims, told_of


async def journal(rooms: Rooms, say: Say) -> None:
    """Say whether claims can be journaled, and what the database has forgotten of them."""
    await _folder(rooms, say)
    try:
        forgotten = PostgresForgottenClaims(
            rooms.database, due_in=rooms.settings.policy().task_time
        )
        found = await forgotten.standing()
    except NoTable:
        # Tables that are behind are a finding of their own.
        return
    if found.waiting or found.unsettled:
        say(
            Finding(
                check="journal.forgotten",
                level=Level.FAILURE if found.waiting else Level.WARNING,
                said=told_of(found),
                guest="Nobody can hold, book or pay."
                if found.waiting
                else "Guests of these sessions wait; everybody else can book.",
                todo="Look at `booking-flow reconcile`, and work off the tasks.",
            )
        )


async def _folder(rooms: Rooms, say: Say) -> None:
    name = rooms.settings.journal_dir
    if not name:
        said = "not configured; a database that is restored to an earlier moment goes unnoticed"
        say(Finding(check="journal", said=said))
        return
    try:
        await asyncio.to_thread(require_writable, Path(name))
    except OSError as fault:
        say(
            Finding(
                check="journal",
                level=Level.WARNING,
                said=f"{name} cannot be written: {reason(fault)}",
                guest="Bookings go on; after a restore they would not be known.",
                todo="Give our account a folder of its own, or correct JOURNAL_DIR.",
            )
        )
        return
    say(Finding(check="journal", said=f"claims are journaled in {name}"))
