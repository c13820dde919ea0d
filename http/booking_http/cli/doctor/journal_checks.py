"""Whether what must outlive a database can be kept, and what the database has forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.spool import reason, require_writable
from booking_http.cli.doctor.connections import Connections
from booking_http.cli.doctor.findings import Finding, Level, Reporter
from persistence.errors import NoTable
from persistence.forgotten_claims import PostgresForgottenClaims, told_of


async def spool(rooms: Connections, say: Reporter) -> None:
    """Say whether answers can be kept on this machine while the database is away."""
    name = rooms.settings.spool_dir
    if not name:
        said = "not configured; an answer that comes while the database is away is in memory only"
        say(Finding(check="spool", said=said))
    elif (why := await _in_the_way(name)) is not None:
        say(
            Finding(
                check="spool",
                level=Level.WARNING,
                said=f"{name} cannot be written: {why}",
                guest="Bookings go on; one that ends while the database is away may stay unknown.",
                todo="Give our account a folder of its own with room, or correct SPOOL_DIR.",
            )
        )
    else:
        say(Finding(check="spool", said=f"answers are kept in {name} while the database is away"))


async def journal(rooms: Connections, say: Reporter) -> None:
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


async def _folder(rooms: Connections, say: Reporter) -> None:
    name = rooms.settings.journal_dir
    if not name:
        said = "not configured; a database that is restored to an earlier moment goes unnoticed"
        say(Finding(check="journal", said=said))
    elif (why := await _in_the_way(name)) is not None:
        say(
            Finding(
                check="journal",
                level=Level.WARNING,
                said=f"{name} cannot be written: {why}",
                guest="Bookings go on; after a restore they would not be known.",
                todo="Give our account a folder of its own, or correct JOURNAL_DIR.",
            )
        )
    else:
        say(Finding(check="journal", said=f"claims are journaled in {name}"))


async def _in_the_way(name: str) -> str | None:
    """Say what keeps a file from being written in a folder, or None."""
    try:
        await asyncio.to_thread(require_writable, Path(name))
    except OSError as fault:
        return reason(fault)
    return None
