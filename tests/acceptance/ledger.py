"""The judge: whether our rows account for all that the supplier's ledger shows."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import asyncpg

from booking_http.cli.session_report import as_facts, report
from tests.support.service import Guest, Json, Simulator


async def facts_of(database_url: str, guest: Guest) -> Json | None:
    """Return what `booking-flow session show` prints of the guest's session, if there is one."""
    if not guest.session_id:
        return None
    connection = await asyncpg.connect(database_url)
    try:
        query = "SELECT reference FROM booking_sessions WHERE id = $1"
        reference = await connection.fetchval(query, UUID(guest.uuid))
    finally:
        await connection.close()
    told = await report(database_url, reference)
    return as_facts(told) if told else None


async def agrees(simulator: Simulator, facts: Json | None) -> bool:
    """Whether a row announces every hold, booking and charge of the supplier's ledger."""
    ledger: Any = await simulator.ledger()
    step = facts["openStep"]["name"] if facts and facts["openStep"] else None
    steps = [each for each in facts["timeline"] if each["kind"] == "step"] if facts else []
    named = json.dumps(steps)
    held = all(
        step == "add_to_basket" or f'"{hold["itemKey"]}"' in named for hold in ledger["holds"]
    )
    reserved = [row["reservation"] for row in ledger["bookings"] if row["reservation"]]
    ours = [facts["booking"]["reservation"]] if facts and facts["booking"] else []
    booked = step == "book" or reserved == ours
    return held and booked and len(reserved) <= 1 and len(ledger["charges"]) <= 1
