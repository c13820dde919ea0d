"""Whether what must outlive a database can be kept, and what the database has forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.folders import hindrance_of
from booking_http.cli.doctor.connections import Connections
from booking_http.cli.doctor.findings import DoctorFinding, Level, Reporter
from persistence.errors import NoTable
from persistence.forgotten_claims import PostgresForgottenClaims, told_of


async def spool(connections: Connections, say: Reporter) -> None:
    """Say whether answers can be kept on this machine while the database is away."""
    await _folder(
        say,
        check="spool",
        folder=connections.settings.spool_dir,
        absent="an answer that comes while the database is away is in memory only",
        use="answers are kept in {} while the database is away",
        guest="Bookings go on; one that ends while the database is away may stay unknown.",
        todo="Give our account a folder of its own with room, or correct SPOOL_DIR.",
    )


async def journal(connections: Connections, say: Reporter) -> None:
    """Say whether claims can be journaled, and what the database has forgotten of them."""
    await _folder(
        say,
        check="journal",
        folder=connections.settings.journal_dir,
        absent="a database that is restored to an earlier moment goes unnoticed",
        use="claims are journaled in {}",
        guest="Bookings go on; after a restore they would not be known.",
        todo="Give our account a folder of its own, or correct JOURNAL_DIR.",
    )
    try:
        forgotten = PostgresForgottenClaims(
            connections.database, due_in=connections.settings.policy().task_time
        )
        found = await forgotten.standing()
    except NoTable:
        # Tables that are behind are a finding of their own.
        return
    if found.waiting or found.unsettled:
        say(
            DoctorFinding(
                check="journal.forgotten",
                level=Level.FAILURE if found.waiting else Level.WARNING,
                said=told_of(found),
                guest="Nobody can hold, book or pay."
                if found.waiting
                else "Guests of these sessions wait; everybody else can book.",
                todo="Look at `booking-flow reconcile`, and work off the tasks.",
            )
        )


async def _folder(
    say: Reporter,
    *,
    check: str,
    folder: str | None,
    absent: str,
    use: str,
    guest: str,
    todo: str,
) -> None:
    """Say whether the folder of a setting can be written, and what it means where it cannot."""
    if not folder:
        say(DoctorFinding(check=check, said=f"not configured; {absent}"))
    elif (why := await asyncio.to_thread(hindrance_of, Path(folder))) is not None:
        say(
            DoctorFinding(
                check=check,
                level=Level.WARNING,
                said=f"{folder} cannot be written: {why}",
                guest=guest,
                todo=todo,
            )
        )
    else:
        say(DoctorFinding(check=check, said=use.format(folder)))
